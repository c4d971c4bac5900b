//! What is told to whom.

use crate::Headers;
use http::Uri;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Where a collector is, and what it is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TelemetryOptions {
    /// Where it is.
    pub endpoint: Endpoint,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// What goes with every message.
    pub headers: Headers,
    /// Whose signature on its certificate counts (PEM); without it, those this machine trusts.
    pub authority: Option<PathBuf>,
    /// Whose spans and metrics these are.
    pub service_name: String,
    /// How many of the traces that begin here are recorded. A trace that came with a request is
    /// recorded if who began it does.
    pub sample_ratio: SampleRatio,
    /// How often metrics are sent.
    pub metrics_every: Duration,
}

impl TelemetryOptions {
    /// As OpenTelemetry has them where nothing else is said.
    pub fn new(endpoint: Endpoint, service_name: impl Into<String>) -> Self {
        Self {
            endpoint,
            protocol: Protocol::default(),
            headers: Headers::default(),
            authority: None,
            service_name: service_name.into(),
            sample_ratio: SampleRatio::ALL,
            metrics_every: Self::METRICS_EVERY,
        }
    }

    /// How often metrics are sent if nobody says.
    pub const METRICS_EVERY: Duration = Duration::from_secs(60);
}

/// How a collector is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// gRPC, mostly at port 4317.
    Grpc,
    /// Protobuf in HTTP/1.1, mostly at port 4318.
    #[default]
    Http,
}

impl Protocol {
    /// All names there are.
    pub const NAMES: &'static [&'static str] = &["grpc", "http/protobuf"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http/protobuf",
        }
    }
}

impl FromStr for Protocol {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        match text {
            "grpc" => Ok(Self::Grpc),
            "http/protobuf" => Ok(Self::Http),
            other => Err(InvalidOption::Protocol { text: other.to_owned() }),
        }
    }
}

/// `http://host:4318`, or `https://` with a certificate that counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint(Uri);

impl FromStr for Endpoint {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        let wrong = |why| InvalidOption::Endpoint { text: text.to_owned(), why };
        let uri: Uri = text.parse().map_err(|_| wrong("it is no address"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("it begins with neither http:// nor https://"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            // It would be shown with the address.
            return Err(InvalidOption::Credentials);
        }
        if uri.query().is_some() {
            return Err(wrong("it has a query"));
        }
        Ok(Self(uri))
    }
}

impl Endpoint {
    pub(crate) const fn uri(&self) -> &Uri {
        &self.0
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Without brackets around an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        self.0.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(if self.is_secure() { 443 } else { 80 })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A part of all traces, from 0 (none) to 1 (all), in billionths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct SampleRatio(u32);

impl SampleRatio {
    /// Every trace.
    pub const ALL: Self = Self(Self::BILLION);
    /// No trace but those that others have begun and record.
    pub const NONE: Self = Self(0);

    const BILLION: u32 = 1_000_000_000;

    /// As a number from 0 to 1.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / f64::from(Self::BILLION)
    }
}

impl FromStr for SampleRatio {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        let ratio: Option<f64> = text.trim().parse().ok();
        let ratio = ratio.filter(|ratio| (0.0..=1.0).contains(ratio));
        let ratio = ratio.ok_or_else(|| InvalidOption::Ratio { text: text.to_owned() })?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to a billion"
        )]
        Ok(Self((ratio * f64::from(Self::BILLION)).round() as u32))
    }
}

impl fmt::Display for SampleRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_f64().fmt(f)
    }
}

/// An option that cannot be meant so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidOption {
    /// No address of a collector.
    #[error("{text:?} is no address of a collector, such as http://localhost:4318: {why}")]
    Endpoint {
        /// As given.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A password in the address.
    #[error("the address of the collector holds a user or a password; give them as a header")]
    Credentials,
    /// A protocol that is not spoken.
    #[error("{text:?} is not spoken; grpc and http/protobuf are")]
    Protocol {
        /// As given.
        text: String,
    },
    /// A header that is none.
    #[error("header {number} of the collector is no name=value, or cannot be sent")]
    Header {
        /// Which of them, from 1.
        number: usize,
    },
    /// A ratio that is none.
    #[error("{text:?} is no part of all traces; write a number from 0 to 1")]
    Ratio {
        /// As given.
        text: String,
    },
    /// An interval that is none.
    #[error("{text:?} is no number of milliseconds from 1000 on")]
    Interval {
        /// As given.
        text: String,
    },
    /// A sampler that is not there.
    #[error(
        "the sampler {text:?} is not known; always_on, always_off and traceidratio are, each also with \
         parentbased_ before it"
    )]
    Sampler {
        /// As given.
        text: String,
    },
}

impl InvalidOption {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        "telemetry.option"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_have_a_scheme_and_a_host_and_no_password() {
        let at = |text: &str| text.parse::<Endpoint>();
        let good = at("https://[::1]:4317").expect("good");
        assert_eq!((good.host(), good.port(), good.is_secure()), ("::1", 4317, true));
        assert_eq!(at("http://collector").expect("good").port(), 80);
        for wrong in ["", "collector:4317", "grpc://c:1", "/v1/traces", "http://c:1/?a=b"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
        let error = at("http://ann:secret@c:1").expect_err("a password");
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn a_ratio_is_a_number_from_0_to_1() {
        for (text, shown) in [("1", "1"), ("0.010", "0.01"), ("0", "0")] {
            assert_eq!(text.parse::<SampleRatio>().expect("good").to_string(), shown);
        }
        for wrong in ["", "1.1", "-0.1", "NaN", "inf", "all"] {
            assert!(wrong.parse::<SampleRatio>().is_err(), "{wrong}");
        }
    }
}
