//! Which data, which store and which context: what many commands share.

use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Data {
    /// Where the data is.
    #[arg(long, value_name = "DIR", default_value = ".headwater", env = "HEADWATER_DATA")]
    pub(crate) data: PathBuf,
}

/// Which store and which context in it.
#[derive(Args)]
pub(crate) struct Place {
    #[command(flatten)]
    pub(crate) data: Data,
    /// A server instead of a directory: headwater://localhost:2113.
    #[arg(long, value_name = "URL", env = "HEADWATER_SERVER")]
    pub(crate) server: Option<headwater_client::Address>,
    /// The context: a service's own part of the store.
    #[arg(long, short, default_value = "default", env = "HEADWATER_CONTEXT")]
    pub(crate) context: String,
}
