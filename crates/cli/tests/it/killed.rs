//! A1–A6, R1–R3: a server that is killed with `kill -9` again and again under sixteen clients.
//!
//! Why: the store was killed alone, and the client was cut off from a server that lived. Here it is
//! the real program, over real sockets, and its clients are never told that anything happened: they
//! are only slow to be answered. Each writes down what it was told, and a checker that shares no
//! code with the store compares that with what is there in the end.
//!
//! Picture:
//! ```text
//!   11 by gRPC, 2 by HTTP ──appends──▶ headwater server ◀── SIGKILL after so many answers, start again
//!   3 subscriptions       ◀─events───┘        │
//!            └── what each was told ─▶ checker ◀── every event, every stream, every checkpoint
//! ```
//! `HEADWATER_SERVER_KILLS` asks for more kills than every build makes.

mod browser;
mod follower;
mod load;
mod notes;
mod writer;

use crate::headwater::Place;
use crate::server::Running;
use headwater_client::{Client, ClientOptions};
use headwater_conformance::history::{Reader, Report, Seen, check};
use headwater_model::{
    Contexts, Direction, EventStore, From, Query, ReadAll, ReadStream, RecordedEvent,
};
use notes::Notes;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const KILL_COUNT: u64 = 12;
const WRITER_COUNT: u64 = 11;
const BROWSER_COUNT: u64 = 2;

#[test]
fn a_server_that_is_killed_under_sixteen_clients_keeps_its_word() {
    let asked = std::env::var("HEADWATER_SERVER_KILLS").ok().and_then(|text| text.parse().ok());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let kill_count = asked.unwrap_or(KILL_COUNT);
    let report = runtime.block_on(lives(kill_count));
    println!("{kill_count} kills: {report:?}");
    report.assert_clean();
    assert!(report.done_count as u64 > kill_count * 20, "lives so short prove nothing");
    assert!(report.refused_count > 0, "nobody came too late: nothing was contended");
    assert_eq!(report.unknown_count, 0, "a server that comes back leaves nothing unknown");
}

async fn lives(kill_count: u64) -> Report {
    let place = Place::new();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(kill_count);
    let mut server = Running::start(&place);
    let (address, notes) = (server.server.clone(), Arc::new(Notes::default()));
    connect(&address).await;
    let writers: Vec<_> =
        (0..WRITER_COUNT + BROWSER_COUNT).map(|who| start_writer(who, &address, &notes)).collect();
    let queries = [
        Query::all(),
        Query::categories([load::category("seat")]),
        Query::tags([load::tag("desk:1")]),
    ];
    let followers: Vec<_> = queries
        .map(|query| tokio::spawn(follower::follow(address.clone(), query, Arc::clone(&notes))))
        .into();
    for _ in 0..kill_count {
        // Some lives end before anything was answered, most in the midst of it.
        let answers = if random.random_ratio(1, 6) { 0 } else { random.random_range(1..400) };
        notes.more_answers(answers).await;
        jitter(&mut random);
        server = server.killed(&place);
    }
    notes.more_answers(200).await;
    notes.stop();
    for writer in writers {
        writer.await.expect("a writer is answered in the end");
    }
    let store = connect(&address).await;
    notes.ends_at(store.head().await.expect("the head").1.expect("events"));
    let mut readers = Vec::new();
    for follower in followers {
        readers.push(follower.await.expect("a follower comes to the end"));
    }
    let report = check(&notes.operations(), &seen(&*store, readers).await);
    server.stop();
    report
}

fn start_writer(who: u64, address: &str, notes: &Arc<Notes>) -> JoinHandle<()> {
    let (address, notes) = (address.to_owned(), Arc::clone(notes));
    if who < WRITER_COUNT {
        tokio::spawn(writer::write(who, address, notes))
    } else {
        tokio::spawn(browser::write(who, address, notes))
    }
}

/// A connection of its own, patient enough for a server that is killed and started again.
async fn connect(address: &str) -> Arc<dyn EventStore> {
    let options = ClientOptions {
        connect_within: Duration::from_secs(60),
        answer_within: Duration::from_secs(120),
        ..ClientOptions::default()
    };
    let address = address.parse().expect("an address");
    let client = Client::connect(address, options).await.expect("the server answers");
    client.context(load::context()).await.expect("the context opens")
}

/// Some time within one append, so that each part of it has its turn to be the last.
fn jitter(random: &mut Xoshiro256PlusPlus) {
    let span = Duration::from_micros(random.random_range(0..5_000));
    let begun = Instant::now();
    while begun.elapsed() < span {
        std::hint::spin_loop();
    }
}

/// Everything there is, by every path.
async fn seen(store: &dyn EventStore, readers: Vec<Reader>) -> Seen {
    let forwards = all(store, Direction::Forwards).await;
    let mut seen = Seen { backwards: all(store, Direction::Backwards).await, ..Seen::default() };
    for name in forwards.iter().map(|event| &event.stream) {
        if !seen.streams.contains_key(name) {
            let mut read = ReadStream::forwards(name.clone());
            let mut events = Vec::new();
            loop {
                let page = store.read_stream(read.clone()).await.expect("a stream is read");
                events.extend(page.events);
                match page.next {
                    Some(next) => read.from = From::At(next),
                    None => break,
                }
            }
            seen.streams.insert(name.clone(), events);
        }
    }
    for who in 0..WRITER_COUNT {
        let name = load::reader(who);
        let stands = store.checkpoint(name.clone()).await.expect("a checkpoint is read");
        seen.checkpoints.insert(name, stands);
    }
    Seen { forwards, readers, ..seen }
}

/// The whole context.
async fn all(store: &dyn EventStore, direction: Direction) -> Vec<RecordedEvent> {
    let mut read = ReadAll { direction, ..ReadAll::forwards(Query::all()) };
    let mut events = Vec::new();
    loop {
        let page = store.read_all(read.clone()).await.expect("the context is read");
        events.extend(page.events);
        match page.next {
            Some(next) => read.from = From::At(next),
            None => return events,
        }
    }
}
