//! Scavenging over HTTP.

use super::site::{Site, told};
use reqwest::Method;
use serde_json::{Value, json};

const SCAVENGE: &str = "/v1/contexts/demo/scavenge";

async fn ask(site: &Site, method: Method) -> (u16, Value) {
    told(site.request(method, SCAVENGE)).await
}

#[tokio::test]
async fn a_scavenge_is_begun_looked_at_and_stopped() {
    let site = Site::demo().await;
    let (status, body) = ask(&site, Method::GET).await;
    assert_eq!((status, &body["phase"]), (200, &json!("idle")));
    let asked = site.request(Method::POST, SCAVENGE).json(&json!({ "freed_percent_min": 0 }));
    let (status, body) = told(asked).await;
    // It goes on when the answer is there, and has little to do.
    assert_eq!((status, &body["bytes_freed"]), (202, &json!(0)), "{body}");
    loop {
        let (_, body) = ask(&site, Method::GET).await;
        if !["releasing", "rewriting"].contains(&body["phase"].as_str().unwrap_or_default()) {
            assert_eq!(body["phase"], "done", "{body}");
            break;
        }
    }
    let (status, body) = ask(&site, Method::DELETE).await;
    assert_eq!((status, &body["phase"]), (200, &json!("done")));
    let never = site.request(Method::POST, SCAVENGE).json(&json!({ "bytes_per_second_max": 0 }));
    let (status, body) = told(never).await;
    assert_eq!((status, &body["code"]), (422, &json!("scavenge.invalid")), "{body}");
}
