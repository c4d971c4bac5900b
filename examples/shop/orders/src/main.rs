//! The orders service as a process of its own.

use headwater::prelude::*;
use shop_orders::{Settings, site};
use std::io::Write;

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let settings: Settings = headwater::settings("orders")?;
    let store = Store::open(&settings.store).await?;
    if settings.store.starts_with("file:") {
        // Nobody may be listening, and the service runs all the same.
        let _ = writeln!(
            std::io::stderr(),
            "orders has the store {} to itself, so it hears of no other service.\n\
             To see the services of the shop together, run `headwater dev`.",
            settings.store,
        );
    }
    Services::of([site(&settings, &store)]).telemetry(settings.telemetry).serve().await
}
