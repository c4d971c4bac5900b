//! Pages as a client takes them: read off the message in one pass, each text a slice of it.
//!
//! Why: a reader of everything decodes millions of events a second. Looking at the shape, decoding
//! messages and then making events of them went over every event three times.
//!
//! Invariants: of whatever a server says, the same is heard as by way of [`crate::v1`]: tests hold them
//! together. D3: no more is allocated than [`crate::shape::ALLOCATED_BYTES_MAX`] besides the message.

mod event;
mod fields;
mod page;

use crate::Malformed;
use crate::codec::{SaidEncoder, Undecodable};
use crate::shape::Misshapen;
use bytes::{Buf, Bytes};

use prost::Message;
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};

pub use page::{Told, stream_page_or_error};

/// Why an answer is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unheard {
    /// Its lengths or its parts.
    #[error(transparent)]
    Misshapen(#[from] Misshapen),
    /// Its fields.
    #[error("the message cannot be decoded: {0}")]
    Protobuf(#[from] prost::DecodeError),
    /// What they say.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl From<Undecodable> for Unheard {
    fn from(why: Undecodable) -> Self {
        match why {
            Undecodable::Misshapen(misshapen) => Self::Misshapen(misshapen),
            Undecodable::Protobuf(error) => Self::Protobuf(error),
        }
    }
}

/// What can be read off a message.
pub trait Heard: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// [`Unheard`], if the bytes are no such message or ask for too much memory.
    fn hear(message: &Bytes) -> Result<Self, Unheard>;
}

/// Encodes `T`, and reads `U` off the answers. What is wrong with one is its own answer, so that it
/// is not mistaken for the server's.
#[derive(Debug, Clone)]
pub struct HearingCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for HearingCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for HearingCodec<T, U>
where
    T: Message + Send + 'static,
    U: Heard + Send + 'static,
{
    type Encode = T;
    type Decode = Result<U, Unheard>;
    type Encoder = SaidEncoder<T>;
    type Decoder = HearingDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        SaidEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        HearingDecoder(PhantomData)
    }
}

/// Reads `U` off messages.
#[derive(Debug, Clone)]
pub struct HearingDecoder<U>(PhantomData<U>);

impl<U: Heard> Decoder for HearingDecoder<U> {
    type Item = Result<U, Unheard>;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        Ok(Some(U::hear(&buf.copy_to_bytes(buf.remaining()))))
    }
}

/// The paths of the methods whose answers are read so.
pub mod path {
    /// `ReadStream`.
    pub const READ_STREAM: &str = "/headwater.v1.EventStore/ReadStream";
    /// `ReadAll`.
    pub const READ_ALL: &str = "/headwater.v1.EventStore/ReadAll";
    /// `Subscribe`.
    pub const SUBSCRIBE: &str = "/headwater.v1.EventStore/Subscribe";
}
