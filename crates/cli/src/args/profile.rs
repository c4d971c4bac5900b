//! What `headwater profile` is asked.

use super::SEE_EXIT_CODES;
use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct Profile {
    #[command(subcommand)]
    pub(crate) command: ProfileCommand,
}

#[derive(Subcommand)]
pub(crate) enum ProfileCommand {
    /// Keep a server's address, and the context in it, under a name.
    #[command(after_help = SEE_EXIT_CODES)]
    Add(ProfileAdd),
    /// Use a profile from now on, wherever neither a flag nor the environment says otherwise.
    #[command(after_help = SEE_EXIT_CODES)]
    Use {
        /// Which; without a name, none.
        name: Option<String>,
    },
    /// List the profiles; the one in use is marked.
    #[command(after_help = SEE_EXIT_CODES)]
    Ls,
    /// Forget a profile, with its token.
    #[command(after_help = SEE_EXIT_CODES)]
    Rm {
        /// Which.
        name: String,
    },
}

#[derive(Args)]
pub(crate) struct ProfileAdd {
    /// Its name.
    pub(crate) name: String,
    // Not `server` and `context`: a profile in use must not fill these in.
    /// The server: headwaters://store.example:2113?ca=/etc/ssl/store.pem. A user and a password may stand
    /// in front of its host: they are kept, and not shown.
    #[arg(id = "to", long = "server", value_name = "URL")]
    pub(crate) to: String,
    /// The context: a service's own part of the store.
    #[arg(id = "within", long = "context", short = 'c', value_name = "CONTEXT")]
    pub(crate) within: Option<String>,
    /// Replace one of this name.
    #[arg(long)]
    pub(crate) replace: bool,
}
