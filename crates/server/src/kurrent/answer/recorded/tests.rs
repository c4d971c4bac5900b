//! What is written by hand is what the generated messages say.

use super::super::Answer;
use super::*;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{EventId, Incarnation, Position, Timestamp};
use headwater_wire::kurrent::event_store::client::streams::ReadResp;
use prost::Message as _;

fn shown(position: u64) -> Shown {
    Shown {
        id: EventId(uuid::Uuid::from_u128(u128::from(position) << 100 | 7)),
        stream: ByteString::from_static("order-1"),
        revision: position / 2,
        position: Position(position),
        recorded_at: Timestamp::from_micros(position * 1_000_003),
        event_type: ByteString::from_static("Placed"),
        content_type: if position.is_multiple_of(2) {
            ContentType::Json
        } else {
            ContentType::Binary
        },
        data: Bytes::from(vec![7; usize::try_from(position % 300).expect("small")]),
        custom: Bytes::from(vec![8; usize::try_from(position % 7).expect("small")]),
    }
}

#[test]
fn what_is_written_is_read_as_the_message_that_it_is_and_is_as_long() {
    for ids in [Ids::Text, Ids::Halves] {
        let form = Form { ids, incarnation: Incarnation(3) };
        for position in [0, 1, 2, 127, 128, 255, 16_383, 70_001, u64::from(u32::MAX)] {
            let (one, other) = (shown(position), shown(position + 1));
            for (event, link) in
                [(Some(&one), None), (None, Some(&one)), (Some(&one), Some(&other)), (None, None)]
            {
                let mut written = Vec::new();
                write(form, event, link, &mut written);
                let (event, link) = (event.cloned(), link.cloned().map(Box::new));
                let message = ReadResp::from(Answer::Event { event, link, form });
                assert_eq!(ReadResp::decode(&*written), Ok(message.clone()));
                assert_eq!(written.len(), message.encoded_len(), "{position}");
            }
        }
    }
}

#[test]
fn numbers_are_written_in_decimal() {
    for number in [0, 9, 10, 1_234_567, u64::MAX] {
        assert_eq!(Decimal::of(number).text(), number.to_string().as_bytes());
    }
}
