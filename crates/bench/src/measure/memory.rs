//! Memory: what a process holds that has opened a store and does nothing.

use super::Bench;
use super::stored::{large_dir, open_large};
use crate::child::{Running, resident_kib};
use crate::embedded::Headwater;
use crate::report::{Bound, Table};
use std::path::Path;

/// Resident MiB of a process of its own, before and after it opened the store.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    open_large(bench)?.close()?;
    let mut child = Running::start("print-own-memory", large_dir(bench))?;
    let mut mebibytes = || -> anyhow::Result<f64> { Ok(child.line()?.parse::<f64>()? / 1_024.0) };
    let (before, after) = (mebibytes()?, mebibytes()?);
    child.finish()?;
    let title = format!("memory: {} streams of 10 events", bench.large.stream_count());
    let mut table = Table::new(title, &["resident MiB"]);
    table.row("before open", [before]);
    table.row("idle, open", [after]);
    table.goal("resident MiB", after, Bound::AtMost(64.0));
    Ok(table)
}

/// The child: prints its resident KiB, opens the store, and prints them again.
pub(crate) fn print_own(dir: &Path) -> anyhow::Result<()> {
    println!("{}", resident_kib("self")?);
    let headwater = Headwater::open(dir)?;
    headwater.head()?;
    println!("{}", resident_kib("self")?);
    headwater.close()
}
