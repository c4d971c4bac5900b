//! What may be asked on the command line, and the text of `--help`.
//!
//! Why: the help page is the first documentation a person reads, so it lives in one file, whole.

use clap::{Args, Parser, Subcommand, ValueEnum};
use headwater_model::{ExpectedRevision, Position, Revision, Timestamp};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Event-driven microservices: an event store that is also the broker.
#[derive(Parser)]
#[command(name = "headwater", version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// For people, or for programs (one JSON value a line).
    #[arg(long, global = true, value_enum, default_value_t = Output::Text, env = "HEADWATER_OUTPUT")]
    pub(crate) output: Output,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed
  2  wrong usage
  3  refused, as when the stream is not at the expected revision, or a retried input fails again
  4  not found
  5  the files are damaged
  6  not now: the store is in use, full or poisoned, or a service does not answer";

const SEE_EXIT_CODES: &str = "Exit codes: see `headwater --help`.";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start a store and the shop's four services on this machine, with live orders.
    #[command(after_help = SEE_EXIT_CODES)]
    Dev(Dev),
    /// Serve a store to other processes: gRPC, the KurrentDB protocol, HTTP and SSE on one port.
    Server(Server),
    /// Check every byte of a data directory that no process has open, and say what was found.
    #[command(after_help = SEE_EXIT_CODES)]
    Verify(Verify),
    /// List, read, follow and append to streams.
    #[command(after_help = SEE_EXIT_CODES)]
    Stream(Stream),
    /// List, retry and discard what the readers of running services have set aside.
    #[command(after_help = SEE_EXIT_CODES)]
    Parked(Parked),
    /// Print the completions of a shell, to be put where it looks for them.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

#[derive(Args)]
pub(crate) struct Data {
    /// Where the data is.
    #[arg(long, value_name = "DIR", default_value = ".headwater", env = "HEADWATER_DATA")]
    pub(crate) data: PathBuf,
}

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

#[derive(Args)]
pub(crate) struct Verify {
    /// The data directory.
    #[arg(value_name = "DIR", default_value = ".headwater", env = "HEADWATER_DATA")]
    pub(crate) directory: PathBuf,
}

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

#[derive(Args)]
pub(crate) struct Parked {
    #[command(subcommand)]
    pub(crate) command: ParkedCommand,
}

#[derive(Subcommand)]
pub(crate) enum ParkedCommand {
    /// List what is parked, where, and why.
    Ls(ParkedLs),
    /// Try again: one input, with those parked behind it, or all of a reader. Exit code 3: some
    /// failed again, and stay parked.
    Retry(Retry),
    /// Give one input up, for a reason, which is recorded.
    Discard(Discard),
}

/// Which services are asked: they run, and only they write what they keep.
#[derive(Args)]
pub(crate) struct Services {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Ask this one, by its URL, or by its name in `headwater dev`; without it, all of
    /// `headwater dev` with this data.
    #[arg(long, short, value_name = "URL", env = "HEADWATER_SERVICE")]
    pub(crate) service: Option<String>,
}

#[derive(Args)]
pub(crate) struct ParkedLs {
    /// Only what this reader has set aside.
    pub(crate) reader: Option<String>,
    #[command(flatten)]
    pub(crate) services: Services,
}

#[derive(Args)]
pub(crate) struct Retry {
    /// The reaction or projection that set it aside.
    pub(crate) reader: String,
    /// The event's id, as `parked ls` shows it.
    #[arg(required_unless_present = "all")]
    pub(crate) event: Option<uuid::Uuid>,
    /// All that the reader has set aside, in order.
    #[arg(long, conflicts_with = "event")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) services: Services,
}

#[derive(Args)]
pub(crate) struct Discard {
    /// The reaction or projection that set it aside.
    pub(crate) reader: String,
    /// The event's id, as `parked ls` shows it.
    pub(crate) event: uuid::Uuid,
    /// Why it does not matter.
    #[arg(long, value_name = "REASON")]
    pub(crate) why: String,
    #[command(flatten)]
    pub(crate) services: Services,
}
