//! The benches by name, and what they share.
//!
//! Picture: two datasets serve most of them, each filled once in a run.
//! ```text
//!   small   1,000,000 events, all sides    scan · read · rebuild
//!   large  10,000,000 events, headwater    open · memory · size · scale (against small)
//! ```

mod append;
mod deliver;
mod hostile;
mod idle;
mod memory;
mod open;
mod read;
mod rebuild;
mod scale;
mod scan;
mod size;
mod slow;
mod stored;
mod timers;
mod wire;

use crate::dataset::Dataset;
use crate::report::Table;
use crate::timing::Budget;
use std::path::PathBuf;
use tokio::runtime::Runtime;

pub(crate) use memory::print_own as print_own_memory;
pub(crate) use open::append_until_killed;
pub(crate) use timers::fill_here as fill_timers;

/// What every bench is given.
pub(crate) struct Bench {
    /// Where data goes: a real disk.
    pub(crate) dir: PathBuf,
    /// How long the timed loops run.
    pub(crate) budget: Budget,
    /// For benches that all sides take part in.
    pub(crate) small: Dataset,
    /// For benches about size.
    pub(crate) large: Dataset,
    /// Where the peers of the wire and their clients are, or are to be; `None`: without them.
    pub(crate) peers: Option<PathBuf>,
    /// Where futures run.
    pub(crate) runtime: Runtime,
}

/// One bench: its name on the command line, what it is about, and how to do it.
pub(crate) struct Measure {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it is about.
    pub(crate) about: &'static str,
    /// Does it.
    pub(crate) run: fn(&Bench) -> anyhow::Result<Table>,
}

/// All benches, in the order they are run.
pub(crate) const ALL: &[Measure] = &[
    Measure { name: "single", about: "1 writer, 1 event", run: append::single },
    Measure { name: "many", about: "64 writers, 1 event each", run: append::many },
    Measure { name: "batches", about: "1 writer, batches of 100", run: append::batches },
    Measure { name: "deliver", about: "from append to subscriber", run: deliver::measure },
    Measure { name: "scan", about: "every event, warm and cold", run: scan::measure },
    Measure { name: "read", about: "10-event streams at random", run: read::measure },
    Measure { name: "rebuild", about: "events into SQLite rows", run: rebuild::measure },
    Measure { name: "open", about: "after a clean stop and a kill", run: open::measure },
    Measure { name: "memory", about: "resident, idle after open", run: memory::measure },
    Measure { name: "size", about: "bytes on disk an event", run: size::measure },
    Measure { name: "scale", about: "the same at many more events", run: scale::measure },
    Measure { name: "idle", about: "subscriptions that wait", run: idle::measure },
    Measure { name: "slow", about: "subscribers that hardly read", run: slow::measure },
    Measure { name: "hostile", about: "beside malformed frames", run: hostile::measure },
    Measure { name: "timers", about: "a million pending, all due", run: timers::measure },
    Measure { name: "wire-append", about: "over the wire, beside peers", run: wire::appends },
    Measure { name: "wire-read", about: "over the wire, beside peers", run: wire::reads },
];
