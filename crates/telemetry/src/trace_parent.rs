//! A `traceparent` of W3C Trace Context: which trace something is part of.
//!
//! Picture: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`: format, trace, span, and whether
//! somebody records it.

use http::HeaderMap;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use std::fmt;

/// The header it comes in, also in gRPC.
const HEADER: &str = "traceparent";

/// Part of which trace, below which span, and whether it is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    flags: TraceFlags,
}

impl TraceParent {
    /// Reads one; what is malformed is none, as its standard asks.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |part: &str, length: usize| {
            part.len() == length
                && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let mut parts = text.splitn(5, '-');
        let (format, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let more = parts.next().is_some();
        if !is_hex(format, 2) || format == "ff" || (more && format == "00") {
            return None;
        }
        if !is_hex(trace, 32) || !is_hex(span, 16) || !is_hex(flags, 2) {
            return None;
        }
        let trace = TraceId::from_hex(trace).ok().filter(|id| *id != TraceId::INVALID)?;
        let span = SpanId::from_hex(span).ok().filter(|id| *id != SpanId::INVALID)?;
        let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
        Some(Self { trace, span, flags })
    }

    /// That of a request.
    pub fn of_headers(headers: &HeaderMap) -> Option<Self> {
        Self::parse(headers.get(HEADER)?.to_str().ok()?)
    }

    /// Whether somebody records this trace.
    pub fn is_sampled(self) -> bool {
        self.flags.is_sampled()
    }

    /// As OpenTelemetry's crates have it: from another process.
    pub(crate) fn remote(self) -> SpanContext {
        SpanContext::new(self.trace, self.span, self.flags, true, TraceState::default())
    }

    pub(crate) fn of(context: &SpanContext) -> Option<Self> {
        let Self { trace, span, flags } = Self {
            trace: context.trace_id(),
            span: context.span_id(),
            flags: context.trace_flags() & TraceFlags::SAMPLED,
        };
        context.is_valid().then_some(Self { trace, span, flags })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, self.flags.to_u8())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_well_formed_is_read_and_written_as_it_was() {
        let read = TraceParent::parse(TRACE).expect("well formed");
        assert!(read.is_sampled());
        assert_eq!(read.to_string(), TRACE);
        let later = TRACE.replacen("00", "cc", 1) + "-more";
        assert_eq!(TraceParent::parse(&later), Some(read), "a later format begins the same way");
        let unsampled = TraceParent::parse(&TRACE.replace("-01", "-00")).expect("well formed");
        assert!(!unsampled.is_sampled());
    }

    /// D3.
    #[test]
    fn what_is_malformed_is_none() {
        let zeros = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        for wrong in [
            "",
            "00",
            "00-x",
            zeros,
            &TRACE.replace("00f067aa0ba902b7", "0000000000000000"),
            &TRACE.to_uppercase(),
            &TRACE.replacen("00", "ff", 1),
            &format!("{TRACE}-more"),
            &TRACE[..TRACE.len() - 1],
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::parse(wrong), None, "{wrong}");
        }
    }
}
