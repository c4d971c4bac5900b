//! Every call there is has a rule, and is closed to who has none.
//!
//! The list of calls is made from the protocols' own descriptions, so that a call that somebody adds
//! makes this red until it was thought about: `docs/access.md` must say which verb it needs, and the
//! server must refuse it without credentials and without grants.

use super::site::Site;
use std::collections::BTreeMap;
use std::path::Path;

const PAGE: &str = include_str!("../../../../../docs/access.md");

/// Calls that answer those who are known and have no grant: about themselves, or with an empty list.
const ANSWERS_ANYBODY_KNOWN: &[&str] = &[
    "/headwater.v1.Access/WhoAmI",
    "/headwater.v1.Contexts/ListContexts",
    "GET /v1/contexts",
    "GET /v1/access/me",
    "GET /v1/access/check",
];

/// Every method of every service of `.proto` files, as paths.
fn methods() -> Vec<String> {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire/proto");
    let mut paths = Vec::new();
    for (root, folder) in [(proto.clone(), "headwater"), (proto.join("kurrent"), ".")] {
        let mut files = Vec::new();
        list(&root.join(folder), &mut files);
        let set = protox::compile(files, [&root]).unwrap();
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let (package, service) = (file.package(), service.name());
                    paths.push(format!("/{package}.{service}/{}", method.name()));
                }
            }
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

fn list(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            files.push(path);
        }
    }
}

/// Every method of every route, as `GET /v1/contexts`.
async fn routes(site: &Site) -> Vec<String> {
    let document = reqwest::get(site.http("/openapi.json")).await.unwrap();
    let document: serde_json::Value = document.json().await.unwrap();
    let mut routes = vec!["GET /".to_owned(), "GET /openapi.json".to_owned()];
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            routes.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    routes.sort();
    routes
}

/// The table of `docs/access.md`: each call, and what it needs.
fn ruled() -> BTreeMap<String, String> {
    let rows = PAGE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|');
        let call = cells.next()?.trim().trim_end_matches('`').to_owned();
        let needs = cells.next()?.trim().to_owned();
        (call.contains('/')).then_some((call, needs))
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_has_a_line_in_the_table_and_every_line_a_call() {
    let site = Site::new().await;
    let mut calls = methods();
    calls.extend(routes(&site).await);
    calls.sort();
    let ruled = ruled();
    let missing: Vec<_> = calls.iter().filter(|call| !ruled.contains_key(*call)).collect();
    assert!(missing.is_empty(), "docs/access.md says of each what it needs: {missing:#?}");
    let gone: Vec<_> = ruled.keys().filter(|call| !calls.contains(call)).collect();
    assert!(gone.is_empty(), "docs/access.md names what is not there: {gone:#?}");
    let words = ["public", "known", "own", "read", "append", "change", "consume", "manage"];
    let words = [&words[..], &["observe", "administer", "any", "none"]].concat();
    for (call, needs) in &ruled {
        let first = needs.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        assert!(words.contains(&first), "{call} needs {needs:?}");
    }
}

/// Asks a gRPC method with an empty message, over HTTP/1.1: who is refused is refused in the headers.
async fn grpc(site: &Site, path: &str, token: Option<&str>) -> (u16, Option<String>) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let empty = vec![0, 0, 0, 0, 0];
    let request = client.post(site.http(path)).header("content-type", "application/grpc");
    let request = request.header("te", "trailers").body(empty);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let answer = request.send().await.unwrap();
    let status = answer.headers().get("grpc-status");
    (answer.status().as_u16(), status.map(|status| status.to_str().unwrap().to_owned()))
}

/// A route with something in each of its places.
fn filled(path: &str) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}').unwrap();
        let value = match name {
            "context" => "shop",
            "revision" | "position" => "0",
            "id" => "00000000-0000-0000-0000-000000000001",
            "token" => "t-1",
            "grant" => "g-1",
            _ => "order-1",
        };
        filled.push_str(before);
        filled.push_str(value);
        rest = behind;
    }
    filled + rest + if path == "/v1/access/check" { "?verb=read" } else { "" }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_only_what_is_public_is_answered() {
    let (site, ruled) = (Site::new().await, ruled());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in methods() {
        let (http, status) = grpc(&site, &path, None).await;
        assert_eq!(http, 200, "{path}: gRPC says it in its own way");
        let is_refused = status.as_deref() == Some("16");
        assert_eq!(is_refused, ruled[&path] != "public", "{path} answers {status:?}");
    }
    for route in routes(&site).await {
        let (method, path) = route.split_once(' ').unwrap();
        let request = client.request(method.parse().unwrap(), site.http(&filled(path)));
        let answer = request.body("{").send().await.unwrap();
        let is_refused = answer.status() == 401;
        assert_eq!(is_refused, ruled[&route] != "public", "{route} answers {}", answer.status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_grant_is_answered_nothing() {
    let (site, ruled) = (Site::new().await, ruled());
    let root = site.root().await;
    let nothing = site.caller(&root, "ben", &[]).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answers = |call: &str| ruled[call] == "public" || ANSWERS_ANYBODY_KNOWN.contains(&call);
    for route in routes(&site).await {
        let (method, path) = route.split_once(' ').unwrap();
        let request = client.request(method.parse().unwrap(), site.http(&filled(path)));
        let answer = request.bearer_auth(&nothing).send().await.unwrap();
        let status = answer.status().as_u16();
        if answers(&route) {
            assert!(status < 400, "{route} answers {status}");
        } else {
            // What is wrong with the request may be said first: it tells nothing that is kept.
            assert!([400, 403, 415, 422, 428].contains(&status), "{route} answers {status}");
        }
        if method == "GET" && !answers(&route) {
            assert_eq!(status, 403, "{route}");
        }
    }
    let mut listed =
        client.get(site.http("/v1/contexts")).bearer_auth(&nothing).send().await.unwrap();
    let body = listed.chunk().await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("shop"));
}
