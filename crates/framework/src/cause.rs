//! Cause: who asked, when, and which new ids come of it.
//!
//! Why: a decision is pure. Time, identity and new ids are told to it, so that asking again gives
//! the same answer, and the same ids.
//!
//! Picture: one chain of ids, each derived from the one before it and never drawn at random:
//! ```text
//!   request key ──▶ Cause::id ──┬─▶ OrderId::new(cause)              ids of new things
//!   or input event ─────────────┴─▶ command id (per stream) ─▶ event 0, event 1, …
//! ```
//! Invariants: A4 the same cause on the same stream gives the same event ids, for ever.

use crate::command::CommandDigest;
use bytestring::ByteString;
use headwater_model::{EventId, Metadata, StreamName, Timestamp};
use uuid::Uuid;

/// The root of all ids that come from keys; any other fixed value would do as well.
const KEYS: Uuid = Uuid::from_u128(0x5d1c_5c1f_9a0b_4f6e_8a51_6f4b_1c55_0e21);

/// Who asked for something, when, on whose behalf, and as part of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    id: EventId,
    now: Option<Timestamp>,
    actor: Option<ByteString>,
    correlation: Option<ByteString>,
    causation: Option<ByteString>,
    traceparent: Option<ByteString>,
}

impl Cause {
    /// The cause with this id. The same id again is the same request again.
    pub fn of(id: EventId) -> Self {
        Self { id, now: None, actor: None, correlation: None, causation: None, traceparent: None }
    }

    /// The cause that `key` stands for, in tests and scripts.
    pub fn keyed(key: impl AsRef<str>) -> Self {
        Self::of(EventId(Uuid::new_v5(&KEYS, key.as_ref().as_bytes())))
    }

    /// The cause of a request: its key, who sent it and where to. The same key from another actor
    /// or at another route is another request.
    pub fn request(route: &str, actor: Option<&str>, key: &str) -> Self {
        let parts = [route, actor.unwrap_or_default(), key];
        let name: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
        let cause = Self::of(EventId(Uuid::new_v5(&KEYS, name.as_bytes())));
        Self { actor: actor.map(ByteString::from), ..cause }
    }

    /// With this time. Without one, [`Service::run`](crate::Service::run) takes the store's.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// On behalf of this actor.
    #[must_use]
    pub fn on_behalf_of(mut self, actor: impl Into<ByteString>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// As part of this business transaction.
    #[must_use]
    pub fn correlated(mut self, correlation: impl Into<ByteString>) -> Self {
        self.correlation = Some(correlation.into());
        self
    }

    /// As part of what `metadata` tells: the same transaction, trace and actor, for the same reason.
    #[must_use]
    pub(crate) fn part_of(self, metadata: &Metadata) -> Self {
        Self {
            correlation: metadata.correlation.clone(),
            causation: metadata.causation.clone(),
            traceparent: metadata.traceparent.clone(),
            actor: metadata.actor.clone(),
            ..self
        }
    }

    /// Because of this event or command.
    #[must_use]
    pub fn caused_by(mut self, causation: impl Into<ByteString>) -> Self {
        self.causation = Some(causation.into());
        self
    }

    /// Under this W3C trace context.
    #[must_use]
    pub fn traced(mut self, traceparent: impl Into<ByteString>) -> Self {
        self.traceparent = Some(traceparent.into());
        self
    }

    /// Who the request is: every id that comes of it derives from this one.
    pub fn id(&self) -> EventId {
        self.id
    }

    /// When the decision is made. The first instant there is, if nobody has said.
    pub fn now(&self) -> Timestamp {
        self.now.unwrap_or(Timestamp::ZERO)
    }

    /// On whose behalf.
    pub fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// The business transaction that this belongs to.
    pub fn correlation(&self) -> Option<&str> {
        self.correlation.as_deref()
    }

    /// The W3C trace context.
    pub fn traceparent(&self) -> Option<&str> {
        self.traceparent.as_deref()
    }

    /// The text of the `n`th new id of this kind.
    pub fn new_id(&self, kind: &str, n: u32) -> String {
        self.id.derive_named(kind).derive(n).0.simple().to_string()
    }

    /// The id of this request as a command to `stream`; its `n`th event is `command.derive(n)`.
    pub(crate) fn command_id(&self, stream: &StreamName) -> EventId {
        self.id.derive_named(stream.as_str())
    }

    /// The same cause with a time, the store's unless it has one.
    pub(crate) fn stamped(&self, now: Timestamp) -> Self {
        Self { now: Some(self.now.unwrap_or(now)), ..self.clone() }
    }

    /// What the events of this cause tell about it.
    pub(crate) fn metadata(&self, command: &str, digest: CommandDigest) -> Metadata {
        let own = || ByteString::from(self.id.to_string());
        Metadata {
            correlation: Some(self.correlation.clone().unwrap_or_else(own)),
            causation: Some(self.causation.clone().unwrap_or_else(own)),
            traceparent: self.traceparent.clone(),
            actor: self.actor.clone(),
            free: vec![
                (ByteString::from_static(crate::command::NAME_KEY), ByteString::from(command)),
                (ByteString::from_static(crate::command::DIGEST_KEY), digest.to_text()),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_request_per_route_and_actor() {
        let id = |route, actor, key| Cause::request(route, actor, key).id();
        assert_eq!(id("/orders", Some("ann"), "k"), id("/orders", Some("ann"), "k"));
        assert_ne!(id("/orders", Some("ann"), "k"), id("/orders", Some("bob"), "k"));
        assert_ne!(id("/orders", None, "k"), id("/customers", None, "k"));
        assert_ne!(id("/a", Some("b"), "c"), id("/a", Some("bc"), ""), "parts do not run together");
    }

    #[test]
    fn new_ids_follow_from_the_cause_and_their_kind() {
        let cause = Cause::keyed("k");
        assert_eq!(cause.new_id("order", 0), Cause::keyed("k").new_id("order", 0));
        assert_ne!(cause.new_id("order", 0), cause.new_id("order", 1));
        assert_ne!(cause.new_id("order", 0), cause.new_id("line", 0));
    }
}
