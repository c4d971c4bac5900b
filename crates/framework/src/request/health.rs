//! Requests that wait: seen at start, before anybody asks why a saga does not go on.
//!
//! Why: a request to a service that does not accept it is recorded and then nothing happens. Only its
//! sender knows that there is one, and only the receiver's checkpoint tells that somebody reads it.

use super::reader::NAME;
use super::record::REQUESTS_PREFIX;
use crate::{Health, Service};
use headwater_model::{
    CheckpointName, ContextName, Direction, EventStore, Position, ReadError, ReadStream,
};

/// Services that one service may ask.
const ASKED_COUNT_MAX: usize = 256;

/// How the requests of a service to another one are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestsHealth {
    /// The service that is asked.
    pub to: String,
    /// It has answered requests of this service before.
    pub is_accepted: bool,
    /// The place of the last request, in this service's context.
    pub last: Option<Position>,
    /// The place up to which they are answered.
    pub answered: Option<Position>,
}

impl RequestsHealth {
    /// Whether some are recorded that nobody has answered.
    pub fn is_waiting(&self) -> bool {
        self.last > self.answered
    }
}

impl Health {
    /// Services that are asked and have never answered: a name that is mistyped, or a service that does not
    /// accept commands from this one.
    pub fn unaccepted(&self) -> impl Iterator<Item = &RequestsHealth> {
        self.requests.iter().filter(|requests| requests.is_waiting() && !requests.is_accepted)
    }
}

impl Service {
    /// How its requests to each service are.
    pub(crate) async fn requests_health(&self) -> Result<Vec<RequestsHealth>, ReadError> {
        let own = self.own().await?;
        let streams = own.streams(REQUESTS_PREFIX.to_owned(), None, ASKED_COUNT_MAX).await?;
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        // Asking for a context makes it, also one whose name is mistyped.
        let known = self.store().contexts().names().await?;
        let mut all = Vec::with_capacity(streams.len());
        for stream in streams {
            let Some(to) = stream.stream.as_str().strip_prefix(REQUESTS_PREFIX) else { continue };
            let last = ReadStream {
                direction: Direction::Backwards,
                count_max: 1,
                ..ReadStream::forwards(stream.stream.clone())
            };
            let last = own.read_stream(last).await?.events.first().map(|event| event.position);
            let answered = match known.iter().find(|known| known.as_str() == to) {
                Some(to) => self.answered(to, &*own).await?,
                None => None,
            };
            let (to, is_accepted) = (to.to_owned(), answered.is_some());
            all.push(RequestsHealth { to, is_accepted, last, answered });
        }
        Ok(all)
    }

    /// How far the receiver has come.
    async fn answered(
        &self,
        to: &ContextName,
        own: &dyn EventStore,
    ) -> Result<Option<Position>, ReadError> {
        let reader = CheckpointName::new(format!("{NAME}/{}", own.context()));
        let reader = reader.map_err(|error| ReadError::Invalid { why: error.to_string() })?;
        let checkpoint = self.context(to).await?.checkpoint(reader).await?;
        Ok(checkpoint.map(|checkpoint| checkpoint.position))
    }
}
