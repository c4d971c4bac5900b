//! `headwater stream read`: a stream or a whole context, now or as it was.

use super::stream_name;
use crate::args::{Output, Read};
use crate::exit::NotFound;
use crate::output::Printer;
use crate::store;
use headwater_model::{
    Direction, EventStore, From, Position, ReadAll, ReadStream, Revision, StreamName,
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
    let mut from = read.from.map_or(From::Edge, |revision| From::At(Revision(revision)));
    let mut left = read.limit.unwrap_or(usize::MAX);
    while left > 0 {
        let request = ReadStream {
            stream: stream.clone(),
            from,
            direction: direction(read),
            count_max: left.min(PAGE_COUNT),
            as_of: read.as_of.unwrap_or_default(),
        };
        let page = context.read_stream(request).await?;
        if page.last.is_none() {
            let context = context.context();
            return Err(NotFound(format!("context {context} has no stream {stream}")).into());
        }
        for event in &page.events {
            printer.event(event)?;
        }
        left = left.saturating_sub(page.events.len());
        from = match page.next {
            Some(next) => From::At(next),
            None => break,
        };
    }
    Ok(())
}

async fn whole_context(
    read: &Read,
    context: &dyn EventStore,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let query = read.which.query()?;
    let mut from = read.from.map_or(From::Edge, |position| From::At(Position(position)));
    let mut left = read.limit.unwrap_or(usize::MAX);
    while left > 0 {
        let request = ReadAll {
            query: query.clone(),
            from,
            direction: direction(read),
            count_max: left.min(PAGE_COUNT),
            as_of: read.as_of.unwrap_or_default(),
        };
        let page = context.read_all(request).await?;
        for event in &page.events {
            printer.event(event)?;
        }
        left = left.saturating_sub(page.events.len());
        from = match page.next {
            Some(next) => From::At(next),
            None => break,
        };
    }
    Ok(())
}
