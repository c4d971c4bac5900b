//! An identity provider's keys: asked for, kept, asked for again when a token names a new one.
//!
//! Invariants: tokens with unknown keys make us ask at most [`ASK_COUNT_MAX`] times in [`ASK_WITHIN`],
//! whoever sends how many. Keys that were read stay good while the
//! provider does not answer.

use super::fetch::get;
use super::options::IssuerOptions;
use headwater_access::bearer::{Bearer, BearerError, Keys};
use headwater_model::Timestamp;
use parking_lot::RwLock;
use serde::Deserialize;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// So often the provider is asked because of a key that is not known: more than once, for a key that
/// was changed just after the last look …
pub(super) const ASK_COUNT_MAX: usize = 3;
/// … within this time.
pub(super) const ASK_WITHIN: Duration = Duration::from_secs(30);
/// So long keys are good unseen: what the provider has taken back must end.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(600);

pub(super) struct Issuer {
    options: IssuerOptions,
    keys: RwLock<Option<(Arc<Keys>, Instant)>>,
    /// When it was asked lately.
    asking: Mutex<VecDeque<Instant>>,
}

/// What is read of a provider's description.
#[derive(Deserialize)]
struct Described {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub(super) fn new(options: IssuerOptions) -> Self {
        Self { options, keys: RwLock::default(), asking: Mutex::default() }
    }

    /// Who a token stands for.
    pub(super) async fn verify(&self, text: &str, now: Timestamp) -> Result<Bearer, BearerError> {
        let known = self.kept();
        if let Some(keys) = &known {
            match self.options.rules.verify(text, keys, now) {
                Err(BearerError::UnknownKey) => {}
                told => return told,
            }
        }
        let keys = self.ask().await.or(known);
        let keys = keys.or_else(|| self.keys.read().as_ref().map(|(keys, _)| Arc::clone(keys)));
        let keys = keys.ok_or(BearerError::UnknownKey)?;
        self.options.rules.verify(text, &keys, now)
    }

    /// The keys that were read, if that was not too long ago.
    fn kept(&self) -> Option<Arc<Keys>> {
        let keys = self.keys.read();
        let (keys, read_at) = keys.as_ref()?;
        (read_at.elapsed() < KEPT_FOR).then(|| Arc::clone(keys))
    }

    /// Asks, unless that was done too often lately; who comes meanwhile waits for the answer.
    async fn ask(&self) -> Option<Arc<Keys>> {
        let came = Instant::now();
        let mut asked = self.asking.lock().await;
        asked.retain(|at| at.elapsed() < ASK_WITHIN);
        let answered_meanwhile = asked.back().is_some_and(|at| *at >= came);
        if answered_meanwhile || asked.len() >= ASK_COUNT_MAX {
            return self.keys.read().as_ref().map(|(keys, _)| Arc::clone(keys));
        }
        asked.push_back(Instant::now());
        match self.read().await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                *self.keys.write() = Some((Arc::clone(&keys), Instant::now()));
                Some(keys)
            }
            Err(why) => {
                tracing::warn!(issuer = %self.options.rules.issuer, %why, "its keys are not read");
                None
            }
        }
    }

    async fn read(&self) -> Result<Keys, String> {
        let url = match &self.options.keys_url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        Keys::read(&get(&url).await?)
    }

    async fn discover(&self) -> Result<String, String> {
        let issuer = &self.options.rules.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let described = get(&url).await?;
        let described: Described =
            serde_json::from_slice(&described).map_err(|cause| cause.to_string())?;
        if described.issuer != *issuer {
            return Err(format!("{url} describes another issuer, {}", described.issuer));
        }
        Ok(described.jwks_uri)
    }
}
