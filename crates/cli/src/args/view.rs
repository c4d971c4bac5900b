//! What `headwater view` is asked.

use super::Services;
use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct View {
    #[command(subcommand)]
    pub(crate) command: ViewCommand,
}

#[derive(Subcommand)]
pub(crate) enum ViewCommand {
    /// List views: how far each is, and how far what is built beside it.
    Ls(ViewLs),
    /// Build a view anew beside the one that queries go to, and let them go to the new one when it is whole.
    Rebuild(OneView),
    /// Give up what is built beside the live one.
    Abandon(OneView),
    /// Let a view stand still, for a reason, also over a restart.
    Pause(ViewPause),
    /// Let a view go on that was paused, or that halted.
    Resume(OneView),
    /// Pass events over that a view must never apply, for a reason, which is kept. There is no way back
    /// but to build it anew.
    Seek(ViewSeek),
}

#[derive(Args)]
pub(crate) struct ViewLs {
    #[command(flatten)]
    pub(crate) services: Services,
}

#[derive(Args)]
pub(crate) struct OneView {
    /// The projection's name.
    pub(crate) view: String,
    #[command(flatten)]
    pub(crate) services: Services,
}

#[derive(Args)]
pub(crate) struct ViewPause {
    #[command(flatten)]
    pub(crate) view: OneView,
    /// Why it stands still.
    #[arg(long, value_name = "REASON")]
    pub(crate) why: String,
}

#[derive(Args)]
pub(crate) struct ViewSeek {
    #[command(flatten)]
    pub(crate) view: OneView,
    /// The context whose events are passed over.
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) source: String,
    /// Up to and with the event at this position.
    #[arg(long, value_name = "POSITION", required_unless_present = "time")]
    pub(crate) position: Option<u64>,
    /// Up to and with the last that was recorded by this time: 2026-11-21T20:00:00Z.
    #[arg(long, value_name = "TIME", conflicts_with = "position")]
    pub(crate) time: Option<String>,
    /// Why they do not matter.
    #[arg(long, value_name = "REASON")]
    pub(crate) why: String,
}
