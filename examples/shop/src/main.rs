//! The shop as a program: the replay of a real shop's year, and the tale of a longer trip.

mod args;

use anyhow::Context;
use args::{Arguments, Output, ReplayArguments, Task};
use clap::Parser;
use headwater::prelude::*;
use shop::replay::{Book, Figures, ReplayError, TIME_LIMIT, replay};
use shop::services::{Ports, Shop, ShopSettings};
use shop::trip::tale::Tale;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The replay came to its end, and the accounts disagree.
const DISAGREEMENT: u8 = 3;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_unset| tracing_subscriber::EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let done = match Arguments::parse().task {
        Task::Replay(arguments) => run(&arguments).await,
        Task::Trip => tell_the_tale().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is gone, the exit code has to do.
            let _ = writeln!(std::io::stderr(), "shop: {error:#}");
            match error.downcast_ref::<ReplayError>() {
                Some(ReplayError::Audit(_)) => ExitCode::from(DISAGREEMENT),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// The tale has a clock and a thread of its own.
async fn tell_the_tale() -> anyhow::Result<()> {
    let told = tokio::task::spawn_blocking(|| Tale::new().tell()).await?;
    let told = told.map_err(anyhow::Error::msg)?;
    write!(std::io::stdout(), "{told}").context("the tale cannot be told")
}

async fn run(arguments: &ReplayArguments) -> anyhow::Result<()> {
    let book = Book::open(&arguments.file)?;
    let figures = match (&arguments.gateway, &arguments.store) {
        (Some(gateway), Some(store)) => {
            let store = Store::open(store).await?;
            replay(&book, arguments.credit_limit, gateway, &store).await?
        }
        _ => in_a_shop_of_its_own(&book, arguments).await?,
    };
    let text = match arguments.output {
        Output::Json => serde_json::to_string(&figures)?,
        Output::Text => figures.to_string(),
    };
    writeln!(std::io::stdout(), "{text}").context("the figures cannot be written")
}

async fn in_a_shop_of_its_own(book: &Book, arguments: &ReplayArguments) -> anyhow::Result<Figures> {
    if let Some(data) = &arguments.data {
        return in_directory(data, book, arguments).await;
    }
    let data = tempfile::tempdir().context("there is no place for the data")?;
    in_directory(data.path(), book, arguments).await
}

async fn in_directory(
    data: &Path,
    book: &Book,
    arguments: &ReplayArguments,
) -> anyhow::Result<Figures> {
    let store = Store::open(&format!("file:{}", data.join("store").display())).await?;
    let settings = ShopSettings {
        ports: Ports::ANY,
        time_limit: TIME_LIMIT,
        flow: arguments.flow,
        ..ShopSettings::in_directory(data.join("views"))
    };
    let shop = Shop::open(&settings, &store).await?;
    let gateway = format!("http://{}", shop.gateway());
    let figures = replay(book, arguments.credit_limit, &gateway, &store).await;
    shop.close().await;
    Ok(figures?)
}
