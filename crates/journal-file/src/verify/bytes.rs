//! The bytes of a journal, decoded a second time.

use crc_fast::{CrcAlgorithm, Digest};
use headwater_env::{DiskError, File};
use std::sync::Arc;

/// Who a journal is: context and salt.
pub(super) type Id = (u128, u64);

/// A file, read in pieces.
pub(super) struct Window {
    file: Arc<dyn File>,
    pub(super) len: u64,
    piece: Vec<u8>,
    at: u64,
}

const PIECE_BYTES: usize = 1 << 20;

impl Window {
    pub(super) fn new(file: Arc<dyn File>) -> Result<Self, DiskError> {
        let len = file.len()?;
        Ok(Self { file, len, piece: Vec::new(), at: 0 })
    }

    /// The bytes at `at`; fewer than asked for only at the end of the file.
    pub(super) fn get(&mut self, at: u64, count: usize) -> Result<&[u8], DiskError> {
        let end = at.saturating_add(count as u64).min(self.len);
        let have = self.at..self.at + self.piece.len() as u64;
        if !have.contains(&at) || have.end < end {
            let wanted = (self.len.saturating_sub(at)).min(count.max(PIECE_BYTES) as u64);
            self.piece.resize(wanted as usize, 0);
            let read = self.file.read_at(&mut self.piece, at)?;
            self.piece.truncate(read);
            self.at = at;
        }
        let from = (at - self.at) as usize;
        let to = (from + count).min(self.piece.len());
        Ok(self.piece.get(from..to).unwrap_or_default())
    }

    /// The byte behind the last that is not zero, from `from` on; `from` if all are.
    pub(super) fn end_of_bytes(&mut self, from: u64) -> Result<u64, DiskError> {
        let (mut at, mut end) = (from, from);
        while at < self.len {
            let piece = self.get(at, PIECE_BYTES)?;
            if piece.is_empty() {
                break;
            }
            if let Some(last) = piece.iter().rposition(|byte| *byte != 0) {
                end = at + last as u64 + 1;
            }
            at += piece.len() as u64;
        }
        Ok(end)
    }
}

/// A number of `N` bytes; zero if they are not all there.
fn number<const N: usize>(bytes: &[u8], at: usize) -> u128 {
    let field = bytes.get(at..at + N).unwrap_or_default();
    field.iter().rev().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

fn crc(bytes: &[u8]) -> u32 {
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(bytes);
    digest.finalize() as u32
}

/// What tells where a checksum belongs: three rounds of a 64-bit mixer.
pub(super) struct Mask(u64);

impl Mask {
    pub(super) fn new(id: Id, segment: u32) -> Self {
        Self::scavenged(id, segment, 0)
    }

    /// Of a segment that was scavenged so often.
    pub(super) fn scavenged((context, salt): Id, segment: u32, generation: u32) -> Self {
        let (low, high) = (context as u64, (context >> 64) as u64);
        let file = (u64::from(generation) << 32) + u64::from(segment);
        Self(scramble(scramble(high ^ scramble(low ^ salt)) ^ file))
    }

    fn at(&self, at: u64) -> u32 {
        scramble(self.0 ^ at) as u32
    }
}

fn scramble(seed: u64) -> u64 {
    let a = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let b = (a ^ a >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let c = (b ^ b >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    c ^ c >> 31
}

/// A segment's header.
pub(super) struct Header {
    pub(super) checksum: u32,
    pub(super) id: Id,
    pub(super) segment: u32,
    pub(super) capacity: u64,
    pub(super) first_slot: u64,
    pub(super) epoch: u64,
    pub(super) digest: u64,
    pub(super) seal_before: u32,
    pub(super) end_before: u64,
    pub(super) scavenged: Option<Rest>,
}

/// What a scavenged segment's header has more.
pub(super) struct Rest {
    pub(super) generation: u32,
    pub(super) end: u64,
    pub(super) seal: u32,
    pub(super) places: u64,
    pub(super) gone_count: u64,
    pub(super) first_header: u32,
    pub(super) first_seal: u32,
    pub(super) first_end: u64,
}

impl Header {
    pub(super) const BYTES: usize = 512;

    /// Whether there is none: the segment was prepared and not begun.
    pub(super) fn is_blank(window: &mut Window) -> Result<bool, DiskError> {
        Ok(window.get(0, Self::BYTES)?.iter().all(|byte| *byte == 0))
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let checksum = number::<4>(bytes, 0) as u32;
        if bytes.len() < Self::BYTES {
            return Err("the file ends within the header".to_owned());
        }
        if crc(&bytes[4..Self::BYTES]) != checksum {
            return Err("the header's checksum does not match".to_owned());
        }
        let format = number::<4>(bytes, 4);
        if &bytes[8..16] != b"HWJOURNL" || !matches!(format, 1 | 2) {
            return Err("the header is not one of this format".to_owned());
        }
        let rest = || Rest {
            generation: number::<4>(bytes, 80) as u32,
            end: number::<4>(bytes, 84) as u64,
            seal: number::<4>(bytes, 88) as u32,
            places: number::<4>(bytes, 92) as u64,
            gone_count: number::<4>(bytes, 112) as u64,
            first_header: number::<4>(bytes, 116) as u32,
            first_seal: number::<4>(bytes, 120) as u32,
            first_end: number::<4>(bytes, 124) as u64,
        };
        Ok(Self {
            scavenged: (format == 2).then(rest),
            checksum,
            id: (number::<16>(bytes, 16), number::<8>(bytes, 32) as u64),
            segment: number::<4>(bytes, 40) as u32,
            capacity: number::<4>(bytes, 44) as u64,
            first_slot: number::<8>(bytes, 48) as u64,
            epoch: number::<8>(bytes, 56) as u64,
            digest: number::<8>(bytes, 64) as u64,
            seal_before: number::<4>(bytes, 72) as u32,
            end_before: number::<4>(bytes, 76) as u64,
        })
    }
}

/// A frame, and the two numbers of its body if it is a seal.
pub(super) struct Frame {
    pub(super) checksum: u32,
    pub(super) bytes: u64,
    pub(super) slot: u64,
    pub(super) epoch: u64,
    pub(super) prev: u32,
    pub(super) mark: u64,
    pub(super) seal: Option<(u64, u64)>,
    /// Of what is left of a commit: the digest that it had.
    pub(super) had: Option<u64>,
    /// Where what is numbered stands.
    pub(super) places: Option<Vec<u32>>,
}

impl Frame {
    pub(super) const HEADER_BYTES: usize = 32;
    /// Twice the largest append.
    const BODY_BYTES_MAX: usize = 32 << 20;

    /// The frame at `at`, if one stands there whole before `end`.
    pub(super) fn parse(
        window: &mut Window,
        mask: &Mask,
        at: u64,
        end: u64,
    ) -> Result<Option<Self>, DiskError> {
        Self::parse_kinds(window, mask, (at, end), 1..=2)
    }

    /// As [`Self::parse`], in a scavenged segment.
    pub(super) fn parse_scavenged(
        window: &mut Window,
        mask: &Mask,
        at: u64,
        end: u64,
    ) -> Result<Option<Self>, DiskError> {
        Self::parse_kinds(window, mask, (at, end), 2..=4)
    }

    fn parse_kinds(
        window: &mut Window,
        mask: &Mask,
        (at, end): (u64, u64),
        kinds: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<Self>, DiskError> {
        let head = window.get(at, Self::HEADER_BYTES)?;
        if head.len() < Self::HEADER_BYTES {
            return Ok(None);
        }
        let kind_and_length = number::<4>(head, 4) as u32;
        let length = (kind_and_length & 0x0FFF_FFFF) as usize;
        let kind = kind_and_length >> 28;
        let bytes = (Self::HEADER_BYTES + length) as u64;
        let length_max = match kind {
            3 => Self::BODY_BYTES_MAX + 8,
            4 => 0x0FFF_FFFF,
            _ => Self::BODY_BYTES_MAX,
        };
        let possible = kinds.contains(&kind) && length <= length_max;
        if !possible || at + bytes > end {
            return Ok(None);
        }
        let frame = window.get(at, bytes as usize)?;
        let checksum = number::<4>(frame, 0) as u32;
        if frame.len() as u64 != bytes || crc(&frame[4..]) ^ mask.at(at) != checksum {
            return Ok(None);
        }
        let body = &frame[Self::HEADER_BYTES..];
        let seal = (kind == 2).then(|| (number::<8>(body, 0) as u64, number::<8>(body, 8) as u64));
        Ok(Some(Self {
            checksum,
            bytes,
            slot: number::<8>(frame, 8) as u64,
            epoch: number::<8>(frame, 16) as u64,
            prev: number::<4>(frame, 24) as u32,
            mark: number::<4>(frame, 28) as u64,
            seal,
            had: (kind == 3).then(|| number::<8>(body, 0) as u64),
            places: (kind == 4)
                .then(|| body.chunks(4).map(|entry| number::<4>(entry, 0) as u32).collect()),
        }))
    }

    /// The digest of a commit.
    pub(super) fn digest(&self) -> u64 {
        u64::from(self.prev) << 32 | u64::from(self.checksum)
    }
}

/// The newest record of the mark.
#[derive(Clone, Copy)]
pub(super) struct MarkRecord {
    pub(super) id: Id,
    generation: u64,
    pub(super) segment: u32,
    pub(super) at: u64,
    pub(super) next_slot: u64,
    pub(super) prev: u32,
}

const RECORDS: [u64; 2] = [0, 4_096];

fn parse_record(bytes: &[u8]) -> Option<MarkRecord> {
    let whole = bytes.len() == 512 && crc(&bytes[4..]) == number::<4>(bytes, 0) as u32;
    let known = whole && &bytes[8..16] == b"HWMARKER" && number::<4>(bytes, 4) == 1;
    known.then(|| MarkRecord {
        id: (number::<16>(bytes, 16), number::<8>(bytes, 32) as u64),
        generation: number::<8>(bytes, 40) as u64,
        next_slot: number::<8>(bytes, 56) as u64,
        segment: number::<4>(bytes, 64) as u32,
        at: number::<4>(bytes, 68) as u64,
        prev: number::<4>(bytes, 72) as u32,
    })
}

/// The mark, or where and why there is none.
pub(super) fn parse_mark(
    window: &mut Window,
) -> Result<Result<MarkRecord, (u64, String)>, DiskError> {
    let mut newest: Option<MarkRecord> = None;
    for at in RECORDS {
        let record = parse_record(window.get(at, 512)?);
        let newer = record.filter(|r| newest.is_none_or(|n| n.generation < r.generation));
        newest = newer.or(newest);
    }
    Ok(newest.ok_or_else(|| (0, "neither record of the mark is whole".to_owned())))
}

/// Where a record stands that is neither whole nor unused.
pub(super) fn damaged_records(window: &mut Window) -> Result<Vec<u64>, DiskError> {
    let mut damaged = Vec::new();
    for at in RECORDS {
        let bytes = window.get(at, 512)?;
        let unused = at != 0 && bytes.iter().all(|byte| *byte == 0);
        if !unused && parse_record(bytes).is_none() {
            damaged.push(at);
        }
    }
    Ok(damaged)
}
