//! One who sends what should not be sent, connection after connection.

use super::bytes::{any, spoilt};
use super::{frames, methods};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

/// Of a connection that lives to its end.
const BURST_COUNT_MAX: u32 = 16;
/// Requests of a burst.
const REQUEST_COUNT_MAX: u32 = 16;

/// D3: no hang. A connection whose sender has said goodbye ends long before this.
const ENDS_WITHIN: Duration = Duration::from_secs(120);

/// What was done to the server.
#[derive(Default, Debug)]
pub(super) struct Damage {
    pub(super) connections: u64,
    pub(super) frames: u64,
    /// How often the server answered a request in the midst of all this.
    pub(super) answers: u64,
}

impl AddAssign for Damage {
    fn add_assign(&mut self, more: Self) {
        self.connections += more.connections;
        self.frames += more.frames;
        self.answers += more.answers;
    }
}

/// Sends until nothing is `left` to be sent by all together.
pub(super) async fn vandalise(port: u16, seed: u64, left: Arc<AtomicU64>) -> Damage {
    let methods = methods::all();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut damage = Damage::default();
    while left.load(Ordering::Relaxed) > 0 {
        let visit = match random.random_range(0..10_u32) {
            0 => Visit::of(any(&mut random)),
            1 => Visit::of(http1(&mut random)),
            _ => http2(&methods, &mut random),
        };
        let frame_count = visit.frame_count;
        damage.answers += pay(port, visit).await;
        damage.connections += 1;
        damage.frames += frame_count;
        // The last of all may take more than was left.
        let _ = left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            Some(left.saturating_sub(frame_count))
        });
    }
    damage
}

/// What is said on one connection.
struct Visit {
    bursts: Vec<Burst>,
    frame_count: u64,
}

/// What is said at once.
struct Burst {
    bytes: Vec<u8>,
    /// The stream whose answer is waited for before it goes on: the server has mostly answered the
    /// others by then.
    until: Option<u32>,
}

impl Visit {
    fn of(bytes: Vec<u8>) -> Self {
        Self { bursts: vec![Burst { bytes, until: None }], frame_count: 1 }
    }
}

/// Says all, says goodbye, and waits for the server to do the same: how often it answered.
async fn pay(port: u16, visit: Visit) -> u64 {
    let socket = TcpStream::connect(("127.0.0.1", port)).await.expect("the server takes it");
    let (from, mut to) = socket.into_split();
    let mut answers = Answers { from: BufReader::new(from), count: 0 };
    let talk = async {
        for Burst { bytes, until } in visit.bursts {
            let heard = async {
                if let Some(stream) = until {
                    answers.until(stream).await;
                }
            };
            // The server may have enough before all is said.
            if tokio::join!(to.write_all(&bytes), heard).0.is_err() {
                break;
            }
        }
        let _ = to.shutdown().await;
        answers.rest().await;
        answers.count
    };
    tokio::time::timeout(ENDS_WITHIN, talk).await.expect("the connection ends")
}

/// What the server says.
struct Answers {
    from: BufReader<OwnedReadHalf>,
    count: u64,
}

impl Answers {
    /// Reads frames until this stream is answered, or no more come.
    async fn until(&mut self, stream: u32) {
        let mut head = [0; 9];
        while self.from.read_exact(&mut head).await.is_ok() {
            let [a, b, c, kind, _, on @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            if self.from.read_exact(&mut payload).await.is_err() {
                return;
            }
            self.count += u64::from(kind == frames::HEADERS);
            if kind == frames::HEADERS && u32::from_be_bytes(on) == stream {
                return;
            }
        }
    }

    async fn rest(&mut self) {
        let mut buffer = vec![0; 16 * 1_024];
        while let Ok(1..) = self.from.read(&mut buffer).await {}
    }
}

fn http2(methods: &[String], random: &mut Xoshiro256PlusPlus) -> Visit {
    let (mut bytes, mut frame_count) = (frames::preface(), 2);
    let (mut bursts, mut stream) = (Vec::new(), 1);
    for _ in 0..random.random_range(0..BURST_COUNT_MAX) {
        for _ in 0..random.random_range(0..REQUEST_COUNT_MAX) {
            frame_count += frames::request(stream, methods, random, &mut bytes);
            stream += 2;
        }
        frames::right(stream, &mut bytes);
        frame_count += 2;
        bursts.push(Burst { bytes: std::mem::take(&mut bytes), until: Some(stream) });
        stream += 2;
    }
    if random.random_ratio(1, 2) {
        frames::wrong(random, &mut bytes);
        frame_count += 1;
    }
    bursts.push(Burst { bytes, until: None });
    Visit { bursts, frame_count }
}

fn http1(random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    const PATHS: [&str; 6] = [
        "/v1/contexts/vandal/appends",
        "/v1/contexts/vandal/streams/order-1/events?expected=any",
        "/v1/contexts/%ff/streams/..%2f/events?from=-1&limit=99999999999",
        "/v1/contexts",
        "/metrics",
        "/openapi.json",
    ];
    const BODIES: [&str; 6] = [
        r#"{"writes":[{"stream":"order-1","expected":"any","events":[{"type":"A"}]}]}"#,
        r#"[{"type":"A","payload":{"x":1e999}}]"#,
        r#"{"writes":[{"stream":"\ud800"}]}"#,
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        "{",
        "",
    ];
    let path = PATHS[random.random_range(0..PATHS.len())];
    let body = BODIES[random.random_range(0..BODIES.len())];
    let length = match random.random_range(0..6_u32) {
        0 => u64::MAX,
        1 => random.random_range(0..2_000),
        _ => body.len() as u64,
    };
    let method = ["GET", "POST", "PUT", "DELETE", "BREW"][random.random_range(0..5)];
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    spoilt(request.into_bytes(), random)
}
