//! JWTs of an identity provider that is really asked for its keys, over HTTP.

use super::site::{BEGIN_SECONDS, Site, memory, scope};
use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use headwater_access::bearer::{Algorithm, BearerRules};
use headwater_client::{Client, Credentials};
use headwater_model::{Contexts, ReadError};
use headwater_server::{Authentication, IssuerOptions};
use headwater_wire::v1;
use parking_lot::Mutex;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

/// An identity provider.
struct Provider {
    url: String,
    keys: Arc<Mutex<Vec<(String, Ed25519KeyPair)>>>,
    asked: Arc<AtomicUsize>,
}

fn key() -> Ed25519KeyPair {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap()
}

impl Provider {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keys = Arc::new(Mutex::new(vec![("first".to_owned(), key())]));
        let asked = Arc::new(AtomicUsize::new(0));
        let described = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string();
        let (shown, count) = (Arc::clone(&keys), Arc::clone(&asked));
        let set = move || {
            count.fetch_add(1, Ordering::SeqCst);
            let keys = shown.lock();
            let key = |(kid, key): &(String, Ed25519KeyPair)| {
                let x = B64.encode(key.public_key());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })
            };
            let set = json!({ "keys": keys.iter().map(key).collect::<Vec<_>>() });
            async move { set.to_string() }
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(|| async move { described }))
            .route("/keys", get(set));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, keys, asked }
    }

    fn options(&self) -> Authentication {
        let rules = BearerRules {
            issuer: self.url.clone(),
            audiences: vec!["headwater".to_owned()],
            algorithms: vec![Algorithm::EdDSA],
            leeway_seconds: 5,
            roles_claim: "roles".to_owned(),
            roles: BTreeMap::new(),
        };
        let issuer = Some(IssuerOptions { rules, keys_url: None });
        Authentication { issuer, ..Authentication::default() }
    }

    fn sign(&self, kid: &str, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": self.url, "aud": "headwater", "sub": "ana", "exp": BEGIN_SECONDS + 3_600,
            "roles": ["clerks", "$admins"],
        });
        change(&mut claims);
        let header = json!({ "alg": "EdDSA", "kid": kid });
        let message =
            format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let keys = self.keys.lock();
        let (_, key) = keys.iter().find(|(own, _)| own == kid).unwrap_or(&keys[0]);
        format!("{message}.{}", B64.encode(key.sign(message.as_bytes())))
    }
}

async fn come(site: &Site, jwt: &str) -> Result<Client, ReadError> {
    site.client(Credentials::token(jwt).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_provider_says_who_and_grants_say_what() {
    let provider = Provider::start().await;
    let site = Site::with(provider.options(), Arc::new(memory())).await;
    let root = site.root().await;
    let clerk = come(&site, &provider.sign("first", |_| {})).await.unwrap();
    let shop = || "shop".try_into().unwrap();
    assert_eq!(clerk.context(shop()).await.err().unwrap().code(), "access.denied");
    let scope = Some(scope("manage,read", "shop", &["*"]));
    let grant = v1::MakeGrantRequest { deny: false, who: "role:clerks".into(), scope };
    root.access().make_grant(grant).await.unwrap();
    clerk.context(shop()).await.unwrap();
    let me = clerk.access().who_am_i(v1::WhoAmIRequest {}).await.unwrap().into_inner();
    assert_eq!(&me.name[..], b"bearer ana");
    assert!(!me.whos.iter().any(|who| who == "role:$admins"), "an issuer makes no administrators");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_foreign_tokens_are_refused_at_the_door() {
    let provider = Provider::start().await;
    let site = Site::with(provider.options(), Arc::new(memory())).await;
    let good = provider.sign("first", |_| {});
    come(&site, &good).await.unwrap();
    let none = json!({ "alg": "none", "kid": "first" });
    let middle = good.split('.').nth(1).unwrap();
    let thief = Provider::start().await;
    for (why, jwt) in [
        ("no signature", format!("{}.{middle}.", B64.encode(none.to_string()))),
        ("another audience", provider.sign("first", |claims| claims["aud"] = json!("other"))),
        ("another issuer", provider.sign("first", |claims| claims["iss"] = json!("http://other"))),
        ("expired", provider.sign("first", |claims| claims["exp"] = json!(BEGIN_SECONDS - 60))),
        ("not yet", provider.sign("first", |claims| claims["nbf"] = json!(BEGIN_SECONDS + 600))),
        ("a thief's key", thief.sign("first", |claims| claims["iss"] = json!(provider.url))),
        ("an unknown key", provider.sign("third", |_| {})),
    ] {
        let refused = come(&site, &jwt).await.err().unwrap_or_else(|| panic!("{why} came in"));
        assert_eq!(refused.code(), "access.unauthenticated", "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_anew_when_they_were_changed_and_not_for_every_unknown_one() {
    let provider = Provider::start().await;
    let site = Site::with(provider.options(), Arc::new(memory())).await;
    let before = provider.sign("first", |_| {});
    come(&site, &before).await.unwrap();
    assert_eq!(provider.asked.load(Ordering::SeqCst), 1);
    // The provider changes its key.
    *provider.keys.lock() = vec![("second".to_owned(), key())];
    come(&site, &provider.sign("second", |_| {})).await.unwrap();
    assert_eq!(provider.asked.load(Ordering::SeqCst), 2);
    assert!(come(&site, &before).await.is_err(), "what it has taken back is good no more");
    for n in 0..20 {
        assert!(come(&site, &provider.sign(&format!("flood-{n}"), |_| {})).await.is_err());
    }
    let asked = provider.asked.load(Ordering::SeqCst);
    assert_eq!(asked, 3, "a flood of unknown keys does not become a flood of questions");
    come(&site, &provider.sign("second", |_| {})).await.unwrap();
}
