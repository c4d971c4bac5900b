//! A disk that is only read.
//!
//! Why: opening the index tidies up; a verifier must leave everything as it found it.

use headwater_env::{Access, DirLock, Disk, DiskError, File};
use std::path::Path;
use std::sync::Arc;

/// Reads go through; what would change something is refused, and tidying up is left undone.
#[derive(Debug)]
pub(super) struct ReadOnly(Arc<dyn Disk>);

impl ReadOnly {
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self(disk)
    }
}

fn refused(what: &'static str, path: &Path) -> DiskError {
    let why = "a verifier writes nothing".to_owned();
    DiskError::Io { what, path: path.display().to_string(), why }
}

impl Disk for ReadOnly {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>, DiskError> {
        match access {
            Access::Read => self.0.open(path, access),
            Access::Write | Access::Create => Err(refused("write", path)),
        }
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, DiskError> {
        match self.0.list(dir) {
            Err(DiskError::NotFound { .. }) => Ok(Vec::new()),
            listed => listed,
        }
    }

    fn create_dir_all(&self, _: &Path) -> Result<(), DiskError> {
        Ok(())
    }

    fn rename(&self, from: &Path, _: &Path) -> Result<(), DiskError> {
        Err(refused("rename", from))
    }

    fn remove(&self, _: &Path) -> Result<(), DiskError> {
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> Result<(), DiskError> {
        Ok(())
    }

    fn lock(&self, path: &Path, _: &str) -> Result<DirLock, DiskError> {
        Err(refused("lock", path))
    }
}
