//! Questions with one answer: appends, pages, look-ups.

use super::super::operation::Operation;
use super::super::spec::{ItemSpec, Place, query_of, reader_of, stream_of};
use super::{Session, same};
use crate::candidate::Candidate;
use headwater_model::{
    Append, AppendError, Appended, Direction, EventId, EventStore, From, Page, Position, ReadAll,
    ReadError, ReadStream, RecordedEvent, Revision, StreamName,
};
use proptest::test_runner::TestCaseError;

type Checked = Result<(), TestCaseError>;

/// An answer to an append, without what a store is free to choose: the words of a refusal, and
/// which of several events a condition failed on.
fn essence(answer: Result<Appended, AppendError>) -> Result<Appended, AppendError> {
    answer.map_err(|refusal| match refusal {
        AppendError::ConditionFailed { condition, after, .. } => {
            AppendError::ConditionFailed { condition, after, position: Position::ZERO }
        }
        AppendError::Invalid { .. } => AppendError::Invalid { why: String::new() },
        other => other,
    })
}

fn code<T>(answer: Result<T, ReadError>) -> Result<T, &'static str> {
    answer.map_err(|error| error.code())
}

/// What one read of all events comes to, page by page.
#[derive(PartialEq, Debug)]
struct Whole {
    events: Vec<RecordedEvent>,
    as_of: Option<Position>,
}

/// Reads on until nothing is left, as of the moment that the first page told.
async fn whole(store: &dyn EventStore, mut read: ReadAll) -> Result<Whole, ReadError> {
    let mut events = Vec::new();
    loop {
        let Page { events: more, next, as_of, .. } = store.read_all(read.clone()).await?;
        assert!(more.len() <= read.count_max, "a page is no larger than was asked");
        events.extend(more);
        match next {
            Some(next) => read.from = From::At(next),
            None => return Ok(Whole { events, as_of }),
        }
    }
}

impl<C: Candidate> Session<C> {
    pub(super) async fn append(&mut self, append: Append) -> Checked {
        let answer = essence(self.store.append(append.clone()).await);
        let expected = essence(self.reference.append(append.clone()).await);
        same(&format!("{append:?}"), &answer, &expected)?;
        same("the head", &self.store.head().await, &self.reference.head().await)
    }

    pub(super) async fn find(&mut self, stream: StreamName, id: EventId) -> Checked {
        let answer = code(self.store.find(stream.clone(), id).await);
        same("find", &answer, &code(self.reference.find(stream, id).await))
    }

    pub(super) async fn ask(&mut self, operation: Operation) -> Checked {
        match operation {
            Operation::Change { stream, expect, change } => {
                let name = stream_of(stream);
                let expected = expect.of(&name, &self.stand().await);
                let answer = self.store.change_stream(name.clone(), expected, change).await;
                let should = self.reference.change_stream(name, expected, change).await;
                same("change", &essence(answer), &essence(should))
            }
            Operation::ReadStream { stream, settings, from, direction, count, moment } => {
                let head = self.stand().await.head;
                let name = stream_of(stream);
                let name = if settings { name.settings_stream() } else { name };
                let last = self.reference.stream(name.clone()).await.expect("memory answers").last;
                let read = ReadStream {
                    stream: name,
                    from: from
                        .of(last.map(|last| last.0))
                        .map_or(From::Edge, |at| From::At(Revision(at))),
                    direction,
                    count_max: count,
                    as_of: self.moment(moment, head),
                };
                let answer = code(self.store.read_stream(read.clone()).await);
                let should = code(self.reference.read_stream(read.clone()).await);
                same(&format!("{read:?}"), &answer, &should)
            }
            Operation::ReadAll { query, from, direction, count, moment } => {
                let head = self.stand().await.head;
                let as_of = self.moment(moment, head);
                let from = first_of(from, head);
                let read =
                    ReadAll { query: query_of(&query), from, direction, count_max: count, as_of };
                self.compare_whole(read).await
            }
            other => self.look_up(other).await,
        }
    }

    async fn look_up(&mut self, operation: Operation) -> Checked {
        match operation {
            Operation::LookUp { stream } => {
                let answer = code(self.store.stream(stream_of(stream)).await);
                same("stream", &answer, &code(self.reference.stream(stream_of(stream)).await))
            }
            Operation::List { prefix, after, count } => {
                let prefix = ["", "order", "order-", "$", "c"][usize::from(prefix) % 5];
                let after = after.map(stream_of);
                let answer = self.store.streams(prefix.to_owned(), after.clone(), count).await;
                let should = self.reference.streams(prefix.to_owned(), after, count).await;
                same("streams", &code(answer), &code(should))
            }
            Operation::Checkpoint { reader } => {
                let answer = code(self.store.checkpoint(reader_of(reader)).await);
                same(
                    "checkpoint",
                    &answer,
                    &code(self.reference.checkpoint(reader_of(reader)).await),
                )
            }
            other => unreachable!("{other:?} is no question"),
        }
    }

    async fn compare_whole(&mut self, read: ReadAll) -> Checked {
        let answer = code(whole(&*self.store, read.clone()).await);
        let should = code(whole(&*self.reference, read.clone()).await);
        same(&format!("{read:?}"), &answer, &should)
    }

    /// Everything there is, by every path.
    pub(super) async fn compare_all(&mut self) -> Checked {
        for direction in [Direction::Forwards, Direction::Backwards] {
            let query = query_of(&[ItemSpec::Everything, ItemSpec::Prefix(2)]);
            self.compare_whole(ReadAll { direction, ..ReadAll::forwards(query) }).await?;
        }
        for stream in 0..6 {
            self.look_up(Operation::LookUp { stream }).await?;
            let read = ReadStream::forwards(stream_of(stream));
            let answer = code(self.store.read_stream(read.clone()).await);
            same("stream", &answer, &code(self.reference.read_stream(read).await))?;
        }
        for reader in 0..3 {
            self.look_up(Operation::Checkpoint { reader }).await?;
        }
        self.look_up(Operation::List { prefix: 0, after: None, count: 99 }).await
    }
}

fn first_of(from: Place, head: Option<Position>) -> From<Position> {
    from.of(head.map(|head| head.0)).map_or(From::Edge, |at| From::At(Position(at)))
}
