//! `headwater export` and `headwater import`: events as lines of JSON.

use crate::args::{Export as ExportArguments, Import as ImportArguments, Output, Which};
use crate::bar::Bar;
use crate::output::Printer;
use crate::store::{context, existing_context};
use anyhow::Context as _;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use headwater_backup::ndjson::{Export, Import, export, import};
use headwater_model::{Query, QueryItem};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

pub(crate) async fn write(asked: &ExportArguments, output: Output) -> anyhow::Result<()> {
    let store = existing_context(&asked.place).await?;
    let what = Export { query: query(asked)?, from: asked.from, until: asked.to };
    let mut out = sink(asked.file.as_deref())?;
    let bar = Bar::events("exporting");
    let tell = |exported: &headwater_backup::ndjson::Exported| bar.at(exported.count);
    let exported = export(&*store, &what, &mut *out, &tell).await;
    bar.clear();
    let exported = exported?;
    drop(out);
    let Some(file) = &asked.file else { return Ok(()) };
    let mut printer = Printer::new(output);
    let last = exported.looked_to.map_or("nothing".to_owned(), |last| last.to_string());
    printer.line(
        &format!("{} events up to position {last}, in {}", exported.count, file.display()),
        &json!({
            "events": exported.count, "lastPosition": exported.looked_to,
            "incarnation": exported.incarnation, "file": file,
        }),
    )?;
    Ok(printer.flush()?)
}

fn query(asked: &ExportArguments) -> anyhow::Result<Query> {
    let which = Which {
        stream: asked.stream.clone(),
        all: asked.stream.is_none(),
        types: asked.types.clone(),
        categories: asked.categories.clone(),
        tags: asked.tags.clone(),
    };
    if !asked.system {
        return which.query();
    }
    let system = QueryItem { stream_prefixes: vec!["$".into()], ..QueryItem::default() };
    Ok(Query { items: vec![QueryItem::default(), system] })
}

fn is_compressed(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "gz")
}

/// The gzip is ended when this is dropped, and by the flush before it is told that all is written.
fn sink(file: Option<&Path>) -> anyhow::Result<Box<dyn Write + Send>> {
    let Some(path) = file else { return Ok(Box::new(BufWriter::new(io::stdout()))) };
    let made = File::create_new(path).with_context(|| path.display().to_string())?;
    let out = BufWriter::new(made);
    Ok(match is_compressed(path) {
        true => Box::new(Compressed(Some(GzEncoder::new(out, Compression::default())))),
        false => Box::new(out),
    })
}

/// A gzip whose flush is its end: an export flushes once, behind the last line.
struct Compressed(Option<GzEncoder<BufWriter<File>>>);

impl Write for Compressed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(encoder) => encoder.write(bytes),
            None => Err(io::Error::other("the file was ended")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.take() {
            Some(encoder) => encoder.finish()?.flush(),
            None => Ok(()),
        }
    }
}

pub(crate) async fn read(asked: &ImportArguments, output: Output) -> anyhow::Result<()> {
    let mut lines = source(asked.file.as_deref())?;
    let store = match asked.dry_run {
        // Nothing is written, so nothing is made.
        true => existing_context(&asked.place).await?,
        false => context(&asked.place).await?,
    };
    let how = Import { from_line: asked.from_line, is_dry: asked.dry_run };
    let bar = Bar::events("importing");
    let tell = |done: &headwater_backup::ndjson::Imported| bar.at(done.written + done.known);
    let imported = import(&*store, how, &mut *lines, &tell).await;
    bar.clear();
    let imported = imported?;
    let mut printer = Printer::new(output);
    let (written, known) = (imported.written, imported.known);
    let text = match asked.dry_run {
        true => format!("{written} lines are events; nothing was written"),
        false => format!("{written} events written, {known} were there already"),
    };
    let value = json!({
        "written": written, "known": known, "lastLine": imported.last_line,
        "dryRun": asked.dry_run,
    });
    printer.line(&text, &value)?;
    Ok(printer.flush()?)
}

fn source(file: Option<&Path>) -> anyhow::Result<Box<dyn BufRead + Send>> {
    let Some(path) = file else { return Ok(Box::new(BufReader::new(io::stdin()))) };
    let opened = File::open(path).with_context(|| path.display().to_string())?;
    Ok(match is_compressed(path) {
        true => Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(opened)))),
        false => Box::new(BufReader::with_capacity(256 * 1_024, opened)),
    })
}
