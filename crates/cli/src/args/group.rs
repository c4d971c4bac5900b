//! What `headwater group` is asked.

use super::{Place, SEE_EXIT_CODES};
use clap::{ArgGroup, Args, Subcommand};
use headwater_model::{GroupKey, ParkedPart, Position, Timestamp};

#[derive(Args)]
pub(crate) struct Group {
    #[command(subcommand)]
    pub(crate) command: GroupCommand,
}

#[derive(Subcommand)]
pub(crate) enum GroupCommand {
    /// List groups: how far they are, what they set aside, who is in them.
    #[command(after_help = SEE_EXIT_CODES)]
    Ls(GroupLs),
    /// Show one group with its settings and its members.
    #[command(after_help = SEE_EXIT_CODES)]
    Show(OneGroup),
    /// Make a group.
    #[command(after_help = SEE_EXIT_CODES)]
    Create(CreateGroup),
    /// Delete a group with its checkpoint and its parked events.
    #[command(after_help = SEE_EXIT_CODES)]
    Delete(OneGroup),
    /// List what a group has set aside, and why.
    #[command(after_help = SEE_EXIT_CODES)]
    Parked(GroupParked),
    /// Have parked events delivered again, and then those behind them.
    #[command(after_help = SEE_EXIT_CODES)]
    Replay(GroupReplay),
    /// Give parked events up, for a reason, and go on with those behind them.
    #[command(after_help = SEE_EXIT_CODES)]
    Skip(GroupSkip),
    /// Set a group to another place, whatever was done.
    #[command(after_help = SEE_EXIT_CODES)]
    Seek(GroupSeek),
}

#[derive(Args)]
pub(crate) struct GroupLs {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct OneGroup {
    /// The group.
    pub(crate) group: String,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct CreateGroup {
    /// The group.
    pub(crate) group: String,
    /// Where it begins: `beginning`, `now` (with the events to come), or a position, behind which.
    #[arg(long, value_name = "WHERE", value_parser = parse_start)]
    pub(crate) start: Where,
    /// Only events of this stream; may be given more than once.
    #[arg(long = "stream", value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    /// Only events of this type; may be given more than once.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Only events of this category; may be given more than once.
    #[arg(long = "category", value_name = "CATEGORY")]
    pub(crate) categories: Vec<String>,
    /// Only events with this tag; all, if given more than once.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// What keeps events in order: stream, category, correlation, event (no order at all), or
    /// `metadata:NAME`.
    #[arg(long, default_value = "stream", value_parser = parse_key)]
    pub(crate) key: GroupKey,
    /// How long a member may hold a delivery, in milliseconds.
    #[arg(long, value_name = "MS")]
    pub(crate) ack_wait_ms: Option<u64>,
    /// How long a member may be silent before it counts as gone, in milliseconds.
    #[arg(long, value_name = "MS")]
    pub(crate) lease_ms: Option<u64>,
    /// Deliveries of one event before it is parked.
    #[arg(long, value_name = "N")]
    pub(crate) attempts_max: Option<u32>,
    /// Deliveries that one member may hold.
    #[arg(long, value_name = "N")]
    pub(crate) in_flight_count_max: Option<u32>,
    /// Members at a time.
    #[arg(long, value_name = "N")]
    pub(crate) member_count_max: Option<u32>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct GroupParked {
    /// The group.
    pub(crate) group: String,
    /// At most so many.
    #[arg(long, short = 'n', default_value_t = 100)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Which of a group's parked events.
#[derive(Args)]
#[command(group(ArgGroup::new("which").required(true).args(["position", "up_to", "all"])))]
pub(crate) struct Part {
    /// The one at this position, as `group parked` shows it.
    position: Option<u64>,
    /// All up to this position.
    #[arg(long, value_name = "POSITION")]
    up_to: Option<u64>,
    /// All.
    #[arg(long)]
    all: bool,
}

impl Part {
    pub(crate) fn part(&self) -> ParkedPart {
        match (self.position, self.up_to) {
            (Some(position), _) => ParkedPart::One(Position(position)),
            (None, Some(position)) => ParkedPart::UpTo(Position(position)),
            (None, None) => ParkedPart::All,
        }
    }
}

#[derive(Args)]
pub(crate) struct GroupReplay {
    /// The group.
    pub(crate) group: String,
    #[command(flatten)]
    pub(crate) part: Part,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct GroupSkip {
    /// The group.
    pub(crate) group: String,
    #[command(flatten)]
    pub(crate) part: Part,
    /// Why they are given up.
    #[arg(long, value_name = "REASON")]
    pub(crate) why: String,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct GroupSeek {
    /// The group.
    pub(crate) group: String,
    /// Where to: `beginning`, `now`, a position, behind which it goes on, or an instant
    /// (2026-03-09T14:00:00Z).
    #[arg(long, value_name = "WHERE", value_parser = parse_where)]
    pub(crate) to: Where,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// A place in the log, as a person says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Where {
    Beginning,
    Now,
    After(Position),
    Time(Timestamp),
}

fn parse_where(text: &str) -> Result<Where, String> {
    match text {
        "beginning" => Ok(Where::Beginning),
        "now" => Ok(Where::Now),
        _ => match text.parse() {
            Ok(position) => Ok(Where::After(Position(position))),
            Err(_) => text.parse().map(Where::Time).map_err(|_| {
                format!("{text:?} is neither beginning, now, a position nor an instant")
            }),
        },
    }
}

fn parse_start(text: &str) -> Result<Where, String> {
    match parse_where(text)? {
        Where::Time(_) => Err("a group begins at a place: make it, then seek it".to_owned()),
        place => Ok(place),
    }
}

fn parse_key(text: &str) -> Result<GroupKey, String> {
    Ok(match text {
        "stream" => GroupKey::Stream,
        "category" => GroupKey::Category,
        "correlation" => GroupKey::Correlation,
        "event" => GroupKey::Event,
        _ => match text.strip_prefix("metadata:") {
            Some(name) if !name.is_empty() => GroupKey::Metadata(name.to_owned().into()),
            _ => return Err("say stream, category, correlation, event or metadata:NAME".to_owned()),
        },
    })
}
