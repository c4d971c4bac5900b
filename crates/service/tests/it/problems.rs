//! Every way in which a request can be wrong, and the problem it is answered with.

use crate::{client, started};
use headwater_service::Running;
use headwater_service::http::{Json, Paging, Path, Query, Routes, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct NewOrder {
    lines: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    unit_count: u8,
}

async fn create(Json(new): Json<NewOrder>) -> String {
    new.lines.iter().map(|line| u32::from(line.unit_count)).sum::<u32>().to_string()
}

#[derive(Deserialize)]
struct Only {
    recent: bool,
}

async fn show(Path(order): Path<u32>, Query(only): Query<Only>) -> String {
    format!("{order} {}", only.recent)
}

async fn list(paging: Paging) -> Json<Value> {
    let rows = (b'a'..=b'z').map(|row| char::from(row).to_string());
    let behind = rows.filter(|row| paging.cursor().is_none_or(|cursor| row.as_str() > cursor));
    let (rows, next) = paging.cut(behind.take(paging.rows_max() as usize).collect(), String::clone);
    Json(json!({ "rows": rows, "next": next }))
}

async fn site() -> Running {
    let routes = Routes::new()
        .add(post("/orders", create))
        .add(get("/orders", list))
        .add(get("/orders/{id}", show));
    started(routes).await
}

async fn posted(site: &Running, kind: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let request = client().post(site.url("/orders")).header("content-type", kind).body(body);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    if status != 200 {
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    (status, answer.json().await.unwrap())
}

async fn asked(site: &Running, path: &str) -> (u16, Value) {
    let answer = client().get(site.url(path)).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_told_where() {
    let site = site().await;
    let json = "application/json; charset=utf-8";
    let fine = posted(&site, json, r#"{"lines":[{"unitCount":2},{"unitCount":3}]}"#).await;
    assert_eq!(fine, (200, json!(5)));

    let (status, problem) =
        posted(&site, json, r#"{"lines":[{"unitCount":2},{"unitCount":300}]}"#).await;
    assert_eq!((status, &problem["code"]), (422, &json!("request.body")));
    assert_eq!(problem["errors"][0]["pointer"], "#/lines/1/unitCount");
    assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("300"), "{problem}");

    let (status, problem) = posted(&site, json, r#"{"lines":["#).await;
    assert_eq!((status, &problem["code"]), (400, &json!("request.json")));
    let (status, problem) = posted(&site, json, r#"{"lines":[]} and more"#).await;
    assert_eq!((status, &problem["code"]), (400, &json!("request.json")));
    let (status, problem) = posted(&site, "text/plain", r#"{"lines":[]}"#).await;
    assert_eq!((status, &problem["code"]), (415, &json!("request.content_type")));
    let (status, problem) = posted(&site, json, vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!((status, &problem["code"]), (413, &json!("request.too_large")));
    site.stop().await;
}

#[tokio::test]
async fn a_path_or_query_that_does_not_fit_is_a_problem() {
    let site = site().await;
    assert_eq!(asked(&site, "/orders/7?recent=true").await, (200, json!("7 true")));
    let (status, problem) = asked(&site, "/orders/seven?recent=true").await;
    assert_eq!((status, &problem["code"]), (400, &json!("request.path")));
    let (status, problem) = asked(&site, "/orders/7?recent=perhaps").await;
    assert_eq!((status, &problem["code"]), (400, &json!("request.query")));
    let (status, problem) = asked(&site, "/nowhere").await;
    assert_eq!((status, &problem["code"]), (404, &json!("page.not_found")));
    let (status, problem) = asked(&site, "/orders/7/").await;
    assert_eq!((status, &problem["code"]), (404, &json!("page.not_found")));
    let deleted = client().delete(site.url("/orders")).send().await.unwrap();
    assert_eq!(deleted.status().as_u16(), 405);
    let problem: Value = deleted.json().await.unwrap();
    assert_eq!(problem["code"], "request.method");
    site.stop().await;
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let site = site().await;
    let mut path = "/orders?limit=10".to_owned();
    let mut seen = String::new();
    loop {
        let (status, page) = asked(&site, &path).await;
        assert_eq!(status, 200);
        for row in page["rows"].as_array().unwrap() {
            seen.push_str(row.as_str().unwrap());
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/orders?limit=10&cursor={next}");
    }
    assert_eq!(seen, "abcdefghijklmnopqrstuvwxyz");
    for limit in ["0", "501", "-1"] {
        assert_eq!(asked(&site, &format!("/orders?limit={limit}")).await.0, 400);
    }
    site.stop().await;
}
