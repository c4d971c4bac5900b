//! What decoding a message would allocate, found before anything is.
//!
//! Why: two bytes on the wire can be an empty event, which is hundreds of bytes in memory: a
//! request within its limit could still ask for gigabytes. So the bytes are walked first, by
//! lengths alone, and what each repeated entry would cost is added up.
//!
//! Invariants: D3 a message that would allocate more than [`ALLOCATED_BYTES_MAX`], or whose lengths
//! lie, is refused before it is decoded. The walk itself allocates nothing and is as deep as the
//! messages are declared.

/// Entries of one message once decoded, besides the bytes it came in: the largest append allowed
/// (10,000 events of 64 tags) with room to spare.
pub const ALLOCATED_BYTES_MAX: usize = 64 * 1_024 * 1_024;

/// What a kind of message holds that must be counted. Generated.
#[derive(Debug)]
pub struct Shape {
    /// Fields that are repeated or hold messages.
    pub(crate) fields: &'static [Field],
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u64,
    /// Bytes in memory of one entry; 0 if it stands where it is.
    pub(crate) each: usize,
    pub(crate) inner: Option<&'static Shape>,
}

/// A message whose shape is known.
pub trait Shaped {
    /// Its shape.
    const SHAPE: &'static Shape;
}

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

/// Why bytes are not decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Misshapen {
    /// A length points behind the end, or a field is of no kind.
    #[error("the message does not hold together")]
    Broken,
    /// Within the limit on the wire, far beyond it in memory.
    #[error("the message has too many parts")]
    TooManyParts,
}

/// Looks at the bytes of a message of this shape.
///
/// # Errors
/// [`Misshapen`] says why they are not decoded.
pub fn check(bytes: &[u8], shape: &Shape) -> Result<(), Misshapen> {
    let mut left = ALLOCATED_BYTES_MAX;
    walk(bytes, shape, &mut left)
}

pub(crate) fn walk(mut bytes: &[u8], shape: &Shape, left: &mut usize) -> Result<(), Misshapen> {
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let number = key >> 3;
        match key & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => drop(take(&mut bytes, 8)?),
            5 => drop(take(&mut bytes, 4)?),
            2 => {
                let length = varint(&mut bytes)?;
                let inner = take(&mut bytes, length)?;
                let Some(field) = shape.fields.iter().find(|field| field.number == number) else {
                    continue;
                };
                *left = left.checked_sub(field.each).ok_or(Misshapen::TooManyParts)?;
                if let Some(shape) = field.inner {
                    walk(inner, shape, left)?;
                }
            }
            // Groups are of an older protobuf; nothing here has any.
            _ => return Err(Misshapen::Broken),
        }
    }
    Ok(())
}

#[inline]
pub(crate) fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], Misshapen> {
    let length = usize::try_from(length).map_err(|_| Misshapen::Broken)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Misshapen::Broken)?;
    *bytes = rest;
    Ok(taken)
}

#[inline]
pub(crate) fn varint(bytes: &mut &[u8]) -> Result<u64, Misshapen> {
    // Keys and most lengths have one byte.
    if let [first @ 0..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Ok(u64::from(*first));
    }
    long_varint(bytes)
}

fn long_varint(bytes: &mut &[u8]) -> Result<u64, Misshapen> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().copied().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            *bytes = bytes.split_at(at + 1).1;
            return Ok(value);
        }
    }
    Err(Misshapen::Broken)
}
