//! What a service's settings say about a collector.
//!
//! A part of a service's own settings, if it wants one; else the standard variables alone count:
//! ```
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Settings {
//!     #[serde(default)]
//!     telemetry: headwater_service::telemetry::TelemetrySettings,
//! }
//! ```

use crate::StartError;
use crate::settings::duration;
use headwater_telemetry::{Headers, InvalidOption, Said, Standard, TelemetryOptions};
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Where a collector is, and what it is told. What is not said here is taken from the variables that
/// OpenTelemetry's own libraries read: `OTEL_EXPORTER_OTLP_ENDPOINT` and others.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetrySettings {
    /// Where it is; without one, nothing is sent.
    pub otlp_endpoint: Option<String>,
    /// `grpc` or `http/protobuf`.
    pub otlp_protocol: Option<String>,
    /// `name=value`, between commas.
    pub otlp_headers: Option<Secret>,
    /// Who signs its certificate (PEM).
    pub otlp_authority: Option<PathBuf>,
    /// Whose spans these are; the service's name, if nobody says.
    pub service_name: Option<String>,
    /// How many of the traces that begin here are recorded, from 0 to 1.
    pub sample_ratio: Option<f64>,
    /// How often metrics are sent: `60s`.
    pub metrics_every: Option<Every>,
}

/// A text that is shown to nobody.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Every(#[serde(with = "duration")] Duration);

impl TelemetrySettings {
    /// What a collector is told, and where it is; `None`: there is none.
    pub(crate) fn options(
        &self,
        name: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<TelemetryOptions>, StartError> {
        let has = |variable: Option<String>| variable.is_some_and(|text| !text.is_empty());
        if self.otlp_endpoint.is_none() && !has(variable("OTEL_EXPORTER_OTLP_ENDPOINT")) {
            return Ok(None);
        }
        let standard = Standard::read(variable).map_err(|(name, error)| wrong(name, error))?;
        let Some(endpoint) = said(("otlp_endpoint", &self.otlp_endpoint), standard.endpoint)?
        else {
            return Ok(None); // it is disabled
        };
        let mut options = TelemetryOptions::new(endpoint, name);
        let protocol = said(("otlp_protocol", &self.otlp_protocol), standard.protocol)?;
        options.protocol = protocol.unwrap_or_default();
        let headers = match (&self.otlp_headers, standard.headers) {
            (Some(Secret(text)), _) => Headers::parse(text).map_err(|e| own("otlp_headers", e)),
            (None, Some(Said { variable, text })) => {
                Headers::parse(&text).map_err(|error| wrong(variable, error))
            }
            (None, None) => Ok(Headers::default()),
        };
        options.headers = headers?;
        let authority = standard.authority.map(|said| PathBuf::from(said.text));
        options.authority = self.otlp_authority.clone().or(authority);
        let service_name = standard.service_name.map(|said| said.text);
        if let Some(name) = self.service_name.clone().or(service_name) {
            options.service_name = name;
        }
        let ratio = self.sample_ratio.map(|ratio| ratio.to_string());
        if let Some(ratio) = said(("sample_ratio", &ratio), standard.sample_ratio)? {
            options.sample_ratio = ratio;
        }
        options.metrics_every = self.every(standard.metrics_every)?;
        Ok(Some(options))
    }

    fn every(&self, standard: Option<Said>) -> Result<Duration, StartError> {
        match (self.metrics_every, standard) {
            (Some(Every(Duration::ZERO)), _) => {
                Err(own("metrics_every", InvalidOption::Interval { text: "0s".to_owned() }))
            }
            (Some(Every(every)), _) => Ok(every),
            (None, Some(Said { variable, text })) => {
                let millis = text.strip_suffix(" ms").and_then(|millis| millis.parse().ok());
                let millis = millis.ok_or(InvalidOption::Interval { text });
                millis.map(Duration::from_millis).map_err(|error| wrong(variable, error))
            }
            (None, None) => Ok(TelemetryOptions::METRICS_EVERY),
        }
    }
}

/// What a setting says, or else a variable.
fn said<T>(setting: (&'static str, &Option<String>), standard: Option<Said>) -> Read<T>
where
    T: FromStr<Err = InvalidOption>,
{
    let read = match (setting, standard) {
        ((key, Some(text)), _) => text.parse().map_err(|error| own(key, error)),
        (_, Some(Said { variable, text })) => text.parse().map_err(|error| wrong(variable, error)),
        _ => return Ok(None),
    };
    read.map(Some)
}

type Read<T> = Result<Option<T>, StartError>;

fn own(key: &str, error: InvalidOption) -> StartError {
    wrong(format!("telemetry.{key}"), error)
}

fn wrong(setting: impl Into<String>, error: InvalidOption) -> StartError {
    StartError::Telemetry { setting: setting.into(), error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_telemetry::Protocol;

    fn read(
        settings: &TelemetrySettings,
        variables: &[(&str, &str)],
    ) -> Result<Option<TelemetryOptions>, StartError> {
        settings.options("orders", |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, text)| (*text).to_owned())
        })
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");

    #[test]
    fn nobody_named_is_nobody_told() {
        let none = TelemetrySettings::default();
        assert_eq!(read(&none, &[]), Ok(None));
        let odd = [("OTEL_TRACES_SAMPLER", "xray"), ("OTEL_SERVICE_NAME", "x")];
        assert_eq!(read(&none, &odd), Ok(None), "variables for others do no harm");
        assert_eq!(read(&none, &[ENDPOINT, ("OTEL_SDK_DISABLED", "true")]), Ok(None));
    }

    #[test]
    fn settings_are_stronger_than_variables() {
        let settings: TelemetrySettings = toml::from_str(
            "otlp_protocol = 'grpc'\nsample_ratio = 0.01\nmetrics_every = '5s'\notlp_headers = 'k=secret'",
        )
        .expect("settings");
        let variables = [
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "9000"),
            ("OTEL_SERVICE_NAME", "shop-orders"),
        ];
        let options = read(&settings, &variables).expect("right").expect("there is one");
        assert_eq!(options.protocol, Protocol::Grpc);
        assert_eq!(options.sample_ratio.to_string(), "0.01");
        assert_eq!(options.metrics_every, Duration::from_secs(5));
        assert_eq!(options.service_name, "shop-orders");
        assert!(!format!("{settings:?} {options:?}").contains("secret"));
        let none = TelemetrySettings::default();
        let options = read(&none, &variables).expect("right").expect("there is one");
        assert_eq!(options.metrics_every, Duration::from_secs(9));
        assert_eq!(read(&none, &[ENDPOINT]).expect("right").expect("one").service_name, "orders");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let settings = |text: &str| toml::from_str::<TelemetrySettings>(text).expect("settings");
        for (wrong, named) in [
            ("otlp_endpoint = 'c:1'", "telemetry.otlp_endpoint"),
            ("otlp_endpoint = 'http://c'\nsample_ratio = 2.0", "telemetry.sample_ratio"),
            ("otlp_endpoint = 'http://c'\nmetrics_every = '0s'", "telemetry.metrics_every"),
        ] {
            let error = read(&settings(wrong), &[]).expect_err(wrong);
            assert!(error.to_string().contains(named), "{error}");
            assert_eq!(error.code(), "telemetry.option");
        }
    }
}
