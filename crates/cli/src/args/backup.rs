//! What `headwater backup`, `restore`, `export` and `import` are asked.

use super::{Data, Place, SEE_EXIT_CODES};
use clap::{Args, Subcommand};
use headwater_model::{Position, Timestamp};
use std::path::PathBuf;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Backup {
    #[command(subcommand)]
    pub(crate) command: Option<BackupCommand>,
    /// Where it goes: an empty directory, or one that a backup went to before; only what is new is
    /// copied then.
    #[arg(value_name = "TO_DIR", required = true)]
    pub(crate) to: Option<PathBuf>,
    /// Only this context; may be given more than once. Without it, all.
    #[arg(long = "context", short, value_name = "NAME")]
    pub(crate) contexts: Vec<String>,
    /// A server that is running: headwater://localhost:2113. Without it, a data directory that no
    /// process has open.
    #[arg(long, value_name = "URL", env = "HEADWATER_SERVER")]
    pub(crate) server: Option<headwater_client::Address>,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Subcommand)]
pub(crate) enum BackupCommand {
    /// List the backups in a directory.
    #[command(after_help = SEE_EXIT_CODES)]
    Ls(Backups),
    /// Read every byte of the backups, and say whether it is what was written.
    #[command(after_help = SEE_EXIT_CODES)]
    Verify(VerifyBackups),
    /// Forget old backups, and remove what no other one needs.
    #[command(after_help = SEE_EXIT_CODES)]
    Prune(Prune),
}

#[derive(Args)]
pub(crate) struct Backups {
    /// The directory that they are in.
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}

#[derive(Args)]
pub(crate) struct VerifyBackups {
    #[command(flatten)]
    pub(crate) backups: Backups,
    /// Only this one, by its name in `backup ls`.
    #[arg(long, value_name = "ID")]
    pub(crate) manifest: Option<String>,
}

#[derive(Args)]
pub(crate) struct Prune {
    #[command(flatten)]
    pub(crate) backups: Backups,
    /// How many of the newest stay; at least one does.
    #[arg(long, value_name = "N")]
    pub(crate) keep: usize,
}

#[derive(Args)]
pub(crate) struct Restore {
    /// The directory that the backups are in.
    #[arg(value_name = "FROM_DIR")]
    pub(crate) from: PathBuf,
    /// Where the store will be: an empty directory, or one that is not there yet.
    #[arg(long, value_name = "NEW_DIR")]
    pub(crate) data: PathBuf,
    /// This backup, by its name in `backup ls`. Without it, the newest.
    #[arg(long, value_name = "ID")]
    pub(crate) manifest: Option<String>,
    /// The state right after this position of one context.
    #[arg(long, value_name = "N", value_parser = parse_position, conflicts_with = "to_time")]
    pub(crate) to_position: Option<Position>,
    /// The state as of this instant, like 2026-03-09T14:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) to_time: Option<Timestamp>,
    /// Only this context; may be given more than once. Without it, all.
    #[arg(long = "context", short, value_name = "NAME")]
    pub(crate) contexts: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Export {
    /// Only this stream.
    #[arg(long, value_name = "STREAM", conflicts_with_all = ["types", "categories", "tags", "system"])]
    pub(crate) stream: Option<String>,
    /// Only events of this type; may be given more than once.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Only events of this category; may be given more than once.
    #[arg(long = "category", value_name = "CATEGORY")]
    pub(crate) categories: Vec<String>,
    /// Only events with this tag; all, if given more than once.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// The system's own streams too: settings of streams, parked events.
    #[arg(long, conflicts_with_all = ["types", "categories", "tags"])]
    pub(crate) system: bool,
    /// From this position on, inclusive: where an export that broke off goes on.
    #[arg(long, value_name = "N", value_parser = parse_position)]
    pub(crate) from: Option<Position>,
    /// Up to this position, inclusive.
    #[arg(long, value_name = "N", value_parser = parse_position)]
    pub(crate) to: Option<Position>,
    /// Into this file, which must not be there; compressed if its name ends with .gz. Without it,
    /// to standard output.
    #[arg(long, short = 'f', value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct Import {
    /// Lines as `headwater export` writes them; compressed if its name ends with .gz. Without it,
    /// from standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Read and check every line, append nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Begin with this line, counted from 1.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) from_line: u64,
    #[command(flatten)]
    pub(crate) place: Place,
}

fn parse_position(text: &str) -> Result<Position, std::num::ParseIntError> {
    text.parse().map(Position)
}
