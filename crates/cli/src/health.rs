//! `headwater health`: whether a server is there and takes work, as an exit code.
//!
//! Why: containers and service managers ask by running a command; so does a person, who also wants
//! to know why not.

use crate::args::{Health, Output};
use crate::exit::Answered;
use crate::output::Printer;
use crate::page;
use http::StatusCode;
use serde_json::{Value, json};

pub(crate) async fn run(asked: &Health, output: Output) -> anyhow::Result<()> {
    let server = &asked.server;
    let path = if asked.live { "/livez" } else { "/readyz" };
    let page = page::get(server, path).await?;
    if page.status != StatusCode::OK {
        return Err(refused(&page).into());
    }
    let mut printer = Printer::new(output);
    if asked.live {
        let value = json!({ "server": server.to_string(), "live": true });
        printer.line(&format!("{server} is alive"), &value)?;
    } else {
        let answer: Value = serde_json::from_str(&page.text)?;
        let contexts = answer["contexts"].as_u64().unwrap_or_default();
        let word = if contexts == 1 { "context" } else { "contexts" };
        let value = json!({ "server": server.to_string(), "ready": true, "contexts": contexts });
        printer.line(&format!("{server} is ready: {contexts} {word}"), &value)?;
    }
    Ok(printer.flush()?)
}

/// It answers, and says that it is not well.
fn refused(page: &page::Page) -> Answered {
    let problem: Value = serde_json::from_str(&page.text).unwrap_or(Value::Null);
    let said = |name: &str| problem[name].as_str().map(str::to_owned);
    Answered {
        code: said("code").unwrap_or_else(|| "cli.failed".to_owned()),
        detail: said("detail").unwrap_or_else(|| page.text.trim().to_owned()),
        status: Some(page.status.as_u16()),
    }
}
