//! A bare gRPC echo: what a unary call costs with nothing behind it.
//!
//! It takes an event's payload and answers with a number, as an append does, over the same library
//! as every Rust peer here: what is slower than this is what the store adds.

use crate::drive::{self, Doing, Side};
use crate::event::Event;
use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use headwater_model::StreamName;
use http::uri::PathAndQuery;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::Service;
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

#[derive(Clone, PartialEq, prost::Message)]
struct Ask {
    #[prost(bytes = "bytes", tag = "1")]
    payload: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Reply {
    #[prost(uint64, tag = "1")]
    number: u64,
}

#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "bench.Echo";
}

impl UnaryService<Ask> for Echo {
    type Response = Reply;
    type Future = std::future::Ready<Result<Response<Reply>, Status>>;

    fn call(&mut self, request: Request<Ask>) -> Self::Future {
        let number = request.into_inner().payload.len() as u64;
        std::future::ready(Ok(Response::new(Reply { number })))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let codec = ProstCodec::<Reply, Ask>::default();
            Ok(tonic::server::Grpc::new(codec).unary(Self, request).await)
        })
    }
}

/// Serves at a free port, which it prints, until it is killed.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let connections = futures_util::stream::unfold(listener, |listener| async move {
            let accepted = listener.accept().await.map(|(socket, _)| socket);
            let accepted = accepted.and_then(|socket| socket.set_nodelay(true).map(|()| socket));
            Some((accepted, listener))
        });
        Ok(Server::builder().add_service(Echo).serve_with_incoming(connections).await?)
    })
}

/// A client process; its argument is an address.
pub(crate) fn drive(address: &Path) -> anyhow::Result<()> {
    let address = address.to_str().context("an address is a text")?.to_owned();
    drive::serve(0, || async {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
        Ok(Arc::new(Caller(endpoint.connect().await?)) as Arc<dyn Side>)
    })
}

struct Caller(Channel);

impl Side for Caller {
    fn append(&self, _client: usize, events: Vec<Event>) -> Doing<'_> {
        Box::pin(async move {
            let count = events.len() as u64;
            let payloads: Vec<&[u8]> = events.iter().map(|event| &event.payload[..]).collect();
            let payload = Bytes::from(payloads.concat());
            let mut grpc = Grpc::new(self.0.clone());
            grpc.ready().await?;
            let codec = ProstCodec::<Ask, Reply>::default();
            let path = PathAndQuery::from_static("/bench.Echo/Ask");
            grpc.unary(Request::new(Ask { payload }), path, codec).await?;
            Ok(count)
        })
    }

    fn scan(&self) -> Doing<'_> {
        Box::pin(async { anyhow::bail!("an echo keeps nothing") })
    }

    fn read_stream<'a>(&'a self, _client: usize, _stream: &'a StreamName) -> Doing<'a> {
        Box::pin(async { anyhow::bail!("an echo keeps nothing") })
    }
}
