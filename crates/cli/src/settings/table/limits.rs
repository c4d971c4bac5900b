//! The limits that may be turned, each with why it is as it is.

use super::super::field::{Field, Size};
use super::Setting;
use headwater_server::limits;
use std::time::Duration;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A limit in bytes.
const fn bytes(key: &'static str, min: u64, max: u64, at: Size, why: &'static str) -> Setting {
    Setting { key, flag: None, field: Field::Bytes { min, max, at }, why }
}

/// A limit in things of this kind.
const fn count(
    (key, unit): (&'static str, &'static str),
    min: u64,
    max: u64,
    at: Size,
    why: &'static str,
) -> Setting {
    Setting { key, flag: None, field: Field::Count { unit, min, max, at }, why }
}

/// A limit in time.
const fn span(
    key: &'static str,
    min: Duration,
    at: super::super::field::At<Duration>,
    why: &'static str,
) -> Setting {
    Setting { key, flag: None, field: Field::Span { min, max: DAY, at }, why }
}

pub(super) const LIMITS: &[Setting] = &[
    bytes(
        "limits.event_bytes",
        1,
        limits::PAYLOAD_BYTES_MAX as u64,
        Size::Usize(|to| &mut to.limits.stored.payload_bytes_max),
        "the payload of one event: larger things belong in an object store, with their address in the \
         event",
    ),
    bytes(
        "limits.metadata_bytes",
        KIB,
        limits::METADATA_BYTES_MAX as u64,
        Size::Usize(|to| &mut to.limits.stored.metadata_bytes_max),
        "the metadata of one event, all keys and values: ids and a trace, not a second payload",
    ),
    bytes(
        "limits.append_bytes",
        KIB,
        limits::APPEND_BYTES_MAX as u64,
        Size::Usize(|to| &mut to.limits.stored.append_bytes_max),
        "one append, all streams together: it is one frame of the journal, held whole in memory",
    ),
    count(
        ("limits.append_events", "events"),
        1,
        limits::APPEND_EVENT_COUNT_MAX as u64,
        Size::Usize(|to| &mut to.limits.stored.append_event_count_max),
        "events of one append: others wait while it is written",
    ),
    bytes(
        "limits.stream_name_bytes",
        16,
        limits::STREAM_NAME_GIVEN_BYTES_MAX as u64,
        Size::Usize(|to| &mut to.limits.stored.stream_name_bytes_max),
        "a stream's name: it stands in every entry of the index",
    ),
    bytes(
        "limits.header_bytes",
        4 * KIB,
        MIB,
        Size::U32(|to| &mut to.limits.header_list_bytes_max),
        "all headers of one request: names, a traceparent, a token; no more",
    ),
    count(
        ("limits.connections", "connections"),
        1,
        1_000_000,
        Size::Usize(|to| &mut to.limits.connection_count_max),
        "connections at one time: each costs a file descriptor and some tens of kilobytes",
    ),
    count(
        ("limits.concurrent_streams", "requests"),
        1,
        1_000_000,
        Size::U32(|to| &mut to.limits.concurrent_stream_count_max),
        "requests at one time on one HTTP/2 connection: a client that needs more opens another",
    ),
    count(
        ("limits.subscriptions", "subscriptions"),
        1,
        10_000_000,
        Size::Usize(|to| &mut to.limits.subscription_count_max),
        "subscriptions at one time, of all callers: each may hold a page that nobody reads",
    ),
    bytes(
        "limits.pipeline_bytes",
        64 * KIB,
        1_024 * MIB,
        Size::Usize(|to| &mut to.limits.pipeline_bytes_max),
        "appends in flight on one connection, in bytes: one more is read while they are below this",
    ),
    count(
        ("limits.pipeline_appends", "appends"),
        1,
        1_000_000,
        Size::Usize(|to| &mut to.limits.pipeline_count_max),
        "appends in flight on one connection: as many as a group commit takes, a few times",
    ),
    bytes(
        "limits.stream_window_bytes",
        64 * KIB,
        1_024 * MIB,
        Size::U32(|to| &mut to.limits.stream_window_bytes),
        "what one request may have sent before it is read: a round trip of 10 ms at 100 MB/s",
    ),
    bytes(
        "limits.connection_window_bytes",
        64 * KIB,
        1_024 * MIB,
        Size::U32(|to| &mut to.limits.connection_window_bytes),
        "what one connection may have sent before it is read, all requests together",
    ),
    bytes(
        "limits.send_buffer_bytes",
        16 * KIB,
        1_024 * MIB,
        Size::Usize(|to| &mut to.limits.send_buffer_bytes_max),
        "what is held of one answer that its reader does not take",
    ),
    span(
        "limits.idle_time",
        SECOND,
        |to| &mut to.limits.idle_within,
        "a connection without a request for so long is closed: clients open another without being told",
    ),
    span(
        "limits.header_time",
        MILLISECOND,
        |to| &mut to.limits.headers_within,
        "the first byte of a connection, and the headers of an HTTP/1.1 request, come within this: who \
         dawdles holds a place",
    ),
    span(
        "limits.handshake_time",
        MILLISECOND,
        |to| &mut to.limits.handshake_within,
        "a TLS handshake, waiting for a place included: three round trips, and some patience",
    ),
    count(
        ("limits.handshakes", "handshakes"),
        1,
        100_000,
        Size::Usize(|to| &mut to.limits.handshake_count_max),
        "TLS handshakes at one time: each costs a signature, so more would only all be late together",
    ),
    span(
        "limits.keepalive_every",
        SECOND,
        |to| &mut to.limits.keepalive_every,
        "a silent HTTP/2 connection is asked so often whether it is still there: less than most \
         firewalls forget",
    ),
    span(
        "limits.keepalive_answer_time",
        SECOND,
        |to| &mut to.limits.keepalive_answer_within,
        "and is closed when it has not answered for so long: its subscriptions then go elsewhere",
    ),
];
