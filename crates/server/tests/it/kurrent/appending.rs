//! Appends: what is answered, to the field and to the trailer.

use super::site::{EMPTY, Expected, Site, event, identifier, properties, refusal, said, text_id};
use futures_util::stream;
use headwater_wire::kurrent::event_store::client as shared;
use headwater_wire::kurrent::event_store::client::streams as pb;
use pb::append_resp::Result as Answer;
use pb::batch_append_req::options::{DeadlineOption, ExpectedStreamPosition};
use prost::Message;
use shared::uuid::{Structured, Value};
use tonic::Code;

/// A5, in both forms: clients of 20.6 read the first four fields, all others the rest.
#[tokio::test]
async fn a_wrong_version_is_an_answer_that_old_and_new_clients_can_read() {
    use pb::append_resp::wrong_expected_version as said;
    let site = Site::new().await;
    site.append("order-1", Expected::NoStream(EMPTY), [1, 2]).await.unwrap();
    let answer = site.append("order-1", Expected::Revision(0), [3]).await.unwrap();
    let Answer::WrongExpectedVersion(wrong) = answer else { panic!("{answer:?}") };
    let old = (wrong.current_revision_option_20_6_0, wrong.expected_revision_option_20_6_0);
    let old_current = said::CurrentRevisionOption2060::CurrentRevision2060(1);
    let old_expected = said::ExpectedRevisionOption2060::ExpectedRevision2060(0);
    assert_eq!(old, (Some(old_current), Some(old_expected)));
    let new = (wrong.current_revision_option, wrong.expected_revision_option);
    let current = said::CurrentRevisionOption::CurrentRevision(1);
    assert_eq!(new, (Some(current), Some(said::ExpectedRevisionOption::ExpectedRevision(0))));
}

/// Position 0 means "before everything" there, so the first event stands at 1.
#[tokio::test]
async fn the_first_append_is_answered_with_position_1() {
    use pb::append_resp::success::{CurrentRevisionOption, PositionOption};
    let site = Site::new().await;
    let answer = site.append("order-1", Expected::NoStream(EMPTY), [1]).await.unwrap();
    let Answer::Success(success) = answer else { panic!("{answer:?}") };
    assert_eq!(success.current_revision_option, Some(CurrentRevisionOption::CurrentRevision(0)));
    let position = pb::append_resp::Position { commit_position: 1, prepare_position: 1 };
    assert_eq!(success.position_option, Some(PositionOption::Position(position)));
}

/// A4: ids as two halves are the ids as text.
#[tokio::test]
async fn an_id_is_the_same_in_both_forms() {
    let site = Site::new().await;
    let id = uuid::Uuid::from_u128(0x8000_0000_0000_0001_ffff_ffff_ffff_fffe);
    let halves = Structured { most_significant_bits: i64::MIN + 1, least_significant_bits: -2 };
    let as_halves = shared::Uuid { value: Some(Value::Structured(halves)) };
    let proposed = pb::append_req::ProposedMessage {
        id: Some(as_halves.clone()),
        ..event(0, "Happened", "{}")
    };
    site.append_events("order-1", Expected::Any(EMPTY), [proposed]).await.unwrap();
    site.append("order-1", Expected::Any(EMPTY), [id.as_u128()]).await.unwrap();
    let events = site.events("order-1").await;
    assert_eq!(events.len(), 1, "the second was the first again");
    assert_eq!(events[0].id, Some(text_id(id.as_u128())));
}

#[tokio::test]
async fn refusals_of_an_append_say_which_in_trailers() {
    let site = Site::new().await;
    let mut untyped = event(1, "Happened", "{}");
    untyped.metadata.remove("type");
    let refused = site.append_events("order-1", Expected::Any(EMPTY), [untyped]).await;
    let trailers = said(&[
        ("exception", "missing-required-metadata-property"),
        ("required-metadata-properties", "type"),
    ]);
    assert_eq!(refusal(&refused.unwrap_err()), (Code::InvalidArgument, trailers));

    let large = event(1, "Happened", &"x".repeat(4 * 1_024 * 1_024 + 1));
    let refused = site.append_events("order-1", Expected::Any(EMPTY), [large]).await;
    let trailers = said(&[
        ("event-id", "00000000-0000-0000-0000-000000000001"),
        ("exception", "maximum-append-event-size-exceeded"),
        ("maximum-append-event-size", "4194304"),
        ("proposed-append-event-size", "4194305"),
    ]);
    assert_eq!(refusal(&refused.unwrap_err()), (Code::InvalidArgument, trailers));

    let megabytes = |id| event(id, "Happened", &"x".repeat(4 * 1_024 * 1_024));
    let refused = site.append_events("order-1", Expected::Any(EMPTY), (1..6).map(megabytes)).await;
    let trailers =
        said(&[("exception", "maximum-append-size-exceeded"), ("maximum-append-size", "16777216")]);
    assert_eq!(refusal(&refused.unwrap_err()), (Code::InvalidArgument, trailers));
    assert_eq!(site.store.head().await.unwrap().1, None, "A5: nothing was written");
}

/// D3.
#[tokio::test]
async fn names_that_cannot_be_written_are_refused_in_words() {
    let site = Site::new().await;
    let long = "x".repeat(600);
    for (name, why) in [
        ("", "is empty"),
        ("$all", "not a stream"),
        ("$ce-order", "is derived"),
        ("a\u{7}b", "control character"),
        (long.as_str(), "600 bytes"),
    ] {
        let refused = site.append(name, Expected::Any(EMPTY), [1]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{name}: {refused}");
        assert!(refused.message().contains(why), "{name}: {}", refused.message());
    }
}

fn part(correlation: u128, ids: &[u128], is_final: bool) -> pb::BatchAppendReq {
    let proposed = |id: &u128| pb::batch_append_req::ProposedMessage {
        id: Some(text_id(*id)),
        metadata: properties("Happened"),
        custom_metadata: bytes::Bytes::new(),
        data: "{}".into(),
    };
    pb::BatchAppendReq {
        correlation_id: Some(text_id(correlation)),
        options: None,
        proposed_messages: ids.iter().map(proposed).collect(),
        is_final,
    }
}

fn beginning(
    part: pb::BatchAppendReq,
    name: &str,
    expected: ExpectedStreamPosition,
) -> pb::BatchAppendReq {
    let options = pb::batch_append_req::Options {
        stream_identifier: Some(identifier(name)),
        expected_stream_position: Some(expected),
        deadline_option: None,
    };
    pb::BatchAppendReq { options: Some(options), ..part }
}

async fn answers(site: &Site, requests: Vec<pb::BatchAppendReq>) -> Vec<pb::BatchAppendResp> {
    let mut answers =
        site.streams().batch_append(stream::iter(requests)).await.unwrap().into_inner();
    let mut gathered = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        gathered.push(answer);
    }
    gathered
}

/// A1: parts of two appends come in turns; each is one append, in the order of their last parts.
#[tokio::test]
async fn parts_of_several_appends_may_come_in_turns() {
    let site = Site::new().await;
    let no_stream = ExpectedStreamPosition::NoStream(());
    let requests = vec![
        beginning(part(1, &[1], false), "order-1", no_stream),
        beginning(part(2, &[2], false), "order-2", no_stream),
        part(1, &[3], false),
        part(2, &[4], true),
        part(1, &[5], true),
    ];
    let answers = answers(&site, requests).await;
    let correlations: Vec<_> =
        answers.iter().map(|answer| answer.correlation_id.clone().unwrap()).collect();
    assert_eq!(correlations, [text_id(2), text_id(1)]);
    let ids = |events: Vec<super::site::Recorded>| {
        events.into_iter().map(|event| event.id.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(site.events("order-1").await), [text_id(1), text_id(3), text_id(5)]);
    let positions: Vec<_> =
        site.events("order-2").await.iter().map(|event| event.commit_position).collect();
    assert_eq!(positions, [1, 2], "the second was complete first");
}

/// One append is refused, in a message; the call goes on.
#[tokio::test]
async fn a_refused_append_does_not_end_the_batch() {
    use pb::batch_append_resp::Result as Outcome;
    let site = Site::new().await;
    let at_7 = ExpectedStreamPosition::StreamPosition(7);
    let requests = vec![
        beginning(part(1, &[1], true), "order-1", at_7),
        beginning(part(2, &[2], true), "order-1", ExpectedStreamPosition::Any(())),
        beginning(part(3, &[3], true), "a\nb", ExpectedStreamPosition::Any(())),
    ];
    let mut answers = answers(&site, requests).await;
    answers.sort_by_key(|answer| answer.correlation_id.clone().unwrap().encode_to_vec());
    let Some(Outcome::Error(error)) = &answers[0].result else { panic!("{answers:?}") };
    assert_eq!(error.code, Code::FailedPrecondition as i32);
    let detail = error.details.as_ref().unwrap();
    assert_eq!(detail.type_url, "type.googleapis.com/event_store.client.WrongExpectedVersion");
    let detail = shared::WrongExpectedVersion::decode(detail.value.as_slice()).unwrap();
    let wanted = shared::WrongExpectedVersion {
        current_stream_revision_option: Some(
            shared::wrong_expected_version::CurrentStreamRevisionOption::CurrentNoStream(()),
        ),
        expected_stream_position_option: Some(
            shared::wrong_expected_version::ExpectedStreamPositionOption::ExpectedStreamPosition(7),
        ),
    };
    assert_eq!(detail, wanted);
    assert!(matches!(answers[1].result, Some(Outcome::Success(_))));
    let Some(Outcome::Error(error)) = &answers[2].result else { panic!("{answers:?}") };
    let detail = error.details.as_ref().unwrap();
    assert_eq!(detail.type_url, "type.googleapis.com/event_store.client.BadRequest");
}

#[tokio::test]
async fn an_append_past_its_deadline_is_not_made() {
    use pb::batch_append_resp::Result as Outcome;
    let site = Site::new().await;
    let any = ExpectedStreamPosition::Any(());
    let mut requests = Vec::new();
    for (n, deadline) in (1..).zip([
        DeadlineOption::Deadline(prost_types::Duration::default()),
        DeadlineOption::Deadline21100(prost_types::Timestamp { seconds: 1, nanos: 0 }),
        DeadlineOption::Deadline(prost_types::Duration { seconds: i64::MAX, nanos: 0 }),
    ]) {
        let mut request = beginning(part(n, &[n], true), "order-1", any);
        request.options.as_mut().unwrap().deadline_option = Some(deadline);
        requests.push(request);
    }
    let answers = answers(&site, requests).await;
    let timed_out = |answer: &&pb::BatchAppendResp| match &answer.result {
        Some(Outcome::Error(error)) => {
            error.details.as_ref().unwrap().type_url.ends_with("event_store.client.Timeout")
        }
        _ => false,
    };
    assert_eq!(answers.iter().filter(timed_out).count(), 2);
    assert_eq!(site.events("order-1").await.len(), 1, "the one with time left");
}
