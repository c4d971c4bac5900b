//! API tokens: 256 random bits, of which only a digest is kept.
//!
//! Why no slow hash: nobody guesses 256 bits. Whoever reads the digest cannot make the token of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// What every token begins with: so that scanners of source code find those that were left there.
pub const PREFIX: &str = "hw_";

/// A token's secret text. It is shown once, when it is made.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What is kept of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenDigest([u8; 32]);

impl Secret {
    /// The token of these random bytes.
    pub fn of(random: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// A text that looks like a token.
    pub fn read(text: &str) -> Option<Self> {
        let random = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (random.len() == 32).then(|| Self(text.to_owned()))
    }

    /// What is kept of it.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The text, to show it to whom it was made for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl TokenDigest {
    /// Whether both are of the same token; takes the same time whether or not.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl TryFrom<String> for TokenDigest {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let mut digest = [0; 32];
        hex::decode_to_slice(&text, &mut digest)
            .map_err(|_| "a token's digest is 64 hexadecimal digits".to_owned())?;
        Ok(Self(digest))
    }
}

impl From<TokenDigest> for String {
    fn from(digest: TokenDigest) -> Self {
        hex::encode(digest.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hw_…)")
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenDigest({}…)", hex::encode(&self.0[..4]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_digest_and_not_shown_by_accident() {
        let secret = Secret::of([9; 32]);
        let read = Secret::read(secret.reveal()).expect("its own text");
        assert!(read.digest().is(&secret.digest()));
        assert!(!Secret::of([8; 32]).digest().is(&secret.digest()));
        assert!(!format!("{secret:?}{:?}", secret.digest()).contains(&secret.reveal()[3..]));
        for text in ["", "hw_", "hw_abc", "HW_x", &secret.reveal()[..20]] {
            assert_eq!(Secret::read(text), None);
        }
    }
}
