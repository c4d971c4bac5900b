//! The settings as the program uses them.

use super::Wrong;
use crate::args::LISTEN;
use headwater_model::ContextName;
use headwater_server::tls::{CallerCertificates, TlsOptions};
use headwater_server::{KurrentOptions, Limits, Reach, ServerOptions, limits};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Every setting's value. What it is when nobody says anything stands in `Default`.
pub(crate) struct Configured {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) insecure_listen_anywhere: bool,
    pub(crate) kurrent_context: String,
    pub(crate) drain_for: Duration,
    pub(crate) close_within: Duration,
    pub(crate) tls: Tls,
    pub(crate) limits: Limits,
}

/// What is said about TLS.
pub(crate) struct Tls {
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) callers: String,
    pub(crate) authority: Option<PathBuf>,
    pub(crate) look_again_every: Duration,
}

/// Whether callers show certificates.
pub(crate) const CALLERS: &[&str] = &["not-asked", "asked", "required"];

impl Default for Configured {
    fn default() -> Self {
        let server = ServerOptions::default();
        Self {
            data: ".headwater".into(),
            listen: LISTEN,
            insecure_listen_anywhere: false,
            kurrent_context: server.kurrent.context.to_string(),
            drain_for: server.drain_for,
            close_within: server.close_within,
            tls: Tls {
                certificate: None,
                key: None,
                callers: "not-asked".to_owned(),
                authority: None,
                look_again_every: limits::LOOK_AGAIN_EVERY,
            },
            limits: server.limits,
        }
    }
}

impl Configured {
    /// What the server is started with.
    ///
    /// # Errors
    /// Settings that do not go together.
    pub(crate) fn server(&self) -> Result<ServerOptions, Wrong> {
        let mut wrong = Vec::new();
        let context = ContextName::new(self.kurrent_context.clone());
        let context = context.map_err(|error| wrong.push(format!("kurrent.context: {error}"))).ok();
        let tls = self.tls.options().map_err(|why| wrong.push(why)).ok();
        let (Some(context), Some(tls)) = (context, tls) else { return Err(Wrong(wrong)) };
        Ok(ServerOptions {
            drain_for: self.drain_for,
            close_within: self.close_within,
            limits: self.limits.clone(),
            tls,
            reach: if self.insecure_listen_anywhere { Reach::Anyone } else { Reach::Guarded },
            kurrent: KurrentOptions { context, ..KurrentOptions::default() },
        })
    }
}

impl Tls {
    fn options(&self) -> Result<Option<TlsOptions>, String> {
        let callers = match (self.callers.as_str(), &self.authority) {
            ("not-asked", None) => CallerCertificates::NotAsked,
            ("not-asked", Some(_)) => {
                return Err(
                    "tls.authority says who signs callers' certificates, but tls.callers says \
                            that they are not asked"
                        .to_owned(),
                );
            }
            (_, None) => {
                return Err(
                    "tls.callers asks for certificates; tls.authority must say who signs them"
                        .to_owned(),
                );
            }
            ("asked", Some(authority)) => {
                CallerCertificates::Asked { authority: authority.clone() }
            }
            (_, Some(authority)) => CallerCertificates::Required { authority: authority.clone() },
        };
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Ok(Some(TlsOptions {
                callers,
                look_again_every: self.look_again_every,
                ..TlsOptions::new(certificate, key)
            })),
            (None, None) if callers == CallerCertificates::NotAsked => Ok(None),
            (None, None) => Err(
                "tls.callers asks for certificates; the server needs one first (tls.certificate, \
                     tls.key)"
                    .to_owned(),
            ),
            (Some(_), None) => Err("tls.certificate needs its tls.key".to_owned()),
            (None, Some(_)) => Err("tls.key needs its tls.certificate".to_owned()),
        }
    }
}
