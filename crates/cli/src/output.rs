//! What a person or a program gets to see of events and streams.
//!
//! Why: text is aligned, short and says what matters; JSON is whole and one value a line, so that
//! `jq` and a pipe are enough. Both go through one writer, which ends quietly when the pipe does.

use crate::args::Output;
use headwater_model::{ContentType, RecordedEvent, StreamLife, StreamState};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Standard output, in the form that was asked for.
pub(crate) struct Printer {
    form: Output,
    out: io::BufWriter<io::Stdout>,
}

/// The payload of a line of text: more than this is cut, `--output json` shows all.
const PAYLOAD_CHARS_MAX: usize = 120;

impl Printer {
    pub(crate) fn new(form: Output) -> Self {
        Self { form, out: io::BufWriter::new(io::stdout()) }
    }

    pub(crate) fn event(&mut self, event: &RecordedEvent) -> io::Result<()> {
        match self.form {
            Output::Json => self.json(&event_json(event)),
            Output::Text => writeln!(
                self.out,
                "{:>8}  {}  {}@{}  {}  {}",
                event.position,
                event.recorded_at,
                event.stream,
                event.revision,
                event.event_type,
                payload_text(event),
            ),
        }
    }

    pub(crate) fn stream(&mut self, stream: &StreamState) -> io::Result<()> {
        let last = stream.last.map_or_else(|| "-".to_owned(), |last| last.to_string());
        let life = match stream.life {
            StreamLife::Alive => "",
            StreamLife::Deleted => "  deleted",
            StreamLife::Tombstoned => "  tombstoned",
        };
        match self.form {
            Output::Text => writeln!(self.out, "{:<40} {last:>8}{life}", stream.stream),
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

    /// A line that only people need.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        match self.form {
            Output::Text => writeln!(self.out, "{text}"),
            Output::Json => Ok(()),
        }
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

fn event_json(event: &RecordedEvent) -> Value {
    let payload = match event.content_type {
        ContentType::Json => serde_json::from_slice(&event.payload).ok(),
        ContentType::Binary => None,
    };
    let payload = payload.unwrap_or_else(|| json!({ "hex": hex::encode(&event.payload) }));
    json!({
        "id": event.id, "stream": event.stream, "revision": event.revision,
        "position": event.position, "recordedAt": event.recorded_at, "type": event.event_type,
        "schemaVersion": event.schema_version, "payload": payload,
        "metadata": event.metadata, "tags": event.tags,
    })
}
