//! Sealing: one value, encrypted with its subject's key.
//!
//! Why the nonce comes from what is sealed: a retry must lead to the same bytes (A4), and a nonce that were random
//! would make it another event. It is a keyed digest of the event, the subject and the value, so the same nonce
//! means the same plaintext.
//!
//! Picture: `base64url( 1 · nonce 12 · ciphertext · tag 16 )`, ChaCha20-Poly1305, bound to the subject's name.

use super::Subject;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headwater_model::EventId;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::fmt;

/// The first byte of what is sealed: how.
const VERSION: u8 = 1;

/// The key of one subject. Without it, nothing that was sealed with it is ever read again.
#[derive(Clone, PartialEq, Eq)]
pub struct SubjectKey([u8; 32]);

impl SubjectKey {
    /// A key of these bytes, which come from a random source that is fit for keys.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A new key, of the system's random bytes.
    pub fn fresh() -> Self {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).expect("the system has random bytes");
        Self(key)
    }

    /// Its bytes, for who keeps it.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// `value`, sealed for an event.
    pub(super) fn seal(&self, subject: &Subject, event: EventId, value: &[u8]) -> String {
        let nonce = self.nonce(subject, event, value);
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + value.len() + 16);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        let mut body = value.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.cipher()
            .seal_in_place_append_tag(nonce, bound_to(subject), &mut body)
            .expect("an event's value is far shorter than what the cipher takes");
        sealed.extend_from_slice(&body);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The value; `None` if this is not what this key sealed for this subject.
    pub(super) fn open(&self, subject: &Subject, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (version, rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.cipher().open_in_place(nonce, bound_to(subject), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }

    fn cipher(&self) -> LessSafeKey {
        let key = self.derived(b"headwater personal value");
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("a digest is as long as a key");
        LessSafeKey::new(key)
    }

    fn nonce(&self, subject: &Subject, event: EventId, value: &[u8]) -> [u8; NONCE_LEN] {
        let key = self.derived(b"headwater personal nonce");
        let mut digest = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
        digest.update(&(subject.as_str().len() as u64).to_be_bytes());
        digest.update(subject.as_str().as_bytes());
        digest.update(event.0.as_bytes());
        digest.update(value);
        let digest = digest.sign();
        *digest.as_ref().first_chunk().expect("a digest is longer than a nonce")
    }

    /// A key for one purpose: none is used for two.
    fn derived(&self, purpose: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), purpose);
        *tag.as_ref().first_chunk().expect("a SHA-256 digest has 32 bytes")
    }
}

fn bound_to(subject: &Subject) -> Aad<&[u8]> {
    Aad::from(subject.as_str().as_bytes())
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn subject(name: &str) -> Subject {
        Subject::new(name.to_owned()).expect("it is a name")
    }

    #[test]
    fn only_its_key_opens_it_and_only_for_its_subject() {
        let (ann, bob) = (subject("customer-1"), subject("customer-2"));
        let key = SubjectKey::new([7; 32]);
        let sealed = key.seal(&ann, EventId(Uuid::from_u128(1)), b"\"ann\"");
        assert_eq!(key.open(&ann, &sealed).as_deref(), Some(&b"\"ann\""[..]));
        assert_eq!(key.open(&bob, &sealed), None);
        assert_eq!(SubjectKey::new([8; 32]).open(&ann, &sealed), None);
    }

    #[test]
    fn a_retry_seals_to_the_same_bytes_and_another_event_to_others() {
        let (ann, key) = (subject("customer-1"), SubjectKey::new([7; 32]));
        let seal =
            |event: u128, value: &[u8]| key.seal(&ann, EventId(Uuid::from_u128(event)), value);
        assert_eq!(seal(1, b"x"), seal(1, b"x"));
        assert_ne!(seal(1, b"x"), seal(2, b"x"));
        assert_ne!(seal(1, b"x"), seal(1, b"y"));
    }

    /// D3: no bytes make it panic, and no changed bit goes unseen.
    #[test]
    fn every_flipped_bit_is_seen() {
        let (ann, key) = (subject("customer-1"), SubjectKey::new([7; 32]));
        let sealed = key.seal(&ann, EventId(Uuid::from_u128(1)), b"value");
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).expect("it is base64");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open(&ann, &URL_SAFE_NO_PAD.encode(&flipped)), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(key.open(&ann, &URL_SAFE_NO_PAD.encode(&bytes[..length])), None);
        }
        assert_eq!(key.open(&ann, "not base64!"), None);
    }
}
