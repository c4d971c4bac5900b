//! Pinning: that an instant is over.
//!
//! Why: between the look at the clock and the append that follows, the clock may be set back; what has
//! become of a timer would be recorded before its time. The store keeps to what it has told anyone (A6):
//! asked for the context as of an instant, it records nothing at or before that instant any more.

use headwater_model::{AsOf, Direction, EventStore, Query, ReadAll, ReadError, Timestamp};

/// Sees to it that nothing is recorded at or before `now` any more. `query` is what is asked for: anything
/// will do that the caller may read.
pub(crate) async fn pin(
    own: &dyn EventStore,
    query: Query,
    now: Timestamp,
) -> Result<(), ReadError> {
    let read = ReadAll {
        direction: Direction::Backwards,
        count_max: 1,
        as_of: AsOf::Time(now),
        ..ReadAll::forwards(query)
    };
    own.read_all(read).await.map(drop)
}
