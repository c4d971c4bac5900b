//! A database in memory: rows by key, with transactions that are kept or lost as a whole.
//!
//! Why: the framework's part of C1 is tested without a real database, and with a commit that fails
//! at will, before or after it took hold.

use super::QueryRows;
use crate::projection::{Generations, Skipped};
use crate::{Database, Failed, Key, ModelName, ParkedEvent, ParkedRow, ReadModel};
use headwater_model::{Checkpoint, ContextName, Position};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Read models in memory. Clones are the same database.
#[derive(Clone, Debug, Default)]
pub struct MemoryDatabase {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    models: BTreeMap<At, Content>,
    generations: BTreeMap<(&'static str, u32), Generations>,
    commit_count: u64,
    failing: Option<(u64, bool)>,
}

/// A model's name, version and generation.
type At = (&'static str, u32, u32);

/// All of one model: what a transaction copies, and replaces when it commits.
#[derive(Clone, Debug, Default)]
struct Content {
    rows: BTreeMap<String, String>,
    checkpoints: BTreeMap<ContextName, Checkpoint>,
    parked: BTreeMap<(ContextName, Position), ParkedRow>,
    discarded: Vec<String>,
    skipped: Vec<String>,
}

impl MemoryDatabase {
    /// Lets `passing` more commits pass and fails the one behind them, after it took hold if
    /// `stored`.
    pub fn fail_commit(&self, passing: u64, stored: bool) {
        let mut shared = self.shared.lock();
        shared.failing = Some((shared.commit_count + passing, stored));
    }

    /// Whether the commit that was to fail is still to come.
    pub fn is_armed(&self) -> bool {
        self.shared.lock().failing.is_some()
    }

    /// The reasons for which events of a model were parked, in order.
    pub fn parked(&self, name: &str) -> Vec<String> {
        self.of(name, |content| content.parked.values().map(|row| row.why.clone()).collect())
    }

    /// The reasons for which parked events of a model were given up, in order.
    pub fn discarded(&self, name: &str) -> Vec<String> {
        self.of(name, |content| content.discarded.clone())
    }

    fn of(&self, name: &str, look: impl Fn(&Content) -> Vec<String>) -> Vec<String> {
        let shared = self.shared.lock();
        let models = shared.models.iter().filter(|((of, ..), _)| *of == name);
        models.flat_map(|(_, content)| look(content)).collect()
    }
}

impl Database for MemoryDatabase {
    type Tx = MemoryTx;
    type Reader = MemoryReader;
    type Model = MemoryModel;

    async fn open(&self, model: ModelName) -> Result<MemoryModel, Failed> {
        let at = (model.name, model.version, model.generation);
        self.shared.lock().models.entry(at).or_default();
        Ok(MemoryModel { database: self.clone(), at, tx: MemoryTx::default() })
    }

    async fn reader(&self, model: ModelName) -> Result<MemoryReader, Failed> {
        let shared = self.shared.lock();
        let content = shared.models.get(&(model.name, model.version, model.generation));
        Ok(MemoryReader { rows: content.map(|content| content.rows.clone()).unwrap_or_default() })
    }

    async fn discard(&self, model: ModelName) -> Result<(), Failed> {
        self.shared.lock().models.remove(&(model.name, model.version, model.generation));
        Ok(())
    }

    async fn generations(&self, model: ModelName) -> Result<Option<Generations>, Failed> {
        Ok(self.shared.lock().generations.get(&(model.name, model.version)).cloned())
    }

    async fn set_generations(
        &self,
        model: ModelName,
        was: Option<&Generations>,
        is: &Generations,
    ) -> Result<bool, Failed> {
        let generations = &mut self.shared.lock().generations;
        let of = (model.name, model.version);
        let unchanged = generations.get(&of) == was;
        if unchanged {
            generations.insert(of, is.clone());
        }
        Ok(unchanged)
    }
}

/// What a projection writes to.
#[derive(Debug, Default)]
pub struct MemoryTx {
    content: Content,
}

impl MemoryTx {
    /// Sets a row.
    pub fn put(&mut self, key: impl Into<String>, value: impl ToString) {
        self.content.rows.insert(key.into(), value.to_string());
    }

    /// A row, as of now in this transaction.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.content.rows.get(key).map(String::as_str)
    }

    /// Removes a row.
    pub fn remove(&mut self, key: &str) {
        self.content.rows.remove(key);
    }

    /// Adds to a row that is a number; one that is not there is 0.
    ///
    /// # Errors
    /// A row that is no number.
    pub fn add(&mut self, key: &str, amount: i64) -> Result<(), Failed> {
        let held = self.get(key).map_or(Ok(0), str::parse::<i64>);
        let held = held.map_err(|_| Failed::for_good(format!("row {key} is no number")))?;
        self.put(key, held + amount);
        Ok(())
    }
}

/// An open model.
#[derive(Debug)]
pub struct MemoryModel {
    database: MemoryDatabase,
    at: At,
    tx: MemoryTx,
}

impl MemoryModel {
    fn committed<T>(&self, look: impl FnOnce(&Content) -> T) -> T {
        let mut shared = self.database.shared.lock();
        look(shared.models.entry(self.at).or_default())
    }
}

impl ReadModel for MemoryModel {
    type Tx = MemoryTx;

    async fn checkpoint(&mut self, source: &ContextName) -> Result<Option<Checkpoint>, Failed> {
        Ok(self.committed(|content| content.checkpoints.get(source).copied()))
    }

    async fn parked_keys(&mut self, source: &ContextName) -> Result<Vec<Key>, Failed> {
        Ok(self.parked(source).await?.into_iter().map(|row| row.key).collect())
    }

    async fn parked_count(&mut self, source: &ContextName) -> Result<u64, Failed> {
        Ok(self.parked_keys(source).await?.len() as u64)
    }

    async fn parked(&mut self, source: &ContextName) -> Result<Vec<ParkedRow>, Failed> {
        let of = |content: &Content| {
            let parked = content.parked.iter().filter(|((from, _), _)| from == source);
            parked.map(|(_, row)| row.clone()).collect()
        };
        Ok(self.committed(of))
    }

    async fn begin(&mut self) -> Result<(), Failed> {
        self.tx.content = self.committed(Clone::clone);
        Ok(())
    }

    fn tx(&mut self) -> &mut MemoryTx {
        &mut self.tx
    }

    async fn save_checkpoint(
        &mut self,
        source: &ContextName,
        to: Checkpoint,
    ) -> Result<(), Failed> {
        self.tx.content.checkpoints.insert(source.clone(), to);
        Ok(())
    }

    async fn park(&mut self, parked: ParkedEvent<'_>) -> Result<(), Failed> {
        let ParkedEvent { source, key, event, why } = parked;
        let row = ParkedRow {
            key: key.clone(),
            event: event.id,
            event_type: event.event_type.clone(),
            stream: event.stream.clone(),
            revision: event.revision,
            position: event.position,
            why: why.to_owned(),
        };
        self.tx.content.parked.insert((source.clone(), event.position), row);
        Ok(())
    }

    async fn release(&mut self, source: &ContextName, position: Position) -> Result<bool, Failed> {
        Ok(self.tx.content.parked.remove(&(source.clone(), position)).is_some())
    }

    async fn give_up(
        &mut self,
        source: &ContextName,
        position: Position,
        why: &str,
    ) -> Result<bool, Failed> {
        self.tx.content.discarded.push(why.to_owned());
        self.release(source, position).await
    }

    async fn skip(&mut self, skipped: &Skipped) -> Result<(), Failed> {
        self.tx.content.skipped.push(skipped.why.clone());
        Ok(())
    }

    async fn retire(&mut self) -> Result<(), Failed> {
        self.tx.content.checkpoints.clear();
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Failed> {
        let mut shared = self.database.shared.lock();
        let failing = shared.failing.filter(|(n, _)| *n == shared.commit_count);
        shared.commit_count += 1;
        if failing.is_some() {
            shared.failing = None;
        }
        if failing.is_none_or(|(_, stored)| stored) {
            shared.models.insert(self.at, std::mem::take(&mut self.tx.content));
        }
        match failing {
            None => Ok(()),
            Some(_) => Err(Failed::for_now("the database went away")),
        }
    }

    async fn rollback(&mut self) -> Result<(), Failed> {
        self.tx.content = Content::default();
        Ok(())
    }
}

/// The committed rows of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryReader {
    rows: BTreeMap<String, String>,
}

impl MemoryReader {
    /// A row.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.rows.get(key).map(String::as_str)
    }
}

impl QueryRows for MemoryReader {
    /// The query is the beginning of the keys that are wanted.
    fn query_rows(&self, query: &str) -> Result<Vec<String>, Failed> {
        let wanted = self.rows.iter().filter(|(key, _)| key.starts_with(query));
        Ok(wanted.map(|(key, value)| format!("{key}|{value}")).collect())
    }
}
