//! Metrics: what is counted, as Prometheus reads it.
//!
//! Why: libraries count through a facade; someone in the process must keep the sums. A service does,
//! unless the process has its own recorder.

use headwater_framework::{Health, ReaderState, ViewHealth};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

/// Seconds that requests are sorted by: from a view in memory to the longest that is allowed.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// One recorder a process; `None` if another had been installed before.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Begins to count.
pub(crate) fn install() {
    RECORDER.get_or_init(|| {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, SECONDS);
        match builder.map(PrometheusBuilder::install_recorder) {
            Ok(Ok(recorder)) => Some(recorder),
            Ok(Err(error)) | Err(error) => {
                tracing::info!(%error, "metrics are counted elsewhere");
                None
            }
        }
    });
}

/// All that was counted.
pub(crate) fn text() -> Option<String> {
    RECORDER.get()?.as_ref().map(PrometheusHandle::render)
}

/// Sorts what was measured since the last time, so that it does not pile up when nobody reads it.
pub(crate) fn sort() {
    if let Some(Some(recorder)) = RECORDER.get() {
        recorder.run_upkeep();
    }
}

/// Notes how each reader is.
pub(crate) fn note(health: &Health) {
    for reader in &health.readers {
        let labels = [
            ("service", health.service.clone()),
            ("reader", reader.name.clone()),
            ("source", reader.source.clone()),
        ];
        let gauge = |name: &'static str, value: u64| {
            #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, as Prometheus is")]
            metrics::gauge!(name, &labels).set(value as f64);
        };
        gauge("headwater_reader_lag_positions", reader.lag);
        gauge("headwater_reader_lag_seconds", reader.lag_seconds);
        gauge("headwater_reader_parked_inputs", reader.parked_count);
        gauge("headwater_reader_running", u64::from(reader.state == ReaderState::Running));
    }
}

/// Notes how far what is built beside each view is; 0 of 0 if nothing is.
pub(crate) fn note_views(service: &str, views: &[ViewHealth]) {
    for view in views {
        let labels = [("service", service.to_owned()), ("view", view.name.clone())];
        let building = view.building.as_ref();
        let gauge = |name: &'static str, value: u64| {
            #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, as Prometheus is")]
            metrics::gauge!(name, &labels).set(value as f64);
        };
        gauge("headwater_view_generation", view.live.map_or(0, u64::from));
        gauge("headwater_view_paused", u64::from(view.paused.is_some()));
        gauge("headwater_view_building_positions", building.map_or(0, |building| building.done));
        gauge("headwater_view_building_of_positions", building.map_or(0, |building| building.of));
    }
}
