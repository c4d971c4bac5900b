//! The trace that a request says it is part of.
//!
//! Why beside the call and not among its arguments: no protocol's handler has anything to do with it,
//! and every one of them would have to hand it on.
//!
//! Invariant: what the answers of a long stream are made of has none. A pipeline or a membership is
//! nobody's request: its first headers are not about what it carries hours later.

use futures_util::future::Either;
use headwater_telemetry::TraceParent;
use std::future::Future;

tokio::task_local! {
    static TRACE: TraceParent;
}

/// The trace of the request in hand, if it has one.
pub(super) fn trace() -> Option<TraceParent> {
    TRACE.try_with(|trace| *trace).ok()
}

/// The answer to a request of this trace, which is known while the answer is worked out.
pub(crate) fn with_trace<F: Future>(
    trace: Option<TraceParent>,
    answer: F,
) -> impl Future<Output = F::Output> + use<F> {
    match trace {
        Some(trace) => Either::Left(TRACE.scope(trace, answer)),
        None => Either::Right(answer),
    }
}
