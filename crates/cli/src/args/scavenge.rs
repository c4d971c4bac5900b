//! What `headwater scavenge` is asked.

use super::Place;
use clap::Args;

#[derive(Args)]
pub(crate) struct Scavenge {
    #[command(flatten)]
    pub(crate) place: Place,
    /// MiB read and written in a second, at most.
    #[arg(long, value_name = "MIB", default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) throttle: u64,
    /// Write a segment anew if at least so many percent of it become free.
    #[arg(long, value_name = "PERCENT", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) least: u8,
    /// Stop the one that is under way; the next one goes on where it was.
    #[arg(long, conflicts_with = "status")]
    pub(crate) stop: bool,
    /// Say how far the one under way is, or how the last one ended, and leave it at that.
    #[arg(long)]
    pub(crate) status: bool,
}
