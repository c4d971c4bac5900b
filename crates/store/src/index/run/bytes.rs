//! Numbers in bytes: varints and fixed words, read with suspicion.
//!
//! Why: hostile bytes pass a checksum too (D3), so every read may find less than it wants, and
//! says so instead of panicking.

use super::page::Fault;

const SHORT: Fault = "the page ends within an entry";
const TOO_LARGE: Fault = "a number is larger than its place allows";

/// Reads numbers from the front of a slice.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `count` bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A varint that fits 64 bits.
    pub(crate) fn varint(&mut self) -> Result<u64, Fault> {
        // Most are one byte.
        if let Some((first, rest)) = self.0.split_first()
            && *first < 0x80
        {
            self.0 = rest;
            return Ok(u64::from(*first));
        }
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(SHORT)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(TOO_LARGE);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(TOO_LARGE)
    }

    /// A varint that fits 32 bits.
    pub(crate) fn varint_u32(&mut self) -> Result<u32, Fault> {
        u32::try_from(self.varint()?).map_err(|_| TOO_LARGE)
    }

    /// Four bytes.
    pub(crate) fn u32(&mut self) -> Result<u32, Fault> {
        let (word, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*word))
    }

    /// Eight bytes.
    pub(crate) fn u64(&mut self) -> Result<u64, Fault> {
        let (word, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*word))
    }
}

/// Writes a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The four bytes at `at`, if they are there.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Fault> {
    Reader(bytes.get(at..).ok_or(SHORT)?).u32()
}

/// The two bytes at `at`, if they are there.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Fault> {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(SHORT)?;
    Ok(u16::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_and_what_is_too_long_is_refused() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(Reader(&out).varint(), Ok(value));
            assert!(Reader(&out[..out.len() - 1]).varint().is_err());
        }
        assert!(Reader(&[0xff; 9]).varint().is_err());
        assert!(Reader(&[0xff; 10]).varint().is_err());
        assert!(Reader(&[0xff, 0xff, 0xff, 0xff, 0x1f]).varint_u32().is_err());
    }
}
