//! A disk in memory, without faults.
//!
//! Why: the memory store of tests and examples is the real store on this disk.

use crate::disk::{assert_whole_blocks, moved, taken};
use crate::{Access, DirLock, Disk, DiskError, DurableWay, File};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemDisk {
    names: Arc<Mutex<Names>>,
}

#[derive(Debug, Default)]
struct Names {
    files: BTreeMap<PathBuf, Arc<MemFile>>,
    dirs: BTreeSet<PathBuf>,
    locks: BTreeMap<PathBuf, String>,
}

impl MemDisk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Names {
    fn rename_dir(&mut self, from: &Path, to: &Path) -> Result<(), DiskError> {
        if self.dirs.contains(to) || self.files.contains_key(to) {
            return Err(taken(from, to));
        }
        let files = std::mem::take(&mut self.files).into_iter();
        self.files = files.map(|(path, file)| (moved(path, from, to), file)).collect();
        let dirs = std::mem::take(&mut self.dirs).into_iter();
        self.dirs = dirs.map(|path| moved(path, from, to)).collect();
        Ok(())
    }
}

impl Disk for MemDisk {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>, DiskError> {
        let mut names = self.names.lock();
        match (names.files.get(path), access) {
            (Some(file), Access::Read | Access::Write) => Ok(Arc::clone(file) as Arc<dyn File>),
            (_, Access::Create) => {
                let file = Arc::new(MemFile::default());
                names.files.insert(path.to_owned(), Arc::clone(&file));
                Ok(file)
            }
            (None, _) => Err(not_found(path)),
        }
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, DiskError> {
        let names = self.names.lock();
        if !names.dirs.contains(dir) {
            return Err(not_found(dir));
        }
        let children = names.files.keys().chain(&names.dirs).filter(|p| p.parent() == Some(dir));
        let named = children.filter_map(|path| path.file_name());
        let mut list: Vec<_> = named.map(|name| name.to_string_lossy().into_owned()).collect();
        list.sort();
        Ok(list)
    }

    fn create_dir_all(&self, dir: &Path) -> Result<(), DiskError> {
        self.names.lock().dirs.extend(dir.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let mut names = self.names.lock();
        if names.dirs.contains(from) {
            return names.rename_dir(from, to);
        }
        let file = names.files.remove(from).ok_or_else(|| not_found(from))?;
        names.files.insert(to.to_owned(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        self.names.lock().files.remove(path).map(drop).ok_or_else(|| not_found(path))
    }

    fn sync_dir(&self, _dir: &Path) -> Result<(), DiskError> {
        Ok(())
    }

    fn lock(&self, path: &Path, owner: &str) -> Result<DirLock, DiskError> {
        let mut names = self.names.lock();
        if let Some(owner) = names.locks.get(path) {
            let path = path.display().to_string();
            return Err(DiskError::Locked { path, owner: owner.clone() });
        }
        names.locks.insert(path.to_owned(), owner.to_owned());
        Ok(DirLock::new(MemLock { names: Arc::clone(&self.names), path: path.to_owned() }))
    }
}

fn not_found(path: &Path) -> DiskError {
    DiskError::NotFound { path: path.display().to_string() }
}

/// Gives the lock back when it is dropped.
struct MemLock {
    names: Arc<Mutex<Names>>,
    path: PathBuf,
}

impl Drop for MemLock {
    fn drop(&mut self) {
        self.names.lock().locks.remove(&self.path);
    }
}

/// A file in memory.
#[derive(Debug, Default)]
struct MemFile {
    bytes: RwLock<Vec<u8>>,
}

/// A place in a vector. A file in memory is never longer than memory.
fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

impl File for MemFile {
    fn read_at(&self, buf: &mut [u8], at: u64) -> Result<usize, DiskError> {
        let bytes = self.bytes.read();
        let from = index(at).min(bytes.len());
        let count = buf.len().min(bytes.len() - from);
        buf[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, written: &[u8], at: u64) -> Result<(), DiskError> {
        let mut bytes = self.bytes.write();
        let end = index(at).saturating_add(written.len());
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[end - written.len()..end].copy_from_slice(written);
        Ok(())
    }

    fn write_durable_at(&self, blocks: &[u8], at: u64) -> Result<(), DiskError> {
        assert_whole_blocks(blocks, at);
        self.write_at(blocks, at)
    }

    fn durable_way(&self) -> DurableWay {
        DurableWay::Direct
    }

    fn sync(&self) -> Result<(), DiskError> {
        Ok(())
    }

    fn len(&self) -> Result<u64, DiskError> {
        Ok(self.bytes.read().len() as u64)
    }

    fn set_len(&self, len: u64) -> Result<(), DiskError> {
        self.bytes.write().resize(index(len), 0);
        Ok(())
    }

    fn write_zeros(&self, from: u64, to: u64) -> Result<(), DiskError> {
        let mut bytes = self.bytes.write();
        let (from, to) = (index(from), index(to));
        if bytes.len() < to {
            bytes.resize(to, 0);
        }
        bytes[from..to].fill(0);
        Ok(())
    }
}
