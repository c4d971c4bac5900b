//! The codec of our own services: protobuf, looked at before it is decoded.
//!
//! Invariant: D3, see [`crate::shape`].

use crate::shape::{self, Misshapen, Shaped};
use bytes::Buf;
use prost::Message;
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

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
    type Encoder = ProstEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(PhantomData)
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
