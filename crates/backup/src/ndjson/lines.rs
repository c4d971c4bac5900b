//! Lines, one at a time, of bounded length.

use std::io::{BufRead, Error};

/// Bytes of one line: the largest payload as base64, and all names and metadata escaped.
pub(super) const LINE_BYTES_MAX: usize = 8 << 20;

/// Reads lines and counts them.
pub(super) struct Lines<'a> {
    from: &'a mut dyn BufRead,
    line: Vec<u8>,
    pub(super) number: u64,
}

/// What came.
pub(super) enum Next {
    Line,
    TooLong,
    End,
}

impl<'a> Lines<'a> {
    pub(super) fn new(from: &'a mut dyn BufRead) -> Self {
        Self { from, line: Vec::new(), number: 0 }
    }

    /// The line that came last, without its end.
    pub(super) fn line(&self) -> &[u8] {
        self.line.strip_suffix(b"\r").unwrap_or(&self.line)
    }

    /// Reads the next line.
    pub(super) fn next(&mut self) -> Result<Next, Error> {
        self.line.clear();
        self.number += 1;
        let mut began = false;
        loop {
            let bytes = self.from.fill_buf()?;
            if bytes.is_empty() {
                return Ok(if began { Next::Line } else { Next::End });
            }
            began = true;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let count = end.unwrap_or(bytes.len());
            if self.line.len() + count > LINE_BYTES_MAX {
                return Ok(Next::TooLong);
            }
            self.line.extend_from_slice(&bytes[..count]);
            self.from.consume(count + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Next::Line);
            }
        }
    }
}
