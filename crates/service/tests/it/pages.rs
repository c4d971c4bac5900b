//! What every service answers about itself.

use crate::{anywhere, client, store};
use headwater_framework::Service;
use headwater_framework::prelude::*;
use headwater_service::http::{Json, JsonSchema, Routes, StatusCode, get, post, schemars};
use headwater_service::{Running, Serve, Services};
use serde_json::{Value, json};

#[derive(Event, Debug, PartialEq)]
#[event(prefix = "Lamp", public)]
enum LampEvent {
    Lit { by: String, watts: Option<u32> },
}

#[derive(StreamId)]
#[stream("lamp")]
struct LampId(String);

#[derive(Command, Debug, Clone)]
enum LampCommand {
    Light { by: String },
}

#[derive(Refusal, Debug, PartialEq)]
enum LampRefusal {
    #[refusal(conflict, "it is lit")]
    Lit,
}

#[derive(Default)]
struct Lamp {
    lit: bool,
}

impl Decider for Lamp {
    type Id = LampId;
    type Command = LampCommand;
    type Event = LampEvent;
    type Refusal = LampRefusal;
    fn decide(&self, command: LampCommand, _: &Cause) -> Result<Vec<LampEvent>, LampRefusal> {
        let LampCommand::Light { by } = command;
        if self.lit { Err(LampRefusal::Lit) } else { Ok(vec![LampEvent::Lit { by, watts: None }]) }
    }
    fn evolve(self, _: &LampEvent) -> Self {
        Self { lit: true }
    }
}

#[derive(Input, Debug)]
#[input(from = "lamps")]
enum Seen {
    LampLit {},
    LampBroken {},
}

struct Watch;

impl Reaction for Watch {
    const NAME: &'static str = "watch";
    type Input = Seen;
    fn react(&self, _: &Recorded<Seen>) -> Actions {
        Actions::new()
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
struct Light {
    by: String,
}

async fn light(_: Cause, Json(light): Json<Light>) -> String {
    light.by
}

async fn show(_: After) -> &'static str {
    "lit"
}

async fn two_services() -> Vec<Running> {
    let store = store();
    let lamps = Service::new("lamps", &store).decider::<Lamp>();
    let watch = Service::new("watchers", &store).reaction(Watch, Start::Beginning);
    let routes = Routes::new()
        .add(post("/lamps", light).says("Lights one").takes::<Light>())
        .add(get("/lamps/{id}", show).answers::<Light>(StatusCode::OK));
    let sites = [lamps.at(anywhere(), routes), watch.at(anywhere(), Routes::new())];
    Services::of(sites).start().await.unwrap()
}

async fn page(site: &Running, path: &str) -> (u16, Value) {
    let answer = client().get(site.url(path)).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test]
async fn a_service_tells_how_it_is() {
    let sites = two_services().await;
    assert_eq!(page(&sites[0], "/livez").await, (200, json!("alive\n")));
    let (status, ready) = page(&sites[0], "/readyz").await;
    assert_eq!((status, &ready["ready"]), (200, &json!(true)), "nothing to wait for");
    let (_, ready) = page(&sites[1], "/readyz").await;
    assert_eq!(ready["readers"][0]["name"], "watch");
    assert_eq!(ready["readers"][0]["source"], "lamps");
    assert_eq!(
        ready["unpublished"],
        json!(["watch asks for lamps/LampBroken, which lamps does not publish"]),
        "a typo would wait for ever"
    );
    let (status, metrics) = page(&sites[1], "/metrics").await;
    assert_eq!(status, 200);
    let metrics = metrics.as_str().unwrap();
    let request = r#"headwater_http_requests_total{method="GET",route="/readyz",status="200"}"#;
    assert!(metrics.contains(request), "{metrics}");
    assert!(metrics.contains("headwater_http_request_seconds_bucket"), "{metrics}");
    let lag = r#"headwater_reader_lag_positions{service="watchers",reader="watch",source="lamps"}"#;
    assert!(metrics.contains(lag), "{metrics}");
    for site in sites {
        site.stop().await;
    }
}

#[tokio::test]
async fn routes_describe_themselves() {
    let sites = two_services().await;
    let (_, openapi) = page(&sites[0], "/openapi.json").await;
    assert_eq!(openapi["openapi"], "3.1.0");
    let light = &openapi["paths"]["/lamps"]["post"];
    assert_eq!(light["summary"], "Lights one");
    assert_eq!(light["parameters"][0]["name"], "Idempotency-Key", "read off the handler's type");
    let body = &light["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(body, "#/components/schemas/Light");
    assert_eq!(openapi["components"]["schemas"]["Light"]["required"], json!(["by"]));
    let show = &openapi["paths"]["/lamps/{id}"]["get"];
    let names: Vec<_> = show["parameters"].as_array().unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["id", "after"]);
    assert!(show["requestBody"].is_null());
    assert!(show["responses"]["200"].is_object() && show["responses"]["default"].is_object());
    for site in sites {
        site.stop().await;
    }
}

#[tokio::test]
async fn events_are_described_by_those_who_publish_and_read_them() {
    let sites = two_services().await;
    let (_, published) = page(&sites[0], "/asyncapi.json").await;
    let lit = &published["channels"]["lamps"]["messages"]["LampLit"]["payload"];
    assert_eq!(lit["properties"]["by"], json!({ "type": "string" }));
    let watts = json!({ "type": ["integer", "null"], "minimum": 0 });
    assert_eq!((&lit["properties"]["watts"], &published["asyncapi"]), (&watts, &json!("3.1.0")));
    assert_eq!(lit["required"], json!(["by"]));
    assert_eq!(published["operations"]["publish-lamps"]["action"], "send");
    let (_, read) = page(&sites[1], "/asyncapi.json").await;
    assert_eq!(read["operations"]["watch-lamps"]["action"], "receive");
    let messages = &read["operations"]["watch-lamps"]["messages"];
    assert_eq!(messages[0]["$ref"], "#/channels/lamps/messages/LampLit");
    for site in sites {
        site.stop().await;
    }
}
