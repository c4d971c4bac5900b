//! Reading and writing small numbers and counted bytes.
//!
//! Why: most revisions, lengths and counts fit one byte; LEB128 stores seven bits a byte.
//! Invariants: D3 every read is bounded by the bytes that are there.

use super::Malformed;

/// Appends `n`, seven bits a byte, the lowest first.
pub(crate) fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n as u8 & 0x7f) | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// How many bytes [`put`] takes for `n`.
pub(crate) const fn len(n: u64) -> usize {
    let bits = 64 - (n | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Appends `bytes` behind their count.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Bytes being read, front to back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// From the first byte.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// From the byte at `at`; past the end nothing is left.
    pub(crate) const fn at(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Where the next byte is taken from.
    pub(crate) const fn place(&self) -> usize {
        self.at
    }

    /// Whether all bytes were taken.
    pub(crate) const fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// What was not taken yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// What does not fit, said about the next byte.
    pub(crate) fn malformed(&self, why: &'static str) -> Malformed {
        Malformed::new(self.at, why)
    }

    /// The next `count` bytes.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(count).ok_or_else(|| self.malformed("a length overflows"))?;
        let taken =
            self.bytes.get(self.at..end).ok_or_else(|| self.malformed("the bytes end early"))?;
        self.at = end;
        Ok(taken)
    }

    /// The next `N` bytes, as an array.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| self.malformed("the bytes end early"))
    }

    /// The next byte.
    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or_else(|| self.malformed("the bytes end early"))?;
        self.at += 1;
        Ok(byte)
    }

    /// The next number.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        // The length of most records.
        if let Some(second) = self.bytes.get(self.at).filter(|second| **second < 0x80) {
            self.at += 1;
            return Ok(u64::from(first & 0x7f) | u64::from(*second) << 7);
        }
        self.varint_behind(first)
    }

    #[cold]
    fn varint_behind(&mut self, first: u8) -> Result<u64, Malformed> {
        let mut n = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(self.malformed("a number is larger than 64 bits"));
            }
            n |= bits << shift;
            if byte < 0x80 {
                return Ok(n);
            }
        }
        Err(self.malformed("a number does not end"))
    }

    /// Bytes behind their count.
    #[inline]
    pub(crate) fn counted(&mut self) -> Result<&'a [u8], Malformed> {
        let count = self.varint()?;
        let count =
            usize::try_from(count).map_err(|_| self.malformed("a length is out of range"))?;
        self.take(count)
    }

    /// Text behind its count of bytes.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let bytes = self.counted()?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed("a text is not UTF-8"))
    }
}
