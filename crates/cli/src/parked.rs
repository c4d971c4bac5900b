//! `headwater parked`: what readers have set aside, while their services run.
//!
//! Why: what a reader keeps has one writer, the running service, so the command asks it over HTTP
//! (`/admin/parked`) instead of opening the data beside it.
//!
//! Picture: which services there are is told by `--service`, or by a note that `headwater dev` leaves
//! in its data directory while it runs:
//! ```text
//!   parked ls ─▶ DIR/dev.json ─▶ GET  http://127.0.0.1:8081/admin/parked, of each
//!   parked retry settle-order 02fc… ─▶ POST …/admin/parked/settle-order/02fc…/retry
//! ```

pub(crate) mod asking;
mod note;
mod shown;

pub(crate) use note::RunningDev;

use crate::args::{Discard, EndSaga, Output, Parked, ParkedCommand, ParkedLs, Retry, Services};
use crate::exit::StillParked;
use crate::output::Printer;
use asking::Service;
use serde_json::{Value, json};
use shown::{Row, row, table};

pub(crate) async fn run(parked: &Parked, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    match &parked.command {
        ParkedCommand::Ls(ls) => list(ls, &mut printer).await?,
        ParkedCommand::Retry(again) => retry(again, &mut printer).await?,
        ParkedCommand::Discard(give_up) => discard(give_up, &mut printer).await?,
        ParkedCommand::End(saga) => end(saga, &mut printer).await?,
    }
    Ok(printer.flush()?)
}

async fn list(ls: &ParkedLs, printer: &mut Printer) -> anyhow::Result<()> {
    let services = match &ls.reader {
        Some(reader) => vec![asking::with_reader(&ls.services, reader).await?],
        None => asking::all(&ls.services)?,
    };
    let (mut rows, mut left_out) = (Vec::new(), 0);
    for service in &services {
        let Some(listed) = service.parked(ls.reader.as_deref()).await? else { continue };
        rows.extend(listed.inputs.into_iter().map(|input| Row::new(service, input)));
        left_out += listed.left_out;
    }
    for line in table(&rows) {
        printer.line(&line.text, &line.value)?;
    }
    if rows.is_empty() {
        printer.say("nothing is parked")?;
        return Ok(());
    }
    if left_out > 0 {
        printer.say(&format!("… and {left_out} more"))?;
    }
    let flags = flags(&ls.services);
    printer.say("\nMend the cause, then try again; or say why it does not matter:\n")?;
    let first = &rows[0];
    let (reader, event) = (first.text("reader"), first.text("event"));
    printer.say(&format!("  headwater parked retry {reader} {event}{flags}"))?;
    printer.say(&format!("  headwater parked retry {reader} --all{flags}"))?;
    printer.say(&format!("  headwater parked discard {reader} {event} --why '…'{flags}"))?;
    Ok(())
}

async fn retry(retry: &Retry, printer: &mut Printer) -> anyhow::Result<()> {
    let service = asking::with_reader(&retry.services, &retry.reader).await?;
    let told = service.retry(&retry.reader, retry.event).await?;
    let retried = told["retried"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut failed = 0;
    for one in retried {
        let input = row(&one["input"]);
        if one["outcome"] == "done" {
            printer.line(&format!("done    {input}"), one)?;
        } else {
            failed += 1;
            let (why, code) = (text(&one["why"]), text(&one["code"]));
            printer.line(&format!("parked  {input}\n        {why} ({code})"), one)?;
        }
    }
    if retried.is_empty() {
        printer.say(&format!("{} has nothing parked", retry.reader))?;
    }
    printer.flush()?;
    if failed > 0 { Err(StillParked(failed).into()) } else { Ok(()) }
}

async fn discard(discard: &Discard, printer: &mut Printer) -> anyhow::Result<()> {
    let service = asking::with_reader(&discard.services, &discard.reader).await?;
    let told = service.discard(&discard.reader, discard.event, &discard.why).await?;
    printer.line(&format!("discarded  {}", row(&told["discarded"])), &told)?;
    if let Some(behind @ 1..) = told["behindCount"].as_u64() {
        let (reader, flags) = (&discard.reader, flags(&discard.services));
        printer.say(&format!("{behind} of its key are still parked; try them next:\n"))?;
        printer.say(&format!("  headwater parked retry {reader} --all{flags}"))?;
    }
    Ok(())
}

async fn end(saga: &EndSaga, printer: &mut Printer) -> anyhow::Result<()> {
    let service = asking::with_reader(&saga.services, &saga.reader).await?;
    let told = service.end(&saga.reader, saga.event, saga.end, &saga.why).await?;
    let end = text(&told["end"]);
    printer.line(&format!("{end}  {}", row(&told["ended"])), &told)?;
    Ok(())
}

/// What has to be said again to ask the same services.
fn flags(services: &Services) -> String {
    match &services.service {
        Some(service) => format!(" --service {service}"),
        None if services.data.data.as_os_str() == ".headwater" => String::new(),
        None => format!(" --data {}", services.data.data.display()),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A row of the list, as a value: the service's name and what it told.
fn named(service: &Service, mut input: Value) -> Value {
    input["service"] = json!(service.name);
    input
}
