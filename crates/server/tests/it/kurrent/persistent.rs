//! Persistent subscriptions: consumer groups, as clients of this protocol are answered.

use super::site::{EMPTY, Expected, Site, identifier, of_stream, refusal, said, text_id};
use headwater_wire::kurrent::event_store::client::persistent_subscriptions as pb;
use headwater_wire::kurrent::event_store::client::streams::read_req::options::UuidOption;
use headwater_wire::kurrent::event_store::client::streams::read_req::options::uuid_option;
use headwater_wire::kurrent::event_store::client::uuid::Value;
use pb::persistent_subscriptions_client::PersistentSubscriptionsClient;
use pb::read_req::nack::Action;
use pb::read_req::{Ack, Content, Nack, Options};
use pb::read_resp::ReadEvent;
use tokio::sync::mpsc;
use tonic::{Code, Status, Streaming};
use uuid::Uuid;

fn client(site: &Site) -> PersistentSubscriptionsClient<axum::Router> {
    PersistentSubscriptionsClient::new(site.router.clone())
}

fn settings() -> pb::Settings {
    pb::Settings {
        max_retry_count: 10,
        message_timeout: Some(pb::settings::MessageTimeout::MessageTimeoutMs(30_000)),
        consumer_strategy: "RoundRobin".to_owned(),
        ..pb::Settings::default()
    }
}

fn group_of(stream: &str, settings: pb::Settings) -> pb::GroupOptions {
    let stream = pb::StreamOptions {
        stream_identifier: Some(identifier(stream)),
        revision_option: Some(pb::stream_options::RevisionOption::Start(EMPTY)),
    };
    pb::GroupOptions {
        group_name: "mail".to_owned(),
        settings: Some(settings),
        stream_option: Some(pb::group_options::StreamOption::Stream(stream)),
        ..pb::GroupOptions::default()
    }
}

async fn create(site: &Site, options: pb::GroupOptions) -> Result<(), Status> {
    client(site).create(pb::CreateReq { options: Some(options) }).await.map(|_| ())
}

async fn info(site: &Site, stream: &str) -> Result<pb::SubscriptionInfo, Status> {
    use pb::get_info_req::{Options, options::StreamOption};
    let options = Options {
        group_name: "mail".to_owned(),
        stream_option: Some(StreamOption::StreamIdentifier(identifier(stream))),
    };
    let answer = client(site).get_info(pb::GetInfoReq { options: Some(options) }).await?;
    Ok(answer.into_inner().subscription_info.unwrap())
}

async fn replay(site: &Site, stream: &str, stop_at: i64) -> Result<(), Status> {
    use pb::replay_parked_req::{Options, options::StopAtOption, options::StreamOption};
    let options = Options {
        group_name: "mail".to_owned(),
        stream_option: Some(StreamOption::StreamIdentifier(identifier(stream))),
        stop_at_option: Some(StopAtOption::StopAt(stop_at)),
    };
    client(site).replay_parked(pb::ReplayParkedReq { options: Some(options) }).await.map(|_| ())
}

/// A connection of a group. Its answers are read all the time, as over a socket.
struct Connected {
    requests: mpsc::UnboundedSender<pb::ReadReq>,
    answers: mpsc::UnboundedReceiver<Result<pb::ReadResp, Status>>,
}

impl Connected {
    async fn to(site: &Site, stream: &str, buffer_size: i32) -> Result<Self, Status> {
        Self::with(site, options(stream, buffer_size)).await
    }

    async fn with(site: &Site, first: Content) -> Result<Self, Status> {
        let (requests, asked) = mpsc::unbounded_channel();
        let asked = futures_util::stream::unfold(asked, |mut asked| async move {
            asked.recv().await.map(|request| (request, asked))
        });
        requests.send(pb::ReadReq { content: Some(first) }).unwrap();
        let read = client(site).read(asked).await?.into_inner();
        let (tell, answers) = mpsc::unbounded_channel();
        tokio::spawn(reading(read, tell));
        Ok(Self { requests, answers })
    }

    async fn confirmed(&mut self) -> String {
        match self.answers.recv().await.unwrap().unwrap().content {
            Some(pb::read_resp::Content::SubscriptionConfirmation(confirmed)) => {
                confirmed.subscription_id
            }
            other => panic!("a confirmation, not {other:?}"),
        }
    }

    async fn next(&mut self) -> Result<ReadEvent, Status> {
        loop {
            match self.answers.recv().await.expect("it does not end well")?.content {
                Some(pb::read_resp::Content::Event(event)) => return Ok(event),
                Some(pb::read_resp::Content::SubscriptionConfirmation(_)) => {}
                None => panic!("an answer without content"),
            }
        }
    }

    fn say(&self, content: Content) {
        self.requests.send(pb::ReadReq { content: Some(content) }).unwrap();
    }

    fn ack(&self, id: u128) {
        self.say(Content::Ack(Ack { id: "".into(), ids: vec![text_id(id)] }));
    }

    fn nack(&self, id: u128, action: Action) {
        let (ids, action) = (vec![text_id(id)], action.into());
        self.say(Content::Nack(Nack { id: "".into(), ids, action, reason: "why".to_owned() }));
    }
}

async fn reading(
    mut read: Streaming<pb::ReadResp>,
    tell: mpsc::UnboundedSender<Result<pb::ReadResp, Status>>,
) {
    while let Some(answer) = read.message().await.transpose() {
        if tell.send(answer).is_err() {
            return;
        }
    }
}

fn options(stream: &str, buffer_size: i32) -> Content {
    let text = uuid_option::Content::String(EMPTY);
    Content::Options(Options {
        group_name: "mail".to_owned(),
        buffer_size,
        uuid_option: Some(UuidOption { content: Some(text) }),
        stream_option: Some(pb::read_req::options::StreamOption::StreamIdentifier(identifier(
            stream,
        ))),
    })
}

fn number(event: &ReadEvent) -> u128 {
    match event.event.as_ref().unwrap().id.as_ref().unwrap().value.as_ref().unwrap() {
        Value::String(text) => text.parse::<Uuid>().unwrap().as_u128(),
        Value::Structured(_) => panic!("text was asked for"),
    }
}

fn about(exception: &str) -> Vec<(String, String)> {
    said(&[("exception", exception), ("group-name", "mail"), ("stream-name", "order-1")])
}

/// Clients tell these apart by their trailers.
#[tokio::test]
async fn what_a_group_refuses_says_which_group_and_why() {
    let site = Site::new().await;
    let gone = (Code::NotFound, about("persistent-subscription-does-not-exist"));
    let missing = info(&site, "order-1").await.unwrap_err();
    assert_eq!(refusal(&missing), gone);
    assert_eq!(missing.message(), "Subscription group mail on stream order-1 does not exist.");
    let one = pb::Settings { max_subscriber_count: 1, ..settings() };
    create(&site, group_of("order-1", one)).await.unwrap();
    let again = create(&site, group_of("order-1", settings())).await.unwrap_err();
    let exists = (Code::AlreadyExists, about("persistent-subscription-exists"));
    assert_eq!(refusal(&again), exists);
    let mut first = Connected::to(&site, "order-1", 10).await.unwrap();
    assert_eq!(first.confirmed().await, "order-1::mail");
    let full = Connected::to(&site, "order-1", 10).await.err().expect("it is full");
    let reached = (Code::FailedPrecondition, about("maximum-subscribers-reached"));
    assert_eq!(refusal(&full), reached);
    assert!(full.message().starts_with("Maximum subscriptions reached"), "{full}");
    let stream = pb::delete_req::options::StreamOption::StreamIdentifier(identifier("order-1"));
    let (stream_option, group_name) = (Some(stream), "mail".to_owned());
    let options = Some(pb::delete_req::Options { group_name, stream_option });
    client(&site).delete(pb::DeleteReq { options }).await.unwrap();
    let dropped = (Code::Cancelled, about("persistent-subscription-dropped"));
    assert_eq!(refusal(&first.next().await.unwrap_err()), dropped);
}

/// C3: what is set aside is shown, and delivered again from the first on, as many as are asked for.
#[tokio::test]
async fn parked_events_are_replayed_as_far_as_is_said() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), 1..=4).await.unwrap();
    create(&site, group_of("order-1", settings())).await.unwrap();
    let mut connected = Connected::to(&site, "order-1", 10).await.unwrap();
    for id in 1..=4 {
        assert_eq!(number(&connected.next().await.unwrap()), id);
        connected.nack(id, if id == 2 { Action::Skip } else { Action::Park });
    }
    while info(&site, "order-1").await.unwrap().parked_message_count < 3 {
        tokio::task::yield_now().await;
    }
    let parked = site.events("$persistentsubscription-order-1::mail-parked").await;
    let shown: Vec<_> = parked.iter().map(|e| (e.stream_revision, &*e.data)).collect();
    assert_eq!(shown, [(0, &b"0@order-1"[..]), (1, b"2@order-1"), (2, b"3@order-1")]);
    let why = String::from_utf8(parked[0].custom_metadata.to_vec()).unwrap();
    assert!(why.contains(r#""reason":"why""#), "{why}");
    replay(&site, "order-1", 2).await.unwrap();
    for id in [1, 3] {
        let again = connected.next().await.unwrap();
        assert_eq!(number(&again), id);
        assert_eq!(again.count, Some(pb::read_resp::read_event::Count::RetryCount(0)));
        connected.ack(id);
    }
    assert_eq!(info(&site, "order-1").await.unwrap().parked_message_count, 1);
    let less = replay(&site, "order-1", -1).await.unwrap_err();
    assert_eq!(less.code(), Code::InvalidArgument);
}

/// C3 over connections that come and go: nothing acked comes again, nothing held is lost.
#[tokio::test]
async fn a_connection_that_ends_gives_back_what_it_held() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), 1..=3).await.unwrap();
    create(&site, group_of("order-1", settings())).await.unwrap();
    let mut first = Connected::to(&site, "order-1", 2).await.unwrap();
    assert_eq!([first.next().await, first.next().await].map(|e| number(&e.unwrap())), [1, 2]);
    let mut second = Connected::to(&site, "order-1", 1).await.unwrap();
    assert_eq!(number(&second.next().await.unwrap()), 3, "the first holds as many as it may");
    second.ack(3);
    first.ack(1);
    first.nack(2, Action::Stop);
    let dropped = first.next().await.unwrap_err();
    assert_eq!(refusal(&dropped).1[0].1, "persistent-subscription-dropped");
    let again = second.next().await.unwrap();
    assert_eq!(number(&again), 2);
    assert_eq!(again.count, Some(pb::read_resp::read_event::Count::RetryCount(1)));
    second.ack(2);
    while info(&site, "order-1").await.unwrap().last_checkpointed_event_position != "2" {
        tokio::task::yield_now().await;
    }
}

/// Some clients still say the stream and the first event as a server of long ago wanted it.
#[tokio::test]
async fn the_older_form_of_a_group_is_understood() {
    let site = Site::new().await;
    site.append("order-1", Expected::Any(EMPTY), 1..=3).await.unwrap();
    let older = pb::GroupOptions {
        stream_identifier: Some(identifier("order-1")),
        stream_option: None,
        ..group_of("order-1", pb::Settings { revision: 2, ..settings() })
    };
    create(&site, older).await.unwrap();
    assert_eq!(info(&site, "order-1").await.unwrap().start_from, "2");
    let mut connected = Connected::to(&site, "order-1", 10).await.unwrap();
    assert_eq!(number(&connected.next().await.unwrap()), 3);
}

/// The other face of the same group: nothing of it is this protocol's alone.
#[tokio::test]
async fn a_group_of_this_protocol_is_a_group_of_the_store() {
    let site = Site::new().await;
    let pinned = pb::Settings { consumer_strategy: "Pinned".to_owned(), ..settings() };
    create(&site, group_of("$ce-order", pinned.clone())).await.unwrap();
    let groups = site.store.consumer_groups().unwrap().groups().await.unwrap();
    let [group] = &groups[..] else { panic!("one group, not {groups:?}") };
    assert_eq!(group.name.as_str(), "kurrent/$ce-order::mail");
    assert_eq!(group.settings.key, headwater_model::GroupKey::Stream);
    assert_eq!(group.settings.attempts_max, 11);
    let evenly = pb::Settings { consumer_strategy: "RoundRobin".to_owned(), ..settings() };
    let options = Some(group_of("$ce-order", evenly));
    let other = client(&site).update(pb::UpdateReq { options }).await.unwrap_err();
    assert!(other.message().contains("another order"), "{other}");
    let options = Some(group_of("$ce-order", pb::Settings { max_retry_count: 2, ..pinned }));
    client(&site).update(pb::UpdateReq { options }).await.unwrap();
    let groups = site.store.consumer_groups().unwrap().groups().await.unwrap();
    assert_eq!(groups[0].settings.attempts_max, 3);
}

/// D3: what cannot be meant is refused in words.
#[tokio::test]
async fn a_connection_that_cannot_be_meant_is_refused() {
    let site = Site::new().await;
    create(&site, group_of("order-1", settings())).await.unwrap();
    let none = Connected::to(&site, "order-1", 0).await.err().expect("a buffer of nothing");
    assert_eq!(none.code(), Code::InvalidArgument);
    let early = Content::Ack(Ack { id: "".into(), ids: vec![text_id(1)] });
    let early = Connected::with(&site, early).await.err().expect("an ack before the options");
    assert!(early.message().contains("without options"), "{early}");
    let mut twice = Connected::to(&site, "order-1", 1).await.unwrap();
    twice.ack(77);
    twice.say(options("order-1", 1));
    assert_eq!(twice.next().await.unwrap_err().code(), Code::InvalidArgument);
    for odd in [
        pb::Settings { consumer_strategy: "Mine".to_owned(), ..settings() },
        pb::Settings { max_retry_count: -1, ..settings() },
        pb::Settings { max_subscriber_count: i32::MAX, ..settings() },
    ] {
        let refused = create(&site, group_of("order-2", odd)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    }
    let parked = "$persistentsubscription-order-1::mail-parked";
    let own = create(&site, group_of(parked, settings())).await.unwrap_err();
    assert_eq!(own.code(), Code::InvalidArgument);
    let written = site.append(parked, Expected::Any(EMPTY), [1]).await.unwrap_err();
    assert!(written.message().contains("is not written"), "{written}");
    let empty = site.read(of_stream(parked)).await.unwrap();
    assert!(matches!(empty[..], [super::site::Content::StreamNotFound(_)]), "{empty:?}");
}
