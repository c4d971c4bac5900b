//! `headwater stream ls`: the streams of a context, by name.

use crate::args::{Ls, Output};
use crate::output::Printer;
use crate::store;

/// Names asked for at once: enough to hide the call.
const PAGE_COUNT: usize = 1_000;

pub(crate) async fn run(ls: &Ls, output: Output) -> anyhow::Result<()> {
    let context = store::existing_context(&ls.place).await?;
    let mut printer = Printer::new(output);
    let (mut streams, mut after) = (Vec::new(), None);
    // One more than is shown, to know whether that is all.
    let wanted = ls.limit.saturating_add(1);
    while streams.len() < wanted {
        let count = (wanted - streams.len()).min(PAGE_COUNT);
        let page = context.streams(ls.prefix.clone(), after, count).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.stream.clone());
        streams.extend(page);
    }
    let more = streams.len() > ls.limit;
    streams.truncate(ls.limit);
    match (streams.is_empty(), ls.prefix.as_str()) {
        (true, "") => {
            printer.say("no streams yet; names that begin with $ are asked for by `$`")?
        }
        (true, prefix) => printer.say(&format!("no stream's name begins with {prefix}"))?,
        (false, _) => printer.streams(&streams)?,
    }
    if more {
        printer.say(&format!("… and more behind the first {}; -n shows more", ls.limit))?;
    }
    Ok(printer.flush()?)
}
