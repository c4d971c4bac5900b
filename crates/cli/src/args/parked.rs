//! What `headwater parked` is asked.

use super::Data;
use clap::{Args, Subcommand, ValueEnum};

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
    /// End a parked saga, for a reason, which is recorded: somebody saw to what was left of it.
    End(EndSaga),
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

#[derive(Args)]
pub(crate) struct EndSaga {
    /// The saga that set it aside.
    pub(crate) reader: String,
    /// The event's id, as `parked ls` shows it.
    pub(crate) event: uuid::Uuid,
    /// What it came to in the end.
    #[arg(long = "as", value_enum)]
    pub(crate) end: SagaEnd,
    /// What was done about the rest of it.
    #[arg(long, value_name = "REASON")]
    pub(crate) why: String,
    #[command(flatten)]
    pub(crate) services: Services,
}

/// How a saga ends by a person's hand.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SagaEnd {
    /// All that it was for is done.
    Completed,
    /// All that it did is undone.
    Compensated,
}

impl SagaEnd {
    /// As services know it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Compensated => "compensated",
        }
    }
}
