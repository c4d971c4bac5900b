//! Random histories, scavenged anywhere: every answer is the reference's.

use super::twins::{ALL, Twins};
use crate::sim::world::{everything, ready};
use headwater_conformance::sample::stream;
use headwater_model::{
    Checkpoint, Delivery, EventStore, Incarnation, Position, Revision, ScavengeAsked, Start,
    StreamChange, StreamSettings, Subscribe, Timestamp,
};

/// A1 to A5, R1, R3, C2: what is hidden, found, refused and delivered is the same before and after,
/// also by a store that was opened again, and by one that lost everything but its segments.
#[test]
fn every_answer_is_that_of_a_store_that_lost_no_bytes() {
    let (mut rewritten, mut freed) = (0, 0);
    for seed in 0..24 {
        let mut twins = Twins::new(seed);
        for round in 0..4 {
            for _ in 0..45 {
                twins.step();
            }
            let freed_percent_min = if (seed + round) % 3 == 0 { 40 } else { 0 };
            let done = twins.scavenge(ScavengeAsked { freed_percent_min, ..ALL });
            rewritten += done.segments_rewritten;
            freed += done.bytes_freed;
            twins.compare();
            if round == 1 {
                twins.forget_index();
            }
            if round > 0 {
                twins.open().expect("it opens");
                twins.compare();
            }
        }
        let report = twins.verified();
        assert!(report.removed_count > 0, "seed {seed} removed nothing");
        twins.forget_index();
        twins.open().expect("it opens");
        twins.compare();
    }
    assert!(rewritten > 100 && freed > 1_000_000, "{rewritten} segments, {freed} bytes");
}

/// C2, R3: a reader whose place is among what was removed goes on behind it.
#[test]
fn a_reader_goes_on_from_a_place_that_was_removed() {
    let mut twins = Twins::new(5);
    for _ in 0..150 {
        twins.step();
    }
    for n in 0..5 {
        twins.change_to(&stream(&format!("order-{n}")), StreamChange::Delete);
    }
    twins.scavenge(ALL);
    let head = ready(twins.store().head()).expect("now").expect("it is there").1.expect("events");
    for position in (0..=head.0).map(Position) {
        let start = Start::After(Checkpoint { incarnation: Incarnation(0), position });
        let subscribe = Subscribe { query: everything(), start };
        let mut seen = Vec::new();
        let subscription = ready(twins.store().subscribe(subscribe)).expect("now");
        let mut subscription = subscription.expect("its place is known");
        while let Some(delivery) = ready(subscription.next()) {
            match delivery.expect("it goes on") {
                Delivery::Events { events, .. } => seen.extend(events),
                Delivery::CaughtUp { checkpoint } => {
                    assert_eq!(checkpoint.map(|own| own.position), Some(head));
                }
            }
        }
        let shows = twins.shows().into_iter().filter(|event| event.position > position);
        assert_eq!(seen, shows.collect::<Vec<_>>(), "from {position}");
    }
}

/// What was released stays hidden whatever is set later; what was set in between is left alone.
#[test]
fn a_stream_that_shows_more_again_keeps_it() {
    let mut twins = Twins::new(9);
    for _ in 0..60 {
        twins.step();
    }
    let name = stream("order-1");
    let first_ten = StreamSettings { truncate_before: Some(Revision(10)), ..Default::default() };
    twins.change_to(&name, StreamChange::Settings(first_ten));
    let before = twins.shows().len();
    let port = twins.store().scavenge().expect("it can");
    ready(port.start_scavenge(ALL)).expect("now").expect("it begins");
    // Before the first stream is looked at.
    twins.change_to(&name, StreamChange::Settings(StreamSettings::default()));
    while twins.store().scavenge_step().expect("a good day") {}
    let memory = twins.memory.scavenge().expect("it can");
    ready(memory.start_scavenge(ALL)).expect("now").expect("it is done");
    twins.compare();
    assert!(twins.shows().len() > before, "it shows more again");
}

/// As the planner sees it: the settings are widened between the look and the commit.
#[test]
fn nothing_is_released_that_shows_again_when_it_is_committed() {
    use headwater_model::StreamName;
    use headwater_store::life::StreamMark;
    use headwater_store::plan::{Release, Request, Terms, plan};
    let view = crate::planning::OldStream;
    let hidden = StreamSettings { truncate_before: Some(Revision(3)), ..Default::default() };
    let release = |settings| Release {
        stream: StreamName::new("order-1").expect("a name"),
        mark: StreamMark { settings, ..StreamMark::default() },
        before: Revision(3),
    };
    let terms = Terms { now: Timestamp::from_micros(5), commit_bytes_max: 1_000_000 };
    let stale = [Request::Release(vec![release(hidden)])];
    let group = plan(&view, &stale, terms, Vec::new());
    assert!(group.commit.is_empty(), "the settings are not those that hid it");
    let same = [Request::Release(vec![release(StreamSettings::default())])];
    assert!(!plan(&view, &same, terms, Vec::new()).commit.is_empty());
}
