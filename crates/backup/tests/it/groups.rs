//! Consumer groups in a backup: what was acked stays acked, what was parked holds what it held, and a
//! place behind the cut is of another history.
//!
//! C2, C3: a group that was restored went on as if nothing had been cut, or delivered anew what its
//! members had done.

use crate::world::{World, append, at, events, name, ready};
use headwater_backup::To;
use headwater_env::MemDisk;
use headwater_model::{
    ConsumerGroups, EventStore, GroupDelivery, GroupError, GroupInfo, GroupName, GroupSettings,
    Member, ParkedPart, Position, Query, ReadError, Revision, Seek, Start, Subscribe,
};
use headwater_store::EmbeddedContext;
use std::sync::Arc;

fn billing() -> GroupName {
    GroupName::new("billing").expect("a name")
}

fn groups(context: &EmbeddedContext) -> &dyn ConsumerGroups {
    context.consumer_groups().expect("an embedded store has groups")
}

fn info(context: &EmbeddedContext) -> GroupInfo {
    ready(groups(context).group(billing())).expect("it is there")
}

fn join(context: &EmbeddedContext) -> Box<dyn Member> {
    ready(groups(context).join_group(billing(), "ann".into())).expect("joined")
}

/// What can be delivered now, as its stream and revision and how often it was tried.
fn next(member: &dyn Member) -> Vec<GroupDelivery> {
    let mut all = ready(member.next(100)).expect("something is ready");
    all.sort_by(|one, other| one.event.stream.cmp(&other.event.stream));
    all
}

fn shown(deliveries: &[GroupDelivery]) -> Vec<(&str, u64)> {
    let shown = |d: &GroupDelivery| (d.event.stream.as_str().to_owned(), d.event.revision.0);
    let all: Vec<(String, u64)> = deliveries.iter().map(shown).collect();
    let name = |stream: &str| match stream {
        "invoice-1" => "1",
        "invoice-2" => "2",
        "invoice-3" => "3",
        _ => "another",
    };
    all.iter().map(|(stream, revision)| (name(stream), *revision)).collect()
}

fn ack(member: &dyn Member, delivery: &GroupDelivery) {
    ready(member.ack(vec![delivery.id])).expect("acked");
}

/// Three invoices of three events each, in turns: of the first, one event is acked; the first of the
/// second is parked; that of the third is out with a member.
fn at_work(world: &World) -> Arc<EmbeddedContext> {
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    let settings = GroupSettings::over(Query::all());
    ready(groups(&context).create_group(billing(), settings, Start::Beginning)).expect("made");
    for n in 0..9 {
        let to = format!("invoice-{}", n % 3 + 1);
        context.append_blocking(append(&to, n, 1, 300)).expect("appended");
    }
    let member = join(&context);
    let out = next(&*member);
    assert_eq!(shown(&out), [("1", 0), ("2", 0), ("3", 0)]);
    ack(&*member, &out[0]);
    ready(member.park(out[1].id, "no such customer".into())).expect("parked");
    // Whoever has the third never comes back: the machine is lost.
    std::mem::forget(member);
    context
}

#[test]
fn a_restored_group_goes_on_where_it_was_with_what_it_had_parked() {
    let world = World::on(Arc::new(MemDisk::new()), 21);
    let context = at_work(&world);
    let before = info(&context);
    let parked_before = ready(groups(&context).parked(billing(), None, 10)).expect("listed");
    world.back_up(&[Arc::clone(&context)]).expect("backed up");
    // What came after is in no backup: it was never done.
    ready(groups(&context).skip_parked(billing(), ParkedPart::All, "done".into()))
        .expect("skipped");
    drop(context);

    world.restore(None, To::End, "/restored").expect("restored");
    let restored = world.store("/restored").embedded(&name("orders")).expect("it opens");
    let after = info(&restored);
    assert_eq!(after.settings, before.settings);
    assert_eq!((before.checkpoint, before.parked_count), (Some(at(0, 1)), 1));
    let place = after.checkpoint.map(|checkpoint| checkpoint.position);
    assert_eq!((place, after.parked_count, after.in_flight_count), (Some(Position(1)), 1, 0));
    let parked = ready(groups(&restored).parked(billing(), None, 10)).expect("listed");
    assert_eq!(parked, parked_before);
    assert_eq!((&*parked[0].reason, parked[0].held_count), ("no such customer", 2));

    let member = join(&restored);
    let mut told = Vec::new();
    for _ in 0..2 {
        let out = next(&*member);
        told.push(shown(&out).iter().map(|(key, n)| format!("{key}.{n}")).collect::<Vec<_>>());
        out.iter().for_each(|delivery| ack(&*member, delivery));
    }
    assert_eq!(told, [["1.1", "3.0"], ["1.2", "3.1"]], "C3: what was acked does not come again");
    assert_eq!(ready(groups(&restored).replay_parked(billing(), ParkedPart::All)), Ok(1));
    let mut lane = Vec::new();
    while info(&restored).lag_count > 0 || info(&restored).parked_count > 0 {
        for delivery in next(&*member) {
            if shown(std::slice::from_ref(&delivery))[0].0 == "2" {
                lane.push(delivery.event.revision);
            }
            ack(&*member, &delivery);
        }
    }
    assert_eq!(lane, [Revision(0), Revision(1), Revision(2)], "C3: the lane in order");
    assert_eq!(info(&restored).checkpoint.map(|done| done.position), Some(Position(8)));
}

/// The group as it was when the third event was the last: nothing of what it did later.
#[test]
fn a_group_is_cut_with_its_history() {
    let world = World::on(Arc::new(MemDisk::new()), 22);
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    let settings = GroupSettings::over(Query::all());
    ready(groups(&context).create_group(billing(), settings, Start::Beginning)).expect("made");
    let member = join(&context);
    for n in 0..6 {
        context.append_blocking(append("invoice-1", n, 1, 300)).expect("appended");
        let out = next(&*member);
        ack(&*member, &out[0]);
    }
    world.back_up(&[Arc::clone(&context)]).expect("backed up");
    assert_eq!(info(&context).checkpoint, Some(at(0, 5)));
    world.restore(None, To::Position(Position(2)), "/restored").expect("restored");
    let restored = world.store("/restored").embedded(&name("orders")).expect("it opens");
    assert_eq!(events(&restored).len(), 3);
    let cut = info(&restored);
    assert!(cut.checkpoint.is_none_or(|done| done.position <= Position(2)), "{cut:?}");
    // The positions behind the cut are used again: the group delivers what is there now.
    restored.append_blocking(append("invoice-9", 70, 1, 300)).expect("appended");
    let member = join(&restored);
    let mut last = None;
    while last != Some(Position(3)) {
        for delivery in next(&*member) {
            last = Some(delivery.event.position);
            ack(&*member, &delivery);
        }
    }
    assert_eq!(info(&restored).checkpoint, Some(at(1, 3)), "of the new history");
}

/// C2: a place of before that lies behind the cut would mean another event.
#[test]
fn a_place_behind_the_cut_is_refused_and_one_before_it_is_taken() {
    let world = World::on(Arc::new(MemDisk::new()), 23);
    let context = at_work(&world);
    world.back_up(&[Arc::clone(&context)]).expect("backed up");
    world.restore(None, To::Position(Position(4)), "/restored").expect("restored");
    let restored = world.store("/restored").embedded(&name("orders")).expect("it opens");
    for n in 0..4 {
        restored.append_blocking(append("invoice-9", 90 + n, 1, 50)).expect("appended");
    }
    let (behind, before) = (at(0, 6), at(0, 3));
    let groups = groups(&restored);
    let is = |error: Result<_, GroupError>| matches!(error, Err(GroupError::Diverged { had, is }) if had == behind && is.0 == 1);
    assert!(is(ready(groups.seek_group(billing(), Seek::After(behind))).map(drop)));
    let other = GroupName::new("other").expect("a name");
    let settings = GroupSettings::over(Query::all());
    let made = groups.create_group(other.clone(), settings.clone(), Start::After(behind));
    assert!(is(ready(made)));
    let subscribe = Subscribe { query: Query::all(), start: Start::After(behind) };
    let followed = ready(restored.subscribe(subscribe)).err();
    assert!(matches!(followed, Some(ReadError::Diverged { .. })), "{followed:?}");

    ready(groups.create_group(other, settings, Start::After(before))).expect("it is of both");
    ready(groups.seek_group(billing(), Seek::After(before))).expect("it is of both");
    let member = join(&restored);
    let first = next(&*member).into_iter().map(|delivery| delivery.event.position).min();
    assert_eq!(first, Some(Position(4)), "behind the place, in the history that is");
}
