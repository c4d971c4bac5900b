//! The variables by which OpenTelemetry's own libraries are configured.
//!
//! Why: an orchestrator sets them once for everything it starts. They are weaker than anything that
//! was said to this program by name; whoever asks for them says which of them stand.
//!
//! Not here: those for one signal alone, and those about queues, whose bounds are ours.

use crate::{InvalidOption, SampleRatio};
use std::time::Duration;

/// What a variable says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// The variable that says it.
    pub variable: &'static str,
    /// What it says, as our own setting would.
    pub text: String,
}

/// What the standard variables say, each by the setting it stands for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standard {
    /// Where the collector is.
    pub endpoint: Option<Said>,
    /// How it is spoken to.
    pub protocol: Option<Said>,
    /// Headers, as [`crate::Headers::parse`] reads them.
    pub headers: Option<Said>,
    /// Whose signature on its certificate counts.
    pub authority: Option<Said>,
    /// Whose spans these are.
    pub service_name: Option<Said>,
    /// How many traces are recorded.
    pub sample_ratio: Option<Said>,
    /// How often metrics are sent, in milliseconds, with that unit.
    pub metrics_every: Option<Said>,
}

impl Standard {
    /// Reads them. An empty one says nothing, and none does where `OTEL_SDK_DISABLED` is `true`.
    ///
    /// # Errors
    /// The variable, and what is wrong with it.
    pub fn read(
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, (&'static str, InvalidOption)> {
        let get = |name: &str| get(name).filter(|text| !text.trim().is_empty());
        if get("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return Ok(Self::default());
        }
        let said = |variable| get(variable).map(|text| Said { variable, text });
        Ok(Self {
            endpoint: said("OTEL_EXPORTER_OTLP_ENDPOINT"),
            protocol: said("OTEL_EXPORTER_OTLP_PROTOCOL"),
            headers: said("OTEL_EXPORTER_OTLP_HEADERS"),
            authority: said("OTEL_EXPORTER_OTLP_CERTIFICATE"),
            service_name: said("OTEL_SERVICE_NAME"),
            sample_ratio: ratio(said("OTEL_TRACES_SAMPLER"), said("OTEL_TRACES_SAMPLER_ARG"))?,
            metrics_every: interval(said("OTEL_METRIC_EXPORT_INTERVAL"))?,
        })
    }
}

type Read = Result<Option<Said>, (&'static str, InvalidOption)>;

fn ratio(sampler: Option<Said>, argument: Option<Said>) -> Read {
    let Some(Said { variable, text }) = sampler else { return Ok(None) };
    let fixed = |ratio: SampleRatio| Ok(Some(Said { variable, text: ratio.to_string() }));
    match text.strip_prefix("parentbased_").unwrap_or(&text) {
        "always_on" => fixed(SampleRatio::ALL),
        "always_off" => fixed(SampleRatio::NONE),
        "traceidratio" => match argument {
            Some(said) => Ok(Some(said)),
            None => fixed(SampleRatio::ALL),
        },
        _ => Err((variable, InvalidOption::Sampler { text })),
    }
}

fn interval(said: Option<Said>) -> Read {
    let Some(Said { variable, text }) = said else { return Ok(None) };
    let millis: Option<u64> = text.trim().parse().ok().filter(|millis| *millis >= 1_000);
    match millis {
        Some(millis) => {
            let text = format!("{} ms", Duration::from_millis(millis).as_millis());
            Ok(Some(Said { variable, text }))
        }
        None => Err((variable, InvalidOption::Interval { text })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Standard, (&'static str, InvalidOption)> {
        Standard::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, text)| (*text).to_owned())
        })
    }

    fn said(said: Option<Said>) -> (&'static str, String) {
        said.map(|said| (said.variable, said.text)).expect("it was said")
    }

    #[test]
    fn each_is_what_our_own_setting_would_be() {
        let standard = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
            ("OTEL_SERVICE_NAME", "orders"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "5000"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", ""),
        ])
        .expect("all are right");
        assert_eq!(said(standard.endpoint).1, "http://c:4318");
        assert_eq!(said(standard.service_name), ("OTEL_SERVICE_NAME", "orders".to_owned()));
        assert_eq!(said(standard.sample_ratio), ("OTEL_TRACES_SAMPLER_ARG", "0.25".to_owned()));
        assert_eq!(said(standard.metrics_every).1, "5000 ms");
        assert_eq!(standard.protocol, None, "what is empty says nothing");
        let off = read(&[("OTEL_TRACES_SAMPLER", "always_off")]).expect("right");
        assert_eq!(said(off.sample_ratio), ("OTEL_TRACES_SAMPLER", "0".to_owned()));
    }

    #[test]
    fn disabled_is_as_if_nothing_was_said() {
        let all = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"), ("OTEL_SDK_DISABLED", "TRUE")];
        assert_eq!(read(&all), Ok(Standard::default()));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let sampler = read(&[("OTEL_TRACES_SAMPLER", "xray")]).expect_err("no such sampler");
        assert_eq!(sampler.0, "OTEL_TRACES_SAMPLER");
        for wrong in ["0", "soon", "-1", "999"] {
            let interval = read(&[("OTEL_METRIC_EXPORT_INTERVAL", wrong)]).expect_err(wrong);
            assert_eq!(interval.0, "OTEL_METRIC_EXPORT_INTERVAL");
        }
    }
}
