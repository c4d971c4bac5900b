//! The command line of the shop.

use clap::{Args, Parser, Subcommand, ValueEnum};
use shop::Flow;
use shop_money::{Asked, InvalidMoney, Money};
use std::path::PathBuf;

/// The worked example: a shop whose orders never exceed a customer's credit.
#[derive(Debug, Parser)]
#[command(name = "shop", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Drive a real shop's invoices through the gateway, and audit what came of them.
    ///
    /// Ends with one line of JSON on standard output. Run again over the same data, also after being
    /// killed, it ends in the same figures. Exit code 1: it could not be driven to its end;
    /// 3: it was, and the accounts disagree.
    Replay(ReplayArguments),
    /// Tell how four orders go on a longer trip: credit, goods, payment, courier, each a service of its own.
    ///
    /// One goes well, one is sold out, one is not paid, one waits for the courier. On a virtual clock.
    Trip,
}

/// What a replay needs.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Rows of invoices as CSV, gzipped or not: columns `InvoiceNo`, `Quantity`, `UnitPrice`,
    /// `CustomerID`.
    pub(crate) file: PathBuf,
    /// What every customer may owe, like 1000 or 12.34.
    #[arg(long, value_name = "AMOUNT", value_parser = more_than_nothing)]
    pub(crate) credit_limit: Money,
    /// Where the store and the views are kept; without it they are gone afterwards.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// A shop that runs already, instead of one of our own: the URL of its gateway. Its orders service
    /// must be patient (`--time-limit 1000h`): an order that waits too long is cancelled, and then the
    /// figures tell of waiting, not of credit.
    #[arg(long, value_name = "URL", requires = "store", conflicts_with = "data")]
    pub(crate) gateway: Option<String>,
    /// Where the events of that shop are, for the audit: headwater://localhost:2113.
    #[arg(long, value_name = "URL", requires = "gateway")]
    pub(crate) store: Option<String>,
    /// How orders and customers agree in a shop of our own.
    #[arg(long, value_enum, default_value_t = Flow::Choreographed, conflicts_with = "gateway")]
    pub(crate) flow: Flow,
    /// How the figures are written.
    #[arg(long, value_enum, default_value_t = Output::Json)]
    pub(crate) output: Output,
}

/// How the figures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// One line, for programs.
    Json,
    /// A few lines, for people.
    Text,
}

fn more_than_nothing(text: &str) -> Result<Money, InvalidMoney> {
    text.parse::<Money>().and_then(Asked::try_from).map(Money::from)
}
