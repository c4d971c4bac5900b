//! What `headwater health` and `headwater top` are asked.

use clap::Args;
use headwater_client::Address;
use std::time::Duration;

#[derive(Args)]
pub(crate) struct Health {
    /// The server.
    #[arg(long, value_name = "URL", default_value = HERE, env = "HEADWATER_SERVER")]
    pub(crate) server: Address,
    /// Only whether the process lives, not whether it takes work.
    #[arg(long)]
    pub(crate) live: bool,
}

#[derive(Args)]
pub(crate) struct Top {
    /// The server.
    #[arg(long, value_name = "URL", default_value = HERE, env = "HEADWATER_SERVER")]
    pub(crate) server: Address,
    /// How often to look.
    #[arg(long, value_name = "TIME", default_value = "1 s", value_parser = parse_every)]
    pub(crate) every: Duration,
    /// Look so many times, then end.
    #[arg(long, short = 'n')]
    pub(crate) count: Option<u64>,
    /// Look once, then end: for scripts.
    #[arg(long, conflicts_with = "count")]
    pub(crate) once: bool,
}

/// Where a server is expected.
const HERE: &str = "headwater://127.0.0.1:2113";

fn parse_every(text: &str) -> Result<Duration, String> {
    let every = crate::settings::human::parse_duration(text)?;
    if every.is_zero() { Err("some time must pass".to_owned()) } else { Ok(every) }
}
