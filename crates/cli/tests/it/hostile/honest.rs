//! One who works on while the others rage, and is answered.

use headwater_client::{Client, ClientOptions};
use headwater_model::{
    Append, ContextName, Contexts, Direction, EventId, EventType, ExpectedRevision, NewEvent,
    ReadStream, Revision, StreamName,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Appends and reads back until it is over; answers with how many times.
pub(super) fn work(who: u64, server: &str, is_over: &Arc<AtomicBool>) -> JoinHandle<u64> {
    let (address, is_over) = (server.parse().expect("an address"), Arc::clone(is_over));
    tokio::spawn(async move {
        let client = Client::connect(address, ClientOptions::default()).await.expect("it answers");
        let name = ContextName::new("honest").expect("a name");
        let store = client.context(name).await.expect("the context opens");
        let stream = StreamName::of("diary", &who.to_string()).expect("a name");
        let mut turns = 0;
        while !is_over.load(Ordering::SeqCst) {
            let expected =
                Revision(turns).previous().map_or(ExpectedRevision::NoStream, ExpectedRevision::At);
            let id = EventId(Uuid::from_u128((u128::from(who) << 64) | u128::from(turns)));
            let named = EventType::new("DayPassed").expect("a name");
            let event = NewEvent::json(id, named, format!("{{\"day\":{turns}}}"));
            let append = Append::to(stream.clone(), expected, vec![event]);
            let appended = store.append(append).await.expect("nobody else writes here");
            assert_eq!(appended.revisions, [Some(Revision(turns))]);
            turns += 1;
            if turns % 16 == 0 {
                let backwards = Direction::Backwards;
                let read =
                    ReadStream { direction: backwards, ..ReadStream::forwards(stream.clone()) };
                let page = store.read_stream(read).await.expect("it is read");
                let revisions: Vec<_> = page.events.iter().map(|event| event.revision.0).collect();
                let last_first = (0..turns).rev().take(revisions.len());
                assert!(revisions.len() >= 16 && revisions.iter().copied().eq(last_first));
            }
        }
        turns
    })
}
