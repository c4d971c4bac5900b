//! Asking a server about users, tokens and grants: what the three commands share.

use crate::exit::Answered;
use anyhow::{Context as _, bail};
use headwater_client::{AccessChannel, Address, Client, ClientOptions};
use headwater_wire::v1;
use headwater_wire::v1::access_client::AccessClient;
use serde_json::{Value, json};
use std::io::IsTerminal as _;
use std::time::Duration;
use tonic::{Code, Response, Status};

/// Somebody sits and waits.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

pub(crate) type Access = AccessClient<AccessChannel>;

/// The calls of a server.
pub(crate) async fn at(server: &Address) -> anyhow::Result<Access> {
    let options = ClientOptions { answer_within: ANSWER_WITHIN, ..ClientOptions::default() };
    Ok(Client::connect(server.clone(), options).await?.access())
}

/// What was answered, or why not, with the code that scripts go by.
pub(crate) fn told<T>(answer: Result<Response<T>, Status>) -> anyhow::Result<T> {
    let status = match answer {
        Ok(response) => return Ok(response.into_inner()),
        Err(status) => status,
    };
    if let Some(error) = headwater_wire::status::read(&status) {
        return Err(error.into());
    }
    let detail = status.message().to_owned();
    let code = status.metadata().get("headwater-code").and_then(|code| code.to_str().ok());
    let http = match status.code() {
        Code::NotFound => Some(404),
        Code::AlreadyExists | Code::FailedPrecondition => Some(409),
        Code::Unavailable | Code::DeadlineExceeded => None,
        _ => Some(400),
    };
    Err(Answered { code: code.unwrap_or("cli.failed").to_owned(), detail, status: http }.into())
}

/// A password, from the person at the terminal or from a pipe; never from the command line, which
/// everybody on the machine can see.
pub(crate) fn password(prompt: &str) -> anyhow::Result<String> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt).context("the password cannot be read");
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("the password cannot be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("there is no password on standard input");
    }
    Ok(password.to_owned())
}

/// A new password, asked for twice where somebody types it.
pub(crate) fn new_password() -> anyhow::Result<String> {
    let password = password("New password: ")?;
    if std::io::stdin().is_terminal() {
        let again = rpassword::prompt_password("Once more: ").context("it cannot be read")?;
        if again != password {
            bail!("the two are not the same");
        }
    }
    Ok(password)
}

/// A text of the wire. Somebody else wrote it: it must not be able to move the cursor of the terminal
/// that it is shown on.
pub(crate) fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Some of them.
pub(crate) fn texts<B: AsRef<[u8]>>(all: &[B]) -> Vec<String> {
    all.iter().map(|bytes| text(bytes.as_ref())).collect()
}

/// `read,append@shop:category:order`.
pub(crate) fn scope_of(text: &str) -> anyhow::Result<v1::Scope> {
    let parts = text.split_once('@').and_then(|(verbs, rest)| {
        let (context, streams) = rest.split_once(':')?;
        Some((verbs, context, streams))
    });
    let (verbs, context, streams) =
        parts.with_context(|| format!("{text:?} is no scope; write VERBS@CONTEXT:STREAMS"))?;
    Ok(scope(verbs, context, &[streams.to_owned()]))
}

/// Every verb, as one writes them all.
const ALL_VERBS: &str = "read,append,change,consume,manage,observe,administer";

/// What the server will check.
pub(crate) fn scope(verbs: &str, context: &str, streams: &[String]) -> v1::Scope {
    let verbs = if verbs == "*" { ALL_VERBS } else { verbs };
    v1::Scope {
        verbs: verbs.split(',').map(|verb| verb.trim().to_owned().into()).collect(),
        context: context.to_owned().into(),
        streams: streams.iter().map(|streams| streams.clone().into()).collect(),
    }
}

/// A scope, for people, as they write it.
pub(crate) fn shown(scope: &v1::Scope) -> String {
    let verbs = texts(&scope.verbs).join(",");
    let verbs = if verbs == ALL_VERBS { "*".to_owned() } else { verbs };
    format!("{verbs}@{}:{}", text(&scope.context), texts(&scope.streams).join(" "))
}

/// A scope, for programs. The keys are those of HTTP.
pub(crate) fn scope_json(scope: &v1::Scope) -> Value {
    json!({
        "verbs": texts(&scope.verbs), "context": text(&scope.context),
        "streams": texts(&scope.streams),
    })
}
