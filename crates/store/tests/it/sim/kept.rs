//! R2, D1: what was read singly is kept in memory, and is what the disk would have said.

use super::world::{World, ready};
use headwater_conformance::sample::{event_of, stream};
use headwater_env::sim::Fault;
use headwater_model::{
    Append, AsOf, Direction, EventStore, ExpectedRevision, From, NewEvent, Position, ReadError,
    ReadStream, RecordedEvent, Revision,
};

/// Longer than what is read together with a neighbour.
const PAYLOAD_BYTES: usize = 5_000;

fn read(world: &World, read: ReadStream) -> Result<Vec<RecordedEvent>, ReadError> {
    Ok(ready(world.store().read_stream(read)).expect("nothing to wait for")?.events)
}

/// Two streams that take turns, in a store that was opened again.
fn world() -> World {
    let mut world = World::new(7);
    world.open().expect("a good day");
    for n in 0..8_u128 {
        let payload = vec![b'a'; PAYLOAD_BYTES + n as usize];
        let event = NewEvent { payload: payload.into(), ..event_of(n + 1, "Noted", &[]) };
        let name = stream(["order-1", "order-2"][n as usize % 2]);
        world.append(Append::to(name, ExpectedRevision::Any, vec![event]));
    }
    world.close();
    world.open().expect("a good day");
    world
}

#[test]
fn a_stream_is_read_again_without_asking_the_disk() {
    let world = world();
    let forwards = || ReadStream::forwards(stream("order-1"));
    let first = read(&world, forwards()).expect("the disk is well");
    assert_eq!(first.len(), 4);
    world.disk.fail_reads(Some(Fault::Io));
    assert_eq!(read(&world, forwards()), Ok(first.clone()));
    let other = read(&world, ReadStream::forwards(stream("order-2")));
    assert!(matches!(other, Err(ReadError::Unavailable(_))), "it was not read before");

    let backwards = ReadStream {
        direction: Direction::Backwards,
        from: From::At(Revision(2)),
        as_of: AsOf::Position(Position(3)),
        ..forwards()
    };
    let expected: Vec<_> = first[..2].iter().rev().cloned().collect();
    assert_eq!(read(&world, backwards), Ok(expected), "R1: as of then, also from memory");
}
