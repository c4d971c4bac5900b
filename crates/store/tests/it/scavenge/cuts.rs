//! The power goes at every single operation of a scavenge.

use super::twins::{ALL, Twins};
use headwater_conformance::sample::stream;
use headwater_model::{RecordedEvent, ScavengePhase, StreamChange};

/// A history of some segments, of which much is hidden.
fn written(seed: u64) -> Twins {
    let mut twins = Twins::new(seed);
    for _ in 0..70 {
        twins.step();
    }
    for name in ["order-1", "order-4"] {
        twins.change_to(&stream(name), StreamChange::Delete);
    }
    twins
}

/// Before the scavenge, in the middle of it, and when it is done: what shows is the same.
#[test]
fn what_shows_is_there_wherever_the_power_goes() {
    for seed in 0..3 {
        let whole = written(seed);
        let begins = whole.disk.operation_count();
        let shows = whole.shows();
        whole.scavenge(ALL);
        assert_eq!(whole.shows(), shows, "seed {seed}");
        let ends = whole.disk.operation_count();
        let after = whole.segment_bytes();
        assert!(ends - begins > 15, "seed {seed}: {begins} to {ends}");
        for cut in begins..ends {
            cut_at(seed, cut, &shows, after);
        }
    }
}

fn cut_at(seed: u64, cut: u64, shows: &[RecordedEvent], after: u64) {
    let mut twins = written(seed);
    twins.disk.power_off_at(cut);
    // Whatever it answers: nobody is there to hear it.
    let _dark = twins.scavenge_files(ALL);
    twins.disk.power_off();
    twins.store = None;
    twins.disk.heal();
    twins.disk.power_on(seed ^ cut.rotate_left(32));
    if cut.is_multiple_of(2) {
        twins.forget_index();
    }
    twins.open().unwrap_or_else(|why| panic!("seed {seed}, cut {cut}: {why}"));
    assert_eq!(twins.shows(), shows, "seed {seed}, cut {cut}");
    // It goes on where it was, and comes to the same.
    let done = twins.scavenge(ALL);
    assert_eq!(done.phase, ScavengePhase::Done);
    twins.compare();
    assert_eq!(twins.segment_bytes(), after, "seed {seed}, cut {cut}: as much room");
    twins.verified();
}

/// Stopped after any number of steps, by whoever asked or by closing, it goes on.
#[test]
fn a_scavenge_that_was_stopped_goes_on() {
    use crate::sim::world::ready;
    use headwater_model::EventStore;
    let whole = written(11);
    whole.scavenge(ALL);
    for steps in 0..12 {
        let mut twins = written(11);
        let shows = twins.shows();
        let port = twins.store().scavenge().expect("it can");
        ready(port.start_scavenge(ALL)).expect("now").expect("it begins");
        let again = ready(port.start_scavenge(ALL)).expect("now");
        assert_eq!(again.map_err(|cause| cause.code()), Err("scavenge.under_way"));
        for _ in 0..steps {
            twins.store().scavenge_step().expect("a good day");
        }
        if steps % 2 == 0 {
            let stopped = ready(port.stop_scavenge()).expect("now").expect("it stops");
            assert!(!stopped.phase.is_under_way(), "{stopped:?}");
        }
        twins.open().expect("it opens");
        assert_eq!(twins.shows(), shows);
        twins.scavenge(ALL);
        twins.compare();
        assert_eq!(twins.segment_bytes(), whole.segment_bytes(), "after {steps} steps");
    }
}
