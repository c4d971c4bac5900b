//! `headwater relay`: carries a service's outbox into the store, and sees to what is parked in it.
//!
//! Why: services in other languages write a row and are done; what carries it is this process beside
//! them. Those in Rust may run the same relay within themselves.

use crate::args::{
    OutboxOf, Output, Relay, RelayCommand, RelayDiscard, RelayParked, RelayRetry, RelayRun,
};
use crate::exit::NotFound;
use crate::output::Printer;
use crate::store;
use anyhow::Context as _;
use headwater_model::Timestamp;
use headwater_sql::outbox::{self, OutboxAddress, OutboxDesk, OutboxTable, RelaySettings};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

pub(crate) async fn run(relay: &Relay, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    match &relay.command {
        RelayCommand::Run(run) => carry(run).await?,
        RelayCommand::Ddl(of) => {
            let ddl = desk(of)?.ddl();
            printer.line(ddl.trim_end(), &json!({ "ddl": ddl }))?;
        }
        RelayCommand::Parked(parked) => list(parked, &mut printer).await?,
        RelayCommand::Retry(again) => retry(again, &mut printer).await?,
        RelayCommand::Discard(give_up) => discard(give_up, &mut printer).await?,
    }
    Ok(printer.flush()?)
}

fn table(of: &OutboxOf) -> anyhow::Result<OutboxTable> {
    match &of.table {
        Some(name) => Ok(OutboxTable::named(of.shape, name)?),
        None => Ok(OutboxTable::of(of.shape)),
    }
}

fn desk(of: &OutboxOf) -> anyhow::Result<OutboxDesk> {
    Ok(OutboxDesk::new(OutboxAddress::parse(&of.database)?, table(of)?))
}

/// Until SIGTERM or ctrl-c; lanes are given back then.
async fn carry(run: &RelayRun) -> anyhow::Result<()> {
    crate::dev::log_to_stderr();
    if run.make {
        desk(&run.outbox)?.make_tables().await?;
    }
    let context = store::context(&run.place).await?;
    let mut terminated = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let (address, table) = (OutboxAddress::parse(&run.outbox.database)?, table(&run.outbox)?);
    tracing::info!(%address, table = table.name(), context = %context.context(), "relaying");
    let (stop, stopped) = watch::channel(false);
    let relay = outbox::Relay::new(address, table, context, RelaySettings::default());
    let working = tokio::spawn(relay.run(stopped));
    tokio::select! {
        _ = terminated.recv() => {}
        told = tokio::signal::ctrl_c() => told.context("ctrl-c cannot be heard")?,
    }
    stop.send_replace(true);
    working.await.context("the relay ended badly")
}

async fn list(parked: &RelayParked, printer: &mut Printer) -> anyhow::Result<()> {
    let rows = desk(&parked.outbox)?.parked(parked.limit).await?;
    if rows.is_empty() {
        return Ok(printer.say("nothing is parked")?);
    }
    for row in &rows {
        let since = u64::try_from(row.parked_ms).unwrap_or(0).saturating_mul(1_000);
        let since = Timestamp::from_micros(since);
        let text = format!("{}  {since}  {}  {}", row.row, row.stream, row.why);
        let value =
            json!({ "row": row.row, "stream": row.stream, "why": row.why, "parked_at": since });
        printer.line(&text, &value)?;
    }
    Ok(())
}

async fn retry(again: &RelayRetry, printer: &mut Printer) -> anyhow::Result<()> {
    let stream = &again.stream;
    match desk(&again.outbox)?.retry(stream).await? {
        0 => Err(NotFound(format!("nothing of {stream} is parked")).into()),
        count => {
            let text = format!("{count} rows of {stream} are tried again");
            Ok(printer.line(&text, &json!({ "stream": stream, "count": count }))?)
        }
    }
}

async fn discard(give_up: &RelayDiscard, printer: &mut Printer) -> anyhow::Result<()> {
    let row = &give_up.row;
    match desk(&give_up.outbox)?.discard(row).await? {
        false => Err(NotFound(format!("row {row} is not parked")).into()),
        true => {
            let text = format!("row {row} is given up; `relay retry` lets those behind it go");
            Ok(printer.line(&text, &json!({ "row": row }))?)
        }
    }
}
