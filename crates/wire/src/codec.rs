//! The codec of our own services: protobuf, looked at before it is decoded.
//!
//! Invariant: D3, see [`crate::shape`].

use crate::shape::{self, Misshapen, Shaped};
use bytes::Buf;
use prost::Message;
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Encodes `T`, decodes `U` within bounds.
#[derive(Debug, Clone)]
pub struct BoundedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Shaped + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = SaidEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        SaidEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(PhantomData)
    }
}

/// What an answer begins with: some small messages.
const BUFFER_BYTES: usize = 1_024;

/// Messages that are ready at once are handed over together up to so many bytes.
const YIELD_BYTES: usize = 32 * 1_024;

/// Encodes `T`, into a buffer that has room for all of it: one that grew by doubling would copy
/// a page several times.
#[derive(Debug, Clone)]
pub struct SaidEncoder<T>(PhantomData<T>);

impl<T> Default for SaidEncoder<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Message> Encoder for SaidEncoder<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buf.reserve(item.encoded_len());
        item.encode_raw(buf);
        Ok(())
    }

    /// Every open answer has such a buffer, also one that waits for days; it grows with what is said.
    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
    }
}

/// Decodes `U` within bounds.
#[derive(Debug, Clone)]
pub struct BoundedDecoder<U>(PhantomData<U>);

impl<U: Message + Default + Shaped> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let bytes = buf.copy_to_bytes(buf.remaining());
        decode(bytes).map(Some).map_err(|why| Status::invalid_argument(why.to_string()))
    }
}

/// Why bytes are no message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Undecodable {
    /// Its lengths or its parts.
    #[error(transparent)]
    Misshapen(#[from] Misshapen),
    /// Its fields.
    #[error("the message cannot be decoded: {0}")]
    Protobuf(#[from] prost::DecodeError),
}

/// A message from its bytes; its texts and payloads are slices of them.
///
/// # Errors
/// [`Undecodable`], if it is none or asks for too much memory.
pub fn decode<U: Message + Default + Shaped>(bytes: bytes::Bytes) -> Result<U, Undecodable> {
    shape::check(&bytes, U::SHAPE)?;
    Ok(U::decode(bytes)?)
}
