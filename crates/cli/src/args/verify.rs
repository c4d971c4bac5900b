//! What `headwater verify` is asked.

use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Verify {
    /// The data directory.
    #[arg(value_name = "DIR", default_value = ".headwater", env = "HEADWATER_DATA")]
    pub(crate) directory: PathBuf,
}
