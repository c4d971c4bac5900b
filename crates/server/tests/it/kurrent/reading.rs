//! Reads and subscriptions: edges, places, forms, and what is refused.

use super::site::{
    Content, EMPTY, Expected, Site, event, of_all, of_stream, recorded, refusal, said,
};
use headwater_server::Stage;
use headwater_wire::kurrent::event_store::client as shared;
use headwater_wire::kurrent::event_store::client::streams as pb;
use pb::read_req::Options;
use pb::read_req::options::{
    AllOptions, ControlOption, CountOption, FilterOption, FilterOptions, Position, ReadDirection,
    StreamOption, SubscriptionOptions, UuidOption, all_options::AllOption, filter_options,
    stream_options::RevisionOption, uuid_option,
};
use tonic::Code;

fn endless(options: Options) -> Options {
    let count_option = Some(CountOption::Subscription(SubscriptionOptions {}));
    Options { count_option, ..options }
}

fn backwards(options: Options) -> Options {
    Options { read_direction: ReadDirection::Backwards.into(), ..options }
}

fn at(mut options: Options, revision: RevisionOption) -> Options {
    let Some(StreamOption::Stream(stream)) = &mut options.stream_option else {
        panic!("a read of a stream")
    };
    stream.revision_option = Some(revision);
    options
}

fn from(commit_position: u64, options: Options) -> Options {
    let position = Position { commit_position, prepare_position: commit_position };
    let all_option = Some(AllOption::Position(position));
    Options { stream_option: Some(StreamOption::All(AllOptions { all_option })), ..options }
}

fn filtered(filter: filter_options::Filter, options: Options) -> Options {
    let filter = FilterOptions {
        filter: Some(filter),
        window: Some(filter_options::Window::Max(1)),
        checkpoint_interval_multiplier: 2,
    };
    Options { filter_option: Some(FilterOption::Filter(filter)), ..options }
}

fn streams_with(prefix: &str) -> filter_options::Filter {
    let prefix = vec![prefix.to_owned()];
    filter_options::Filter::StreamIdentifier(filter_options::Expression {
        prefix,
        ..filter_options::Expression::default()
    })
}

fn types_like(regex: &str) -> filter_options::Filter {
    let regex = regex.to_owned();
    filter_options::Filter::EventType(filter_options::Expression {
        regex,
        ..filter_options::Expression::default()
    })
}

#[tokio::test]
async fn reads_that_cannot_be_meant_are_refused_in_words() {
    let site = Site::new().await;
    for (options, why) in [
        (Options { uuid_option: None, ..of_all() }, "how ids are written"),
        (Options { count_option: None, ..of_all() }, "how many"),
        (Options { stream_option: None, ..of_all() }, "neither a stream nor all"),
        (backwards(endless(of_all())), "backwards"),
        (filtered(types_like("("), of_all()), "cannot be used"),
        (filtered(types_like(&"x".repeat(20_000)), of_all()), "longer than"),
        (of_stream("$all"), "not a stream"),
    ] {
        let refused = site.read(options).await.expect_err(why);
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.message().contains(why), "{}", refused.message());
    }
}

/// D3: an expression that would go back for ever ends in a refusal.
#[tokio::test]
async fn an_expression_may_not_take_for_ever() {
    let site = Site::new().await;
    let kind = "a".repeat(200);
    site.append_events("order-1", Expected::Any(EMPTY), [event(1, &kind, "{}")]).await.unwrap();
    let refused = site.read(filtered(types_like(r"^(?:(a|a)\1?)*b$"), of_all())).await;
    assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
}

/// Who understands it is told where the stream begins, if not where was asked, and where it ends.
#[tokio::test]
async fn a_read_tells_the_edges_to_who_understands_them() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), [1, 2, 3]).await.unwrap();
    let settings = event(9, "$metadata", r#"{"$tb":2}"#);
    site.append_events("$$order-1", Expected::Any(EMPTY), [settings]).await.unwrap();
    let compatible = || Options {
        control_option: Some(ControlOption { compatibility: 1 }),
        ..of_stream("order-1")
    };
    let contents = site.read(compatible()).await.unwrap();
    let [Content::FirstStreamPosition(2), Content::Event(_), Content::LastStreamPosition(2)] =
        &contents[..]
    else {
        panic!("{contents:?}")
    };
    let contents =
        site.read(at(backwards(compatible()), RevisionOption::End(EMPTY))).await.unwrap();
    assert!(
        matches!(contents[..], [Content::Event(_), Content::LastStreamPosition(2)]),
        "{contents:?}"
    );
    assert_eq!(site.read(of_stream("order-1")).await.unwrap().len(), 1);
}

/// Forwards a position is inclusive, backwards exclusive; behind the end there is nothing.
#[tokio::test]
async fn a_read_of_all_begins_where_it_was_told() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), [1, 2, 3]).await.unwrap();
    let places = |contents: Vec<Content>| {
        contents.into_iter().map(|content| recorded(content).commit_position).collect::<Vec<_>>()
    };
    for (commit, forwards, back) in [
        (0, vec![1, 2, 3], vec![]),
        (2, vec![2, 3], vec![1]),
        (9, vec![], vec![3, 2, 1]),
        (u64::MAX, vec![], vec![3, 2, 1]),
    ] {
        assert_eq!(places(site.read(from(commit, of_all())).await.unwrap()), forwards);
        assert_eq!(places(site.read(from(commit, backwards(of_all()))).await.unwrap()), back);
    }
}

/// C2: a place of another history is not taken for one of this.
#[tokio::test]
async fn a_position_of_another_history_is_refused() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), [1, 2, 3]).await.unwrap();
    let elsewhere = (7 << 48) | 2;
    let refused = site.read(from(elsewhere, of_all())).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let refused = site.subscribe(endless(from(elsewhere, of_all()))).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
}

#[tokio::test]
async fn ids_are_written_as_was_asked() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), [(1 << 127) | 2]).await.unwrap();
    let content = Some(uuid_option::Content::Structured(EMPTY));
    let options = Options { uuid_option: Some(UuidOption { content }), ..of_stream("order-1") };
    let shown = recorded(site.read(options).await.unwrap().remove(0));
    let halves =
        shared::uuid::Structured { most_significant_bits: i64::MIN, least_significant_bits: 2 };
    let value = Some(shared::uuid::Value::Structured(halves));
    assert_eq!(shown.id, Some(shared::Uuid { value }));
    assert_eq!(shown.metadata["created"], "17730648000000000");
}

/// Indexes are asked for in the form of a filter, and show the events themselves.
#[tokio::test]
async fn indexes_of_categories_and_types_are_read() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), [1]).await.unwrap();
    site.append("scan-1", Expected::Any(EMPTY), [2]).await.unwrap();
    let read = async |index: &str| site.read(filtered(streams_with(index), of_all())).await;
    let of_category = read("$idx-ce-order").await.unwrap();
    assert_eq!(of_category.len(), 1);
    assert_eq!(recorded(of_category[0].clone()).stream_revision, 0);
    assert_eq!(read("$idx-et-Happened").await.unwrap().len(), 2);
    let refused = read("$idx-user-mine").await.unwrap_err();
    let trailers = said(&[("exception", "index-not-found"), ("index-name", "$idx-user-mine")]);
    assert_eq!(refusal(&refused), (Code::NotFound, trailers));
}

/// Confirmation, the events that pass, checkpoints for those that do not, and the end once.
#[tokio::test]
async fn a_filtered_subscription_tells_each_thing_in_its_turn() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), [1, 2]).await.unwrap();
    site.append("scan-1", Expected::Any(EMPTY), [3]).await.unwrap();
    let options = endless(filtered(types_like("^Happened$"), of_all()));
    let mut answers = site.subscribe(options).await.unwrap();
    let mut told = Vec::new();
    loop {
        let content = answers.message().await.unwrap().unwrap().content.unwrap();
        told.push(match &content {
            Content::Confirmation(_) => "confirmation".to_owned(),
            Content::Event(_) => format!("event {}", recorded(content).commit_position),
            Content::Checkpoint(at) => format!("checkpoint {}", at.commit_position),
            Content::CaughtUp(at) => {
                format!("caught up {}", at.position.as_ref().unwrap().commit_position)
            }
            other => panic!("{other:?}"),
        });
        match told.last().unwrap().as_str() {
            "caught up 3" => {
                let quiet = (4..6).map(|id| event(id, "Quiet", "{}"));
                site.append_events("scan-1", Expected::Any(EMPTY), quiet).await.unwrap();
                site.append("scan-1", Expected::Any(EMPTY), [6]).await.unwrap();
            }
            "event 6" => break,
            _ => {}
        }
    }
    let expected = [
        "confirmation",
        "event 1",
        "event 2",
        "checkpoint 2",
        "event 3",
        "caught up 3",
        "checkpoint 4",
        "event 6",
    ];
    assert_eq!(told, expected);
}

/// A stream that is not there yet can be followed.
#[tokio::test]
async fn what_is_still_to_come_can_be_followed() {
    let site = Site::new().await;
    let mut answers = site.subscribe(endless(of_stream("order-1"))).await.unwrap();
    let mut next = async || answers.message().await.unwrap().unwrap().content.unwrap();
    assert!(matches!(next().await, Content::Confirmation(_)));
    let caught_up = next().await;
    let Content::CaughtUp(at) = caught_up else { panic!("{caught_up:?}") };
    assert_eq!((at.stream_revision, at.position), (None, None));
    site.append("other-1", Expected::Any(EMPTY), [1]).await.unwrap();
    site.append("order-1", Expected::Any(EMPTY), [2]).await.unwrap();
    assert_eq!(recorded(next().await).commit_position, 2);
}

/// Who waits is told that the server goes, and the server need not wait for them.
#[tokio::test]
async fn a_subscription_ends_when_the_server_closes() {
    let site = Site::new().await;
    for options in [of_stream("order-1"), of_all()] {
        let mut answers = site.subscribe(endless(options)).await.unwrap();
        for _ in 0..2 {
            answers.message().await.unwrap().unwrap();
        }
        site.stage.send_replace(Stage::Closing);
        let ended = answers.message().await.unwrap_err();
        assert_eq!(ended.code(), Code::Unavailable, "{ended}");
        site.stage.send_replace(Stage::Ready);
    }
}
