//! Whatever can be said arrives as it was said: through messages, through bytes, and back.

use crate::anything;
use bytes::Bytes;
use headwater_model::*;
use headwater_wire::codec::decode;
use headwater_wire::encoded::EncodedRequest;
use headwater_wire::shape::Shaped;
use headwater_wire::{AskedChange, Malformed, status, v1};
use proptest::prelude::*;
use prost::Message;

/// Encodes, decodes within bounds, and understands.
fn there_and_back<M, T>(message: M) -> T
where
    M: Message + Default + Shaped,
    T: TryFrom<M, Error = Malformed>,
{
    let bytes = Bytes::from(message.encode_to_vec());
    let decoded: M = decode(bytes).expect("what was encoded is decoded");
    T::try_from(decoded).expect("what was said is understood")
}

fn context() -> ContextName {
    ContextName::new("orders").expect("a name")
}

proptest! {
    #[test]
    fn appends_arrive(append in anything::append()) {
        prop_assert_eq!(there_and_back::<_, Append>(v1::Append::from(&append)), append);
    }

    #[test]
    fn events_arrive(event in anything::recorded_event()) {
        let arrived: RecordedEvent = there_and_back(v1::RecordedEvent::from(&event));
        prop_assert_eq!(arrived, event);
    }

    #[test]
    fn answers_of_appends_arrive_with_every_error(
        answer in prop_oneof![
            anything::appended().prop_map(Ok),
            anything::append_error().prop_map(Err),
        ],
    ) {
        let reply = v1::AppendReply::from(answer.clone());
        if let (Err(error), Some(v1::append_reply::Outcome::Error(said))) = (&answer, &reply.outcome) {
            prop_assert_eq!(&said.code[..], error.code().as_bytes());
            let message = error.to_string();
            prop_assert_eq!(&said.message[..], message.as_bytes());
        }
        let arrived: Result<Appended, AppendError> = there_and_back(reply);
        prop_assert_eq!(arrived, answer);
    }

    #[test]
    fn errors_of_reads_arrive_in_a_status(error in anything::read_error()) {
        let said = status::of(&error);
        prop_assert_eq!(said.message(), error.to_string());
        prop_assert_eq!(status::read(&said), Some(error));
    }

    #[test]
    fn reads_and_pages_arrive(
        of_stream in anything::read_stream(),
        of_all in anything::read_all(),
        page in anything::page(),
        stream_page in anything::stream_page(),
    ) {
        let said = v1::ReadStreamRequest::new(&context(), &of_stream);
        prop_assert_eq!(&said.context[..], b"orders");
        prop_assert_eq!(there_and_back::<_, ReadStream>(said), of_stream);
        let said = v1::ReadAllRequest::new(&context(), &of_all);
        prop_assert_eq!(there_and_back::<_, ReadAll>(said), of_all);
        prop_assert_eq!(there_and_back::<_, Page>(v1::Page::from(page.clone())), page);
        let said = v1::StreamPage::from(stream_page.clone());
        prop_assert_eq!(there_and_back::<_, StreamPage>(said), stream_page);
    }

    #[test]
    fn subscriptions_and_deliveries_arrive(
        subscribe in anything::subscribe(),
        events in prop::collection::vec(anything::recorded_event(), 1..4),
        checkpoint in anything::checkpoint(),
    ) {
        let said = v1::SubscribeRequest::new(&context(), &subscribe);
        prop_assert_eq!(there_and_back::<_, Subscribe>(said), subscribe);
        let said = v1::Delivery::events(events.clone(), checkpoint);
        prop_assert_eq!(&v1::Delivery::from(Delivery::Events { events: events.clone(), checkpoint }), &said);
        let Some(v1::delivery::Step::Events(said)) = said.step else { panic!("events") };
        prop_assert_eq!(there_and_back::<_, Delivery>(said), Delivery::Events { events, checkpoint });
    }

    #[test]
    fn streams_and_their_changes_arrive(
        state in anything::state(),
        stream in anything::stream(),
        expected in anything::expected(),
        change in anything::change(),
    ) {
        prop_assert_eq!(there_and_back::<_, StreamState>(v1::StreamState::from(state.clone())), state);
        let asked = AskedChange { stream, expected, change };
        prop_assert_eq!(v1::Change::from(&asked).understood(), Ok(asked));
    }

    #[test]
    fn an_encoded_request_is_the_request(
        append in anything::append(),
        stream in anything::stream(),
        change in anything::change(),
        number in any::<u64>(),
    ) {
        use v1::pipeline_request::Asked;
        let context = Bytes::from_static(b"orders");
        let whole = |asked| {
            let context = context.clone();
            v1::PipelineRequest { number, context, asked: Some(asked) }.encode_to_vec()
        };
        let mut encoded = EncodedRequest::of_append(context.clone(), &append).expect("it is small");
        encoded.number = number;
        prop_assert_eq!(encoded.encode_to_vec(), whole(Asked::Append((&append).into())));
        let asked = AskedChange { stream, expected: ExpectedRevision::Any, change };
        let mut encoded = EncodedRequest::of_change(context.clone(), &asked);
        encoded.number = number;
        prop_assert_eq!(encoded.encode_to_vec(), whole(Asked::Change((&asked).into())));
    }
}

/// A status has a bound; an error that says more than fits is cut, not lost.
#[test]
fn an_error_that_says_too_much_is_cut() {
    let error = ReadError::Invalid { why: "ä".repeat(10_000) };
    let Some(ReadError::Invalid { why }) = status::read(&status::of(&error)) else {
        panic!("it stays what it is")
    };
    assert!(why.len() <= status::WORDS_BYTES_MAX + '…'.len_utf8() && why.ends_with("ä…"));
}

/// What this program does not measure, a later server may.
#[test]
fn a_limit_of_a_later_server_is_named_as_it_names_it() {
    let large = |what: &'static str| {
        v1::AppendError::from(&AppendError::TooLarge { what, size: 9, size_max: 8 })
    };
    let named = |what| match AppendError::try_from(large(what)) {
        Ok(AppendError::TooLarge { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(named("the hats of an event"), "the hats of an event");
    let endless: &'static str = Box::leak("x".repeat(1_000).into_boxed_str());
    assert_eq!(named(endless), "a part of the append");
}
