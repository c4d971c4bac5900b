//! The bytes of groups' control items: pinned, read back, and hostile.

use super::held::{GroupHeld, LaneHeld, ParkedHeld};
use super::step::{GroupStep, LaneStep};
use crate::commit::{Commit, CommitBuilder, Control, Malformed};
use headwater_model::{GroupName, GroupSettings, Incarnation, Position, Query, Timestamp};

fn name() -> GroupName {
    GroupName::new("work").expect("a name")
}

fn settings() -> GroupSettings {
    GroupSettings::over(Query::all())
}

fn step() -> GroupStep {
    let parked = ParkedHeld { reason: "no such order".into(), at_micros: 1_773_064_800_000_000 };
    GroupStep {
        name: name(),
        number: 300,
        is_reset: false,
        incarnation: Incarnation(1),
        next: Position(1_000),
        done: vec![Position(1_000), Position(1_002), Position(2_000)],
        tried: vec![(Position(1_001), 2)],
        lanes: vec![
            ("order-1".into(), LaneStep::Over),
            (
                "order-2".into(),
                LaneStep::Held(LaneHeld { next: Position(7), attempts: 0, parked: None }),
            ),
            (
                "order-3".into(),
                LaneStep::Held(LaneHeld { next: Position(9), attempts: 5, parked: Some(parked) }),
            ),
        ],
    }
}

fn items() -> Vec<Control> {
    let (incarnation, next) = (Incarnation(1), Position(300));
    vec![
        Control::GroupCreated { name: name(), settings: settings(), incarnation, next },
        Control::GroupChanged { name: name(), settings: settings() },
        Control::GroupStepped(step()),
        Control::GroupStepped(GroupStep {
            is_reset: true,
            done: vec![],
            tried: vec![],
            lanes: vec![],
            ..step()
        }),
        Control::GroupDeleted { name: name() },
    ]
}

fn body() -> Vec<u8> {
    let instant = Timestamp::from_micros(1_773_064_800_000_001);
    let mut commit = CommitBuilder::new(Vec::new(), instant, Position(40));
    items().into_iter().for_each(|item| commit.control(item));
    assert!(commit.bytes_max() >= commit_bytes(), "a commit is not larger than it was said");
    commit.finish()
}

fn commit_bytes() -> usize {
    let mut commit = CommitBuilder::new(Vec::new(), Timestamp::ZERO, Position(40));
    items().into_iter().for_each(|item| commit.control(item));
    commit.finish().len()
}

fn read(body: &[u8]) -> Result<Vec<Control>, Malformed> {
    let commit = Commit::read(body)?;
    let mut records = commit.records();
    while records.next_at()?.is_some() {}
    commit.controls(records)
}

#[test]
fn the_bytes_of_groups_are_the_golden_ones() {
    let golden = include_str!("golden.hex");
    let golden: String = golden.lines().filter(|line| !line.starts_with('#')).collect();
    let actual: String = body().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(actual, golden);
}

#[test]
fn what_groups_write_reads_back() {
    assert_eq!(read(&body()).expect("our own bytes"), items());
}

/// D3: any byte otherwise, or missing, is an answer.
#[test]
fn hostile_bytes_of_groups_give_an_error_or_another_step() {
    let body = body();
    for end in 0..body.len() {
        assert!(read(&body[..end]).is_err(), "cut at {end}");
    }
    for at in 0..body.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut bytes = body.clone();
            bytes[at] ^= mask;
            // Whatever it says, it says it without a panic.
            drop(read(&bytes));
        }
    }
}

/// A step that was written twice, because who wrote it went away, counts once.
#[test]
fn a_step_is_taken_once_and_a_reset_forgets() {
    let mut held = GroupHeld::new(settings(), Incarnation(0), Position(900));
    held.take(GroupStep { number: 1, ..step() });
    let once = held.clone();
    held.take(GroupStep { number: 1, next: Position(5_000), ..step() });
    assert_eq!(held, once);
    assert_eq!((held.next, held.done.len(), held.lanes.len()), (Position(1_000), 3, 2));
    let further = GroupStep { number: 2, next: Position(1_003), done: vec![], ..step() };
    held.take(GroupStep { tried: vec![], lanes: vec![], ..further });
    assert_eq!(held.done.into_iter().collect::<Vec<_>>(), [Position(2_000)]);
    held = once;
    let reset = GroupStep { number: 2, is_reset: true, next: Position(3), done: vec![], ..step() };
    held.take(GroupStep {
        tried: vec![],
        lanes: vec![("order-3".into(), LaneStep::Over)],
        ..reset
    });
    assert_eq!((held.next, held.done.len(), held.tried.len()), (Position(3), 0, 0));
    assert_eq!(held.lanes.keys().collect::<Vec<_>>(), ["order-2"]);
}
