//! Keys: what the index can be asked for, and the hashes they are found by.
//!
//! Why: streams, categories, types and tags are all *terms with postings*; one key, one format.
//!
//! Picture: `kind byte · name bytes`, so that a run holds its categories first and its streams
//! last, each in order of name.
//!
//! Invariants: the numbers of the kinds and both hashes stand in files and never change.

use headwater_model::EventId;
use std::fmt;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// What kind of thing a key names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// What stands before the first `-` of a stream's name.
    Category = 1,
    /// A mark of an event.
    Tag = 2,
    /// What an event says has happened.
    Type = 3,
    /// A stream by its name.
    Stream = 4,
}

impl Kind {
    /// The kind of this number, if there is one.
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Category),
            2 => Some(Self::Tag),
            3 => Some(Self::Type),
            4 => Some(Self::Stream),
            _ => None,
        }
    }
}

/// A term: all events that share a category, a type, a tag or a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Term<'a> {
    /// Events of all streams of this category.
    Category(&'a str),
    /// Events with this tag.
    Tag(&'a str),
    /// Events of this type.
    Type(&'a str),
    /// Events of this stream.
    Stream(&'a str),
}

impl<'a> Term<'a> {
    /// The key it is stored under.
    pub(crate) fn key(self) -> Key<'a> {
        match self {
            Self::Category(name) => Key::new(Kind::Category, name),
            Self::Tag(name) => Key::new(Kind::Tag, name),
            Self::Type(name) => Key::new(Kind::Type, name),
            Self::Stream(name) => Key::new(Kind::Stream, name),
        }
    }
}

impl fmt::Display for Term<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Category(name) => write!(f, "category {name}"),
            Self::Tag(name) => write!(f, "tag {name}"),
            Self::Type(name) => write!(f, "type {name}"),
            Self::Stream(name) => write!(f, "stream {name}"),
        }
    }
}

/// A key with its hash, taken once per lookup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key<'a> {
    /// What kind of thing it names.
    pub(crate) kind: Kind,
    /// The name's bytes.
    pub(crate) name: &'a [u8],
    /// What tables and filters find it by.
    pub(crate) hash: u64,
}

impl<'a> Key<'a> {
    pub(crate) fn new(kind: Kind, name: &'a str) -> Self {
        Self::of_bytes(kind, name.as_bytes())
    }

    pub(crate) fn of_bytes(kind: Kind, name: &'a [u8]) -> Self {
        Self { kind, name, hash: xxh3_64_with_seed(name, kind as u64) }
    }
}

/// What an event id leaves in the index: candidates that share it are told apart by their records.
pub(crate) fn fingerprint(id: EventId) -> u32 {
    xxh3_64(id.0.as_bytes()) as u32
}

/// What the filters hold for an id of a long stream.
pub(crate) fn id_hash(stream_hash: u64, fingerprint: u32) -> u64 {
    // The odd constant is 2^64 over the golden ratio: it spreads the 32 bits over all 64.
    (stream_hash ^ u64::from(fingerprint)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}
