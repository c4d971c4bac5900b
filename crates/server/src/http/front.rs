//! The page at `/`: what is where, for people.
//!
//! Why: whoever finds the port with a browser should not have to look for a manual first. The table
//! is made from the routes, so it is complete.

use super::health::text;
use super::route::Described;
use axum::response::Response;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderMap, HeaderValue};
use std::fmt::Write;

const HTML: &str = "text/html; charset=utf-8";
const PAGE: &str = include_str!("front.html");

/// Where the server is, if the request does not say so in plain letters.
const ORIGIN: &str = "localhost:2113";

/// The page, but for where the server is.
pub(super) fn page<'a>(routes: impl Iterator<Item = &'a Described>) -> String {
    let mut rows = String::new();
    for route in routes {
        let (method, path) = (route.method.to_uppercase(), escaped(route.path));
        let says = escaped(route.says);
        writeln!(rows, "<tr><td>{method}<td><code>{path}</code><td>{says}")
            .expect("a string takes all");
    }
    PAGE.replace("{{routes}}", &rows).replace("{{version}}", env!("CARGO_PKG_VERSION"))
}

/// The page, as who asks for it reaches the server.
pub(super) fn answer(page: &str, headers: &HeaderMap) -> Response {
    let host = headers.get("host").and_then(|value| value.to_str().ok());
    let is_plain = |host: &&str| {
        host.len() < 256 && host.chars().all(|c| c.is_ascii_alphanumeric() || ".:-[]".contains(c))
    };
    let origin = host.filter(is_plain).unwrap_or(ORIGIN);
    let mut response = text(HTML, page.replace("{{origin}}", origin));
    // There is no script, and nothing is loaded from anywhere.
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
