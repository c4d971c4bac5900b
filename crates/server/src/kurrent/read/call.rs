//! The call `Read`: a request in, messages out, and how it ended.
//!
//! Why not as the other calls: those hand over message by message. The messages of a page are written here
//! one behind the other and handed over at once.
//!
//! Invariant: D3, a request is read only up to its bound.

use super::super::home::House;
use super::{Answers, read};
use crate::limits::READ_REQUEST_BYTES_MAX;
use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::post;
use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use headwater_wire::kurrent::event_store::client::streams::ReadReq;
use headwater_wire::kurrent_read::PATH;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::body::Frame;
use prost::Message as _;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::Status;

/// What stands before a message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// Where it is answered.
pub(in crate::kurrent) fn routes(house: House) -> Router {
    let answer = move |request: Request| {
        let house = house.clone();
        async move { answer(&house, request).await.unwrap_or_else(Status::into_http) }
    };
    Router::new().route(PATH, post(answer))
}

async fn answer(house: &House, request: Request) -> Result<Response, Status> {
    let (head, body) = request.into_parts();
    let home = house.of(&head.extensions);
    let answers = read(&home, asked(body).await?).await?;
    let mut response = Response::new(Body::new(Written { answers, is_over: false }));
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    Ok(response)
}

/// The request, which is one message.
async fn asked(body: Body) -> Result<ReadReq, Status> {
    let most = PREFIX_BYTES + READ_REQUEST_BYTES_MAX;
    let mut bytes = to_bytes(body, most).await.map_err(|cause| {
        Status::out_of_range(format!("the request is not read: {cause}; at most {most} bytes are"))
    })?;
    if bytes.len() < PREFIX_BYTES {
        return Err(Status::internal("the request holds no message"));
    }
    let (is_compressed, length) = (bytes.get_u8() != 0, bytes.get_u32());
    if is_compressed {
        return Err(Status::unimplemented("compressed messages are not understood here"));
    }
    if bytes.len() as u64 != u64::from(length) {
        let why = format!("the message says that it has {length} bytes, and has {}", bytes.len());
        return Err(Status::internal(why));
    }
    ReadReq::decode(bytes)
        .map_err(|why| Status::invalid_argument(format!("the request is not understood: {why}")))
}

/// An answer's body.
struct Written {
    answers: Answers,
    /// How it ended was said.
    is_over: bool,
}

impl HttpBody for Written {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let status = match std::task::ready!(self.answers.poll_next_unpin(context)) {
            Some(Ok(messages)) => return Poll::Ready(Some(Ok(Frame::data(messages)))),
            Some(Err(status)) => status,
            None => Status::ok(""),
        };
        self.is_over = true;
        let mut trailers = HeaderMap::new();
        status.add_header(&mut trailers).unwrap_or_else(|cannot| {
            // Its words cannot be headers; its code always can.
            trailers.insert("grpc-status", HeaderValue::from(i32::from(cannot.code())));
        });
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}
