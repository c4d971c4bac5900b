//! What `headwater user`, `token` and `grant` are asked.

use clap::{Args, Subcommand};

/// Which server.
#[derive(Args)]
pub(crate) struct At {
    /// The server; a user and a password may stand in front of its host, a token in HEADWATER_TOKEN.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        default_value = "headwater://127.0.0.1:2113",
        env = "HEADWATER_SERVER"
    )]
    pub(crate) server: headwater_client::Address,
}

#[derive(Args)]
pub(crate) struct User {
    #[command(subcommand)]
    pub(crate) command: UserCommand,
    #[command(flatten)]
    pub(crate) at: At,
}

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user; the password is asked for, or read from standard input.
    Add {
        user: String,
        /// Their name in full.
        #[arg(long, default_value = "")]
        full_name: String,
        /// A role; `$admins` may do everything. May be given several times.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// Without a password: they come with tokens only.
        #[arg(long)]
        no_password: bool,
    },
    /// Show all users.
    Ls,
    /// Set a user's password; it is asked for, or read from standard input.
    Passwd {
        user: String,
        /// It is one's own: the one before is asked for first, and nobody need administer.
        #[arg(long)]
        own: bool,
    },
    /// Replace a user's roles.
    Roles { user: String, roles: Vec<String> },
    /// Keep a user and their tokens out, from now on.
    Disable { user: String },
    /// Let a user in again.
    Enable { user: String },
    /// Take a user away, with their tokens and the grants about them.
    Rm { user: String },
    /// Show who the server takes one for.
    Me,
}

#[derive(Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
    #[command(flatten)]
    pub(crate) at: At,
}

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a user, and print it: this once.
    Create {
        user: String,
        /// What it may do, as `VERBS@CONTEXT:STREAMS`: `read,append@shop:category:order`; `*@*:*` is
        /// everything but the system's streams. May be given several times.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// What it is for.
        #[arg(long = "for", default_value = "", value_name = "WORDS")]
        words: String,
        /// It ends after so many days.
        #[arg(long)]
        days: Option<u64>,
    },
    /// Show all tokens, without their secrets.
    Ls,
    /// Make a token good for nothing, from now on.
    Revoke { token: String },
}

#[derive(Args)]
pub(crate) struct Grant {
    #[command(subcommand)]
    pub(crate) command: GrantCommand,
    #[command(flatten)]
    pub(crate) at: At,
}

/// What is allowed or denied.
#[derive(Args)]
pub(crate) struct Given {
    /// `user:ana`, `role:billing`, `certificate:orders.svc`, `bearer:SUBJECT` or `everybody`.
    pub(crate) who: String,
    /// Some of read,append,change,consume,manage,observe,administer; `*` for all.
    pub(crate) verbs: String,
    /// A context, or `*`.
    pub(crate) context: String,
    /// `*`, `$*`, `category:order`, `prefix:order-eu` or `stream:order-1`; several may be given.
    #[arg(required = true)]
    pub(crate) streams: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum GrantCommand {
    /// Allow.
    Allow(Given),
    /// Deny: it wins over whatever is allowed.
    Deny(Given),
    /// Show all grants.
    Ls,
    /// Take a grant back.
    Rm { grant: String },
    /// Say what would be decided, and by which grant.
    Check {
        /// As in a grant; `me` for oneself.
        who: String,
        verb: String,
        /// A context; `-` for the server itself.
        context: String,
        /// As in a grant; without, the context as such.
        streams: Option<String>,
    },
}
