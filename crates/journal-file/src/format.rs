//! The bytes of a journal, as `docs/formats/journal.md` describes them.
//!
//! Why: what belongs to a place must be refused anywhere else. A checksum that covers only its own
//! bytes accepts a frame of another context, another segment or another time.
//!
//! Picture:
//! ```text
//!   segment  | header 512 | frame | frame | … | seal | zeros |
//!   frame    | checksum 4 | kind and length 4 | slot 8 | epoch 8 | prev 4 | mark 4 | body |
//!   scavenged segment  | header 512 | digest, frame | … | places | seal |
//! ```
//! All numbers are little-endian.
//!
//! Invariants: D1, each checksum is masked with the journal's identity, the segment and the byte
//! place. D3, decoding is total: any bytes give a value or an error.

pub mod checksum;
pub mod field;
pub mod frame;
pub mod header;

pub use checksum::{JournalId, SegmentKey};
pub use frame::{
    DIGEST_BYTES, FRAME_HEADER_BYTES, FrameHeader, FrameKind, SEAL_BODY_BYTES, SEAL_BYTES, Seal,
};
pub use header::{FIRST_FRAME_AT, HEADER_BYTES, Scavenged, SegmentHeader};

/// The format's version, in each header.
pub const FORMAT: u32 = 1;

/// The format of a segment that was scavenged.
pub const SCAVENGED_FORMAT: u32 = 2;

/// How segment files are named.
pub fn segment_file_name(segment: u32) -> String {
    format!("{segment:020}.seg")
}

/// The segment of this file name, if it is one.
pub fn segment_of_file_name(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".seg")?;
    let well_formed = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    if well_formed { digits.parse().ok() } else { None }
}
