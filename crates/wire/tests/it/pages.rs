//! Pages go past the generated messages on both sides: written from the store's events, read off the
//! bytes by the client. Neither may say or hear anything else than the messages would.

use crate::anything;
use bytes::Bytes;
use headwater_model::*;
use headwater_wire::codec::decode;
use headwater_wire::encoded::{EncodedReply, EncodedRequest};
use headwater_wire::heard::{Heard, Told, Unheard, stream_page_or_error};
use headwater_wire::recorded::Recorded;
use headwater_wire::shape::{ALLOCATED_BYTES_MAX, Misshapen};
use headwater_wire::v1;
use proptest::prelude::*;
use prost::Message;

fn bytes(message: &impl Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

proptest! {
    #[test]
    fn an_event_of_a_page_is_written_as_its_message(event in anything::recorded_event()) {
        let message = v1::RecordedEvent::from(&event);
        let recorded = Recorded::from(event.clone());
        prop_assert_eq!(recorded.encoded_len(), message.encoded_len());
        prop_assert_eq!(bytes(&recorded), bytes(&message));
        let heard = Recorded::decode(bytes(&message)).expect("a message");
        prop_assert_eq!(&heard, &recorded);
        prop_assert_eq!(RecordedEvent::try_from(heard), Ok(event));
    }

    #[test]
    fn pages_are_heard_as_they_were_said(
        page in anything::page(),
        stream_page in anything::stream_page(),
    ) {
        prop_assert_eq!(Page::hear(&bytes(&v1::Page::from(page.clone()))), Ok(page));
        let said = v1::StreamPage::from(stream_page.clone());
        prop_assert_eq!(StreamPage::hear(&bytes(&said)), Ok(stream_page));
    }

    #[test]
    fn steps_of_subscriptions_are_heard_as_they_were_said(
        events in prop::collection::vec(anything::recorded_event(), 1..4),
        checkpoint in anything::checkpoint(),
        end in prop::option::of(anything::checkpoint()),
    ) {
        let said = v1::Delivery::events(events.clone(), checkpoint);
        let delivery = Delivery::Events { events, checkpoint };
        prop_assert_eq!(Told::hear(&bytes(&said)), Ok(Told::Delivery(delivery)));
        let delivery = Delivery::CaughtUp { checkpoint: end };
        let said = v1::Delivery::from(delivery.clone());
        prop_assert_eq!(Told::hear(&bytes(&said)), Ok(Told::Delivery(delivery)));
        prop_assert_eq!(Told::hear(&bytes(&v1::Delivery::began(end))), Ok(Told::Began(end)));
    }

    #[test]
    fn a_read_of_a_pipeline_is_asked_and_answered_as_its_messages(
        read in anything::read_stream(),
        answer in prop_oneof![
            anything::stream_page().prop_map(Ok),
            anything::read_error().prop_map(Err),
        ],
        number in any::<u64>(),
    ) {
        let context = ContextName::new("orders").expect("a name");
        let encoded = EncodedRequest { number, ..EncodedRequest::of_read(&context, &read) };
        let asked: v1::PipelineRequest = decode(bytes(&encoded)).expect("a message");
        let asked_read = match asked.asked {
            Some(v1::pipeline_request::Asked::Read(asked)) => ReadStream::try_from(asked),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!((asked.number, &asked.context[..]), (number, &b"orders"[..]));
        prop_assert_eq!(asked_read, Ok(read));
        let reply = v1::PipelineReply { number, reply: None, read: Some(answer.clone().into()) };
        let reply: EncodedReply = decode(bytes(&reply)).expect("a message");
        prop_assert_eq!(stream_page_or_error(&reply.read.expect("a read")), Ok(answer));
    }

    /// D3.
    #[test]
    fn noise_is_no_page(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        let noise = Bytes::from(noise);
        prop_assert!(Page::hear(&noise).is_err() || Page::hear(&noise).is_ok());
        prop_assert!(Told::hear(&noise).is_err() || Told::hear(&noise).is_ok());
    }

    /// D3: whatever the messages understand is heard, and heard the same.
    #[test]
    fn a_flipped_byte_is_heard_as_the_messages_would(
        page in anything::page(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut said = v1::Page::from(page).encode_to_vec();
        prop_assume!(!said.is_empty());
        let at = at.index(said.len());
        said[at] = byte;
        let said = Bytes::from(said);
        if let Ok(Ok(understood)) = decode::<v1::Page>(said.clone()).map(Page::try_from) {
            prop_assert_eq!(Page::hear(&said), Ok(understood));
        }
    }
}

/// D3.
#[test]
fn many_empty_events_are_refused_before_they_are_allocated() {
    let count = ALLOCATED_BYTES_MAX / size_of::<RecordedEvent>() + 1;
    let page = Bytes::from([0x0a, 0x00].repeat(count));
    assert_eq!(Page::hear(&page), Err(Unheard::Misshapen(Misshapen::TooManyParts)));
}

/// D3.
#[test]
fn a_name_that_is_none_is_not_taken_for_one() {
    let event = v1::RecordedEvent {
        id: Bytes::from_static(&[7; 16]),
        event_type: Bytes::from_static(b"Placed"),
        stream: Bytes::from_static(b"a\nb"),
        ..v1::RecordedEvent::default()
    };
    let page = v1::Page { events: vec![Recorded::Heard(Box::new(event))], ..v1::Page::default() };
    assert!(matches!(Page::hear(&bytes(&page)), Err(Unheard::Malformed(_))));
}
