//! What may be asked on the command line, and the text of `--help`.
//!
//! Why: the help page is the first documentation a person reads, so all commands stand here in
//! their order; what each is asked is in a file of its own group.

mod access;
mod backup;
mod group;
mod look;
mod parked;
mod place;
mod profile;
mod relay;
mod scavenge;
mod schema;
mod serve;
mod stream;
mod verify;
mod view;

pub(crate) use access::{Given, Grant, GrantCommand, Token, TokenCommand, User, UserCommand};
pub(crate) use backup::{
    Backup, BackupCommand, Backups, Export, Import, Prune, Restore, VerifyBackups,
};
pub(crate) use group::{
    CreateGroup, Group, GroupCommand, GroupParked, GroupReplay, GroupSeek, GroupSkip, OneGroup,
    Where,
};
pub(crate) use look::{Health, Top};
pub(crate) use parked::{
    Discard, EndSaga, Parked, ParkedCommand, ParkedLs, Retry, SagaEnd, Services,
};
pub(crate) use place::{Data, Place};
pub(crate) use profile::{Profile, ProfileAdd, ProfileCommand};
pub(crate) use relay::{
    OutboxOf, Relay, RelayCommand, RelayDiscard, RelayParked, RelayRetry, RelayRun,
};
pub(crate) use scavenge::Scavenge;
pub(crate) use schema::{Enforced, Schema, SchemaCommand, SchemaRegister, SchemaRules, SchemaShow};
pub(crate) use serve::{Config, ConfigCommand, Dev, LISTEN, Server};
pub(crate) use stream::{Append, Ls, Read, Stream, StreamCommand, Tail, Which};
pub(crate) use verify::Verify;
pub(crate) use view::{OneView, View, ViewCommand, ViewLs, ViewPause, ViewSeek};

use clap::{Parser, Subcommand, ValueEnum};

/// Event-driven microservices: an event store that is also the broker.
#[derive(Parser)]
#[command(name = "headwater", version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// For people, or for programs (one JSON value a line).
    #[arg(long, global = true, value_enum, default_value_t = Output::Text, env = "HEADWATER_OUTPUT")]
    pub(crate) output: Output,
    /// Use this profile (see `headwater profile`) for --server and --context, where they are not given.
    #[arg(long, global = true, value_name = "NAME", env = "HEADWATER_PROFILE")]
    pub(crate) profile: Option<String>,
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
    #[command(after_help = SEE_EXIT_CODES)]
    Server(Server),
    /// Show the settings of a server and where each came from, or check a file of them.
    Config(Config),
    /// Ask whether a server is there and takes work. Exit code 6: not now.
    #[command(after_help = SEE_EXIT_CODES)]
    Health(Health),
    /// Watch what a server's contexts do: appends, reads, subscriptions, what groups have left to do.
    #[command(after_help = SEE_EXIT_CODES)]
    Top(Top),
    /// Keep addresses of servers under names.
    Profile(Profile),
    /// Check every byte of a data directory that no process has open, and say what was found.
    #[command(after_help = SEE_EXIT_CODES)]
    Verify(Verify),
    /// Give the room of what nobody can read any more back, beside appends and reads.
    #[command(after_help = SEE_EXIT_CODES)]
    Scavenge(Scavenge),
    /// Copy what is new of a store into a directory, while it is written to; look after the copies.
    #[command(after_help = SEE_EXIT_CODES)]
    Backup(Backup),
    /// Make a new data directory of a backup, as it was at its end, a position or an instant.
    #[command(after_help = SEE_EXIT_CODES)]
    Restore(Restore),
    /// Write the events of a context as JSON, one a line.
    #[command(after_help = SEE_EXIT_CODES)]
    Export(Export),
    /// Append the events of such lines; what is there already is not written again.
    #[command(after_help = SEE_EXIT_CODES)]
    Import(Import),
    /// List, read, follow and append to streams.
    #[command(after_help = SEE_EXIT_CODES)]
    Stream(Stream),
    /// List, make and mend consumer groups: readers that share events.
    #[command(after_help = SEE_EXIT_CODES)]
    Group(Group),
    /// Carry the outbox of a service that keeps plain tables into the store.
    #[command(after_help = SEE_EXIT_CODES)]
    Relay(Relay),
    /// List, retry and discard what the readers of running services have set aside.
    #[command(after_help = SEE_EXIT_CODES)]
    Parked(Parked),
    /// List, build anew, pause and resume the views of running services.
    #[command(after_help = SEE_EXIT_CODES)]
    View(View),
    /// Register, show and compare what events look like, and have it enforced.
    #[command(after_help = SEE_EXIT_CODES)]
    Schema(Schema),
    /// Say who may come in.
    #[command(after_help = SEE_EXIT_CODES)]
    User(User),
    /// Make and revoke tokens, which services come in with.
    #[command(after_help = SEE_EXIT_CODES)]
    Token(Token),
    /// Say who may do what.
    #[command(after_help = SEE_EXIT_CODES)]
    Grant(Grant),
    /// Print the completions of a shell, to be put where it looks for them.
    Completions {
        /// Which shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}
