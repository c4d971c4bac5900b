//! Secure connections: what a database's address asks for, and whom it believes.
//!
//! | in the address | PostgreSQL | MariaDB, MySQL |
//! |---|---|---|
//! | nothing | TLS if the server has it | none |
//! | `sslmode=disable` | none | none |
//! | `sslmode=require`, `verify-ca`, `verify-full` | TLS | TLS |
//! | `sslrootcert=FILE` | the authorities that are believed; without it, this machine's | the same |
//!
//! Invariant: where there is TLS, the server's certificate is checked together with its name, whatever
//! the mode is called.

use crate::SqlError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// What an address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secured {
    /// The address without what is said here.
    pub(crate) url: String,
    /// Whether there must be TLS, or must be none; `None`: nothing was said.
    pub(crate) tls: Option<bool>,
    authorities: Option<String>,
}

impl Secured {
    pub(crate) fn of(address: &str) -> Result<Self, SqlError> {
        let (bare, query) = address.split_once('?').unwrap_or((address, ""));
        let mut secured = Self { url: bare.to_owned(), tls: None, authorities: None };
        let mut left = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", mode)) => secured.tls = mode_of(mode)?,
                Some(("sslrootcert", file)) => secured.authorities = Some(file.to_owned()),
                _ => left.push(parameter),
            }
        }
        if secured.authorities.is_some() {
            secured.tls = secured.tls.or(Some(true));
        }
        if !left.is_empty() {
            secured.url = format!("{bare}?{}", left.join("&"));
        }
        Ok(secured)
    }

    /// The certificates that are believed.
    pub(crate) fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, SqlError> {
        let Some(file) = &self.authorities else {
            return Ok(rustls_native_certs::load_native_certs().certs);
        };
        let unread =
            |why: String| SqlError::Tls { why: format!("the authorities in {file}: {why}") };
        let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
        let read: Vec<_> = read.map_err(|error| unread(error.to_string()))?;
        if read.is_empty() { Err(unread("there are none".to_owned())) } else { Ok(read) }
    }
}

fn mode_of(mode: &str) -> Result<Option<bool>, SqlError> {
    match mode {
        "disable" => Ok(Some(false)),
        "prefer" => Ok(None),
        "require" | "verify-ca" | "verify-full" => Ok(Some(true)),
        other => {
            let why = format!("has an sslmode {other}: disable, prefer, require or verify-full");
            Err(SqlError::Address { why })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_says_of_tls_is_taken_out_of_it_and_the_rest_stays() {
        let of = |address: &str| Secured::of(address).expect("an address");
        let asked =
            of("postgres://a@db/x?sslmode=verify-full&connect_timeout=3&sslrootcert=/ca.pem");
        assert_eq!(asked.url, "postgres://a@db/x?connect_timeout=3");
        assert_eq!((asked.tls, asked.authorities.as_deref()), (Some(true), Some("/ca.pem")));
        assert_eq!(of("mysql://a@db/x?sslrootcert=ca.pem").tls, Some(true));
        assert_eq!(
            (of("mysql://a@db/x").tls, of("mysql://a@db/x").url),
            (None, "mysql://a@db/x".into())
        );
        assert_eq!(of("mysql://a@db/x?sslmode=disable").tls, Some(false));
        assert_eq!(
            Secured::of("postgres://db?sslmode=maybe").expect_err("no mode").code(),
            "sql.address"
        );
    }
}
