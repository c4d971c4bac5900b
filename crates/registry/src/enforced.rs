//! Enforcement: a context whose rules say so takes nothing that does not fit its schema.
//!
//! Why: a registry that is only asked is a registry that is forgotten. Around the store it cannot be: whoever
//! appends through it, by whichever protocol, is held to what is registered.
//!
//! Invariants: rules and schemas are read again behind each append to the registry's own streams, so what is
//! registered holds from the next append on. Contexts that enforce nothing pay for one look at a flag.

use crate::record::{self, Enforce};
use crate::{Registry, RegistryError};
use headwater_model::{
    Answer, Append, AppendError, Appended, Around, ContentType, ContextName, Contexts, EventStore,
    ExpectedRevision, NewEvent, ReadError, StreamChange, StreamName, Unavailable,
};
use jsonschema::Validator;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Contexts that hold appends to the rules of each.
pub struct EnforcedContexts {
    within: Arc<dyn Contexts>,
    known: Mutex<HashMap<ContextName, Arc<Known>>>,
}

impl std::fmt::Debug for EnforcedContexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnforcedContexts")
    }
}

impl EnforcedContexts {
    /// These contexts, held to their rules.
    pub fn new(within: Arc<dyn Contexts>) -> Self {
        Self { within, known: Mutex::default() }
    }
}

impl Contexts for EnforcedContexts {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move {
            let within = self.within.context(name.clone()).await?;
            let known = Arc::clone(self.known.lock().entry(name).or_default());
            Ok(Arc::new(EnforcedStore { within, known }) as Arc<dyn EventStore>)
        })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        self.within.names()
    }
}

/// What is known of a context's rules; nothing before the first append.
#[derive(Default)]
struct Known {
    /// What appends are held to, and how often that was forgotten.
    held: Mutex<(Option<Arc<Held>>, u64)>,
    /// The rules are known, and enforce nothing.
    is_off: AtomicBool,
}

impl Known {
    /// Rules or schemas have changed, or may have: what is being read of them just now is not kept.
    fn forget(&self) {
        let mut held = self.held.lock();
        self.is_off.store(false, Ordering::Release);
        *held = (None, held.1 + 1);
    }

    fn keep(&self, read: &Arc<Held>, forgotten_count: u64) {
        let mut held = self.held.lock();
        if held.1 == forgotten_count {
            held.0 = Some(Arc::clone(read));
            self.is_off.store(read.enforce == Enforce::Off, Ordering::Release);
        }
    }
}

/// What appends are held to.
struct Held {
    enforce: Enforce,
    validators: HashMap<(String, u32), Validator>,
    types: std::collections::HashSet<String>,
}

struct EnforcedStore {
    within: Arc<dyn EventStore>,
    known: Arc<Known>,
}

impl EnforcedStore {
    async fn held(&self) -> Result<Arc<Held>, AppendError> {
        let forgotten_count = match &*self.known.held.lock() {
            (Some(held), _) => return Ok(Arc::clone(held)),
            (None, count) => *count,
        };
        let held = Arc::new(load(Arc::clone(&self.within)).await.map_err(refused)?);
        self.known.keep(&held, forgotten_count);
        Ok(held)
    }

    async fn held_to_rules(&self, append: Append) -> Result<Appended, AppendError> {
        let held = self.held().await?;
        if held.enforce != Enforce::Off {
            for write in append.writes.iter().filter(|write| !write.stream.is_system()) {
                write.events.iter().try_for_each(|event| held.check(event))?;
            }
        }
        let changes = append.writes.iter().any(|write| record::is_registry(&write.stream));
        let answer = self.within.append(append).await;
        if changes {
            self.known.forget();
        }
        answer
    }
}

async fn load(store: Arc<dyn EventStore>) -> Result<Held, RegistryError> {
    let registry = Registry::new(store);
    let enforce = registry.rules().await?.enforce;
    let (mut validators, mut types) = (HashMap::new(), std::collections::HashSet::new());
    if enforce != Enforce::Off {
        for newest in registry.all().await? {
            for schema in registry.history(&newest.event_type).await? {
                let why = |error: jsonschema::ValidationError<'_>| RegistryError::NoSchema {
                    why: error.to_string(),
                };
                let validator = jsonschema::validator_for(&schema.schema).map_err(why)?;
                validators.insert((schema.event_type, schema.version), validator);
            }
            types.insert(newest.event_type);
        }
    }
    Ok(Held { enforce, validators, types })
}

/// Rules that cannot be read are no rules to pass over.
fn refused(error: RegistryError) -> AppendError {
    match error {
        RegistryError::Read(ReadError::Unavailable(cause)) => AppendError::Unavailable(cause),
        RegistryError::Read(ReadError::Corrupt(cause)) => AppendError::Corrupt(cause),
        RegistryError::Read(ReadError::Denied(cause)) => AppendError::Denied(cause),
        RegistryError::Read(ReadError::NoContext(cause)) => AppendError::NoContext(cause),
        other => AppendError::Unavailable(Unavailable::Io {
            what: "reading the schemas".to_owned(),
            why: other.to_string(),
        }),
    }
}

impl Held {
    fn check(&self, event: &NewEvent) -> Result<(), AppendError> {
        let (name, version) = (event.event_type.to_string(), event.schema_version);
        let refused = |why: String| Err(AppendError::Invalid { why });
        if !self.types.contains(&name) {
            return match self.enforce {
                Enforce::All => refused(format!("no schema of {name} is registered here")),
                Enforce::Off | Enforce::Known => Ok(()),
            };
        }
        let Some(validator) = self.validators.get(&(name.clone(), version)) else {
            return refused(format!("version {version} of {name} is not registered here"));
        };
        if event.content_type != ContentType::Json {
            return refused(format!("{name} has a schema, and its payload is not JSON"));
        }
        let payload: Value = match serde_json::from_slice(&event.payload) {
            Ok(payload) => payload,
            Err(error) => return refused(format!("the payload of {name} is not JSON: {error}")),
        };
        match validator.validate(&payload) {
            Ok(()) => Ok(()),
            Err(error) => {
                let at = error.instance_path().to_string();
                let at = if at.is_empty() { "/".to_owned() } else { at };
                refused(format!(
                    "{name} does not fit version {version} of its schema at {at}: {error}"
                ))
            }
        }
    }
}

impl Around for EnforcedStore {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.within
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        let changes = append.writes.iter().any(|write| record::is_registry(&write.stream));
        if !changes && self.known.is_off.load(Ordering::Acquire) {
            return self.within.append(append);
        }
        Box::pin(self.held_to_rules(append))
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            let changes = record::is_registry(&stream);
            let answer = self.within.change_stream(stream, expected, change).await;
            if changes {
                self.known.forget();
            }
            answer
        })
    }
}
