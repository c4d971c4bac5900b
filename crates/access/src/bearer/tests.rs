//! Tokens of an issuer and of thieves.

use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const SECONDS: u64 = 1_800_000_000;

struct Issuer {
    ed: Ed25519KeyPair,
    ec: EcdsaKeyPair,
}

impl Issuer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let ec = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Self {
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(kind, ec.as_ref(), &random).unwrap(),
        }
    }

    fn keys(&self) -> Keys {
        let point = self.ec.public_key().as_ref();
        let set = json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": B64.encode(self.ed.public_key()) },
            { "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "alg": "ES256",
              "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]) },
            { "kty": "oct", "kid": "secret", "k": B64.encode([7; 32]) },
            { "kty": "RSA", "kid": "wraps", "use": "enc", "n": "AQAB", "e": "AQAB" },
        ] });
        Keys::read(set.to_string().as_bytes()).unwrap()
    }

    fn sign(&self, header: Value, claims: &Value) -> String {
        let message =
            format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let signature = match header["kid"].as_str() {
            Some("ec") => {
                let signed = self.ec.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
                signed.as_ref().to_vec()
            }
            _ => self.ed.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", B64.encode(signature))
    }
}

fn rules() -> BearerRules {
    BearerRules {
        issuer: "https://id.example".into(),
        audiences: vec!["headwater".into()],
        algorithms: ALGORITHMS.to_vec(),
        leeway_seconds: 30,
        roles_claim: "realm_access.roles".into(),
        roles: BTreeMap::from([("boss".into(), vec!["$admins".into()])]),
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://id.example", "aud": ["other", "headwater"], "sub": "ana",
        "exp": SECONDS + 600, "nbf": SECONDS - 600,
        "realm_access": { "roles": ["billing", "$admins", "$ops"] },
    })
}

fn ed() -> Value {
    json!({ "alg": "EdDSA", "kid": "ed", "typ": "JWT" })
}

#[test]
fn a_token_of_the_issuer_says_who_and_makes_no_administrators() {
    let issuer = Issuer::new();
    for header in [ed(), json!({ "alg": "ES256", "kid": "ec" })] {
        let bearer = rules().verify(&issuer.sign(header, &claims()), &issuer.keys(), NOW).unwrap();
        assert_eq!((bearer.subject.as_str(), bearer.roles), ("ana", vec!["billing".to_owned()]));
        assert_eq!(bearer.expires_at.as_micros(), (SECONDS + 630) * 1_000_000);
    }
    let mut boss = claims();
    boss["realm_access"]["roles"] = json!(["boss"]);
    let bearer = rules().verify(&issuer.sign(ed(), &boss), &issuer.keys(), NOW).unwrap();
    assert_eq!(bearer.roles, ["$admins"], "only what the settings map becomes one");
}

#[test]
fn claims_that_do_not_fit_are_refused_one_by_one() {
    let issuer = Issuer::new();
    let cases: [(&str, Value, BearerError); 9] = [
        ("iss", json!("https://id.example/"), BearerError::Strange),
        ("iss", Value::Null, BearerError::Strange),
        ("aud", json!("headwater2"), BearerError::Strange),
        ("aud", Value::Null, BearerError::Strange),
        ("exp", json!(SECONDS - 30), BearerError::Expired),
        ("exp", Value::Null, BearerError::Expired),
        ("exp", json!("never"), BearerError::Expired),
        ("nbf", json!(SECONDS + 31), BearerError::TooEarly),
        ("sub", json!(""), BearerError::NoSubject),
    ];
    for (claim, value, error) in cases {
        let mut wrong = claims();
        match value {
            Value::Null => drop(wrong.as_object_mut().unwrap().remove(claim)),
            value => wrong[claim] = value,
        }
        let text = issuer.sign(ed(), &wrong);
        assert_eq!(rules().verify(&text, &issuer.keys(), NOW), Err(error), "{claim}");
    }
    let mut late = claims();
    late["exp"] = json!(SECONDS - 29);
    assert!(rules().verify(&issuer.sign(ed(), &late), &issuer.keys(), NOW).is_ok(), "leeway");
}

#[test]
fn forged_tokens_are_refused() {
    let (issuer, thief) = (Issuer::new(), Issuer::new());
    let verify = |text: &str| rules().verify(text, &issuer.keys(), NOW);
    // Signed by somebody else.
    assert_eq!(verify(&thief.sign(ed(), &claims())), Err(BearerError::Signature));
    // Other claims under a good signature.
    let good = issuer.sign(ed(), &claims());
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let mut other = claims();
    other["sub"] = json!("root");
    parts[1] = B64.encode(other.to_string());
    assert_eq!(verify(&parts.join(".")), Err(BearerError::Signature));
    // No signature at all.
    for alg in ["none", "None", "NONE", ""] {
        let header = json!({ "alg": alg, "kid": "ed" });
        let text =
            format!("{}.{}.", B64.encode(header.to_string()), B64.encode(claims().to_string()));
        assert_eq!(verify(&text), Err(BearerError::Malformed), "{alg}");
    }
    // HMAC with what everybody can read as its secret: the public key, or a key of the set.
    let header = json!({ "alg": "HS256", "kid": "ed" });
    let message =
        format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims().to_string()));
    let public = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, issuer.ed.public_key().as_ref());
    let tag = ring::hmac::sign(&public, message.as_bytes());
    let text = format!("{message}.{}", B64.encode(tag));
    assert_eq!(verify(&text), Err(BearerError::Algorithm));
    let careless = BearerRules { algorithms: vec![Algorithm::HS256], ..rules() };
    assert_eq!(careless.verify(&text, &issuer.keys(), NOW), Err(BearerError::Algorithm));
    // One kind of key under another's algorithm, and keys that are not there or not for this.
    for (alg, kid, error) in [
        ("ES256", "ed", BearerError::Algorithm),
        ("EdDSA", "ec", BearerError::Algorithm),
        ("RS256", "ed", BearerError::Algorithm),
        ("EdDSA", "gone", BearerError::UnknownKey),
        ("EdDSA", "secret", BearerError::UnknownKey),
        ("RS256", "wraps", BearerError::UnknownKey),
    ] {
        let text = issuer.sign(json!({ "alg": alg, "kid": kid }), &claims());
        assert_eq!(verify(&text), Err(error), "{alg} {kid}");
    }
    assert_eq!(
        verify(&issuer.sign(json!({ "alg": "EdDSA" }), &claims())),
        Err(BearerError::UnknownKey)
    );
    for text in ["", ".", "a.b", "a.b.c.d", &"x".repeat(CREDENTIAL_BYTES_MAX + 1)] {
        assert_eq!(verify(text), Err(BearerError::Malformed));
    }
}

#[test]
fn a_key_set_is_bounded_and_may_hold_kinds_that_are_not_known() {
    assert_eq!(Issuer::new().keys().count(), 2);
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "a", "x": B64.encode([1; 32]) });
    let many = json!({ "keys": vec![key; KEY_COUNT_MAX + 1] });
    assert!(Keys::read(many.to_string().as_bytes()).is_err());
    assert!(Keys::read(b"<html>").is_err());
    assert_eq!(Keys::read(br#"{"keys":[]}"#).unwrap().count(), 0);
}
