//! Subscribers by the hundred and the thousand, by every face of the server.
//!
//! Why not the clients that services use, for all of them: those hide how much of an answer they have
//! taken. Here a reader that does not read leaves everything with the server.

use super::native::{self, CONTEXT};
use crate::event::stream_name;
use anyhow::Context;
use headwater_model::{ContextName, Delivery, Query, Start, Subscribe, Subscription};
use headwater_wire::kurrent::event_store::client::streams::{self as kurrent, read_req, read_resp};
use headwater_wire::kurrent::event_store::client::{Empty, StreamIdentifier};
use headwater_wire::v1;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};

/// What a reader here takes before it says so: as little as the protocol begins with.
const WINDOW_BYTES: u32 = 65_535;

/// A server says that a tail stands within this.
const STANDS_WITHIN: Duration = Duration::from_secs(10);

/// So many subscriptions, on so many connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    /// Connections.
    pub(crate) connection_count: u64,
    /// Subscriptions of each.
    pub(crate) each: u64,
}

impl Crowd {
    /// All of them.
    pub(crate) const fn count(self) -> u64 {
        self.connection_count * self.each
    }
}

/// Subscriptions of our own client that have caught up, each with a stream of its own.
pub(crate) async fn native_idle(
    address: &str,
    crowd: Crowd,
) -> anyhow::Result<Vec<Box<dyn Subscription>>> {
    let mut waiting = Vec::new();
    for connection in 0..crowd.connection_count {
        let context = native::open(address).await?;
        for n in 0..crowd.each {
            let query = Query::stream(stream_name(connection * crowd.each + n));
            let mut subscription =
                context.subscribe(Subscribe { query, start: Start::Beginning }).await?;
            let first = subscription.next().await?;
            anyhow::ensure!(matches!(first, Delivery::CaughtUp { .. }), "the stream is not empty");
            waiting.push(subscription);
        }
    }
    Ok(waiting)
}

/// The answers of a subscription, as they come.
pub(crate) type Answers<T> = Streaming<T>;

/// Subscriptions by KurrentDB's protocol that stand, each with a stream of its own.
pub(crate) async fn kurrent_idle(
    address: &str,
    crowd: Crowd,
) -> anyhow::Result<Vec<Answers<kurrent::ReadResp>>> {
    let mut waiting = Vec::new();
    for connection in 0..crowd.connection_count {
        let channel = connect(address).await?;
        for n in 0..crowd.each {
            let stream = stream_name(connection * crowd.each + n);
            let name = stream.as_str().to_owned().into_bytes();
            let options = read_req::options::StreamOptions {
                stream_identifier: Some(StreamIdentifier { stream_name: name.into() }),
                revision_option: Some(read_req::options::stream_options::RevisionOption::Start(
                    Empty {},
                )),
            };
            let what = read_req::options::StreamOption::Stream(options);
            let mut answers = kurrent_subscribe(channel.clone(), what).await?;
            answers.message().await?.context("a subscription ended before it began")?;
            waiting.push(answers);
        }
    }
    Ok(waiting)
}

/// A subscription by KurrentDB's protocol, confirmed.
async fn kurrent_subscribe(
    channel: Channel,
    what: read_req::options::StreamOption,
) -> anyhow::Result<Answers<kurrent::ReadResp>> {
    use read_req::options::{
        CountOption, FilterOption, SubscriptionOptions, UuidOption, uuid_option::Content,
    };
    let options = read_req::Options {
        stream_option: Some(what),
        count_option: Some(CountOption::Subscription(SubscriptionOptions {})),
        filter_option: Some(FilterOption::NoFilter(Empty {})),
        uuid_option: Some(UuidOption { content: Some(Content::Structured(Empty {})) }),
        ..read_req::Options::default()
    };
    let request = kurrent::ReadReq { options: Some(options) };
    let mut answers = headwater_wire::kurrent_read::read(channel, request).await?.into_inner();
    let first = answers.message().await?.and_then(|answer| answer.content);
    let is_confirmed = matches!(first, Some(read_resp::Content::Confirmation(_)));
    anyhow::ensure!(is_confirmed, "a subscription began with {first:?}");
    Ok(answers)
}

/// Subscriptions to everything by KurrentDB's protocol, which nobody reads yet.
pub(crate) async fn kurrent_all(
    address: &str,
    crowd: Crowd,
) -> anyhow::Result<Vec<Answers<kurrent::ReadResp>>> {
    use read_req::options::{AllOptions, StreamOption, all_options::AllOption};
    let mut waiting = Vec::new();
    for _ in 0..crowd.connection_count {
        let channel = connect(address).await?;
        for _ in 0..crowd.each {
            let options = AllOptions { all_option: Some(AllOption::Start(Empty {})) };
            let what = StreamOption::All(options);
            waiting.push(kurrent_subscribe(channel.clone(), what).await?);
        }
    }
    Ok(waiting)
}

/// Subscriptions to everything by our own protocol, which nobody reads.
pub(crate) async fn native_all(
    address: &str,
    crowd: Crowd,
) -> anyhow::Result<Vec<Answers<v1::Delivery>>> {
    let mut waiting = Vec::new();
    let context = ContextName::new(CONTEXT)?;
    for _ in 0..crowd.connection_count {
        let channel = connect(address).await?;
        for _ in 0..crowd.each {
            let all = Subscribe { query: Query::all(), start: Start::Beginning };
            let request = v1::SubscribeRequest::new(&context, &all);
            let mut client = v1::event_store_client::EventStoreClient::new(channel.clone());
            waiting.push(client.subscribe(request).await?.into_inner());
        }
    }
    Ok(waiting)
}

async fn connect(address: &str) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    let endpoint = endpoint.initial_stream_window_size(WINDOW_BYTES);
    // The streams of a connection are each other's neighbours, not each other's jam.
    Ok(endpoint.initial_connection_window_size((1 << 31) - 1).connect().await?)
}

/// Tails over HTTP/1.1 that stand, each on a connection of its own.
pub(crate) fn tails(address: &str, path: &str, count: u64) -> anyhow::Result<Vec<TcpStream>> {
    let ask = format!(
        "GET /v1/contexts/{CONTEXT}/{path} HTTP/1.1\r\nHost: {address}\r\n\
         Accept: text/event-stream\r\n\r\n"
    );
    let one = |_| {
        let mut socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(STANDS_WITHIN))?;
        socket.write_all(ask.as_bytes())?;
        let mut status = [0; 12];
        socket.read_exact(&mut status)?;
        anyhow::ensure!(status.ends_with(b"200"), "{}", String::from_utf8_lossy(&status));
        Ok(socket)
    };
    (0..count).map(one).collect()
}
