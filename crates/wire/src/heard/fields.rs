//! The fields of a message, one after the other, and what may still be allocated for them.

use crate::shape::{self, ALLOCATED_BYTES_MAX, Misshapen};
use bytes::Bytes;

/// A field's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// A number.
    Number(u64),
    /// A text, bytes, or a message.
    Bytes(&'a [u8]),
    /// Of a kind that none of our fields is.
    Other,
}

impl<'a> Value<'a> {
    pub(super) fn number(self) -> Result<u64, Misshapen> {
        if let Self::Number(number) = self { Ok(number) } else { Err(Misshapen::Broken) }
    }

    pub(super) fn bytes(self) -> Result<&'a [u8], Misshapen> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(Misshapen::Broken) }
    }
}

/// The fields of the message in these bytes.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Misshapen>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() { None } else { Some(self.field()) }
    }
}

impl<'a> Fields<'a> {
    #[inline]
    fn field(&mut self) -> Result<(u64, Value<'a>), Misshapen> {
        let key = shape::varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(shape::varint(&mut self.0)?),
            1 => shape::take(&mut self.0, 8).map(|_| Value::Other)?,
            5 => shape::take(&mut self.0, 4).map(|_| Value::Other)?,
            2 => {
                let length = shape::varint(&mut self.0)?;
                Value::Bytes(shape::take(&mut self.0, length)?)
            }
            _ => return Err(Misshapen::Broken),
        };
        Ok((key >> 3, value))
    }
}

/// The message that texts are slices of, and how much may still be allocated.
pub(super) struct Source<'a> {
    message: &'a Bytes,
    left: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(message: &'a Bytes) -> Self {
        Self { message, left: ALLOCATED_BYTES_MAX }
    }

    /// A part of the message, shared.
    pub(super) fn share(&self, part: &[u8]) -> Bytes {
        self.message.slice_ref(part)
    }

    /// Takes so much of what may be allocated.
    pub(super) fn allocate(&mut self, count: usize, each: usize) -> Result<(), Misshapen> {
        let bytes = count.checked_mul(each).ok_or(Misshapen::TooManyParts)?;
        self.left = self.left.checked_sub(bytes).ok_or(Misshapen::TooManyParts)?;
        Ok(())
    }

    /// Takes what decoding this part would allocate.
    pub(super) fn allocate_for(
        &mut self,
        part: &[u8],
        shape: &shape::Shape,
    ) -> Result<(), Misshapen> {
        shape::walk(part, shape, &mut self.left)
    }
}
