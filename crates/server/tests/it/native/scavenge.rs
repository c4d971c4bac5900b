//! Scavenging behind a socket: begun, looked at until it is done, refused as the store refuses.

use super::served::{Place, SOCKETS, connect};
use headwater_conformance::sample::{event, stream};
use headwater_model::{
    Append, ContextName, Contexts, ExpectedRevision, NewEvent, ScavengeAsked, ScavengePhase,
    StreamChange,
};

const FAST: ScavengeAsked = ScavengeAsked { bytes_per_second_max: u64::MAX, freed_percent_min: 1 };

#[test]
fn the_room_of_a_deleted_stream_comes_back() {
    SOCKETS.block_on(async {
        let served = Place::new().serve_anywhere().await;
        let client = connect(served.address).await;
        let name = ContextName::new("exam").expect("a name");
        let store = client.context(name).await.expect("it is made");
        for n in 1..=200_u128 {
            let event = NewEvent { payload: vec![b'x'; 2_000].into(), ..event(n) };
            let append = Append::to(stream("order-1"), ExpectedRevision::Any, vec![event]);
            store.append(append).await.expect("a good day");
        }
        let port = store.scavenge().expect("a server can");
        let before = port.scavenge_progress().await.expect("it is known");
        assert_eq!(before.phase, ScavengePhase::Idle);
        let delete = StreamChange::Delete;
        let deleted = store.change_stream(stream("order-1"), ExpectedRevision::Any, delete);
        deleted.await.expect("it is deleted");

        let begun = port.start_scavenge(FAST).await.expect("it begins");
        assert!(begun.phase.is_under_way(), "{begun:?}");
        let done = loop {
            let progress = port.scavenge_progress().await.expect("it is known");
            if !progress.phase.is_under_way() {
                break progress;
            }
        };
        assert_eq!(done.phase, ScavengePhase::Done, "{done:?}");
        assert!(done.events_removed > 150 && done.bytes_freed > 200_000, "{done:?}");
        let state = store.stream(stream("order-1")).await.expect("it is known");
        assert_eq!(state.last.map(|last| last.0), Some(199), "A3: for ever");
        let stopped = port.stop_scavenge().await.expect("there is none to stop");
        assert_eq!(stopped, done);

        let never = ScavengeAsked { bytes_per_second_max: 0, ..FAST };
        let refused = port.start_scavenge(never).await;
        assert_eq!(refused.map_err(|cause| cause.code()), Err("scavenge.invalid"));
        drop((store, client));
        served.stop().await;
    });
}
