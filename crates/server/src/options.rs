//! What a server is told when it is started.

use crate::access::AccessOptions;
use crate::kurrent::KurrentOptions;
use crate::limits::Limits;
use crate::tls::{CallerCertificates, TlsOptions};
use headwater_telemetry::TelemetryOptions;
use std::time::Duration;

/// Who may reach a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Processes of this machine, by addresses of the loopback interface. Others only if what they
    /// send is encrypted and they are asked who they are.
    Guarded,
    /// Whoever can reach the address, whatever is missing: without TLS who listens in between reads and
    /// writes, without authentication so does everybody.
    Anyone,
}

/// How a server behaves. The bounds that nobody needs to turn are in [`crate::limits`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerOptions {
    /// How long it says that it is not ready before it takes no more connections, so that whoever
    /// sends work here has noticed.
    pub drain_for: Duration,
    /// How long what is in hand may take once it closes; then connections are cut.
    pub close_within: Duration,
    /// How much of everything.
    pub limits: Limits,
    /// Its certificate; without one nothing is encrypted.
    pub tls: Option<TlsOptions>,
    /// Whether it asks who asks.
    pub access: AccessOptions,
    /// Who may reach it.
    pub reach: Reach,
    /// What clients of KurrentDB see.
    pub kurrent: KurrentOptions,
    /// Who is told what it does; nobody, if nobody is named.
    pub telemetry: Option<TelemetryOptions>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            drain_for: Duration::ZERO,
            close_within: Duration::from_secs(10),
            limits: Limits::default(),
            tls: None,
            access: AccessOptions::Open,
            reach: Reach::Guarded,
            kurrent: KurrentOptions::default(),
            telemetry: None,
        }
    }
}

impl ServerOptions {
    /// What is missing for other machines to be let in.
    pub(crate) fn missing_beyond_this_machine(&self) -> Option<&'static str> {
        let certified = self
            .tls
            .as_ref()
            .is_some_and(|tls| matches!(tls.callers, CallerCertificates::Required { .. }));
        let asks = certified || self.access != AccessOptions::Open;
        match (self.tls.is_some(), asks) {
            (true, true) => None,
            (true, false) => Some("nobody is asked who they are"),
            (false, true) => Some("nothing is encrypted, passwords and tokens neither"),
            (false, false) => Some("nothing is encrypted, and nobody is asked who they are"),
        }
    }
}
