//! Passwords: Argon2id.
//!
//! Why these parameters: 19 MiB and two passes are the first choice of OWASP for servers. A guess
//! costs whoever stole the hashes as much as it costs us: some 20 ms and the memory.
//!
//! Invariants: a password is bounded before it is hashed. A hash says with which parameters it was
//! made, so that they can be raised later; what asks for more than [`MEMORY_KIB_MAX`] is no hash of
//! ours.

use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt;
use subtle::ConstantTimeEq;

/// Memory of one hash.
pub const MEMORY_KIB: u32 = 19 * 1_024;
/// Passes over it.
pub const PASSES: u32 = 2;
/// More than this is never spent on one hash, whatever it says.
pub const MEMORY_KIB_MAX: u32 = 256 * 1_024;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// A password's hash, with what it was made with. As text: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordHash {
    memory_kib: u32,
    passes: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// Why a password cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password has {PASSWORD_BYTES_MIN} to {PASSWORD_BYTES_MAX} bytes, this one has {bytes}")]
pub struct UnfitPassword {
    /// Its length.
    pub bytes: usize,
}

/// Why a text is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text is no Argon2id hash: {0}")]
pub struct InvalidHash(&'static str);

impl PasswordHash {
    /// Hashes a password. This takes some 20 ms of one processor, and [`MEMORY_KIB`].
    ///
    /// # Errors
    /// [`UnfitPassword`] if it is too short or too long.
    pub fn of(password: &str, salt: [u8; SALT_BYTES]) -> Result<Self, UnfitPassword> {
        let bytes = password.len();
        if !(PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&bytes) {
            return Err(UnfitPassword { bytes });
        }
        let mut own =
            Self { memory_kib: MEMORY_KIB, passes: PASSES, salt: salt.to_vec(), hash: Vec::new() };
        own.hash = own.hashed(password).expect("our own parameters are ones that Argon2 takes");
        Ok(own)
    }

    /// Whether this is the password; takes the same time whether or not. As long as hashing.
    pub fn matches(&self, password: &str) -> bool {
        if password.len() > PASSWORD_BYTES_MAX {
            return false;
        }
        self.hashed(password).is_some_and(|hash| hash.ct_eq(&self.hash).into())
    }

    fn hashed(&self, password: &str) -> Option<Vec<u8>> {
        let params = Params::new(self.memory_kib, self.passes, 1, Some(HASH_BYTES)).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut hash = vec![0; HASH_BYTES];
        argon2.hash_password_into(password.as_bytes(), &self.salt, &mut hash).ok()?;
        Some(hash)
    }
}

impl TryFrom<String> for PasswordHash {
    type Error = InvalidHash;
    fn try_from(text: String) -> Result<Self, InvalidHash> {
        let form = InvalidHash("it has not the parts that such a text has");
        let mut parts = text.strip_prefix("$argon2id$v=19$").ok_or(form.clone())?.split('$');
        let mut next = || parts.next().ok_or(form.clone());
        let (costs, salt, hash) = (next()?, next()?, next()?);
        let mut costs = costs.split(',');
        let mut cost = |name: &str| {
            let number = costs.next().and_then(|cost| cost.strip_prefix(name)?.parse::<u32>().ok());
            number.ok_or(form.clone())
        };
        let (memory_kib, passes, lanes) = (cost("m=")?, cost("t=")?, cost("p=")?);
        if memory_kib > MEMORY_KIB_MAX || passes > 16 || lanes != 1 {
            return Err(InvalidHash("it would cost more than a hash may"));
        }
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).map_err(|_| form.clone());
        let (salt, hash) = (bytes(salt)?, bytes(hash)?);
        if salt.len() != SALT_BYTES || hash.len() != HASH_BYTES {
            return Err(InvalidHash("its salt or its hash has another length"));
        }
        Ok(Self { memory_kib, passes, salt, hash })
    }
}

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> Self {
        let PasswordHash { memory_kib, passes, salt, hash } = hash;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${hash}")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let hash = PasswordHash::of("correct horse", [7; 16]).expect("fit");
        let text = String::from(hash.clone());
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let again = PasswordHash::try_from(text).expect("our own text");
        assert!(again.matches("correct horse") && !again.matches("correct horsf"));
        assert!(!again.matches(&"x".repeat(PASSWORD_BYTES_MAX + 1)));
        assert_eq!(PasswordHash::of("short", [0; 16]), Err(UnfitPassword { bytes: 5 }));
    }

    #[test]
    fn a_hash_that_would_cost_gigabytes_is_refused() {
        let salt = STANDARD_NO_PAD.encode([0; 16]);
        let hash = STANDARD_NO_PAD.encode([0; 32]);
        for costs in ["m=4194304,t=2,p=1", "m=19456,t=4000000,p=1", "m=19456,t=2,p=400", "m=1"] {
            let text = format!("$argon2id$v=19${costs}${salt}${hash}");
            assert!(PasswordHash::try_from(text).is_err(), "{costs}");
        }
        assert!(PasswordHash::try_from("$2b$12$bcrypt".to_owned()).is_err());
    }
}
