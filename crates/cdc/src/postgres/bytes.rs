//! Reads PostgreSQL's messages piece by piece; nothing is believed about a length.
//!
//! Invariant: D3, what is asked for beyond the end is an error, and nothing is allocated for a
//! count that the bytes at hand cannot hold.

use bytes::{Buf as _, Bytes};
use bytestring::ByteString;

/// Bytes that are not what their protocol says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Something is cut off.
    #[error("{what} needs {needed} bytes, {left} are left")]
    Short {
        /// What was being read.
        what: &'static str,
        /// How many bytes it needs.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// A name without an end.
    #[error("{what} has no end")]
    Endless {
        /// What was being read.
        what: &'static str,
    },
    /// A text that is not UTF-8.
    #[error("{what} is not UTF-8")]
    NotText {
        /// What was being read.
        what: &'static str,
    },
    /// A number or letter that means nothing there.
    #[error("{what} is {found}, which means nothing")]
    Meaningless {
        /// What was being read.
        what: &'static str,
        /// What stands there.
        found: i64,
    },
    /// More than there can be.
    #[error("{what} is {found}, at most {max} can be")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// The count that stands there.
        found: u64,
        /// The bound.
        max: u64,
    },
    /// Something stands behind the end.
    #[error("{left} bytes stand behind the end of {what}")]
    Trailing {
        /// What was read.
        what: &'static str,
        /// How many bytes.
        left: usize,
    },
}

/// What is left of a message.
#[derive(Debug)]
pub(crate) struct Reading(Bytes);

impl Reading {
    pub(crate) fn of(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn rest(self) -> Bytes {
        self.0
    }

    fn need(&self, what: &'static str, needed: usize) -> Result<(), Malformed> {
        match self.0.len() {
            left if left < needed => Err(Malformed::Short { what, needed, left }),
            _ => Ok(()),
        }
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, Malformed> {
        self.need(what, 1)?;
        Ok(self.0.get_u8())
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, Malformed> {
        self.need(what, 2)?;
        Ok(self.0.get_u16())
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, Malformed> {
        self.need(what, 4)?;
        Ok(self.0.get_u32())
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, Malformed> {
        self.need(what, 8)?;
        Ok(self.0.get_u64())
    }

    /// So many bytes, as a slice of the message.
    pub(crate) fn bytes(&mut self, what: &'static str, count: usize) -> Result<Bytes, Malformed> {
        self.need(what, count)?;
        Ok(self.0.split_to(count))
    }

    /// So many bytes of text.
    pub(crate) fn text(
        &mut self,
        what: &'static str,
        count: usize,
    ) -> Result<ByteString, Malformed> {
        let bytes = self.bytes(what, count)?;
        ByteString::try_from(bytes).map_err(|_| Malformed::NotText { what })
    }

    /// Text up to a zero byte, which is taken too.
    pub(crate) fn name(&mut self, what: &'static str) -> Result<ByteString, Malformed> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Malformed::Endless { what })?;
        let name = self.text(what, end)?;
        self.0.advance(1);
        Ok(name)
    }

    pub(crate) fn end(self, what: &'static str) -> Result<(), Malformed> {
        match self.0.len() {
            0 => Ok(()),
            left => Err(Malformed::Trailing { what, left }),
        }
    }
}
