//! Frames: one commit each, or the seal of a segment.
//!
//! Why the chain: a write that tears may leave a later, older frame intact behind it. Each frame
//! names the checksum of the one before it and the writer's epoch, so that a frame of a past that
//! was cut off can never follow one of the present.
//! Why the mark: a bad frame below what was synced is rot and is reported; above it, it was never
//! acknowledged and is cut.

use super::SegmentKey;
use super::field::{get_u32, get_u64, put};
use headwater_model::{CommitDigest, Epoch, Slot};

/// Bytes before each body.
pub const FRAME_HEADER_BYTES: usize = 32;

/// Bytes of the seal's frame, kept free at the end of each segment.
pub const SEAL_BYTES: usize = FRAME_HEADER_BYTES + SEAL_BODY_BYTES;

/// Bytes before what is left of a commit: the digest that it had.
pub const DIGEST_BYTES: usize = 8;

/// Bytes of a seal's body.
pub const SEAL_BODY_BYTES: usize = 16;
const LENGTH_BITS: u32 = 28;
const LENGTH_MASK: u32 = (1 << LENGTH_BITS) - 1;

/// What a frame holds. Zero is no kind: a zeroed place is not a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// The body of a commit.
    Commit = 1,
    /// The end of the segment.
    Seal = 2,
    /// In a scavenged segment: the digest that a commit had, and what is left of its body.
    Kept = 3,
    /// In a scavenged segment: where what is numbered stands now.
    Places = 4,
}

/// What stands before a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// Over all that follows, masked with where it stands.
    pub checksum: u32,
    /// What the body is.
    pub kind: FrameKind,
    /// Bytes of the body.
    pub length: u32,
    /// The commit's place in the journal; a seal has the one of the next commit.
    pub slot: Slot,
    /// The writer's term.
    pub epoch: Epoch,
    /// The checksum of the frame before it; of the segment's header for the first.
    pub prev: u32,
    /// All bytes of the segment before this one were durable when the frame was written.
    pub mark: u32,
}

impl FrameHeader {
    /// Writes the header before the body that is in `frame` already, and gives the checksum.
    ///
    /// # Panics
    /// If `frame` is not exactly header and body: a fault of the caller.
    pub fn encode(mut self, key: SegmentKey, at: u32, frame: &mut [u8]) -> u32 {
        assert_eq!(frame.len(), self.bytes(), "D1: the frame is checked whole");
        let kind_and_length = (self.kind as u32) << LENGTH_BITS | self.length;
        assert_eq!(frame.len(), self.bytes(), "D1: the checksum covers the frame, and only it");
        put(frame, 4, kind_and_length.to_le_bytes());
        put(frame, 8, self.slot.0.to_le_bytes());
        put(frame, 16, self.epoch.0.to_le_bytes());
        put(frame, 24, self.prev.to_le_bytes());
        put(frame, 28, self.mark.to_le_bytes());
        self.checksum = key.checksum(at, &frame[4..]);
        put(frame, 0, self.checksum.to_le_bytes());
        self.checksum
    }

    /// The header in `bytes`, or nothing if they cannot be one. Its checksum is not looked at.
    pub fn decode(bytes: &[u8; FRAME_HEADER_BYTES]) -> Option<Self> {
        let kind_and_length = get_u32(bytes, 4);
        let kind = match kind_and_length >> LENGTH_BITS {
            1 => FrameKind::Commit,
            2 => FrameKind::Seal,
            3 => FrameKind::Kept,
            4 => FrameKind::Places,
            _ => return None,
        };
        Some(Self {
            checksum: get_u32(bytes, 0),
            kind,
            length: kind_and_length & LENGTH_MASK,
            slot: Slot(get_u64(bytes, 8)),
            epoch: Epoch(get_u64(bytes, 16)),
            prev: get_u32(bytes, 24),
            mark: get_u32(bytes, 28),
        })
    }

    /// Whether the frame holds a commit, whole or what is left of it.
    pub const fn is_commit(&self) -> bool {
        matches!(self.kind, FrameKind::Commit | FrameKind::Kept)
    }

    /// Where the body of the commit begins within the frame.
    pub const fn body_at(&self) -> usize {
        match self.kind {
            FrameKind::Kept => FRAME_HEADER_BYTES + DIGEST_BYTES,
            _ => FRAME_HEADER_BYTES,
        }
    }

    /// The digest of the commit in `frame`: of what is left of one, the digest that it had.
    pub fn digest_in(&self, frame: &[u8]) -> CommitDigest {
        match self.kind {
            FrameKind::Kept => CommitDigest(get_u64(frame, FRAME_HEADER_BYTES)),
            _ => self.digest(),
        }
    }

    /// Bytes of the whole frame.
    pub const fn bytes(&self) -> usize {
        FRAME_HEADER_BYTES + self.length as usize
    }

    /// Whether `frame`, header and body, is what was written at `at`.
    pub fn fits(&self, key: SegmentKey, at: u32, frame: &[u8]) -> bool {
        frame.len() == self.bytes() && key.checksum(at, &frame[4..]) == self.checksum
    }

    /// The commit's digest: its own checksum and the one it names.
    pub const fn digest(&self) -> CommitDigest {
        CommitDigest((self.prev as u64) << 32 | self.checksum as u64)
    }
}

/// What a seal says about its segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seal {
    /// Commits in the segment.
    pub commit_count: u64,
    /// The digest of the last commit.
    pub digest: CommitDigest,
}

impl Seal {
    /// The body of the seal's frame.
    pub fn encode(&self) -> [u8; SEAL_BODY_BYTES] {
        let mut body = [0; SEAL_BODY_BYTES];
        put(&mut body, 0, self.commit_count.to_le_bytes());
        put(&mut body, 8, self.digest.0.to_le_bytes());
        body
    }

    /// The seal in a frame of this header, if it is one.
    pub fn decode(header: &FrameHeader, body: &[u8]) -> Option<Self> {
        let is_seal = header.kind == FrameKind::Seal && body.len() == SEAL_BODY_BYTES;
        is_seal.then(|| Self {
            commit_count: get_u64(body, 0),
            digest: CommitDigest(get_u64(body, 8)),
        })
    }
}
