//! What a server is told when it is started.

use crate::kurrent::KurrentOptions;
use crate::limits::Limits;
use crate::tls::TlsOptions;
use std::time::Duration;

/// Who may reach a server that asks nobody who they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Processes of this machine: addresses of the loopback interface only.
    ThisMachine,
    /// Whoever can reach the address: they read and write everything, and so does who listens in
    /// between. There is no TLS and no authentication yet.
    AnyoneUnencrypted,
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
    /// Who may reach it.
    pub reach: Reach,
    /// What clients of KurrentDB see.
    pub kurrent: KurrentOptions,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            drain_for: Duration::ZERO,
            close_within: Duration::from_secs(10),
            limits: Limits::default(),
            tls: None,
            reach: Reach::ThisMachine,
            kurrent: KurrentOptions::default(),
        }
    }
}
