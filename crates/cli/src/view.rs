//! `headwater view`: how far views are, and what a person wants of them, while their services run.
//!
//! Why: a view has one writer, the running service, so the command asks it over HTTP (`/admin/views`), as
//! `headwater parked` does.

use crate::args::{OneView, Output, Services, View, ViewCommand, ViewLs, ViewPause, ViewSeek};
use crate::exit::NotFound;
use crate::output::Printer;
use crate::parked::asking::{self, Service};
use serde_json::{Value, json};

pub(crate) async fn run(view: &View, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    match &view.command {
        ViewCommand::Ls(ls) => list(ls, &mut printer).await?,
        ViewCommand::Rebuild(one) => change(one, "rebuild", json!({}), &mut printer).await?,
        ViewCommand::Abandon(one) => change(one, "abandon", json!({}), &mut printer).await?,
        ViewCommand::Resume(one) => change(one, "resume", json!({}), &mut printer).await?,
        ViewCommand::Pause(ViewPause { view, why }) => {
            change(view, "pause", json!({ "why": why }), &mut printer).await?;
        }
        ViewCommand::Seek(seek) => pass_over(seek, &mut printer).await?,
    }
    Ok(printer.flush()?)
}

async fn list(ls: &ViewLs, printer: &mut Printer) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for service in asking::all(&ls.services)? {
        let Some(views) = service.views().await? else { continue };
        rows.extend(views.into_iter().map(|view| named(&service, view)));
    }
    if rows.is_empty() {
        printer.say("there are no views")?;
    }
    for (n, row) in rows.iter().enumerate() {
        let heading = if n == 0 { format!("{}\n", line(HEADING)) } else { String::new() };
        printer.line(&format!("{heading}{}", shown(row)), row)?;
    }
    Ok(())
}

async fn change(
    one: &OneView,
    what: &str,
    body: Value,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let service = with_view(&one.services, &one.view).await?;
    let view = named(&service, service.change_view(&one.view, what, &body).await?);
    Ok(printer.line(&shown(&view), &view)?)
}

async fn pass_over(seek: &ViewSeek, printer: &mut Printer) -> anyhow::Result<()> {
    let service = with_view(&seek.view.services, &seek.view.view).await?;
    let body = json!({
        "source": seek.source, "position": seek.position, "time": seek.time, "why": seek.why,
    });
    let told = service.change_view(&seek.view.view, "seek", &body).await?;
    let skipped = &told["skipped"];
    let from = skipped["from"].as_u64().map_or_else(|| "the first".to_owned(), |at| at.to_string());
    let text =
        format!("{} passes over {} from {from} to {}", seek.view.view, seek.source, skipped["to"]);
    Ok(printer.line(&text, &told)?)
}

/// The one service that has a view of this name.
async fn with_view(services: &Services, view: &str) -> anyhow::Result<Service> {
    let (mut found, mut there) = (Vec::new(), Vec::new());
    for service in asking::all(services)? {
        let views = service.views().await?.unwrap_or_default();
        let names = views.iter().filter_map(|view| view["name"].as_str().map(str::to_owned));
        let names: Vec<String> = names.collect();
        match names.iter().any(|name| name == view) {
            true => found.push(service),
            false => there.extend(names),
        }
    }
    match (found.pop(), found.first()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(other)) => anyhow::bail!(
            "{} and {} both have a view {view}; name one with --service",
            other.name,
            one.name,
        ),
        (None, _) => {
            let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
            Err(NotFound(format!("there is no view {view}; there are: {there}")).into())
        }
    }
}

const HEADING: [&str; 5] = ["SERVICE", "VIEW", "BUILD", "LAG", "STATE"];

fn line(cells: [&str; 5]) -> String {
    let [service, view, build, lag, state] = cells;
    format!("{service:<12} {view:<20} {build:<8} {lag:>8}  {state}")
}

/// A view in one line, and what is built beside it in another.
fn shown(view: &Value) -> String {
    let readers = view["readers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lag: u64 = readers.iter().filter_map(|reader| reader["lag"].as_u64()).sum();
    let build = match view["live"].as_u64() {
        Some(live) => format!("v{}.{live}", view["version"]),
        None => "older".to_owned(),
    };
    let own =
        line([text(&view["service"]), text(&view["name"]), &build, &lag.to_string(), &state(view)]);
    let building = &view["building"];
    if building.is_null() {
        return own;
    }
    let left = match building["secondsLeft"].as_u64() {
        Some(left) => format!(", {left} s left"),
        None => String::new(),
    };
    format!(
        "{own}\n    v{}.{} is built: {} of {} positions, {} a second{left}",
        view["version"],
        building["generation"],
        building["done"],
        building["of"],
        building["perSecond"],
    )
}

/// What is the matter with it, if anything is.
fn state(view: &Value) -> String {
    if let Some(why) = view["paused"].as_str() {
        return format!("paused: {why}");
    }
    let readers = view["readers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ill = readers.iter().find(|reader| reader["why"].is_string());
    let one = ill.or_else(|| readers.iter().find(|reader| reader["state"] != "running"));
    match one {
        None => "running".to_owned(),
        Some(one) if one["why"].is_string() => {
            format!("{}: {}", text(&one["state"]), text(&one["why"]))
        }
        Some(one) => text(&one["state"]).to_owned(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn named(service: &Service, mut view: Value) -> Value {
    view["service"] = json!(service.name);
    view
}
