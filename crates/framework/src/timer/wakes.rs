//! Wakes: timers whose time has come, handed to their owner.

use super::bucket::Names;
use super::error::WakeError;
use super::place::Place;
use crate::limits::SOON_COUNT_MAX;
use headwater_model::{Category, EventStore, RecordedEvent, Timestamp};
use std::fmt;

/// A timer whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wake {
    /// The event that set it.
    pub event: RecordedEvent,
    /// Which of the timers that the event sets.
    pub index: usize,
    /// When it was due.
    pub due: Timestamp,
}

/// What there is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// These timers are due; in the order of their times, then of the events that set them.
    Due(Vec<Wake>),
    /// Nothing is due before this time; ask again then, or when the context has grown.
    Waits(Timestamp),
}

/// Finds the timers of one reader.
pub struct Wakes {
    reader: &'static str,
    category: Category,
    count_max: usize,
    /// What is known; `None`: it is to be read from what is stored.
    place: Option<Place>,
}

impl Wakes {
    /// The timers that events of `category` set with [`due_tags`](super::due_tags) of `reader`. Reads
    /// nothing yet.
    pub fn new(reader: &'static str, category: Category) -> Self {
        Self { reader, category, count_max: SOON_COUNT_MAX, place: None }
    }

    /// Holds at most so many timers in memory.
    #[must_use]
    pub fn holding(self, count_max: usize) -> Self {
        assert!(count_max > 0, "a wheel that holds no timer turns for nothing");
        Self { count_max, ..self }
    }

    /// What is due by the store's clock. Asked again, it hands out the same timers again, until they are
    /// [`handled`](Self::handled).
    ///
    /// C5: behind this answer, nothing is recorded at or before a due that it hands out.
    ///
    /// # Errors
    /// [`WakeError`] if the store does not read. The next call begins from what is stored.
    pub async fn next(&mut self, own: &dyn EventStore) -> Result<Next, WakeError> {
        let mut place = match self.place.take() {
            Some(place) => place,
            None => {
                let names = Names::new(self.reader, self.category.clone())?;
                Place::open(own, names, self.count_max).await?
            }
        };
        let next = place.next(own).await?;
        self.place = Some(place);
        Ok(next)
    }

    /// Whether it is time to ask [`next`](Self::next), for a reader that has other work all the time: a timer
    /// is due, or nobody has asked for a second. Costs nothing.
    pub fn is_to_be_asked(&self, now: Timestamp) -> bool {
        self.place.as_ref().is_none_or(|place| place.is_to_be_asked(now))
    }

    /// These have fired, or were set no longer. Now and then this writes down how far all was handled.
    ///
    /// # Errors
    /// [`WakeError`] if that could not be written. The next call of [`next`](Self::next) begins from
    /// what is stored, and may hand out again what was handled.
    pub async fn handled(&mut self, own: &dyn EventStore, wakes: &[Wake]) -> Result<(), WakeError> {
        let Some(mut place) = self.place.take() else { return Ok(()) };
        place.handled(own, wakes).await?;
        self.place = Some(place);
        Ok(())
    }
}

impl fmt::Debug for Wakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wakes({})", self.reader)
    }
}
