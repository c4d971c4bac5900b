//! `headwater dev`: a store and the shop on this machine, with live orders.
//!
//! Why: the first minute decides. One command, no configuration, and something moves; everything
//! is durable in one directory, and the next run goes on where this one ended.
//!
//! Picture: `DIR/store` is the store, `DIR/views` the services' databases. Stopping drains: what
//! was accepted is finished.

use crate::args::{Dev, LISTEN, Output};
use crate::output::Printer;
use crate::parked::RunningDev;
use crate::server::Beside;
use crate::store::store_directory;
use anyhow::Context as _;
use headwater::prelude::*;
use serde_json::json;
use shop::demo::{Demo, DemoSettings};
use shop::services::Ports;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) async fn run(dev: &Dev, output: Output) -> anyhow::Result<()> {
    let data = &dev.data.data;
    log_to_stderr();
    let mut stop = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let store = Store::open(&format!("file:{}", store_directory(data).display())).await?;
    let listen = if dev.any_port { SocketAddr::new(LISTEN.ip(), 0) } else { LISTEN };
    let server = Beside::start(listen, Arc::clone(store.contexts())).await?;
    let demo = if dev.no_demo { None } else { Some(open_shop(dev, &store).await?) };
    let running = RunningDev::note(data, &addresses(demo.as_ref()))?;
    announce(&mut Printer::new(output), data, server.address, demo.as_ref())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("ctrl-c cannot be waited for")?,
        _ = stop.recv() => {}
    }
    Printer::new(output).say("\nstopping: what was accepted is finished first")?;
    server.stop().await?;
    if let Some(demo) = demo {
        demo.stop().await;
    }
    drop(running);
    Ok(())
}

/// Each service with its URL, the gateway first.
fn addresses(demo: Option<&Demo>) -> Vec<(String, String)> {
    let all = demo.iter().flat_map(|demo| demo.addresses());
    all.map(|(name, address)| (name.to_owned(), format!("http://{address}"))).collect()
}

async fn open_shop(dev: &Dev, store: &Store) -> anyhow::Result<Demo> {
    let mut settings = DemoSettings::in_directory(dev.data.data.join("views"));
    if dev.any_port {
        settings.shop.ports = Ports::ANY;
    }
    Ok(Demo::start(&settings, store).await?)
}

/// Warnings and errors of the services, unless `RUST_LOG` asks for more.
pub(crate) fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

fn announce(
    printer: &mut Printer,
    data: &Path,
    server: SocketAddr,
    demo: Option<&Demo>,
) -> anyhow::Result<()> {
    let shown = data.display();
    let services = addresses(demo);
    let map: serde_json::Map<_, _> =
        services.iter().map(|(name, url)| (name.clone(), json!(url))).collect();
    printer.line(
        &format!("headwater is up; its data is in {shown} and stays there"),
        &json!({ "data": data, "server": format!("headwater://{server}"), "services": map }),
    )?;
    printer.say(&format!("\n  {:<10} headwater://{server}, http://{server}", "store"))?;
    if let Some(demo) = demo {
        printer.say("")?;
        for (name, url) in &services {
            printer.say(&format!("  {name:<10} {url}"))?;
        }
        printer.say("\nOrders come in by themselves. Be a customer too:\n")?;
        for line in demo.curl_lines() {
            printer.say(&format!("  {line}"))?;
        }
    }
    let at =
        if data == Path::new(".headwater") { String::new() } else { format!(" --data {shown}") };
    if demo.is_some() {
        printer.say("\nWhat could not be carried out is set aside, never lost:\n")?;
        printer.say(&format!("  headwater parked ls{at}"))?;
    }
    printer.say("\nCtrl-C stops it. Then look at what happened:\n")?;
    let context = if demo.is_some() { " --context orders" } else { "" };
    printer.say(&format!("  headwater stream ls{context}{at}"))?;
    printer.say(&format!("  headwater stream read --all{context} -n 10{at}"))?;
    Ok(printer.flush()?)
}
