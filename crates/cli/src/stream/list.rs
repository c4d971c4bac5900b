//! `headwater stream ls`: the streams of a context, by name.

use crate::args::{Ls, Output};
use crate::output::Printer;
use crate::store;

/// Names asked for at once: enough to hide the call, few enough to print as they come.
const PAGE_COUNT: usize = 1_000;

pub(crate) async fn run(ls: &Ls, output: Output) -> anyhow::Result<()> {
    let context = store::existing_context(&ls.place).await?;
    let mut printer = Printer::new(output);
    printer.say(&format!("{:<40} {:>8}", "STREAM", "LAST"))?;
    let (mut after, mut left) = (None, ls.limit);
    while left > 0 {
        let page = context.streams(ls.prefix.clone(), after, left.min(PAGE_COUNT)).await?;
        for stream in &page {
            printer.stream(stream)?;
        }
        left = left.saturating_sub(page.len());
        after = match page.last() {
            Some(last) => Some(last.stream.clone()),
            None => break,
        };
    }
    Ok(printer.flush()?)
}
