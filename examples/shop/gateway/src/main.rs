//! The gateway as a process of its own.

use headwater::prelude::*;
use shop_gateway::{Settings, site};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings: Settings = headwater::settings("gateway")?;
    Services::of([site(&settings)?]).serve().await?;
    Ok(())
}
