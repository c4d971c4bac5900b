//! The call `Read` of KurrentDB's protocol, as a client makes it.
//!
//! Why it is not generated like the others: a generated server hands over one message at a time, and a
//! read of everything is millions of them. Whoever serves it writes whole pages.

use crate::kurrent::event_store::client::streams::{ReadReq, ReadResp};
use bytes::Bytes;
use tonic::body::Body;
use tonic::client::{Grpc, GrpcService};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::{Body as HttpBody, StdError};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// What is called.
pub const PATH: &str = "/event_store.client.streams.Streams/Read";

/// Calls it.
///
/// # Errors
/// What the server answers instead.
pub async fn read<T>(
    channel: T,
    request: impl tonic::IntoRequest<ReadReq>,
) -> Result<Response<Streaming<ReadResp>>, Status>
where
    T: GrpcService<Body>,
    T::Error: Into<StdError>,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    let mut grpc = Grpc::new(channel);
    let not_ready = |error: T::Error| Status::unknown(format!("not ready: {}", error.into()));
    grpc.ready().await.map_err(not_ready)?;
    let codec = ProstCodec::<ReadReq, ReadResp>::default();
    let request: Request<ReadReq> = request.into_request();
    grpc.server_streaming(request, PathAndQuery::from_static(PATH), codec).await
}
