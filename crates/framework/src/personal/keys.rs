//! The `SubjectKeys` port: where the keys are, apart from what they open.
//!
//! Why a port: a key must not lie in the store, nor in its backups, or nothing were ever forgotten. A service
//! keeps its keys in a small database of its own, or asks a key service.
//!
//! Invariant: a key that was destroyed never comes back: the subject's name stays, as forgotten.

use super::{Subject, SubjectKey};
use headwater_model::{Answer, Retry};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The keys of subjects.
pub trait SubjectKeys: Send + Sync + 'static {
    /// The key to seal with; made, and durable, before this answers the first time.
    ///
    /// # Errors
    /// [`KeysError::Forgotten`] for a subject that was forgotten.
    fn for_sealing(&self, subject: Subject) -> Answer<'_, SubjectKey, KeysError>;

    /// The key to open with; `None` for a subject that was forgotten, or never had one.
    fn for_opening(&self, subject: Subject) -> Answer<'_, Option<SubjectKey>, KeysError>;

    /// Destroys the key, for ever: also of a subject that never had one. Again is no error.
    fn destroy(&self, subject: Subject) -> Answer<'_, (), KeysError>;
}

impl<K: SubjectKeys + ?Sized> SubjectKeys for Arc<K> {
    fn for_sealing(&self, subject: Subject) -> Answer<'_, SubjectKey, KeysError> {
        (**self).for_sealing(subject)
    }

    fn for_opening(&self, subject: Subject) -> Answer<'_, Option<SubjectKey>, KeysError> {
        (**self).for_opening(subject)
    }

    fn destroy(&self, subject: Subject) -> Answer<'_, (), KeysError> {
        (**self).destroy(subject)
    }
}

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// Whoever was forgotten does not come back under the same name.
    #[error("{subject} was forgotten; what is new about them needs a new subject")]
    Forgotten {
        /// Whom.
        subject: Subject,
    },
    /// The keys cannot be read or written now.
    #[error("the keys of subjects cannot be had: {why}")]
    Unavailable {
        /// The keeper's words.
        why: String,
    },
}

impl KeysError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            // What was loaded before the forgetting is loaded without the value next time.
            Self::Forgotten { .. } => Retry::AfterReload,
            Self::Unavailable { .. } => Retry::Later,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forgotten { .. } => "personal.forgotten",
            Self::Unavailable { .. } => "personal.keys_unavailable",
        }
    }
}

/// Keys in memory, for tests: a process that ends forgets everybody.
#[derive(Debug, Default)]
pub struct MemoryKeys {
    keys: Mutex<BTreeMap<Subject, Option<SubjectKey>>>,
}

impl SubjectKeys for MemoryKeys {
    fn for_sealing(&self, subject: Subject) -> Answer<'_, SubjectKey, KeysError> {
        let mut keys = self.keys.lock();
        let fresh = || Some(SubjectKey::fresh());
        let key = keys.entry(subject.clone()).or_insert_with(fresh).clone();
        Box::pin(std::future::ready(key.ok_or(KeysError::Forgotten { subject })))
    }

    fn for_opening(&self, subject: Subject) -> Answer<'_, Option<SubjectKey>, KeysError> {
        let key = self.keys.lock().get(&subject).cloned().flatten();
        Box::pin(std::future::ready(Ok(key)))
    }

    fn destroy(&self, subject: Subject) -> Answer<'_, (), KeysError> {
        self.keys.lock().insert(subject, None);
        Box::pin(std::future::ready(Ok(())))
    }
}
