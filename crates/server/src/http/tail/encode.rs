//! Events as lines of `text/event-stream`.

use crate::http::accept::Form;
use crate::http::cloud::ShownCloudEvent;
use crate::http::page::json;
use crate::http::problem::Problem;
use crate::http::shown::ShownEvent;
use headwater_model::{Checkpoint, ContextName, Incarnation, RecordedEvent, Revision};

/// How a reader is told how long to wait before it reconnects.
pub(super) const HELLO: &[u8] = b"retry: 1000\n\n";

/// What a silent tail says.
pub(super) const ALIVE: &[u8] = b": alive\n\n";

/// Writes what a tail says.
pub(super) struct Encoder {
    /// How events are written.
    pub(super) form: Form,
    /// Whose they are.
    pub(super) context: ContextName,
    /// Of a stream's tail: the first revision that was asked for.
    pub(super) first: Revision,
}

impl Encoder {
    /// Writes an event.
    pub(super) fn event(&self, incarnation: Incarnation, event: &RecordedEvent, out: &mut Vec<u8>) {
        if event.revision < self.first {
            return;
        }
        let data = match self.form {
            Form::Json => json(&ShownEvent::from(event)),
            Form::Cloud => json(&ShownCloudEvent { context: &self.context, event }),
        };
        out.extend_from_slice(format!("id: {}.{}\n", incarnation.0, event.position).as_bytes());
        lines(&data, out);
        out.push(b'\n');
    }

    /// Says that nothing is left for now.
    pub(super) fn caught_up(checkpoint: Option<Checkpoint>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: caught-up\n");
        let data = match checkpoint {
            Some(Checkpoint { incarnation, position }) => {
                let id = format!("id: {}.{position}\n", incarnation.0);
                out.extend_from_slice(id.as_bytes());
                format!("{{\"incarnation\":{},\"position\":{position}}}", incarnation.0)
            }
            None => "{\"incarnation\":null,\"position\":null}".to_owned(),
        };
        lines(data.as_bytes(), out);
        out.push(b'\n');
    }

    /// Says why the tail ends.
    pub(super) fn problem(problem: &Problem, out: &mut Vec<u8>) {
        out.extend_from_slice(b"event: problem\n");
        lines(&json(problem.written()), out);
        out.push(b'\n');
    }
}

/// A payload is kept as it was written, with its line breaks: each line says that it is data.
/// Between the tokens of JSON one kind of white space is as good as another, and within them no
/// line breaks stand.
fn lines(data: &[u8], out: &mut Vec<u8>) {
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_payload_is_taken_for_a_field() {
        let mut out = Vec::new();
        lines(b"{\n\"a\":\r\n1}", &mut out);
        assert_eq!(out, b"data: {\ndata: \"a\":\ndata: \ndata: 1}\n");
    }
}
