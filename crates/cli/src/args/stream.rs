//! What `headwater stream` is asked.

use super::{Place, SEE_EXIT_CODES};
use clap::{Args, Subcommand};
use headwater_model::{ExpectedRevision, Position, Revision, Timestamp};

#[derive(Args)]
pub(crate) struct Stream {
    #[command(subcommand)]
    pub(crate) command: StreamCommand,
}

#[derive(Subcommand)]
pub(crate) enum StreamCommand {
    /// List streams by name.
    #[command(after_help = SEE_EXIT_CODES)]
    Ls(Ls),
    /// Read a stream, or with `--all` the whole context.
    #[command(after_help = SEE_EXIT_CODES)]
    Read(Read),
    /// Follow a stream, or with `--all` the whole context, until interrupted.
    #[command(after_help = SEE_EXIT_CODES)]
    Tail(Tail),
    /// Append one event, or one per line of standard input.
    #[command(after_help = SEE_EXIT_CODES)]
    Append(Append),
}

#[derive(Args)]
pub(crate) struct Ls {
    /// Only names that begin so; `$` shows the system's own streams.
    #[arg(default_value = "")]
    pub(crate) prefix: String,
    /// At most so many.
    #[arg(long, short = 'n', default_value_t = 100)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Which events.
#[derive(Args)]
pub(crate) struct Which {
    /// The stream.
    #[arg(required_unless_present = "all")]
    pub(crate) stream: Option<String>,
    /// The whole context instead of one stream.
    #[arg(long, conflicts_with = "stream")]
    pub(crate) all: bool,
    /// Only events of this type; may be given more than once. With `--all`.
    #[arg(long = "type", value_name = "TYPE", requires = "all")]
    pub(crate) types: Vec<String>,
    /// Only events of this category; may be given more than once. With `--all`.
    #[arg(long = "category", value_name = "CATEGORY", requires = "all")]
    pub(crate) categories: Vec<String>,
    /// Only events with this tag; all, if given more than once. With `--all`.
    #[arg(long = "tag", value_name = "TAG", requires = "all")]
    pub(crate) tags: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Read {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Begin at this revision of the stream, or at this position with `--all`.
    #[arg(long, value_name = "N")]
    pub(crate) from: Option<u64>,
    /// Newest first.
    #[arg(long)]
    pub(crate) backwards: bool,
    /// At most so many events.
    #[arg(long, short = 'n')]
    pub(crate) limit: Option<usize>,
    /// As it was then: an instant (2026-03-09T14:00:00Z) or a position of the context.
    #[arg(long, value_name = "WHEN", value_parser = parse_as_of)]
    pub(crate) as_of: Option<headwater_model::AsOf>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Begin with the first event there is, not with the next to come.
    #[arg(long)]
    pub(crate) from_beginning: bool,
    /// Stop after so many events.
    #[arg(long, short = 'n')]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct Append {
    /// The stream.
    pub(crate) stream: String,
    /// What has happened: `OrderPlaced`.
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "stdin")]
    pub(crate) event_type: Option<String>,
    /// What it says, as JSON.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) payload: String,
    /// The event's id; the same id again writes nothing and answers the same.
    #[arg(long, value_name = "UUID")]
    pub(crate) id: Option<uuid::Uuid>,
    /// A mark to find it by; may be given more than once.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// One event a line from standard input, {"type", "payload", "id"?, "tags"?}: all of them or none.
    #[arg(long, conflicts_with_all = ["event_type", "payload", "id", "tags"])]
    pub(crate) stdin: bool,
    /// What you believe about the stream: any, no-stream, exists, or its last revision.
    #[arg(long, value_name = "REVISION", value_parser = parse_expected)]
    pub(crate) expect: ExpectedRevision,
    #[command(flatten)]
    pub(crate) place: Place,
}

fn parse_expected(text: &str) -> Result<ExpectedRevision, String> {
    match text {
        "any" => Ok(ExpectedRevision::Any),
        "no-stream" => Ok(ExpectedRevision::NoStream),
        "exists" => Ok(ExpectedRevision::Exists),
        number => number
            .parse()
            .map(|revision| ExpectedRevision::At(Revision(revision)))
            .map_err(|_| "write any, no-stream, exists, or a revision such as 7".to_owned()),
    }
}

fn parse_as_of(text: &str) -> Result<headwater_model::AsOf, String> {
    if let Ok(position) = text.parse() {
        return Ok(headwater_model::AsOf::Position(Position(position)));
    }
    text.parse::<Timestamp>().map(headwater_model::AsOf::Time).map_err(|_| {
        "write a position such as 1200, or an instant such as 2026-03-09T14:00:00Z".to_owned()
    })
}
