//! The bounds of a connection and of what may be asked over it, each with its reason.
//!
//! Why: D3, nothing is allocated by a length from the wire before that length is bounded.
//!
//! [`Limits`] holds those that may be turned, which begin as the constants say. The others follow
//! from a format or a protocol, or nobody would be better off with another value.

use std::time::Duration;

pub use headwater_model::limits::{
    APPEND_BYTES_MAX, APPEND_EVENT_COUNT_MAX, METADATA_BYTES_MAX, PAYLOAD_BYTES_MAX,
    STREAM_NAME_GIVEN_BYTES_MAX,
};
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

/// The headers of an HTTP/1.1 request come within this, and so does the first byte of a connection,
/// or it is closed.
pub const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// A connection asks for something within this after it was opened: one that never does was opened
/// to hold its place.
pub const FIRST_REQUEST_WITHIN: Duration = Duration::from_secs(60);

/// A connection without a request for so long is closed; clients open another without being told.
pub const IDLE_WITHIN: Duration = Duration::from_secs(10 * 60);

/// A TLS handshake, from the first byte to the last: three round trips, and some patience.
pub const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// TLS handshakes at one time: each costs a signature, so more would only all be late together.
pub const HANDSHAKE_COUNT_MAX: usize = 256;

/// The files of certificates are looked at so often: renewals are days early, and this is cheap.
pub const LOOK_AGAIN_EVERY: Duration = Duration::from_secs(60);

/// Appends of one pipeline that are not answered yet: as many as a group commit takes, a few times.
pub const PIPELINE_COUNT_MAX: usize = 4_096;

/// Bytes of one pipeline that are not answered yet; one more append is read while they are below
/// this, so the largest still passes.
pub const PIPELINE_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// A read by KurrentDB's protocol: names, and a filter of many prefixes.
pub const READ_REQUEST_BYTES_MAX: usize = 1_024 * 1_024;

/// What readers may hold all together of messages that they do not take, before their messages become
/// smaller: as many whole ones as a machine has memory for, and nobody notices.
pub const HELD_BYTES: usize = 64 * 1_024 * 1_024;

/// The smallest message that a reader is given its events in, however much the others hold. One is being
/// sent and one waits: for ten thousand readers they are 320 MiB.
pub const SHARE_BYTES_MIN: usize = 16 * 1_024;

/// A message of a subscription ends behind the event that passes so many bytes …
pub const DELIVERY_BYTES: usize = 256 * 1_024;

/// … or at so many events.
pub const DELIVERY_COUNT_MAX: usize = 1_024;

/// A message of a membership ends behind the event that passes so many bytes: the rest is the member's
/// all the same, and comes with its next message.
pub const MEMBER_MESSAGE_BYTES: usize = 1_024 * 1_024;

/// Acks and the like of one member that are not answered yet; beyond that nothing is read.
pub const MEMBER_REQUEST_COUNT_MAX: usize = 256;

/// Calls for deliveries of one member that wait at a time: it needs one.
pub const MEMBER_NEXT_COUNT_MAX: usize = 64;

/// A request about a group, or of a member: settings with their note, or the ids of all that a member
/// may hold.
pub const GROUP_REQUEST_BYTES_MAX: usize = 256 * 1_024;

/// Events of one message of a scan: enough that what a message costs is not seen.
pub const SCAN_PAGE_COUNT: usize = 2_048;

/// Whoever waits for events is answered after this, and asks again.
pub const WAIT_PAST_MAX: Duration = Duration::from_secs(20);

/// The buffer of an HTTP/1.1 connection, headers and all: as much as HTTP/2 allows, and a little.
pub const HEADER_BUFFER_BYTES_MAX: usize = 64 * 1_024;

/// The pause after a connection that could not be accepted.
pub const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Subscriptions that are open at one time, of all callers: each may hold a page that nobody reads.
pub const SUBSCRIPTION_COUNT_MAX: usize = 10_000;

/// The limits that may be turned. What is stored has bounds of its own, which the model states: a
/// server may allow less, never more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// See [`CONNECTION_COUNT_MAX`].
    pub connection_count_max: usize,
    /// See [`CONCURRENT_STREAM_COUNT_MAX`].
    pub concurrent_stream_count_max: u32,
    /// See [`HEADER_LIST_BYTES_MAX`].
    pub header_list_bytes_max: u32,
    /// See [`STREAM_WINDOW_BYTES`].
    pub stream_window_bytes: u32,
    /// See [`CONNECTION_WINDOW_BYTES`].
    pub connection_window_bytes: u32,
    /// See [`SEND_BUFFER_BYTES_MAX`].
    pub send_buffer_bytes_max: usize,
    /// See [`KEEPALIVE_EVERY`].
    pub keepalive_every: Duration,
    /// See [`KEEPALIVE_ANSWER_WITHIN`].
    pub keepalive_answer_within: Duration,
    /// See [`HEADERS_WITHIN`].
    pub headers_within: Duration,
    /// See [`IDLE_WITHIN`].
    pub idle_within: Duration,
    /// See [`HANDSHAKE_WITHIN`].
    pub handshake_within: Duration,
    /// See [`HANDSHAKE_COUNT_MAX`].
    pub handshake_count_max: usize,
    /// See [`PIPELINE_COUNT_MAX`].
    pub pipeline_count_max: usize,
    /// See [`PIPELINE_BYTES_MAX`].
    pub pipeline_bytes_max: usize,
    /// See [`SUBSCRIPTION_COUNT_MAX`].
    pub subscription_count_max: usize,
    /// What is stored.
    pub stored: StoredLimits,
}

/// What may be appended; each begins at what the model allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoredLimits {
    /// See [`PAYLOAD_BYTES_MAX`].
    pub payload_bytes_max: usize,
    /// See [`METADATA_BYTES_MAX`].
    pub metadata_bytes_max: usize,
    /// See [`APPEND_BYTES_MAX`].
    pub append_bytes_max: usize,
    /// See [`APPEND_EVENT_COUNT_MAX`].
    pub append_event_count_max: usize,
    /// See [`STREAM_NAME_GIVEN_BYTES_MAX`].
    pub stream_name_bytes_max: usize,
}

impl Default for StoredLimits {
    fn default() -> Self {
        Self {
            payload_bytes_max: PAYLOAD_BYTES_MAX,
            metadata_bytes_max: METADATA_BYTES_MAX,
            append_bytes_max: APPEND_BYTES_MAX,
            append_event_count_max: APPEND_EVENT_COUNT_MAX,
            stream_name_bytes_max: STREAM_NAME_GIVEN_BYTES_MAX,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connection_count_max: CONNECTION_COUNT_MAX,
            concurrent_stream_count_max: CONCURRENT_STREAM_COUNT_MAX,
            header_list_bytes_max: HEADER_LIST_BYTES_MAX,
            stream_window_bytes: STREAM_WINDOW_BYTES,
            connection_window_bytes: CONNECTION_WINDOW_BYTES,
            send_buffer_bytes_max: SEND_BUFFER_BYTES_MAX,
            keepalive_every: KEEPALIVE_EVERY,
            keepalive_answer_within: KEEPALIVE_ANSWER_WITHIN,
            headers_within: HEADERS_WITHIN,
            idle_within: IDLE_WITHIN,
            handshake_within: HANDSHAKE_WITHIN,
            handshake_count_max: HANDSHAKE_COUNT_MAX,
            pipeline_count_max: PIPELINE_COUNT_MAX,
            pipeline_bytes_max: PIPELINE_BYTES_MAX,
            subscription_count_max: SUBSCRIPTION_COUNT_MAX,
            stored: StoredLimits::default(),
        }
    }
}

impl Limits {
    /// The buffer of an HTTP/1.1 connection: headers and the first of a body.
    pub(crate) const fn header_buffer_bytes(&self) -> usize {
        let headers = self.header_list_bytes_max as usize * 4;
        if headers > HEADER_BUFFER_BYTES_MAX { headers } else { HEADER_BUFFER_BYTES_MAX }
    }
}
