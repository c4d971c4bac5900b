//! What `headwater dev` and `headwater server` are asked.

use super::Data;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

#[derive(Args)]
pub(crate) struct Dev {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Leave the shop out: the store alone.
    #[arg(long)]
    pub(crate) no_demo: bool,
    /// Take any free ports instead of 2113 and 8080 to 8083.
    #[arg(long)]
    pub(crate) any_port: bool,
}

#[derive(Args)]
pub(crate) struct Server {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS", default_value_t = LISTEN, env = "HEADWATER_LISTEN")]
    pub(crate) listen: SocketAddr,
    /// Let other machines in. Nothing is encrypted and nobody is asked who they are: whoever reaches
    /// the address reads and writes everything.
    #[arg(long)]
    pub(crate) insecure_listen_anywhere: bool,
    /// The context that clients of KurrentDB see.
    #[arg(long, value_name = "CONTEXT", default_value = "default")]
    pub(crate) kurrent_context: String,
    /// Say that it is not ready for so many seconds before it stops, so that nothing new is sent here.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) drain_seconds: u64,
}

/// Where a store listens unless it is told otherwise: this machine only.
pub(crate) const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2_113);
