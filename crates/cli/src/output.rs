//! What a person or a program gets to see of events and streams.
//!
//! Why: text is aligned, short and says what matters; JSON is whole and one value a line, so that
//! `jq` and a pipe are enough. Both go through one writer, which ends quietly when the pipe does.

use crate::args::Output;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_model::{ContentType, RecordedEvent, StreamLife, StreamState};
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Write};

/// Standard output, in the form that was asked for.
pub(crate) struct Printer {
    form: Output,
    out: io::BufWriter<io::Stdout>,
    /// How wide the columns of events have become.
    widths: Widths,
}

/// Columns grow with what they hold, and are not let to push the rest off the screen.
#[derive(Default)]
struct Widths {
    place: usize,
    event_type: usize,
}

/// A column is not made wider than this for the sake of one long name.
const COLUMN_CHARS_MAX: usize = 48;

/// The payload of a line of text: more than this is cut, `--output json` shows all.
const PAYLOAD_CHARS_MAX: usize = 120;

impl Printer {
    pub(crate) fn new(form: Output) -> Self {
        Self { form, out: io::BufWriter::new(io::stdout()), widths: Widths::default() }
    }

    /// Events, aligned with each other and with those before them.
    pub(crate) fn events(&mut self, events: &[RecordedEvent]) -> io::Result<()> {
        if let Output::Json = self.form {
            return events.iter().try_for_each(|event| self.json(&event_json(event)));
        }
        let place = |event: &RecordedEvent| format!("{}@{}", event.stream, event.revision);
        let grown = |width: &mut usize, chars: usize| {
            *width = (*width).max(chars.min(COLUMN_CHARS_MAX));
        };
        for event in events {
            grown(&mut self.widths.place, place(event).chars().count());
            grown(&mut self.widths.event_type, event.event_type.as_str().chars().count());
        }
        let Widths { place: wide, event_type: type_wide } = self.widths;
        for event in events {
            let (at, place, kind) = (event.recorded_at, place(event), event.event_type.as_str());
            let (position, payload) = (event.position, payload_text(event));
            writeln!(
                self.out,
                "{position:>8}  {at}  {place:<wide$}  {kind:<type_wide$}  {payload}"
            )?;
        }
        Ok(())
    }

    /// Streams, under a heading, aligned.
    pub(crate) fn streams(&mut self, streams: &[StreamState]) -> io::Result<()> {
        let chars = |stream: &StreamState| stream.stream.as_str().chars().count();
        let wide = streams.iter().map(chars).max().unwrap_or(0).max(24);
        self.say(&format!("{:<wide$} {:>8}", "STREAM", "LAST"))?;
        streams.iter().try_for_each(|stream| self.stream(stream, wide))
    }

    fn stream(&mut self, stream: &StreamState, wide: usize) -> io::Result<()> {
        let last = stream.last.map_or_else(|| "-".to_owned(), |last| last.to_string());
        let life = match stream.life {
            StreamLife::Alive => "",
            StreamLife::Deleted => "  deleted",
            StreamLife::Tombstoned => "  tombstoned",
        };
        match self.form {
            Output::Text => {
                writeln!(self.out, "{:<wide$} {last:>8}{life}", stream.stream.as_str())
            }
            Output::Json => self.json(&json!({
                "stream": stream.stream, "last": stream.last, "first": stream.first,
                "life": stream.life, "settings": stream.settings,
            })),
        }
    }

    /// A line for people, or the value for programs.
    pub(crate) fn line(&mut self, text: &str, value: &Value) -> io::Result<()> {
        match self.form {
            Output::Text => writeln!(self.out, "{text}"),
            Output::Json => self.json(value),
        }
    }

    /// Rows for people, each column as wide as what is in it; for programs a value for each.
    pub(crate) fn rows<const N: usize>(
        &mut self,
        heads: [&str; N],
        rows: &[([String; N], Value)],
    ) -> io::Result<()> {
        if let Output::Json = self.form {
            return rows.iter().try_for_each(|(_, value)| self.json(value));
        }
        let mut wide = heads.map(|head| head.chars().count());
        for (cells, _) in rows {
            for (wide, cell) in wide.iter_mut().zip(cells) {
                *wide = (*wide).max(cell.chars().count().min(COLUMN_CHARS_MAX));
            }
        }
        let row = |cells: [&str; N]| {
            let cells = cells.iter().zip(wide).map(|(cell, wide)| format!("{cell:<wide$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        if !rows.is_empty() {
            writeln!(self.out, "{}", row(heads))?;
        }
        for (cells, _) in rows {
            writeln!(self.out, "{}", row(cells.each_ref().map(String::as_str)))?;
        }
        Ok(())
    }

    /// What is told at once to a person who would otherwise wonder; not to a pipe or a file.
    pub(crate) fn say_at_terminal(&mut self, text: &str) -> io::Result<()> {
        if io::stdout().is_terminal() {
            self.say(text)?;
            self.flush()?;
        }
        Ok(())
    }

    /// A line that only people need.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        match self.form {
            Output::Text => writeln!(self.out, "{text}"),
            Output::Json => Ok(()),
        }
    }

    /// A value that only programs need: people were shown the same otherwise.
    pub(crate) fn line_for_programs(&mut self, value: &Value) -> io::Result<()> {
        match self.form {
            Output::Text => Ok(()),
            Output::Json => self.json(value),
        }
    }

    /// Begins a terminal's screen again, at its first line.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        write!(self.out, "\x1b[H\x1b[J")
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn json(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{value}")
    }
}

fn payload_text(event: &RecordedEvent) -> String {
    match (event.content_type, std::str::from_utf8(&event.payload)) {
        (ContentType::Json, Ok(text)) => {
            let mut shown: String = text.chars().take(PAYLOAD_CHARS_MAX).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            // A payload must not be able to move the cursor of the terminal it is shown on.
            shown.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
        }
        _ => format!("({} bytes)", event.payload.len()),
    }
}

/// An event, for programs. The keys are those of HTTP.
pub(crate) fn event_json(event: &RecordedEvent) -> Value {
    let payload = match event.content_type {
        ContentType::Json => serde_json::from_slice(&event.payload).ok(),
        ContentType::Binary => None,
    };
    let (name, payload) = match payload {
        Some(payload) => ("payload", payload),
        None => ("payload_base64", Value::String(STANDARD.encode(&event.payload))),
    };
    let mut value = json!({
        "id": event.id, "stream": event.stream, "revision": event.revision,
        "position": event.position, "recorded_at": event.recorded_at, "type": event.event_type,
        "schema_version": event.schema_version, "content_type": event.content_type,
        "metadata": event.metadata, "tags": event.tags,
    });
    value[name] = payload;
    value
}
