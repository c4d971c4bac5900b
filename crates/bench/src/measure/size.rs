//! Size: what an event of 256 bytes takes on the disk, index and spare room included.

use super::Bench;
use super::stored::{large_dir, open_large};
use crate::folder;
use crate::report::{Bound, Table};

/// Bytes that the store's files take, by event.
pub(crate) fn measure(bench: &Bench) -> anyhow::Result<Table> {
    let headwater = open_large(bench)?;
    // Other benches have appended to it.
    let events = headwater.head()?.map_or(0, |last| last.0 + 1);
    headwater.close()?;
    let dir = large_dir(bench);
    let all = folder::bytes_on_disk(&dir)? as f64;
    let title = format!("size: {events} events of 256 bytes");
    let events = events as f64;
    let mut table = Table::new(title, &["bytes/event", "MiB"]);
    for (ending, bytes) in folder::bytes_by_ending(&dir)? {
        table.row(ending, [bytes as f64 / events, bytes as f64 / f64::from(1 << 20)]);
    }
    table.row("all", [all / events, all / f64::from(1 << 20)]);
    table.goal("bytes/event", all / events, Bound::AtMost(360.0));
    Ok(table)
}
