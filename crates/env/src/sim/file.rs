//! A handle of a simulated file.

use super::state::{FileId, Outcome, State};
use crate::disk::assert_whole_blocks;
use crate::{DiskError, DurableWay, File};
use parking_lot::{Mutex, MutexGuard};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct SimFile {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) generation: u64,
}

/// A place in a vector. A simulated file is never longer than memory.
fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

impl SimFile {
    fn state(&self) -> Result<MutexGuard<'_, State>, DiskError> {
        let state = self.state.lock();
        if state.generation != self.generation {
            let path = self.path.display().to_string();
            let why = "the handle is from before the power went".to_owned();
            return Err(DiskError::Io { what: "reach", path, why });
        }
        state.check_power(&self.path)?;
        Ok(state)
    }

    fn full(&self) -> DiskError {
        DiskError::Full { what: "write", path: self.path.display().to_string() }
    }
}

impl File for SimFile {
    fn read_at(&self, buf: &mut [u8], at: u64) -> Result<usize, DiskError> {
        let state = self.state()?;
        if state.reads_fail {
            let path = self.path.display().to_string();
            let why = "the device answers with an error".to_owned();
            return Err(DiskError::Io { what: "read", path, why });
        }
        let bytes = &state.files[&self.id].live;
        let from = index(at).min(bytes.len());
        let count = buf.len().min(bytes.len() - from);
        buf[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> Result<(), DiskError> {
        let mut state = self.state()?;
        let outcome = state.begin("write", &self.path)?;
        let written = state.write(self.id, bytes, index(at), &outcome);
        outcome.done()?;
        written.map_err(|()| self.full())
    }

    fn write_durable_at(&self, blocks: &[u8], at: u64) -> Result<(), DiskError> {
        assert_whole_blocks(blocks, at);
        let mut state = self.state()?;
        let outcome = state.begin("write", &self.path)?;
        let written = state.write(self.id, blocks, index(at), &outcome);
        let durable = matches!(outcome, Outcome::Done) && written.is_ok();
        if durable {
            state.sync_range(self.id, index(at)..index(at) + blocks.len());
        }
        outcome.done()?;
        written.map_err(|()| self.full())
    }

    fn durable_way(&self) -> DurableWay {
        DurableWay::Direct
    }

    fn sync(&self) -> Result<(), DiskError> {
        let mut state = self.state()?;
        let outcome = state.begin("sync", &self.path)?;
        state.sync(self.id, &outcome);
        outcome.done()
    }

    fn len(&self) -> Result<u64, DiskError> {
        Ok(self.state()?.files[&self.id].live.len() as u64)
    }

    fn set_len(&self, len: u64) -> Result<(), DiskError> {
        let mut state = self.state()?;
        let outcome = state.begin("set the length of", &self.path)?;
        if !matches!(outcome, Outcome::Failed(_)) {
            state.set_len(self.id, index(len));
        }
        outcome.done()
    }
}
