//! Signatures are checked by ring, which TLS is made with as well.
//!
//! Why: of the two providers that the library brings, one has an open advisory and the other needs a
//! C library of its own. Nothing is signed here, so only the half that checks is there.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use ring::signature as by_ring;
use signature::Verifier;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: checker,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes ring the one that checks; nothing if somebody else has chosen before.
pub(super) fn install() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

struct Checker {
    algorithm: Algorithm,
    key: DecodingKey,
}

fn checker(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let is_theirs = match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => false,
        Algorithm::ES256 | Algorithm::ES384 => key.family() == AlgorithmFamily::Ec,
        Algorithm::EdDSA => key.family() == AlgorithmFamily::Ed,
        Algorithm::RS256
        | Algorithm::RS384
        | Algorithm::RS512
        | Algorithm::PS256
        | Algorithm::PS384
        | Algorithm::PS512 => key.family() == AlgorithmFamily::Rsa,
        _ => false,
    };
    if !is_theirs {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Checker { algorithm: *algorithm, key: key.clone() }))
}

impl JwtVerifier for Checker {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Checker {
    fn verify(
        &self,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> std::result::Result<(), signature::Error> {
        let of_rsa = |parameters: &'static by_ring::RsaParameters| match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                by_ring::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            DecodingKeyKind::SecretOrDer(_) => Err(ring::error::Unspecified),
        };
        let of = |kind: &'static dyn by_ring::VerificationAlgorithm| match self.key.kind() {
            DecodingKeyKind::SecretOrDer(point) => {
                by_ring::UnparsedPublicKey::new(kind, point).verify(message, signature)
            }
            DecodingKeyKind::RsaModulusExponent { .. } => Err(ring::error::Unspecified),
        };
        let checked = match self.algorithm {
            Algorithm::RS256 => of_rsa(&by_ring::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => of_rsa(&by_ring::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => of_rsa(&by_ring::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => of_rsa(&by_ring::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => of_rsa(&by_ring::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => of_rsa(&by_ring::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => of(&by_ring::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => of(&by_ring::ECDSA_P384_SHA384_FIXED),
            Algorithm::EdDSA => of(&by_ring::ED25519),
            _ => Err(ring::error::Unspecified),
        };
        checked.map_err(|_| signature::Error::new())
    }
}
