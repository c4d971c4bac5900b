//! What `headwater schema` is asked.

use super::Place;
use clap::{Args, Subcommand, ValueEnum};
use headwater_registry::Compatibility;
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Schema {
    #[command(subcommand)]
    pub(crate) command: SchemaCommand,
}

#[derive(Subcommand)]
pub(crate) enum SchemaCommand {
    /// List the events that have a schema, with the newest version of each.
    Ls(SchemaLs),
    /// Print a schema.
    Show(SchemaShow),
    /// Register a schema of an event. Exit code 3: it would break readers or writers.
    Register(SchemaRegister),
    /// Say what would break if it were registered. Exit code 3: something would.
    Check(SchemaCheck),
    /// Show or set what schemas must be to each other, and what is appended only if it fits.
    Rules(SchemaRules),
}

#[derive(Args)]
pub(crate) struct SchemaLs {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct SchemaShow {
    /// The event's type.
    pub(crate) event: String,
    /// Of this schema version; without it, the newest.
    #[arg(long, value_name = "N")]
    pub(crate) schema_version: Option<u32>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct SchemaRegister {
    /// The event's type.
    pub(crate) event: String,
    /// A file with a JSON Schema.
    pub(crate) file: PathBuf,
    /// The schema version that its events carry.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) schema_version: u32,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct SchemaCheck {
    /// The event's type.
    pub(crate) event: String,
    /// A file with a JSON Schema.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct SchemaRules {
    /// From now on: none, backward, forward, full, or these with _transitive.
    #[arg(long, value_name = "RULE")]
    pub(crate) compatibility: Option<Compatibility>,
    /// From now on, events are appended only if they fit: never, those with a schema, or all.
    #[arg(long, value_enum)]
    pub(crate) enforce: Option<Enforced>,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// What is appended only if it fits.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Enforced {
    /// Nothing.
    Off,
    /// Events with a schema.
    Known,
    /// All, and what has no schema is refused.
    All,
}
