//! D3: bytes that mean harm, or nothing, get an error. Nobody else notices.

use super::cuts::{context, one};
use super::served::{Place, SOCKETS, Served, connect};
use bytes::{BufMut, Bytes, BytesMut};
use headwater_conformance::run;
use headwater_model::Append;
use headwater_wire::v1;
use http_body_util::{BodyExt as _, Full};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use prost::Message as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::client::GrpcService as _;
use tonic::transport::{Channel, Endpoint};

/// The server still does what it is there for.
async fn still_serves(served: &Served, n: u64) {
    let client = connect(served.address).await;
    context(&client).await.append(one("s-1", n)).await.expect("others are served");
}

/// Sends bytes, and reads until the server is done with them.
async fn shout(served: &Served, bytes: Vec<u8>) {
    let address = served.address;
    let shouting = async move {
        let mut socket = TcpStream::connect(address).await.expect("it listens");
        let _ = socket.write_all(&bytes).await;
        let _ = socket.shutdown().await;
        let _ = socket.read_to_end(&mut Vec::new()).await;
    };
    SOCKETS.spawn(shouting).await.expect("no panic");
}

#[test]
fn bytes_of_no_protocol_close_their_own_connection() {
    run(async {
        let served = Place::new().serve_anywhere().await;
        let mut runner = TestRunner::deterministic();
        let noise = prop::collection::vec(any::<u8>(), 0..2_000);
        let preface: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        for _ in 0..40 {
            let bytes = noise.new_tree(&mut runner).expect("bytes").current();
            shout(&served, [preface, bytes.as_slice()].concat()).await;
            shout(&served, [b"GET / HTTP/1.1\r\n", bytes.as_slice()].concat()).await;
            shout(&served, bytes).await;
        }
        still_serves(&served, 1).await;
    });
}

/// What the server answers to a body of these bytes, sent as a call.
async fn call(channel: &Channel, method: &str, body: Bytes) -> Code {
    let mut channel = channel.clone();
    let request = http::Request::post(format!("http://localhost/headwater.v1.{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(Full::new(body)))
        .expect("a request");
    let answer = async move {
        std::future::poll_fn(|context| channel.poll_ready(context)).await.expect("connected");
        let response = channel.call(request).await.expect("an answer");
        let headers = response.headers().clone();
        let trailers = response.into_body().collect().await.ok()?.trailers().cloned();
        let status = trailers.unwrap_or_default().get("grpc-status").cloned();
        status.or_else(|| headers.get("grpc-status").cloned())
    };
    let status = SOCKETS.spawn(answer).await.expect("no panic").expect("a status");
    Code::from_bytes(status.as_bytes())
}

async fn channel(served: &Served) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", served.address)).expect("a URL");
    SOCKETS.spawn(async move { endpoint.connect().await }).await.expect("no panic").expect("up")
}

fn framed(length: u32, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(length);
    frame.put_slice(message);
    frame.freeze()
}

fn whole(message: &[u8]) -> Bytes {
    framed(u32::try_from(message.len()).expect("small"), message)
}

#[test]
fn lengths_that_lie_are_refused_before_anything_is_allocated() {
    run(async {
        let served = Place::new().serve_anywhere().await;
        let channel = channel(&served).await;
        let huge = call(&channel, "EventStore/Append", framed(u32::MAX, b"x")).await;
        assert_eq!(huge, Code::OutOfRange);
        let short = call(&channel, "EventStore/Append", framed(1_000, b"x")).await;
        assert_ne!(short, Code::Ok);
        // A message in a message whose length points behind the end.
        let lying = call(&channel, "EventStore/Append", whole(&[0x12, 0xff, 0xff, 0x7f])).await;
        assert_eq!(lying, Code::InvalidArgument);
        still_serves(&served, 1).await;
    });
}

#[test]
fn a_message_of_millions_of_empty_parts_is_refused() {
    run(async {
        let served = Place::new().serve_anywhere().await;
        let channel = channel(&served).await;
        // Two bytes each: an event without anything, which is hundreds of bytes in memory.
        let events: Vec<u8> = [0x1a, 0x00].repeat(5_000_000);
        let nested = |inner: &[u8], key: u8| {
            let mut outer = vec![key];
            prost::encoding::encode_varint(inner.len() as u64, &mut outer);
            outer.extend_from_slice(inner);
            outer
        };
        let request = nested(&nested(&events, 0x0a), 0x12);
        let code = call(&channel, "EventStore/Append", whole(&request)).await;
        assert_eq!(code, Code::InvalidArgument);
        still_serves(&served, 1).await;
    });
}

#[test]
fn requests_with_flipped_and_missing_bytes_get_an_answer() {
    run(async {
        let served = Place::new().serve_anywhere().await;
        drop(context(&served.store).await);
        let channel = channel(&served).await;
        let append: Append = one("s-1", 7);
        let message = v1::AppendRequest {
            context: Bytes::from_static(b"cut"),
            append: Some((&append).into()),
        }
        .encode_to_vec();
        let mut runner = TestRunner::deterministic();
        let flips = (0..message.len(), any::<u8>(), 0..=message.len());
        let methods = ["Append", "Pipeline", "ReadAll", "ReadStream", "Subscribe", "ChangeStream"];
        for n in 0..300 {
            let (at, byte, end) = flips.new_tree(&mut runner).expect("a flip").current();
            let mut bytes = message.clone();
            bytes[at] = byte;
            bytes.truncate(if n % 3 == 0 { end } else { bytes.len() });
            let method = methods[n % methods.len()];
            let groups = ["Join", "CreateGroup", "SeekGroup"][n % 3];
            call(&channel, &format!("ConsumerGroups/{groups}"), whole(&bytes)).await;
            if method == "Subscribe" && bytes.is_empty() {
                continue;
            }
            call(&channel, &format!("EventStore/{method}"), whole(&bytes)).await;
        }
        still_serves(&served, 1_000).await;
    });
}
