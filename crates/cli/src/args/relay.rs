//! What `headwater relay` is asked.

use super::{Place, SEE_EXIT_CODES};
use clap::{Args, Subcommand};
use headwater_sql::outbox::Shape;

#[derive(Args)]
pub(crate) struct Relay {
    #[command(subcommand)]
    pub(crate) command: RelayCommand,
}

#[derive(Subcommand)]
pub(crate) enum RelayCommand {
    /// Carry the rows of committed transactions into a context, until it is told to stop.
    #[command(after_help = SEE_EXIT_CODES)]
    Run(Box<RelayRun>),
    /// Print what makes the tables that an outbox needs.
    #[command(after_help = SEE_EXIT_CODES)]
    Ddl(OutboxOf),
    /// List the rows that are set aside, and why.
    #[command(after_help = SEE_EXIT_CODES)]
    Parked(RelayParked),
    /// Let all parked rows of a stream be tried again.
    #[command(after_help = SEE_EXIT_CODES)]
    Retry(RelayRetry),
    /// Give a parked row up: it is never published.
    #[command(after_help = SEE_EXIT_CODES)]
    Discard(RelayDiscard),
}

#[derive(Args)]
pub(crate) struct OutboxOf {
    /// The service's database: `postgres://user:password@host/database`, `mariadb://…`, `sqlite:FILE`.
    // As text: what is no address is shown by clap as it was given, with its password.
    #[arg(long, value_name = "URL", env = "HEADWATER_DATABASE", hide_env_values = true)]
    pub(crate) database: String,
    /// How the table is laid out: own, debezium, eventuate, eventuate-dbid.
    #[arg(long, default_value = "own", value_parser = parse_shape)]
    pub(crate) shape: Shape,
    /// The table, where it has not its usual name.
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
}

#[derive(Args)]
pub(crate) struct RelayRun {
    #[command(flatten)]
    pub(crate) outbox: OutboxOf,
    /// Make the tables first, if they are not there.
    #[arg(long)]
    pub(crate) make: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args)]
pub(crate) struct RelayParked {
    #[command(flatten)]
    pub(crate) outbox: OutboxOf,
    /// At most so many.
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    pub(crate) limit: usize,
}

#[derive(Args)]
pub(crate) struct RelayRetry {
    /// The stream.
    pub(crate) stream: String,
    #[command(flatten)]
    pub(crate) outbox: OutboxOf,
}

#[derive(Args)]
pub(crate) struct RelayDiscard {
    /// The row, as `relay parked` names it.
    pub(crate) row: String,
    #[command(flatten)]
    pub(crate) outbox: OutboxOf,
}

fn parse_shape(text: &str) -> Result<Shape, String> {
    let known = || Shape::ALL.map(Shape::name).join(", ");
    Shape::named(text).ok_or_else(|| format!("the shapes are {}", known()))
}
