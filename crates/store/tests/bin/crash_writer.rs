//! Appends until it is killed, and says on its output what was acknowledged.
//!
//! `crash_writer DIR ROUND` prints `begun`, then `opened`, then for each acknowledged append
//! `ok THREAD N POSITION REVISION…`, each line in one write.

#[path = "../it/kill/work.rs"]
mod work;

use headwater_model::Appended;
use headwater_store::EmbeddedContext;
use std::io::Write;
use std::path::Path;

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let (root, round) = (arguments.next(), arguments.next());
    let (Some(root), Some(round)) = (root, round) else {
        return Err("crash_writer DIR ROUND".into());
    };
    let round = round.parse()?;
    say("begun")?;
    let store = work::open(Path::new(&root))?;
    say("opened")?;
    std::thread::scope(|scope| {
        let store = &store;
        let writers = (0..work::THREAD_COUNT)
            .map(|thread| scope.spawn(move || write_for_ever(store, round, thread)));
        let writers: Vec<_> = writers.collect();
        writers.into_iter().try_for_each(|writer| match writer.join() {
            Ok(ended) => ended,
            Err(_) => Err("a writer panicked".into()),
        })
    })
}

fn write_for_ever(store: &EmbeddedContext, round: u64, thread: u64) -> Result<(), Failed> {
    for n in 0.. {
        let Appended { position, revisions, .. } =
            store.append_blocking(work::append(round, thread, n))?;
        let position = position.map_or(0, |position| position.0);
        let revisions: Vec<_> = revisions
            .iter()
            .map(|revision| revision.map_or("-".to_owned(), |revision| revision.to_string()))
            .collect();
        say(&format!("ok {thread} {n} {position} {}", revisions.join(" ")))?;
    }
    Ok(())
}

/// One line in one write, so that a line that was begun is a line that was told.
fn say(line: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("{line}\n").as_bytes())?;
    output.flush()
}
