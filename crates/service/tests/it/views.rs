//! Views over HTTP: a person looks how far they are, lets one stand still, and has it built anew.

use crate::{anywhere, client, store};
use headwater_framework::Service;
use headwater_framework::prelude::*;
use headwater_framework::testing::{MemoryDatabase, MemoryTx};
use headwater_model::{Append, ContextName, EventType, ExpectedRevision, NewEvent};
use headwater_service::Serve;
use headwater_service::http::Routes;
use serde_json::{Value, json};

#[derive(Input, Debug)]
#[input(from = "street")]
enum Heard {
    Knocked,
}

struct Knocks;

impl Projection for Knocks {
    const NAME: &'static str = "knocks";
    const SCHEMA: &'static str = "one number";
    type Input = Heard;
    type Database = MemoryDatabase;

    async fn apply(&self, db: &mut MemoryTx, _: &Recorded<Heard>) -> Result<(), Failed> {
        db.add("knocks", 1)
    }
}

#[tokio::test]
async fn a_view_is_looked_at_paused_resumed_and_built_anew() {
    let store = store();
    let street = store.context(ContextName::new("street").unwrap()).await.unwrap();
    let event =
        NewEvent::json(Cause::keyed("knock").id(), EventType::new("Knocked").unwrap(), "{}");
    let stream = StreamName::new("door-1").unwrap();
    street.append(Append::to(stream, ExpectedRevision::Any, vec![event])).await.unwrap();
    let house = Service::new("house", &store).projection(Knocks, MemoryDatabase::default());
    let running = house.at(anywhere(), Routes::new()).start().await.unwrap();
    let client = client();
    let ask = async |path: &str| -> (u16, Value) {
        let answer = client.get(running.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    };
    let tell = async |path: &str, body: Value| -> (u16, Value) {
        let answer = client.post(running.url(path)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    };

    let why = json!({ "why": "a drill" });
    let (status, paused) = tell("/admin/views/knocks/pause", why.clone()).await;
    assert_eq!((status, &paused["paused"], &paused["live"]), (200, &"a drill".into(), &1.into()));
    let (status, ready) = loop {
        let (status, ready) = ask("/readyz").await;
        if ready["readers"][0]["state"] == "paused" {
            break (status, ready);
        }
    };
    assert_eq!((status, &ready["readers"][0]["why"]), (200, &"a drill".into()));
    let seek = json!({ "source": "street", "position": 7, "why": "a drill" });
    let (status, problem) = tell("/admin/views/knocks/seek", seek).await;
    assert_eq!((status, &problem["code"]), (409, &"view.ahead".into()));
    let (status, problem) =
        tell("/admin/views/knocks/seek", json!({ "source": "street", "why": "x" })).await;
    assert_eq!((status, &problem["code"]), (422, &"view.seek".into()));
    let (status, problem) = tell("/admin/views/knocks/pause", json!({ "why": " " })).await;
    assert_eq!((status, &problem["code"]), (422, &"view.no_reason".into()));
    let (status, resumed) = tell("/admin/views/knocks/resume", json!({})).await;
    assert_eq!((status, &resumed["paused"]), (200, &Value::Null));

    let (status, begun) = tell("/admin/views/knocks/rebuild", json!({})).await;
    assert_eq!((status, &begun["building"]["of"]), (200, &1.into()), "{begun}");
    let view = loop {
        let (_, listed) = ask("/admin/views").await;
        if listed["views"][0]["live"] == 2 && listed["views"][0]["readers"][0]["lag"] == 0 {
            break listed["views"][0].clone();
        }
    };
    assert_eq!((&view["building"], &view["readers"][0]["lagSeconds"]), (&Value::Null, &0.into()));
    let (status, problem) = tell("/admin/views/knocks/abandon", json!({})).await;
    assert_eq!((status, &problem["code"]), (409, &"view.not_building".into()));
    let (status, problem) = tell("/admin/views/nocks/rebuild", json!({})).await;
    assert_eq!((status, &problem["code"]), (404, &"view.unknown".into()));
    let metrics = client.get(running.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for name in
        ["headwater_reader_lag_seconds", "headwater_view_generation", "headwater_view_paused"]
    {
        assert!(metrics.contains(name), "{name}");
    }
    running.stop().await;
}
