//! The settings as the program uses them.

use super::Wrong;
use super::telemetry::Telemetry;
use crate::args::LISTEN;
use headwater_access::bearer::{ALGORITHMS, BearerRules};
use headwater_access::who::ADMINS;
use headwater_model::ContextName;
use headwater_server::tls::{CallerCertificates, TlsOptions};
use headwater_server::{
    AccessOptions, Authentication, IssuerOptions, KurrentOptions, Limits, Reach, ServerOptions,
    limits,
};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Every setting's value. What it is when nobody says anything stands in `Default`.
pub(crate) struct Configured {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) insecure_listen_anywhere: bool,
    pub(crate) kurrent_context: String,
    pub(crate) kurrent_advertised: String,
    pub(crate) drain_for: Duration,
    pub(crate) close_within: Duration,
    pub(crate) access: Access,
    pub(crate) tls: Tls,
    pub(crate) telemetry: Telemetry,
    pub(crate) limits: Limits,
}

/// What is said about who asks.
pub(crate) struct Access {
    pub(crate) required: bool,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) keys_url: String,
    pub(crate) roles_claim: String,
    pub(crate) admins: String,
}

/// What is said about TLS.
pub(crate) struct Tls {
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) callers: String,
    pub(crate) authority: Option<PathBuf>,
    pub(crate) look_again_every: Duration,
}

/// How far an identity provider's clock may be from ours.
const CLOCK_LEEWAY_SECONDS: u64 = 30;

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
            kurrent_advertised: String::new(),
            drain_for: server.drain_for,
            close_within: server.close_within,
            access: Access {
                required: false,
                issuer: String::new(),
                audience: String::new(),
                keys_url: String::new(),
                roles_claim: "roles".to_owned(),
                admins: String::new(),
            },
            tls: Tls {
                certificate: None,
                key: None,
                callers: "not-asked".to_owned(),
                authority: None,
                look_again_every: limits::LOOK_AGAIN_EVERY,
            },
            telemetry: Telemetry::default(),
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
        let advertised = match self.kurrent_advertised.as_str() {
            "" => None,
            text => text
                .parse::<headwater_server::kurrent::Advertised>()
                .map_err(|error| wrong.push(format!("kurrent.advertised: {error}")))
                .ok(),
        };
        let tls = self.tls.options().map_err(|why| wrong.push(why)).ok();
        let access = self.access.options().map_err(|why| wrong.push(why)).ok();
        let telemetry = self.telemetry.options().map_err(|why| wrong.push(why)).ok();
        let (Some(context), Some(tls), Some(access), Some(telemetry)) =
            (context, tls, access, telemetry)
        else {
            return Err(Wrong(wrong));
        };
        if !wrong.is_empty() {
            return Err(Wrong(wrong));
        }
        Ok(ServerOptions {
            drain_for: self.drain_for,
            close_within: self.close_within,
            limits: self.limits.clone(),
            tls,
            access,
            reach: if self.insecure_listen_anywhere { Reach::Anyone } else { Reach::Guarded },
            kurrent: KurrentOptions { context, advertised },
            telemetry,
        })
    }
}

impl Access {
    fn options(&self) -> Result<AccessOptions, String> {
        if !self.required {
            return match self.issuer.is_empty() {
                true => Ok(AccessOptions::Open),
                false => Err("access.issuer says whom to believe, but access.required says that \
                              nobody is asked"
                    .to_owned()),
            };
        }
        let issuer = self.believed()?;
        Ok(AccessOptions::Authenticated(Authentication { issuer, ..Authentication::default() }))
    }

    fn believed(&self) -> Result<Option<IssuerOptions>, String> {
        if self.issuer.is_empty() {
            return Ok(None);
        }
        let some = |text: &&str| !text.is_empty();
        let audiences: Vec<String> =
            self.audience.split(',').map(str::trim).filter(some).map(str::to_owned).collect();
        if audiences.is_empty() {
            return Err("access.issuer needs its access.audience: tokens for others must not be \
                        believed"
                .to_owned());
        }
        let admins = Some(self.admins.clone()).filter(|role| !role.is_empty());
        let roles = admins.map(|role| (role, vec![ADMINS.to_owned()])).into_iter().collect();
        let rules = BearerRules {
            issuer: self.issuer.clone(),
            audiences,
            algorithms: ALGORITHMS.to_vec(),
            leeway_seconds: CLOCK_LEEWAY_SECONDS,
            roles_claim: self.roles_claim.clone(),
            roles,
        };
        let keys_url = Some(self.keys_url.clone()).filter(|url| !url.is_empty());
        Ok(Some(IssuerOptions { rules, keys_url }))
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
