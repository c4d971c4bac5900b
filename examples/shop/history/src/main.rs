//! The history service as a process of its own.

use headwater::prelude::*;
use shop_history::{Settings, site};
use std::io::Write;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings: Settings = headwater::settings("history")?;
    let store = Store::open(&settings.store).await?;
    writeln!(
        std::io::stderr(),
        "history keeps its events in {}, which no other process shares: it hears of nobody else.\n\
         To see the services of the shop together, run `headwater dev`.",
        settings.store,
    )?;
    Services::of([site(&settings, &store)]).serve().await?;
    Ok(())
}
