//! `docs/http.md`, and what `docs/access.md` does over HTTP: every command in them is run here, and
//! answers what the page says.

use super::site::Site;
use headwater_model::memory::MemoryContexts;
use reqwest::Method;
use serde_json::Value;
use std::sync::Arc;

const PAGE: &str = include_str!("../../../../../docs/http.md");
const ACCESS_PAGE: &str = include_str!("../../../../../docs/access.md");

/// A command of the page, and what the page says about its answer.
#[derive(Debug)]
struct Example {
    command: String,
    status: u16,
    body: String,
}

/// The commands in blocks of `sh`.
fn examples(page: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut command = String::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            assert!(command.is_empty(), "no answer is said for {command}");
            inside = line == "```sh";
            continue;
        }
        match line.strip_prefix("# ").filter(|_| inside && !command.is_empty()) {
            Some(answer) => {
                let (status, body) = answer.split_once(' ').unwrap_or((answer, ""));
                let (command, body) = (std::mem::take(&mut command), body.to_owned());
                examples.push(Example { command, status: status.parse().unwrap(), body });
            }
            None if inside => {
                command.push_str(line);
                command.push('\n');
            }
            None => {}
        }
    }
    examples
}

/// The words of a command, as a shell sees them: quotes, and lines that go on.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.replace("\\\n", " ").trim().chars() {
        match c {
            '\'' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The command's request.
fn request(site: &Site, command: &str) -> reqwest::RequestBuilder {
    let words = words(command);
    let mut words = words.iter();
    assert_eq!(words.next().unwrap(), "curl");
    let (mut method, mut url, mut headers, mut body) = (None, None, Vec::new(), None);
    let mut user = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "-X" => method = words.next().cloned(),
            "-H" => headers.push(words.next().unwrap().split_once(": ").unwrap()),
            "-d" => body = words.next().cloned(),
            "-u" => user = words.next().unwrap().split_once(':'),
            "-N" => {}
            given => url = Some(given.to_owned()),
        }
    }
    let method = method.unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
    let url = url.unwrap();
    let path = url.strip_prefix("localhost:2113").unwrap_or_else(|| panic!("{url}"));
    let mut request = site.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if let Some((name, password)) = user {
        request = request.basic_auth(name, Some(password));
    }
    match body {
        Some(body) => request.body(body),
        None => request,
    }
}

/// Whether all that is said stands in what is there.
fn holds(said: &Value, there: &Value) -> bool {
    match (said, there) {
        (Value::Object(said), Value::Object(there)) => {
            said.iter().all(|(name, said)| there.get(name).is_some_and(|there| holds(said, there)))
        }
        (Value::Array(said), Value::Array(there)) => {
            said.len() == there.len()
                && said.iter().zip(there).all(|(said, there)| holds(said, there))
        }
        _ => said == there,
    }
}

#[tokio::test]
async fn every_command_answers_what_the_page_says() {
    let clock = || headwater_model::Timestamp::from_micros(1_773_064_800_000_000);
    let site = Site::over(Arc::new(MemoryContexts::new(Arc::new(clock)))).await;
    let examples = examples(PAGE);
    assert!(examples.len() > 30, "{}", examples.len());
    answers_as_said(&site, examples).await;
}

#[tokio::test]
async fn every_command_about_access_answers_what_the_page_says() {
    let site = Site::asking("ana", "correct horse battery").await;
    let examples = examples(ACCESS_PAGE);
    assert!(examples.len() > 12, "{}", examples.len());
    answers_as_said(&site, examples).await;
}

async fn answers_as_said(site: &Site, examples: Vec<Example>) {
    for Example { command, status, body } in examples {
        let mut answer = request(site, &command).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{command}{:?}", answer.text().await);
        let mut text = String::new();
        let said = serde_json::from_str::<Value>(&body);
        while let Some(chunk) = answer.chunk().await.unwrap() {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
            // A tail does not end.
            if said.is_err() && text.contains(&body) {
                break;
            }
        }
        match said {
            _ if body.is_empty() => assert_eq!(text, "", "{command}"),
            Ok(said) => {
                let there = serde_json::from_str(&text).unwrap();
                assert!(holds(&said, &there), "{command}said {said}\nthere {there}");
            }
            Err(_) => assert!(text.contains(&body), "{command}{text}"),
        }
    }
}

#[tokio::test]
async fn every_route_is_on_the_page() {
    let site = Site::demo().await;
    let document = site.json("/openapi.json").await;
    let all = examples(PAGE).into_iter().chain(examples(ACCESS_PAGE));
    let commands: Vec<String> = all.map(|example| example.command).collect();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let told = commands.iter().any(|command| takes(command, method, path));
            assert!(told, "{method} {path} has no command in docs/http.md or docs/access.md");
        }
    }
}

/// Whether a command is one of this route.
fn takes(command: &str, method: &str, path: &str) -> bool {
    let words = words(command);
    let own = match words.iter().position(|word| word == "-X") {
        Some(at) => words[at + 1].to_lowercase(),
        None if words.contains(&"-d".to_owned()) => "post".to_owned(),
        None => "get".to_owned(),
    };
    let url = words.iter().find_map(|word| word.strip_prefix("localhost:2113")).unwrap();
    let parts = url.split('?').next().unwrap().split('/');
    let same = |(part, pattern): (&str, &str)| pattern.starts_with('{') || part == pattern;
    own == method
        && parts.clone().count() == path.split('/').count()
        && parts.zip(path.split('/')).all(same)
}
