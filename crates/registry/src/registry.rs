//! The registry of a context.

use crate::RegistryError;
use crate::compatible::{Compatibility, Difference, differences};
use crate::record::{self, PREFIX, Rules};
use headwater_model::{AppendError, EventStore, Timestamp};
use serde_json::Value;
use std::sync::Arc;

/// Tries against others who register at the same time.
const ATTEMPT_COUNT_MAX: u32 = 8;

/// Streams of a page.
const PAGE_COUNT: usize = 500;

/// A schema that is registered.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Of which event.
    pub event_type: String,
    /// The schema version that its events carry.
    pub version: u32,
    /// What their payloads look like.
    pub schema: Value,
    /// Since when.
    pub registered_at: Timestamp,
}

/// What came of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It stands there now.
    Now,
    /// The same stood there already.
    Already,
}

/// The schemas of a context.
#[derive(Clone)]
pub struct Registry {
    store: Arc<dyn EventStore>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registry({})", self.store.context())
    }
}

impl Registry {
    /// The registry of this context.
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store }
    }

    /// The rules of the context.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn rules(&self) -> Result<Rules, RegistryError> {
        let (events, _) = record::read(&*self.store, record::rules_stream()?).await?;
        events.last().map_or(Ok(Rules::default()), record::rules)
    }

    /// Sets the rules of the context. What is registered stays.
    ///
    /// # Errors
    /// A store that does not take it, or somebody else who sets them at the same time.
    pub async fn set_rules(&self, rules: Rules) -> Result<(), RegistryError> {
        let stream = record::rules_stream()?;
        let (_, last) = record::read(&*self.store, stream.clone()).await?;
        self.store.append(record::setting(stream, last, rules)?).await?;
        Ok(())
    }

    /// All schemas of an event, in the order in which they were registered.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn history(&self, event_type: &str) -> Result<Vec<Schema>, RegistryError> {
        let (events, _) = record::read(&*self.store, record::stream_of(event_type)?).await?;
        events.iter().map(|event| record::schema(event_type, event)).collect()
    }

    /// The schema of an event: of this version, or the newest.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] if there is none.
    pub async fn schema(
        &self,
        event_type: &str,
        version: Option<u32>,
    ) -> Result<Schema, RegistryError> {
        let history = self.history(event_type).await?;
        let is_it = |schema: &Schema| version.is_none_or(|version| schema.version == version);
        let found = history.into_iter().rfind(is_it);
        found.ok_or_else(|| RegistryError::Unknown { event_type: event_type.to_owned() })
    }

    /// The newest schema of each event, in the order of their names.
    ///
    /// # Errors
    /// A store that does not answer.
    pub async fn all(&self) -> Result<Vec<Schema>, RegistryError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.streams(PREFIX.to_owned(), after, PAGE_COUNT).await?;
            for stream in page.iter().map(|state| &state.stream) {
                let event_type = stream.as_str().trim_start_matches(PREFIX);
                all.extend(self.history(event_type).await?.pop());
            }
            match page.last() {
                Some(last) if page.len() == PAGE_COUNT => after = Some(last.stream.clone()),
                _ => return Ok(all),
            }
        }
    }

    /// What would break if this schema were registered.
    ///
    /// # Errors
    /// A text that is no schema, or a store that does not answer.
    pub async fn check(
        &self,
        event_type: &str,
        schema: &Value,
    ) -> Result<Vec<Difference>, RegistryError> {
        check_schema(schema)?;
        let rules = self.rules().await?;
        Ok(broken_by(&self.history(event_type).await?, schema, rules.compatibility))
    }

    /// Registers a schema as that of this version of an event, if the rules allow it.
    ///
    /// # Errors
    /// [`RegistryError::Incompatible`] says what would break.
    pub async fn register(
        &self,
        event_type: &str,
        version: u32,
        schema: &Value,
    ) -> Result<Registered, RegistryError> {
        check_schema(schema)?;
        let compatibility = self.rules().await?.compatibility;
        let stream = record::stream_of(event_type)?;
        for _ in 0..ATTEMPT_COUNT_MAX {
            let (events, last) = record::read(&*self.store, stream.clone()).await?;
            let history: Vec<_> = events
                .iter()
                .map(|event| record::schema(event_type, event))
                .collect::<Result<_, _>>()?;
            if let Some(latest) = history.last() {
                if latest.version == version && latest.schema == *schema {
                    return Ok(Registered::Already);
                }
                if latest.version > version {
                    let (event_type, latest) = (event_type.to_owned(), latest.version);
                    return Err(RegistryError::OlderVersion { event_type, version, latest });
                }
            }
            let differences = broken_by(&history, schema, compatibility);
            if !differences.is_empty() {
                return Err(RegistryError::Incompatible {
                    event_type: event_type.to_owned(),
                    compatibility: compatibility.as_str(),
                    differences,
                });
            }
            let append = record::registering(stream.clone(), last, version, schema)?;
            match self.store.append(append).await {
                Ok(_) => return Ok(Registered::Now),
                Err(AppendError::WrongRevision(_) | AppendError::Unknown(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RegistryError::Contended { event_type: event_type.to_owned() })
    }
}

fn check_schema(schema: &Value) -> Result<(), RegistryError> {
    match jsonschema::validator_for(schema) {
        Ok(_) => Ok(()),
        Err(error) => Err(RegistryError::NoSchema { why: error.to_string() }),
    }
}

/// What a schema would break of what is registered.
fn broken_by(history: &[Schema], schema: &Value, by: Compatibility) -> Vec<Difference> {
    let count = if by.is_transitive() { history.len() } else { 1 };
    let earlier = history.iter().rev().take(count);
    earlier.flat_map(|earlier| differences(&earlier.schema, schema, by)).collect()
}
