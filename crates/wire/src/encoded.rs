//! A pipeline's request whose append is encoded already.
//!
//! Why: a client encodes on its callers' threads, sends on one, and perhaps sends again. On the
//! wire an embedded message and its bytes are the same, so what is sent again is a shared slice.
//!
//! Invariant: byte for byte what [`v1::PipelineRequest`] would be; a test holds them together.

use crate::shape::{Shape, Shaped};
use crate::{AskedChange, v1};
use bytes::Bytes;
use headwater_model::{Append, AppendError, ContextName, ReadStream};
use prost::Message as _;

/// The largest message of a request: the largest append with its names, ids and framing. What a
/// server takes, and what a client asks.
pub const REQUEST_BYTES_MAX: usize = 24 * 1_024 * 1_024;

/// Events of a read that is answered among appends; what is behind it is asked for by a call of its
/// own.
pub const SHORT_READ_COUNT_MAX: usize = 64;

/// [`v1::PipelineRequest`], encoded within.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EncodedRequest {
    /// Chosen by the caller; the answer carries it.
    #[prost(uint64, tag = "1")]
    pub number: u64,
    /// The context's name.
    #[prost(bytes = "bytes", tag = "2")]
    pub context: Bytes,
    /// A [`v1::Append`].
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub append: Option<Bytes>,
    /// A [`v1::Change`].
    #[prost(bytes = "bytes", optional, tag = "4")]
    pub change: Option<Bytes>,
    /// A [`v1::ReadStreamRequest`].
    #[prost(bytes = "bytes", optional, tag = "5")]
    pub read: Option<Bytes>,
}

/// [`v1::PipelineReply`], encoded within: each caller understands its own.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EncodedReply {
    /// Of the request.
    #[prost(uint64, tag = "1")]
    pub number: u64,
    /// A [`v1::AppendReply`].
    #[prost(bytes = "bytes", optional, tag = "2")]
    pub append: Option<Bytes>,
    /// A [`v1::ReadReply`].
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub read: Option<Bytes>,
}

impl Shaped for EncodedReply {
    const SHAPE: &'static Shape = &Shape { fields: &[] };
}

impl EncodedRequest {
    /// An append, which has no number yet.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] if no server would look at it.
    pub fn of_append(context: Bytes, append: &Append) -> Result<Self, AppendError> {
        let message = v1::Append::from(append);
        let size = message.encoded_len();
        if size + context.len() + ENVELOPE_BYTES > REQUEST_BYTES_MAX {
            let what = "the bytes of the append";
            let size_max = REQUEST_BYTES_MAX as u64;
            return Err(AppendError::TooLarge { what, size: size as u64, size_max });
        }
        let encoded = Bytes::from(message.encode_to_vec());
        crate::shape::check(&encoded, v1::Append::SHAPE)
            .map_err(|misshapen| AppendError::Invalid { why: misshapen.to_string() })?;
        Ok(Self { context, append: Some(encoded), ..Self::default() })
    }

    /// A change of a stream, which has no number yet.
    pub fn of_change(context: Bytes, change: &AskedChange) -> Self {
        let encoded = v1::Change::from(change).encode_to_vec();
        Self { context, change: Some(encoded.into()), ..Self::default() }
    }

    /// A read, which has no number yet.
    pub fn of_read(context: &ContextName, read: &ReadStream) -> Self {
        let mut message = v1::ReadStreamRequest::new(context, read);
        let context = std::mem::take(&mut message.context);
        Self { context, read: Some(message.encode_to_vec().into()), ..Self::default() }
    }

    /// Bytes of what is asked.
    pub fn bytes(&self) -> usize {
        let of = |part: &Option<Bytes>| part.as_ref().map_or(0, Bytes::len);
        self.context.len() + of(&self.append) + of(&self.change) + of(&self.read)
    }
}

/// What a request has besides its parts: keys, lengths and the number.
const ENVELOPE_BYTES: usize = 64;

/// What is called: the pipeline of `headwater.v1.EventStore`.
pub const PIPELINE_PATH: &str = "/headwater.v1.EventStore/Pipeline";
