//! The table of all settings.

mod limits;
mod telemetry;

use super::configured::CALLERS;
use super::field::Field;
use std::time::Duration;

/// One setting.
pub(crate) struct Setting {
    /// Its name: `tls.key` is `key` in the table `[tls]` of a file.
    pub(crate) key: &'static str,
    /// Its flag, without the dashes, if it has one of its own.
    pub(crate) flag: Option<&'static str>,
    pub(crate) field: Field,
    /// What it does; for a limit, why it is as it is.
    pub(crate) why: &'static str,
}

impl Setting {
    /// The variable of the environment: `HEADWATER_TLS_KEY`.
    pub(crate) fn variable(&self) -> String {
        format!("HEADWATER_{}", self.key.replace(['.', '-'], "_").to_uppercase())
    }
}

/// All settings, in the order in which they are shown.
pub(crate) fn table() -> impl Iterator<Item = &'static Setting> {
    SERVER.iter().chain(ACCESS).chain(TLS).chain(telemetry::TELEMETRY).chain(limits::LIMITS)
}

const NO_TIME: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);

const SERVER: &[Setting] = &[
    Setting {
        key: "data",
        flag: Some("data"),
        field: Field::Directory(|to| &mut to.data),
        why: "where the files are",
    },
    Setting {
        key: "listen",
        flag: Some("listen"),
        field: Field::Address(|to| &mut to.listen),
        why: "where to listen; port 0 takes any that is free. An address that other machines reach needs \
              TLS and callers that say who they are",
    },
    Setting {
        key: "insecure_listen_anywhere",
        flag: Some("insecure-listen-anywhere"),
        field: Field::Switch(|to| &mut to.insecure_listen_anywhere),
        why: "let other machines in although nothing is encrypted or nobody is asked who they are",
    },
    Setting {
        key: "kurrent.context",
        flag: Some("kurrent-context"),
        field: Field::Text(|to| &mut to.kurrent_context),
        why: "the context that clients of KurrentDB see: their protocol has none",
    },
    Setting {
        key: "kurrent.advertised",
        flag: Some("kurrent-advertise"),
        field: Field::Text(|to| &mut to.kurrent_advertised),
        why: "HOST:PORT where clients of KurrentDB that ask by gossip find this server; empty: where they \
              asked",
    },
    Setting {
        key: "drain_for",
        flag: Some("drain-for"),
        field: Field::Span { min: NO_TIME, max: HOUR, at: |to| &mut to.drain_for },
        why: "how long it says that it is not ready before it takes no more connections, so that \
              whatever sends work here has noticed",
    },
    Setting {
        key: "close_within",
        flag: None,
        field: Field::Span { min: NO_TIME, max: HOUR, at: |to| &mut to.close_within },
        why: "how long what is in hand may take once it closes; then connections are cut",
    },
];

const ACCESS: &[Setting] = &[
    Setting {
        key: "access.required",
        flag: Some("auth"),
        field: Field::Switch(|to| &mut to.access.required),
        why: "ask everybody who they are; at the first start a token is printed by which the first user \
              who administers is made",
    },
    Setting {
        key: "access.issuer",
        flag: None,
        field: Field::Text(|to| &mut to.access.issuer),
        why: "the identity provider whose JWTs are believed: their `iss`, letter by letter",
    },
    Setting {
        key: "access.audience",
        flag: None,
        field: Field::Text(|to| &mut to.access.audience),
        why: "for whom its tokens must be: one of these, between commas, is among their `aud`",
    },
    Setting {
        key: "access.keys_url",
        flag: None,
        field: Field::Text(|to| &mut to.access.keys_url),
        why: "where its keys are; empty: where /.well-known/openid-configuration below it says",
    },
    Setting {
        key: "access.roles_claim",
        flag: None,
        field: Field::Text(|to| &mut to.access.roles_claim),
        why: "where its tokens hold roles: `realm_access.roles`",
    },
    Setting {
        key: "access.admins",
        flag: None,
        field: Field::Text(|to| &mut to.access.admins),
        why: "the role of its tokens that may do everything here; empty: none of them does",
    },
];

const TLS: &[Setting] = &[
    Setting {
        key: "tls.certificate",
        flag: Some("tls-certificate"),
        field: Field::File(|to| &mut to.tls.certificate),
        why: "the server's certificate, and behind it those that lead to the root (PEM)",
    },
    Setting {
        key: "tls.key",
        flag: Some("tls-key"),
        field: Field::File(|to| &mut to.tls.key),
        why: "the key that belongs to the certificate (PEM, not encrypted)",
    },
    Setting {
        key: "tls.callers",
        flag: Some("tls-callers"),
        field: Field::OneOf(CALLERS, |to| &mut to.tls.callers),
        why: "whether callers show certificates: not at all, if they have one, or nobody comes in \
              without",
    },
    Setting {
        key: "tls.authority",
        flag: Some("tls-authority"),
        field: Field::File(|to| &mut to.tls.authority),
        why: "the authorities that sign callers' certificates (PEM)",
    },
    Setting {
        key: "tls.look_again_every",
        flag: None,
        field: Field::Span { min: SECOND, max: HOUR, at: |to| &mut to.tls.look_again_every },
        why: "how often the files are looked at for new certificates; SIGHUP does it at once",
    },
];
