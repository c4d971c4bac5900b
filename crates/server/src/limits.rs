//! The bounds of a connection and of what may be asked over it, each with its reason.
//!
//! Why: D3, nothing is allocated by a length from the wire before that length is bounded.

use std::time::Duration;

pub use headwater_wire::encoded::REQUEST_BYTES_MAX;

/// Connections at one time: each costs a file descriptor and some tens of kilobytes.
pub const CONNECTION_COUNT_MAX: usize = 4_096;

/// Requests at one time on one HTTP/2 connection; a client that needs more opens another connection.
pub const CONCURRENT_STREAM_COUNT_MAX: u32 = 1_024;

/// All headers of one request: names, a traceparent, a token; no more.
pub const HEADER_LIST_BYTES_MAX: u32 = 16 * 1_024;

/// What one request may have sent before it is read: one round trip of 10 ms at 100 MB/s.
pub const STREAM_WINDOW_BYTES: u32 = 1_024 * 1_024;

/// What one connection may have sent before it is read, all requests together.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1_024 * 1_024;

/// What is buffered of one answer that its reader does not take.
pub const SEND_BUFFER_BYTES_MAX: usize = 1_024 * 1_024;

/// A silent HTTP/2 connection is asked so often whether it is still there …
pub const KEEPALIVE_EVERY: Duration = Duration::from_secs(20);

/// … and is closed when it has not answered for so long.
pub const KEEPALIVE_ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// The headers of an HTTP/1.1 request come within this, or the connection is closed.
pub const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// Appends of one pipeline that are not answered yet: as many as a group commit takes, a few times.
pub const PIPELINE_COUNT_MAX: usize = 4_096;

/// Bytes of one pipeline that are not answered yet; one more append is read while they are below
/// this, so the largest still passes.
pub const PIPELINE_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// A message of a subscription ends behind the event that passes so many bytes …
pub const DELIVERY_BYTES: usize = 256 * 1_024;

/// … or at so many events.
pub const DELIVERY_COUNT_MAX: usize = 1_024;

/// Events of one message of a scan: enough that what a message costs is not seen.
pub const SCAN_PAGE_COUNT: usize = 2_048;

/// Whoever waits for events is answered after this, and asks again.
pub const WAIT_PAST_MAX: Duration = Duration::from_secs(20);

/// The buffer of an HTTP/1.1 connection, headers and all: as much as HTTP/2 allows, and a little.
pub const HEADER_BUFFER_BYTES_MAX: usize = 64 * 1_024;

/// The pause after a connection that could not be accepted.
pub const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);
