//! Commands: what may be asked of a decider.
//!
//! Why: a command has a name and a payload like an event, so that it can be compared with the one
//! that was first sent under the same key, recorded, and sent from one service to another.

use crate::personal::without_values;
use crate::{DecodeError, EncodeError};
use bytes::Bytes;
use bytestring::ByteString;
use sha2::{Digest, Sha256};

/// The metadata key under which an event names the command that led to it.
pub(crate) const NAME_KEY: &str = "command";

/// The metadata key under which an event keeps the digest of that command.
pub(crate) const DIGEST_KEY: &str = "command-digest";

/// What may be asked of a decider. Derived.
///
/// Variants marked `#[command(public)]`, or all of an enum that is, may be asked by those services
/// that this one accepts commands from.
pub trait Command: Clone + Send + Sync + 'static {
    /// The names of those that other services may ask.
    const PUBLIC: &'static [&'static str] = &[];

    /// The command's name and payload.
    ///
    /// # Errors
    /// [`EncodeError`] for a value that cannot be written as JSON.
    fn encode(&self) -> Result<(&'static str, Bytes), EncodeError>;

    /// Reads a command.
    ///
    /// # Errors
    /// [`DecodeError`] for another name or other fields.
    fn decode(name: &str, payload: &[u8]) -> Result<Self, DecodeError>;
}

/// Which command it was: the same for the same name and payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CommandDigest([u8; 16]);

impl CommandDigest {
    /// The digest of a command as it was encoded.
    pub(crate) fn of(name: &str, payload: &[u8]) -> Self {
        let mut sha = Sha256::new();
        sha.update(name.as_bytes());
        sha.update([0]);
        // The digest is stored as it is: of what is personal it must not tell a guess from the truth.
        sha.update(&*without_values(payload));
        let whole: [u8; 32] = sha.finalize().into();
        let mut short = [0; 16];
        short.copy_from_slice(&whole[..16]);
        Self(short)
    }

    /// As it stands in an event's metadata.
    pub(crate) fn to_text(self) -> ByteString {
        ByteString::from(hex::encode(self.0))
    }
}
