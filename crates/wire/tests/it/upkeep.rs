//! Scavenges and copies of journals: what is said arrives, and has the bytes that it once had.
//!
//! Golden bytes: a change here is a change of the protocol, which takes an ADR.

use crate::anything;
use bytes::Bytes;
use headwater_model::*;
use headwater_wire::codec::decode;
use headwater_wire::shape::Shaped;
use headwater_wire::{Malformed, scavenge_status, v1};
use proptest::prelude::*;
use prost::Message;
use tonic::Code;
use uuid::Uuid;

fn context() -> ContextName {
    ContextName::new("orders").expect("a name")
}

/// Encodes, decodes within bounds.
fn sent<M: Message + Default + Shaped>(message: &M) -> M {
    decode(Bytes::from(message.encode_to_vec())).expect("what was encoded is decoded")
}

fn understood<M, T>(message: &M) -> T
where
    M: Message + Default + Shaped,
    T: TryFrom<M, Error = Malformed>,
{
    T::try_from(sent(message)).expect("what was said is understood")
}

fn phase() -> impl Strategy<Value = ScavengePhase> {
    prop_oneof![
        Just(ScavengePhase::Idle),
        Just(ScavengePhase::Releasing),
        Just(ScavengePhase::Rewriting),
        Just(ScavengePhase::Done),
        Just(ScavengePhase::Stopped),
        anything::words().prop_map(|why| ScavengePhase::Failed { why }),
    ]
}

fn progress() -> impl Strategy<Value = ScavengeProgress> {
    (phase(), any::<[u64; 9]>(), any::<Option<u64>>()).prop_map(|(phase, counts, left_ms)| {
        let [total, done, rewritten, streams, events, read, written, freed, took_ms] = counts;
        ScavengeProgress {
            phase,
            segments_total: total,
            segments_done: done,
            segments_rewritten: rewritten,
            streams_released: streams,
            events_removed: events,
            bytes_read: read,
            bytes_written: written,
            bytes_freed: freed,
            took_ms,
            left_ms,
        }
    })
}

fn point() -> impl Strategy<Value = CopyPoint> {
    let fork = any::<(u32, u64)>().prop_map(|(n, first)| (Incarnation(n), Position(first)));
    (any::<[u8; 16]>(), prop::collection::vec(fork, 0..4), any::<u32>(), any::<u32>()).prop_map(
        |(id, incarnations, segment, at)| CopyPoint {
            context: Uuid::from_bytes(id),
            incarnations,
            segment,
            at,
        },
    )
}

fn known() -> impl Strategy<Value = KnownSegment> {
    any::<(u32, u32, u32)>().prop_map(|(segment, bytes, chain)| KnownSegment {
        segment,
        bytes,
        chain,
    })
}

fn step() -> impl Strategy<Value = CopyStep> {
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        any::<u32>().prop_map(|segment| CopyStep::Known { segment }),
        any::<(u32, u32, u32, bool)>().prop_map(|(segment, from, to, sealed)| {
            CopyStep::Begins { segment, from, to, sealed }
        }),
        bytes.prop_map(|bytes| CopyStep::Bytes(bytes.into())),
    ]
}

/// Those that travel with all they say.
fn scavenge_error() -> impl Strategy<Value = ScavengeError> {
    prop_oneof![
        Just(ScavengeError::UnderWay),
        anything::words().prop_map(|why| ScavengeError::NotHere { why }),
        anything::words().prop_map(|why| ScavengeError::Invalid { why }),
        anything::unavailable().prop_map(ScavengeError::Unavailable),
        anything::corrupt().prop_map(ScavengeError::Corrupt),
        anything::denied().prop_map(ScavengeError::Denied),
        anything::no_context().prop_map(ScavengeError::NoContext),
    ]
}

proptest! {
    #[test]
    fn scavenges_arrive(
        bytes_per_second_max in any::<u64>(),
        freed_percent_min in any::<u8>(),
        progress in progress(),
    ) {
        let asked = ScavengeAsked { bytes_per_second_max, freed_percent_min };
        let said = v1::StartScavengeRequest::new(&context(), &asked);
        prop_assert_eq!(&said.context[..], b"orders");
        prop_assert_eq!(ScavengeAsked::from(&sent(&said)), asked);
        let said = v1::ScavengeProgress::from(progress.clone());
        prop_assert_eq!(understood::<_, ScavengeProgress>(&said), progress);
    }

    #[test]
    fn errors_of_scavenges_arrive_in_a_status(error in scavenge_error()) {
        let said = scavenge_status::of(&error);
        prop_assert_eq!(scavenge_status::read(&said), Some(error));
    }

    #[test]
    fn copies_arrive(
        until in point(),
        known in prop::collection::vec(known(), 0..5),
        step in step(),
    ) {
        prop_assert_eq!(understood::<_, CopyPoint>(&v1::CopyPoint::from(&until)), until.clone());
        let asked = CopyAsked { until, known };
        let said = v1::CopyRequest::new(&context(), &asked);
        prop_assert_eq!(&said.context[..], b"orders");
        prop_assert_eq!(understood::<_, CopyAsked>(&said), asked);
        prop_assert_eq!(understood::<_, CopyStep>(&v1::CopyStep::from(step.clone())), step);
    }

    /// D3: whatever comes instead is an answer.
    #[test]
    fn noise_about_upkeep_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = Bytes::from(bytes);
        let read = [
            decode::<v1::ScavengeProgress>(bytes.clone()).map(ScavengeProgress::try_from).is_ok(),
            decode::<v1::CopyRequest>(bytes.clone()).map(CopyAsked::try_from).is_ok(),
            decode::<v1::CopyPoint>(bytes.clone()).map(CopyPoint::try_from).is_ok(),
            decode::<v1::CopyStep>(bytes).map(CopyStep::try_from).is_ok(),
        ];
        prop_assert_eq!(read.len(), 4);
    }
}

/// A reply that was lost says so by its code alone: whoever hears it asks how far it is.
#[test]
fn a_lost_reply_of_a_scavenge_is_no_answer() {
    let lost = ScavengeError::Unknown(LostReply { why: "the line broke".to_owned() });
    let said = scavenge_status::of(&lost);
    assert_eq!((said.code(), scavenge_status::read(&said)), (Code::Aborted, None));
}

#[test]
fn what_a_message_of_upkeep_lacks_or_has_wrong_is_said() {
    let missing = |field| Malformed::Missing { field };
    let no_step = CopyStep::try_from(v1::CopyStep::default());
    assert_eq!(no_step, Err(missing("the step of a copy")));
    let no_point = CopyAsked::try_from(v1::CopyRequest::default());
    assert_eq!(no_point, Err(missing("the point of a copy")));
    let id = v1::CopyPoint { id: Bytes::from_static(b"short"), ..v1::CopyPoint::default() };
    assert_eq!(CopyPoint::try_from(id), Err(Malformed::Id { bytes: 5 }));
    let later = v1::ScavengeProgress { phase: 99, ..v1::ScavengeProgress::default() };
    assert_eq!(ScavengeProgress::try_from(later), Err(missing("the phase of a scavenge")));
    let plain = v1::StartScavengeRequest::default();
    assert_eq!(ScavengeAsked::from(&plain), ScavengeAsked::default(), "what is not said is usual");
}

#[test]
fn a_scavenge_has_these_bytes() {
    let asked = ScavengeAsked { bytes_per_second_max: 1_000_000, freed_percent_min: 5 };
    let said = v1::StartScavengeRequest::new(&context(), &asked).encode_to_vec();
    assert_eq!(hex::encode(said), START_SCAVENGE);
    let progress = ScavengeProgress {
        phase: ScavengePhase::Failed { why: "w".to_owned() },
        segments_total: 1,
        segments_done: 2,
        segments_rewritten: 3,
        streams_released: 4,
        events_removed: 5,
        bytes_read: 6,
        bytes_written: 7,
        bytes_freed: 8,
        took_ms: 300,
        left_ms: Some(0),
    };
    let said = v1::ScavengeProgress::from(progress.clone()).encode_to_vec();
    assert_eq!(hex::encode(said), SCAVENGE_PROGRESS);
    let bytes = Bytes::from(hex::decode(SCAVENGE_PROGRESS).expect("hex"));
    let decoded = decode::<v1::ScavengeProgress>(bytes).expect("a message");
    assert_eq!(ScavengeProgress::try_from(decoded), Ok(progress));
}

#[test]
fn a_copy_has_these_bytes() {
    let until = CopyPoint {
        context: Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        incarnations: vec![(Incarnation(0), Position(0)), (Incarnation(2), Position(300))],
        segment: 3,
        at: 65_536,
    };
    let known = vec![KnownSegment { segment: 1, bytes: 300, chain: 0xdead_beef }];
    let asked = CopyAsked { until, known };
    let said = v1::CopyRequest::new(&context(), &asked).encode_to_vec();
    assert_eq!(hex::encode(said), COPY);
    let bytes = Bytes::from(hex::decode(COPY).expect("hex"));
    let decoded = decode::<v1::CopyRequest>(bytes).expect("a message");
    assert_eq!(CopyAsked::try_from(decoded), Ok(asked));
    let steps = [
        CopyStep::Known { segment: 1 },
        CopyStep::Begins { segment: 2, from: 300, to: 65_536, sealed: true },
        CopyStep::Bytes(Bytes::from_static(b"frames")),
    ];
    let bytes = |step| hex::encode(v1::CopyStep::from(step).encode_to_vec());
    assert_eq!(steps.map(bytes), COPY_STEPS);
}

#[test]
fn an_unknown_context_has_these_bytes() {
    let name = |text: &'static str| ContextName::new(text).expect("a name");
    let error = NoContext { context: name("oders"), nearest: Some(context()) };
    let said = headwater_wire::status::of(&ReadError::NoContext(error));
    assert_eq!((said.code(), hex::encode(said.details())), (Code::NotFound, NO_CONTEXT.to_owned()));
}

const START_SCAVENGE: &str = "0a066f726465727310c0843d1805";
const SCAVENGE_PROGRESS: &str = "08051201771801200228033004380540064807500858ac026000";
const COPY: &str = "0a066f726465727312210a100123456789abcdef0123456789abcdef12001205080210ac021803208080041a0a08\
    0110ac021defbeadde";
const COPY_STEPS: [&str; 3] = ["0a020801", "120b080210ac02188080042001", "1a066672616d6573"];
const NO_CONTEXT: &str = "0805122f7468657265206973206e6f20636f6e74657874206f646572733b2064696420796f75206d65616e206f72\
    646572733f1a83010a2a747970652e676f6f676c65617069732e636f6d2f6865616477617465722e76312e526561644572726f7212550a11636f6e\
    746578742e6e6f745f666f756e64122f7468657265206973206e6f20636f6e74657874206f646572733b2064696420796f75206d65616e206f7264\
    6572733f420f0a056f6465727312066f7264657273";
