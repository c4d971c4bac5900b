//! Links: events that stand for an event of another stream, `7@order-1`.

use super::answer::Answer;
use super::derived::LINK_TYPE;
use super::refusal::Refusal;
use super::shown::{Form, Shown};
use headwater_model::{
    AsOf, Direction, EventStore, From as Begin, ReadStream, Revision, StreamName,
};

/// An event as the client wants it: links followed, or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Links {
    /// Whether they are followed.
    pub(super) follow: bool,
}

impl Links {
    /// The answer that holds this event, or what it links to.
    pub(super) async fn show(
        self,
        store: &dyn EventStore,
        form: Form,
        event: Shown,
    ) -> Result<Answer, Refusal> {
        if !self.follow || &*event.event_type != LINK_TYPE {
            return Ok(form.event(event));
        }
        let target = match target(&event.data) {
            Some((revision, stream)) => read(store, stream, revision).await?,
            None => None,
        };
        Ok(form.resolved(target, event))
    }
}

/// Where a link leads; `None`: its data are not a link's.
fn target(data: &[u8]) -> Option<(Revision, StreamName)> {
    let (revision, stream) = std::str::from_utf8(data).ok()?.split_once('@')?;
    Some((Revision(revision.parse().ok()?), StreamName::system(stream.to_owned()).ok()?))
}

async fn read(
    store: &dyn EventStore,
    stream: StreamName,
    revision: Revision,
) -> Result<Option<Shown>, Refusal> {
    let read = ReadStream {
        stream,
        from: Begin::At(revision),
        direction: Direction::Forwards,
        count_max: 1,
        as_of: AsOf::Now,
    };
    let found = store.read_stream(read).await?.events.into_iter().next();
    Ok(found.filter(|event| event.revision == revision).map(Shown::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_a_revision_and_a_stream() {
        let stream = StreamName::new("order-1@home").expect("a name");
        assert_eq!(target(b"7@order-1@home"), Some((Revision(7), stream)));
        for nonsense in [&b"order-1"[..], b"x@order-1", b"7@", b"\xff@order-1"] {
            assert_eq!(target(nonsense), None);
        }
    }
}
