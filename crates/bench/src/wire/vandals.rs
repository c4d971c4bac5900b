//! Those who send what no server should be sent, frame after frame.
//!
//! Picture: a connection says its preface, then requests whose messages are noise, by the burst; the last
//! thing it says is mostly no frame at all.

use anyhow::Context;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Connections at a time.
const VANDAL_COUNT: u64 = 4;

/// Bursts of one connection, and requests of each.
const BURST_COUNT: u32 = 16;
const REQUEST_COUNT: u32 = 16;

/// Bytes of noise in a message, at most.
const NOISE_BYTES: usize = 200;

/// What is asked with noise.
const PATHS: [&str; 5] = [
    "/headwater.v1.EventStore/Append",
    "/headwater.v1.EventStore/ReadAll",
    "/headwater.v1.EventStore/Pipeline",
    "/event_store.client.streams.Streams/Append",
    "/event_store.client.streams.Streams/Read",
];

/// A crowd of them at work.
pub(crate) struct Vandals {
    is_over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    begun: Instant,
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Vandals {
    /// Sends them, with so many frames a second all together.
    pub(crate) fn start(runtime: &Runtime, address: &str, frames_per_second: u64) -> Self {
        let (is_over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let each = frames_per_second / VANDAL_COUNT;
        let one = |seed| {
            let (address, is_over, sent) =
                (address.to_owned(), Arc::clone(&is_over), Arc::clone(&sent));
            runtime.spawn(async move { vandalise(&address, seed, each, &is_over, &sent).await })
        };
        let tasks = (0..VANDAL_COUNT).map(one).collect();
        Self { is_over, sent, begun: Instant::now(), tasks }
    }

    /// Calls them off: how many frames they sent, and a second.
    pub(crate) fn stop(self, runtime: &Runtime) -> anyhow::Result<(u64, f64)> {
        self.is_over.store(true, Ordering::Relaxed);
        let (sent, took) = (self.sent.load(Ordering::Relaxed), self.begun.elapsed());
        for task in self.tasks {
            runtime.block_on(task)??;
        }
        Ok((sent, sent as f64 / took.as_secs_f64()))
    }
}

async fn vandalise(
    address: &str,
    seed: u64,
    frames_per_second: u64,
    is_over: &AtomicBool,
    sent: &AtomicU64,
) -> anyhow::Result<()> {
    let mut random = SmallRng::seed_from_u64(seed);
    let (begun, mut count) = (Instant::now(), 0);
    while !is_over.load(Ordering::Relaxed) {
        let socket = TcpStream::connect(address).await.context("the server takes nobody")?;
        let (mut from, mut to) = socket.into_split();
        let hearing = tokio::spawn(async move {
            let mut heard = vec![0; 16 * 1_024];
            while let Ok(1..) = from.read(&mut heard).await {}
        });
        let mut stream = 1;
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        frame(SETTINGS, 0, 0, &[], &mut bytes);
        for _ in 0..BURST_COUNT {
            for _ in 0..REQUEST_COUNT {
                request(stream, &mut random, &mut bytes);
                stream += 2;
            }
            // It may have enough before all is said.
            if to.write_all(&bytes).await.is_err() || is_over.load(Ordering::Relaxed) {
                break;
            }
            bytes.clear();
            count += u64::from(2 * REQUEST_COUNT);
            sent.fetch_add(u64::from(2 * REQUEST_COUNT), Ordering::Relaxed);
            let due = begun + Duration::from_secs_f64(count as f64 / frames_per_second as f64);
            tokio::time::sleep_until(due.into()).await;
        }
        let _ = to.write_all(&noise(&mut random)).await;
        let _ = to.shutdown().await;
        hearing.await?;
    }
    Ok(())
}

/// A request whose message is noise, or says a length that is not its own.
fn request(stream: u32, random: &mut SmallRng, into: &mut Vec<u8>) {
    let mut block = Vec::new();
    let path = PATHS[random.random_range(0..PATHS.len())];
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ] {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).expect("a short text"));
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(HEADERS, END_HEADERS, stream, &block, into);
    let noise = noise(random);
    let length = match random.random_range(0..8_u32) {
        0 => random.random(),
        _ => u32::try_from(noise.len()).expect("short"),
    };
    let mut message = vec![u8::from(random.random_ratio(1, 20))];
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(&noise);
    frame(DATA, END_STREAM, stream, &message, into);
}

fn noise(random: &mut SmallRng) -> Vec<u8> {
    let mut noise = vec![0; random.random_range(0..NOISE_BYTES)];
    random.fill(&mut noise[..]);
    noise
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8], into: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).expect("short");
    into.extend_from_slice(&length.to_be_bytes()[1..]);
    into.extend_from_slice(&[kind, flags]);
    into.extend_from_slice(&stream.to_be_bytes());
    into.extend_from_slice(payload);
}
