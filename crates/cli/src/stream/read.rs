//! `headwater stream read`: a stream or a whole context, now or as it was.

use super::stream_name;
use crate::args::{Output, Read};
use crate::exit::NotFound;
use crate::output::Printer;
use crate::store;
use headwater_model::{
    Direction, EventStore, From, Position, ReadAll, ReadStream, RecordedEvent, Revision, StreamName,
};

/// Events of one page: a screenful is printed before the next is asked for.
const PAGE_COUNT: usize = 1_000;

pub(crate) async fn run(read: &Read, output: Output) -> anyhow::Result<()> {
    let context = store::existing_context(&read.place).await?;
    let mut printer = Printer::new(output);
    match &read.which.stream {
        Some(stream) => one_stream(read, stream_name(stream)?, &*context, &mut printer).await?,
        None => whole_context(read, &*context, &mut printer).await?,
    }
    Ok(printer.flush()?)
}

fn direction(read: &Read) -> Direction {
    if read.backwards { Direction::Backwards } else { Direction::Forwards }
}

async fn one_stream(
    read: &Read,
    stream: StreamName,
    context: &dyn EventStore,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let from = read.from.map(Revision);
    print_pages(read, from, printer, async |from, count_max| {
        let (direction, as_of) = (direction(read), read.as_of.unwrap_or_default());
        let request = ReadStream { stream: stream.clone(), from, direction, count_max, as_of };
        let page = context.read_stream(request).await?;
        if page.last.is_none() {
            let context = context.context();
            return Err(NotFound(format!("context {context} has no stream {stream}")).into());
        }
        Ok((page.events, page.next))
    })
    .await
}

async fn whole_context(
    read: &Read,
    context: &dyn EventStore,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let query = read.which.query()?;
    let from = read.from.map(Position);
    print_pages(read, from, printer, async |from, count_max| {
        let (direction, as_of) = (direction(read), read.as_of.unwrap_or_default());
        let request = ReadAll { query: query.clone(), from, direction, count_max, as_of };
        let page = context.read_all(request).await?;
        Ok((page.events, page.next))
    })
    .await
}

/// Prints page after page, until nothing is left or the limit is reached.
async fn print_pages<P>(
    read: &Read,
    from: Option<P>,
    printer: &mut Printer,
    ask: impl AsyncFn(From<P>, usize) -> anyhow::Result<(Vec<RecordedEvent>, Option<P>)>,
) -> anyhow::Result<()> {
    let mut from = from.map_or(From::Edge, From::At);
    let mut left = read.limit.unwrap_or(usize::MAX);
    let all = left;
    while left > 0 {
        let (events, next) = ask(from, left.min(PAGE_COUNT)).await?;
        printer.events(&events)?;
        left = left.saturating_sub(events.len());
        from = match next {
            Some(next) => From::At(next),
            None if left == all => return Ok(printer.say("no events match")?),
            None => return Ok(()),
        };
    }
    Ok(printer.say_at_terminal("… there may be more: -n shows more, --from goes on")?)
}
