//! Parked inputs over HTTP: a person sees what was set aside, and sees to it, while the service runs.

use crate::{anywhere, client, store};
use headwater_framework::Service;
use headwater_framework::prelude::*;
use headwater_model::{Append, ContextName, EventType, ExpectedRevision, NewEvent};
use headwater_service::http::Routes;
use headwater_service::{Running, Serve};
use serde_json::{Value, json};

#[derive(StreamId)]
#[stream("door")]
struct DoorId(String);

#[derive(Event, Debug)]
#[event(prefix = "Door")]
enum DoorEvent {
    Built,
    Opened,
}

#[derive(Command, Debug, Clone)]
enum DoorCommand {
    Build,
    Open,
}

#[derive(Refusal, Debug)]
enum DoorRefusal {
    #[refusal(not_found, "there is no such door")]
    Unknown,
}

#[derive(Default)]
struct Door {
    built: bool,
}

impl Decider for Door {
    type Id = DoorId;
    type Command = DoorCommand;
    type Event = DoorEvent;
    type Refusal = DoorRefusal;

    fn decide(&self, command: DoorCommand, _: &Cause) -> Result<Vec<DoorEvent>, DoorRefusal> {
        match command {
            DoorCommand::Build => Ok(vec![DoorEvent::Built]),
            DoorCommand::Open if self.built => Ok(vec![DoorEvent::Opened]),
            DoorCommand::Open => Err(DoorRefusal::Unknown),
        }
    }

    fn evolve(self, _: &DoorEvent) -> Self {
        Self { built: true }
    }
}

#[derive(Input, Debug)]
#[input(from = "street")]
enum Heard {
    Knocked { door: DoorId },
}

struct Answer;

impl Reaction for Answer {
    const NAME: &'static str = "answer";
    type Input = Heard;

    fn react(&self, heard: &Recorded<Heard>) -> Actions {
        let Heard::Knocked { door } = &heard.event;
        Actions::new().run::<Door>(door, DoorCommand::Open)
    }
}

/// Two knocks at doors that nobody has built yet.
async fn knocked_at_nothing() -> (Service, Running) {
    let store = store();
    let street = store.context(ContextName::new("street").unwrap()).await.unwrap();
    let knock = |door: &str| {
        let id = Cause::keyed(door).id();
        NewEvent::json(id, EventType::new("Knocked").unwrap(), format!(r#"{{"door":"{door}"}}"#))
    };
    let knocks = vec![knock("front"), knock("back")];
    let stream = StreamName::new("knock-1").unwrap();
    street.append(Append::to(stream, ExpectedRevision::Any, knocks)).await.unwrap();
    let house = Service::new("house", &store).decider::<Door>().reaction(Answer, Start::Beginning);
    let running = house.clone().at(anywhere(), Routes::new()).start().await.unwrap();
    while house.parked("answer").await.unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    (house, running)
}

async fn asked(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn build(house: &Service, door: &str) {
    let cause = Cause::keyed(format!("build {door}"));
    house.run::<Door>(&door.into(), DoorCommand::Build, &cause).await.unwrap();
}

#[tokio::test]
async fn what_was_set_aside_is_listed_retried_and_discarded() {
    let (house, site) = knocked_at_nothing().await;
    let list = || asked(client().get(site.url("/admin/parked")));
    let post = |path: &str| client().post(site.url(&format!("/admin/parked/{path}")));

    let (status, listed) = list().await;
    assert_eq!((status, &listed["service"], &listed["count"]), (200, &json!("house"), &json!(2)));
    let front = &listed["parked"][0];
    assert_eq!((&front["reader"], &front["source"]), (&json!("answer"), &json!("street")));
    assert_eq!((&front["stream"], &front["code"]), (&json!("knock-1"), &json!("door.unknown")));
    let id = |n: usize| listed["parked"][n]["event"].as_str().unwrap().to_owned();

    build(&house, "front").await;
    let (status, told) = asked(post("answer/retry")).await;
    assert_eq!(status, 200);
    let outcomes: Vec<_> = told["retried"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&outcomes[0]["outcome"], &outcomes[1]["outcome"]),
        (&json!("done"), &json!("parked"))
    );
    assert_eq!(outcomes[1]["code"], "door.unknown", "nobody has built the back door");

    let (status, told) = asked(post(&format!("answer/{}/retry", id(0)))).await;
    assert_eq!((status, &told["code"]), (404, &json!("parked.not_parked")), "once is enough");
    let discard = || post(&format!("answer/{}/discard", id(1)));
    let (status, told) = asked(discard().json(&json!({ "why": "" }))).await;
    assert_eq!((status, &told["code"]), (422, &json!("parked.no_reason")));
    let (status, told) = asked(discard().json(&json!({ "why": "a wall" }))).await;
    assert_eq!((status, &told["behindCount"]), (200, &json!(0)), "{told}");
    assert_eq!(list().await.1["count"], 0);
    let (_, ready) = asked(client().get(site.url("/readyz"))).await;
    assert_eq!(ready["readers"][0]["parked"], 0);
    site.stop().await;
}

#[tokio::test]
async fn a_reader_or_an_event_that_is_not_there_is_a_problem() {
    let (_, site) = knocked_at_nothing().await;
    let (status, told) = asked(client().get(site.url("/admin/parked?reader=anser"))).await;
    assert_eq!((status, &told["code"]), (404, &json!("parked.no_reader")));
    assert!(told["detail"].as_str().unwrap().ends_with("it has answer"), "{told}");
    let (status, told) = asked(client().post(site.url("/admin/parked/answer/7/retry"))).await;
    assert_eq!((status, &told["code"]), (400, &json!("request.path")));
    site.stop().await;
}
