//! Gathering: the parts of appends that have not all come yet.
//!
//! Invariants: D3 at most so many appends and bytes are gathered in one call. A part that is wrong
//! spoils its own append only, which is told so when its last part comes.

use super::super::event::Proposed;
use super::super::expected::Expected;
use super::super::name::Named;
use super::super::refusal::Refusal;
use super::super::write::Write;
use bytestring::ByteString;
use headwater_model::Timestamp;
use headwater_model::limits::APPEND_BYTES_MAX;
use headwater_wire::kurrent::event_store::client::Uuid as WireUuid;
use headwater_wire::kurrent::event_store::client::streams as pb;
use pb::batch_append_req::options::DeadlineOption;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// Appends of one call whose last part has not come.
const GATHERED_COUNT_MAX: usize = 256;

/// Bytes of them all.
const GATHERED_BYTES_MAX: usize = 2 * APPEND_BYTES_MAX;

/// An append whose parts have all come.
pub(super) struct Whole {
    pub(super) correlation: WireUuid,
    pub(super) stream: ByteString,
    /// What is to be written, or why that is already known to be impossible.
    pub(super) write: Result<Write, Refusal>,
    /// How long it may take.
    pub(super) within: Option<Duration>,
}

impl Whole {
    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.write.as_ref().map_or(0, Write::bytes)
    }
}

/// Appends that are coming in parts.
#[derive(Default)]
pub(super) struct Gathering {
    parts: HashMap<Uuid, Whole>,
}

impl Gathering {
    /// Takes a part; gives the whole if it was the last one.
    pub(super) fn take(
        &mut self,
        request: pb::BatchAppendReq,
        now: Timestamp,
    ) -> Result<Option<Whole>, Refusal> {
        let correlation = request.correlation_id.clone();
        let id = super::super::name::id(request.correlation_id)?.0;
        let mut whole = match (self.parts.remove(&id), request.options) {
            (Some(whole), _) => whole,
            (None, Some(options)) => begin(correlation.unwrap_or_default(), options, now),
            (None, None) => {
                let why = format!("append {id} begins without options");
                return Err(Refusal::invalid(why));
            }
        };
        if let Err(refusal) = add(&mut whole.write, request.proposed_messages) {
            whole.write = Err(refusal);
        }
        if request.is_final {
            return Ok(Some(whole));
        }
        self.parts.insert(id, whole);
        self.check_bounds().map(|()| None)
    }

    fn check_bounds(&self) -> Result<(), Refusal> {
        let bytes: usize = self.parts.values().map(Whole::bytes).sum();
        if self.parts.len() > GATHERED_COUNT_MAX || bytes > GATHERED_BYTES_MAX {
            let count = self.parts.len();
            let why = format!("{count} appends with {bytes} bytes wait for their last parts");
            return Err(Refusal::invalid(why));
        }
        Ok(())
    }
}

fn begin(correlation: WireUuid, options: pb::batch_append_req::Options, now: Timestamp) -> Whole {
    let name = options.stream_identifier.clone().unwrap_or_default().stream_name;
    let expected = Expected::from(options.expected_stream_position);
    let within = options.deadline_option.map(|deadline| within(deadline, now));
    Whole {
        correlation,
        stream: ByteString::try_from(name).unwrap_or_default(),
        write: Named::of(options.stream_identifier).map(|stream| Write::to(stream, expected)),
        within,
    }
}

fn add(
    write: &mut Result<Write, Refusal>,
    messages: Vec<pb::batch_append_req::ProposedMessage>,
) -> Result<(), Refusal> {
    let Ok(write) = write else { return Ok(()) };
    messages.into_iter().try_for_each(|message| write.take(Proposed::try_from(message)?))
}

/// How long is left, in either form of a deadline.
fn within(deadline: DeadlineOption, now: Timestamp) -> Duration {
    let (seconds, nanos, since) = match deadline {
        DeadlineOption::Deadline(span) => (span.seconds, span.nanos, Duration::ZERO),
        DeadlineOption::Deadline21100(instant) => {
            let since = Duration::from_micros(now.as_micros());
            (instant.seconds, instant.nanos, since)
        }
    };
    let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let nanos = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
    seconds.saturating_add(nanos).saturating_sub(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_deadline_say_how_long_is_left() {
        let now = Timestamp::from_micros(10_000_000);
        let span = prost_types::Duration { seconds: 3, nanos: 0 };
        assert_eq!(within(DeadlineOption::Deadline(span), now), Duration::from_secs(3));
        let instant = |seconds| prost_types::Timestamp { seconds, nanos: 0 };
        let left = |seconds| within(DeadlineOption::Deadline21100(instant(seconds)), now);
        assert_eq!((left(13), left(9)), (Duration::from_secs(3), Duration::ZERO));
    }

    #[test]
    fn what_waits_for_its_last_part_is_bounded() {
        let mut gathering = Gathering::default();
        let part = |n: usize| pb::BatchAppendReq {
            correlation_id: Some(
                super::super::super::name::Ids::Text.write(Uuid::from_u128(n as u128)),
            ),
            options: Some(pb::batch_append_req::Options::default()),
            ..pb::BatchAppendReq::default()
        };
        for n in 0..GATHERED_COUNT_MAX {
            assert!(gathering.take(part(n), Timestamp::ZERO).is_ok());
        }
        assert!(gathering.take(part(GATHERED_COUNT_MAX), Timestamp::ZERO).is_err());
    }
}
