//! Bearer tokens of an identity provider: JWTs, signed with a key of its JSON Web Key Set.
//!
//! Invariants: only algorithms with a public key are known at all, and of those only the ones that
//! the rules name: `none` and HMAC cannot be asked for. The key must be one of the issuer's, named by
//! the token, and made for that algorithm. Issuer, audience and end are required.
//!
//! Not here: where the keys come from (the server asks the issuer for them).

mod ring_keys;

use crate::limits::CREDENTIAL_BYTES_MAX;
use headwater_model::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

pub use jsonwebtoken::Algorithm;

/// The algorithms that are known: each with a public key, so that who checks cannot forge.
pub const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Keys of one issuer; no provider has nearly as many.
pub const KEY_COUNT_MAX: usize = 128;

/// What a token must be like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BearerRules {
    /// Who must have issued it: its `iss`, letter by letter.
    pub issuer: String,
    /// For whom: one of these is among its `aud`.
    pub audiences: Vec<String>,
    /// Signed how.
    pub algorithms: Vec<Algorithm>,
    /// How far the issuer's clock may be from ours, in seconds.
    pub leeway_seconds: u64,
    /// Where its roles are: `realm_access.roles`.
    pub roles_claim: String,
    /// Roles by what stands there. What is not listed is a role of the same name, except that `$…`
    /// roles are given only by this list: an issuer makes no administrators by itself.
    pub roles: BTreeMap<String, Vec<String>>,
}

/// A token that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bearer {
    /// Who: its `sub`.
    pub subject: String,
    /// Their roles here.
    pub roles: Vec<String>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why a token does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// It is no JWT, or has parts that cannot be read.
    #[error("the token is no JWT that can be read")]
    Malformed,
    /// Signed in a way that is not allowed.
    #[error("the token's algorithm is not one of those allowed")]
    Algorithm,
    /// Its key is not known: it may be a new one.
    #[error("the token's key is not one of the issuer's")]
    UnknownKey,
    /// Not signed by that key.
    #[error("the token's signature does not hold")]
    Signature,
    /// Issued by somebody else, or for somebody else, or it says neither.
    #[error("the token is not of this issuer for this audience")]
    Strange,
    /// Its time is over, or it names no end.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    TooEarly,
    /// It does not say who.
    #[error("the token names no subject")]
    NoSubject,
}

/// An issuer's public keys, by name.
#[derive(Clone, Default)]
pub struct Keys {
    by_name: HashMap<String, (Option<Algorithm>, DecodingKey)>,
}

impl Keys {
    /// The keys of a JSON Web Key Set. Those of kinds that are not known are left out: a provider may
    /// have keys for other uses.
    ///
    /// # Errors
    /// In words, if it is no key set or holds too many keys.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let set: JwkSet = serde_json::from_slice(json).map_err(|cause| cause.to_string())?;
        if set.keys.len() > KEY_COUNT_MAX {
            return Err(format!(
                "it has {} keys, at most {KEY_COUNT_MAX} are read",
                set.keys.len()
            ));
        }
        let by_name = set.keys.iter().filter_map(named).collect();
        Ok(Self { by_name })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.by_name.len()
    }
}

fn named(key: &Jwk) -> Option<(String, (Option<Algorithm>, DecodingKey))> {
    let is_public = matches!(
        key.algorithm,
        AlgorithmParameters::RSA(_)
            | AlgorithmParameters::EllipticCurve(_)
            | AlgorithmParameters::OctetKeyPair(_)
    );
    let signs =
        key.common.public_key_use.as_ref().is_none_or(|own| *own == PublicKeyUse::Signature);
    let name = key.common.key_id.clone().filter(|_| is_public && signs)?;
    let algorithm = match &key.common.key_algorithm {
        Some(own) => Some(own.to_string().parse().ok()?),
        None => None,
    };
    Some((name, (algorithm, DecodingKey::from_jwk(key).ok()?)))
}

impl BearerRules {
    /// Who a token stands for, at this time.
    ///
    /// # Errors
    /// [`BearerError`] says why it does not hold.
    pub fn verify(&self, text: &str, keys: &Keys, now: Timestamp) -> Result<Bearer, BearerError> {
        ring_keys::install();
        if text.len() > CREDENTIAL_BYTES_MAX {
            return Err(BearerError::Malformed);
        }
        // An algorithm that the library does not know, such as `none`, is not read at all.
        let header = jsonwebtoken::decode_header(text).map_err(|_| BearerError::Malformed)?;
        if !self.algorithms.contains(&header.alg) || !ALGORITHMS.contains(&header.alg) {
            return Err(BearerError::Algorithm);
        }
        let name = header.kid.ok_or(BearerError::UnknownKey)?;
        let (algorithm, key) = keys.by_name.get(&name).ok_or(BearerError::UnknownKey)?;
        if algorithm.is_some_and(|own| own != header.alg) {
            return Err(BearerError::Algorithm);
        }
        let claims = self.claims(text, key, header.alg)?;
        self.bearer(&claims, now)
    }

    fn claims(
        &self,
        text: &str,
        key: &DecodingKey,
        algorithm: Algorithm,
    ) -> Result<Value, BearerError> {
        use jsonwebtoken::errors::ErrorKind;
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&self.audiences);
        // Times are checked by our own clock, below.
        validation.validate_exp = false;
        let read = jsonwebtoken::decode::<Value>(text, key, &validation);
        let data = read.map_err(|cause| match cause.kind() {
            ErrorKind::InvalidSignature => BearerError::Signature,
            ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => BearerError::Algorithm,
            ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => BearerError::Strange,
            ErrorKind::MissingRequiredClaim(claim) if claim == "exp" => BearerError::Expired,
            ErrorKind::MissingRequiredClaim(_) => BearerError::Strange,
            _ => BearerError::Malformed,
        })?;
        Ok(data.claims)
    }

    fn bearer(&self, claims: &Value, now: Timestamp) -> Result<Bearer, BearerError> {
        let seconds = |name| claims.get(name).and_then(instant);
        let now_seconds = now.as_micros() / 1_000_000;
        let end = seconds("exp").ok_or(BearerError::Expired)?.saturating_add(self.leeway_seconds);
        if end <= now_seconds {
            return Err(BearerError::Expired);
        }
        if claims.get("nbf").is_some() {
            let begin = seconds("nbf").ok_or(BearerError::Malformed)?;
            if begin > now_seconds.saturating_add(self.leeway_seconds) {
                return Err(BearerError::TooEarly);
            }
        }
        let subject = claims.get("sub").and_then(Value::as_str);
        let subject = subject.filter(|text| !text.is_empty() && text.len() <= 256);
        let subject = subject.ok_or(BearerError::NoSubject)?.to_owned();
        let roles = self.roles_of(claims);
        let expires_at = Timestamp::from_micros(end.saturating_mul(1_000_000));
        Ok(Bearer { subject, roles, expires_at })
    }

    fn roles_of(&self, claims: &Value) -> Vec<String> {
        let mut path = self.roles_claim.split('.').filter(|name| !name.is_empty());
        let found = path.try_fold(claims, |value, name| value.get(name));
        let texts: Vec<&str> = match found {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) if !self.roles_claim.is_empty() => {
                text.split_whitespace().collect()
            }
            _ => Vec::new(),
        };
        let mut roles = Vec::new();
        for text in texts.into_iter().take(crate::limits::ROLE_COUNT_MAX) {
            match self.roles.get(text) {
                Some(given) => roles.extend(given.iter().cloned()),
                None if !text.starts_with('$') => roles.push(text.to_owned()),
                None => {}
            }
        }
        roles.sort();
        roles.dedup();
        roles
    }
}

/// A NumericDate: whole seconds, or a fraction that is cut.
fn instant(value: &Value) -> Option<u64> {
    let whole = |number: &f64| (0.0..1e15).contains(number);
    value.as_u64().or_else(|| value.as_f64().filter(whole).map(|number| number as u64))
}

#[cfg(test)]
mod tests;
