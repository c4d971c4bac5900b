//! What is said about a collector of OpenTelemetry.

use super::Gathered;
use super::gathered::Origin;
use headwater_server::telemetry::{
    Headers, InvalidOption, Said, SampleRatio, Standard, TelemetryOptions,
};
use std::path::PathBuf;
use std::time::Duration;

/// What is said about it.
pub(crate) struct Telemetry {
    pub(crate) otlp_endpoint: String,
    pub(crate) otlp_protocol: String,
    pub(crate) otlp_headers: Headers,
    pub(crate) otlp_authority: Option<PathBuf>,
    pub(crate) service_name: String,
    pub(crate) sample_ratio: SampleRatio,
    pub(crate) metrics_every: Duration,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            otlp_endpoint: String::new(),
            otlp_protocol: headwater_server::telemetry::Protocol::default().as_str().to_owned(),
            otlp_headers: Headers::default(),
            otlp_authority: None,
            service_name: "headwater".to_owned(),
            sample_ratio: SampleRatio::ALL,
            metrics_every: TelemetryOptions::METRICS_EVERY,
        }
    }
}

impl Telemetry {
    /// What the server is told of it; `None`: there is no collector.
    pub(crate) fn options(&self) -> Result<Option<TelemetryOptions>, String> {
        if self.otlp_endpoint.is_empty() {
            return match self.otlp_headers.is_empty() {
                true => Ok(None),
                false => Err("telemetry.otlp_headers are for a collector, but \
                              telemetry.otlp_endpoint names none"
                    .to_owned()),
            };
        }
        let of = |key: &'static str| move |error: InvalidOption| format!("{key}: {error}");
        let endpoint = self.otlp_endpoint.parse().map_err(of("telemetry.otlp_endpoint"))?;
        let protocol = self.otlp_protocol.parse().map_err(of("telemetry.otlp_protocol"))?;
        Ok(Some(TelemetryOptions {
            protocol,
            headers: self.otlp_headers.clone(),
            authority: self.otlp_authority.clone(),
            sample_ratio: self.sample_ratio,
            metrics_every: self.metrics_every,
            ..TelemetryOptions::new(endpoint, &*self.service_name)
        }))
    }
}

/// Takes what the standard variables say where no setting says anything; nothing, as long as nobody
/// names a collector.
pub(crate) fn take_standard(
    gathered: &mut Gathered,
    environment: &[(String, String)],
) -> Result<(), String> {
    let get = |name: &str| {
        let found = environment.iter().find(|(variable, _)| variable == name);
        found.map(|(_, text)| text.clone())
    };
    let named = !gathered.configured.telemetry.otlp_endpoint.is_empty();
    if !named && get("OTEL_EXPORTER_OTLP_ENDPOINT").is_none() {
        return Ok(());
    }
    let standard =
        Standard::read(get).map_err(|(variable, error)| format!("{variable}: {error}"))?;
    if !named && standard.endpoint.is_none() {
        return Ok(()); // it is disabled
    }
    for (key, said) in [
        ("telemetry.otlp_endpoint", standard.endpoint),
        ("telemetry.otlp_protocol", standard.protocol),
        ("telemetry.otlp_headers", standard.headers),
        ("telemetry.otlp_authority", standard.authority),
        ("telemetry.service_name", standard.service_name),
        ("telemetry.sample_ratio", standard.sample_ratio),
        ("telemetry.metrics_every", standard.metrics_every),
    ] {
        let Some(Said { variable, text }) = said else { continue };
        if !gathered.is_said(key) {
            let origin = Origin::Environment { variable: variable.to_owned() };
            gathered.set(key, &text, origin)?;
        }
    }
    Ok(())
}
