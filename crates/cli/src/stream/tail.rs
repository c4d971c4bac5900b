//! `headwater stream tail`: events as they come, until interrupted.

use crate::args::{Output, Tail};
use crate::output::Printer;
use crate::store;
use headwater_model::{Delivery, Start, Subscribe};

pub(crate) async fn run(tail: &Tail, output: Output) -> anyhow::Result<()> {
    let context = store::existing_context(&tail.place).await?;
    let start = if tail.from_beginning { Start::Beginning } else { Start::Now };
    let subscribe = Subscribe { query: tail.which.query()?, start };
    let mut subscription = context.subscribe(subscribe).await?;
    let mut printer = Printer::new(output);
    printer.say_at_terminal("following; Ctrl-C stops")?;
    let mut left = tail.limit.unwrap_or(usize::MAX);
    while left > 0 {
        let delivery = tokio::select! {
            delivery = subscription.next() => delivery?,
            interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
        };
        if let Delivery::Events { events, .. } = delivery {
            printer.events(&events[..events.len().min(left)])?;
            left = left.saturating_sub(events.len());
            printer.flush()?;
        }
    }
    Ok(())
}
