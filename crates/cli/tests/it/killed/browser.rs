//! A client by HTTP/JSON, as a script would be: it sends the same request until it is answered.

use super::load;
use super::notes::Notes;
use headwater_model::append::WrongRevision;
use headwater_model::{Append, AppendError, Appended, ExpectedRevision, Position, Revision};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use serde_json::{Value, json};
use std::sync::Arc;

/// Appends until it is over.
pub(super) async fn write(who: u64, address: String, notes: Arc<Notes>) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let base = address.replace("headwater://", "http://");
    let url = format!("{base}/v1/contexts/{}/appends", load::context());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(who);
    let mut believed = None;
    for n in 0.. {
        if notes.is_over() {
            return;
        }
        // Every third goes to a stream that others write to, and is mostly too late.
        let append = match n % 3 {
            0 => load::believing(who, n, load::seat(&mut random), believed),
            _ => load::both(who, n, load::seat(&mut random)),
        };
        let (body, invoked) = (body(&append), notes.now());
        let answer = loop {
            // No answer, or one that says "not now": the server is on its way.
            let Ok(answer) = http.post(&url).json(&body).send().await else { continue };
            let status = answer.status().as_u16();
            let Ok(answer) = answer.json::<Value>().await else { continue };
            match status {
                201 | 200 => break Ok(appended(&answer)),
                412 => break Err(wrong(&append, &answer)),
                503 => {}
                _ => panic!("this is no answer to what was asked: {status} {answer}"),
            }
        };
        if let Err(AppendError::WrongRevision(wrong)) = &answer {
            believed = wrong.actual;
        }
        notes.told(append, invoked, &answer);
    }
}

fn body(append: &Append) -> Value {
    let writes = append.writes.iter().map(|write| {
        let events = write.events.iter().map(|event| {
            let payload: Value = serde_json::from_slice(&event.payload).expect("it is JSON");
            let tags: Vec<_> = event.tags.iter().map(ToString::to_string).collect();
            json!({
                "id": event.id.to_string(), "type": event.event_type.as_str(),
                "payload": payload, "tags": tags,
            })
        });
        let expected = match write.expected {
            ExpectedRevision::Any => json!("any"),
            ExpectedRevision::NoStream => json!("none"),
            ExpectedRevision::Exists => json!("exists"),
            ExpectedRevision::At(revision) => json!(revision.0),
        };
        let events: Vec<_> = events.collect();
        json!({ "stream": write.stream.as_str(), "expected": expected, "events": events })
    });
    json!({ "writes": writes.collect::<Vec<_>>() })
}

fn appended(answer: &Value) -> Appended {
    let writes = answer["writes"].as_array().expect("a list");
    Appended {
        position: answer["position"].as_u64().map(Position),
        revisions: writes.iter().map(|write| write["revision"].as_u64().map(Revision)).collect(),
        replayed: answer["replayed"].as_bool().expect("yes or no"),
    }
}

fn wrong(append: &Append, answer: &Value) -> AppendError {
    let write = append.writes.first().expect("an append of one stream");
    AppendError::WrongRevision(WrongRevision {
        stream: write.stream.clone(),
        expected: write.expected,
        actual: answer["actual"].as_u64().map(Revision),
    })
}
