//! The disk port: files, directories, a lock, and writes that are durable when they return.
//!
//! Why: everything the store promises about power cuts rests on these few calls, so each must
//! have a twin that breaks the way disks break.
//!
//! Invariants: nothing here retries. A failed sync stays failed (D2): after an error the caller
//! must assume that any of the bytes since the last success may or may not be on the disk.

use crate::{AlignedBuf, BLOCK_BYTES};
use headwater_model::{Retry, Unavailable};
use std::any::Any;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// It must be there; it is only read.
    Read,
    /// It must be there; it is read and written.
    Write,
    /// It is made if it is not there, emptied if it is, and then read and written.
    Create,
}

/// How [`File::write_durable_at`] reaches the device. Chosen once, when the file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DurableWay {
    /// Past the page cache, acknowledged by the device: one call (`O_DIRECT | O_DSYNC`).
    Direct,
    /// Through the page cache, then a sync: two calls. Where the file system has no direct writes.
    Synced,
}

/// A directory tree that keeps files.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound` unless it is to be created; `Full`, `Io`.
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>, DiskError>;

    /// The names in a directory, sorted.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    fn list(&self, dir: &Path) -> Result<Vec<String>, DiskError>;

    /// Makes a directory and those above it; durable when it returns.
    ///
    /// # Errors
    /// `Full`, `Io`.
    fn create_dir_all(&self, dir: &Path) -> Result<(), DiskError>;

    /// Gives a file another name, replacing what has that name; or a directory with all that is in
    /// it, to a name that nothing has. Durable after [`Disk::sync_dir`] of where the new name stands.
    ///
    /// # Errors
    /// `NotFound`; `Io`, also of a directory whose new name is taken.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError>;

    /// Removes a file. Durable after [`Disk::sync_dir`].
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    fn remove(&self, path: &Path) -> Result<(), DiskError>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// `NotFound`, `Io`.
    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError>;

    /// Takes the lock that the file at `path` stands for, until the guard is dropped or the
    /// process ends. `owner` is what others are told.
    ///
    /// # Errors
    /// `Locked` with the text of whoever holds it; `Io`.
    fn lock(&self, path: &Path, owner: &str) -> Result<DirLock, DiskError>;
}

/// An open file. Usable from many threads; reads and writes carry their place.
pub trait File: fmt::Debug + Send + Sync + 'static {
    /// Fills `buf` from `at` on; returns how many bytes there were, fewer only at the file's end.
    ///
    /// # Errors
    /// `Io`.
    fn read_at(&self, buf: &mut [u8], at: u64) -> Result<usize, DiskError>;

    /// Writes all of `bytes` at `at`. Durable after [`File::sync`].
    ///
    /// # Errors
    /// `Full`, `Io`; some of the bytes may have been written.
    fn write_at(&self, bytes: &[u8], at: u64) -> Result<(), DiskError>;

    /// Writes whole blocks, durable when it returns. `blocks` comes from an
    /// [`AlignedBuf`](crate::AlignedBuf); `at` and its length are multiples of [`BLOCK_BYTES`].
    ///
    /// # Errors
    /// `Full`, `Io`; some of the sectors may have been written.
    fn write_durable_at(&self, blocks: &[u8], at: u64) -> Result<(), DiskError>;

    /// As [`File::write_durable_at`], with `meanwhile` done before it is known how the write went:
    /// while the device is at work where [`File::overlaps`], before it begins elsewhere.
    /// `meanwhile` is done once, also if the write then fails.
    ///
    /// # Errors
    /// As [`File::write_durable_at`].
    fn write_durable_while(
        &self,
        blocks: &[u8],
        at: u64,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(), DiskError> {
        meanwhile();
        self.write_durable_at(blocks, at)
    }

    /// Whether the caller of [`File::write_durable_while`] works while the device does.
    fn overlaps(&self) -> bool {
        false
    }

    /// How durable writes of this file are made.
    fn durable_way(&self) -> DurableWay;

    /// Makes all bytes written so far durable, and the file's length.
    ///
    /// # Errors
    /// `Io`; then any of them may be lost.
    fn sync(&self) -> Result<(), DiskError>;

    /// The file's length in bytes.
    ///
    /// # Errors
    /// `Io`.
    fn len(&self) -> Result<u64, DiskError>;

    /// Whether the file has no bytes.
    ///
    /// # Errors
    /// `Io`.
    fn is_empty(&self) -> Result<bool, DiskError> {
        Ok(self.len()? == 0)
    }

    /// Cuts the file or extends it with a hole. Durable after [`File::sync`].
    ///
    /// # Errors
    /// `Io`.
    fn set_len(&self, len: u64) -> Result<(), DiskError>;

    /// Writes zeros from `from` up to `to`, real ones that take their room, so that later writes
    /// there neither extend the file nor run out of it. Durable after [`File::sync`].
    ///
    /// # Errors
    /// `Full`, `Io`.
    fn write_zeros(&self, from: u64, to: u64) -> Result<(), DiskError> {
        write_zeros(from, to, |zeros, at| self.write_at(zeros, at))
    }

    /// Tells the system that these bytes will not be read soon. Says nothing about durability.
    fn forget_cached(&self) {}
}

/// Writes zeros from `from` up to `to` by `write`, which is given whole pieces and their places.
pub(crate) fn write_zeros(
    from: u64,
    to: u64,
    write: impl Fn(&[u8], u64) -> Result<(), DiskError>,
) -> Result<(), DiskError> {
    const PIECE_BYTES: usize = 256 * 1_024;
    let zeros = AlignedBuf::zeroed(PIECE_BYTES);
    let mut at = from;
    while at < to {
        let count = usize::try_from(to - at).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        write(&zeros[..count], at)?;
        at += count as u64;
    }
    Ok(())
}

/// Holds a lock until it is dropped.
pub struct DirLock {
    _held: Box<dyn Any + Send + Sync>,
}

impl DirLock {
    /// A lock that lasts as long as `held` lives.
    pub(crate) fn new(held: impl Any + Send + Sync) -> Self {
        Self { _held: Box::new(held) }
    }
}

impl fmt::Debug for DirLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DirLock")
    }
}

/// Why the disk did not do what was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DiskError {
    /// There is no such file or directory.
    #[error("{path} is not there")]
    NotFound {
        /// What was looked for.
        path: String,
    },
    /// No room on the disk, or in the quota.
    #[error("no room to {what} {path}")]
    Full {
        /// What was being done.
        what: &'static str,
        /// To which file.
        path: String,
    },
    /// Someone else holds the lock.
    #[error("{path} is held by {owner}")]
    Locked {
        /// The lock's file.
        path: String,
        /// What the holder said about itself.
        owner: String,
    },
    /// Anything else.
    #[error("could not {what} {path}: {why}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// To which file.
        path: String,
        /// The system's words.
        why: String,
    },
}

impl DiskError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NotFound { .. } => Retry::Never,
            Self::Full { .. } | Self::Locked { .. } | Self::Io { .. } => Retry::Later,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "disk.not_found",
            Self::Full { .. } => "store.full",
            Self::Locked { .. } => "store.locked",
            Self::Io { .. } => "store.io",
        }
    }

    /// What the system answered when it was asked to do `what` to `path`.
    pub(crate) fn of(what: &'static str, path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{NotFound, QuotaExceeded, StorageFull};
        let path = path.display().to_string();
        match error.kind() {
            NotFound => Self::NotFound { path },
            StorageFull | QuotaExceeded => Self::Full { what, path },
            _ => Self::Io { what, path, why: error.to_string() },
        }
    }
}

impl From<DiskError> for Unavailable {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Full { what, path } => Self::Full { why: format!("{what} {path}") },
            DiskError::Locked { owner, .. } => Self::Locked { owner },
            DiskError::NotFound { path } => {
                Self::Io { what: format!("open {path}"), why: "it is not there".to_owned() }
            }
            DiskError::Io { what, path, why } => Self::Io { what: format!("{what} {path}"), why },
        }
    }
}

/// Where `path` is once the directory `from` is `to`.
pub(crate) fn moved(path: PathBuf, from: &Path, to: &Path) -> PathBuf {
    match path.strip_prefix(from) {
        Ok(rest) if rest.as_os_str().is_empty() => to.to_owned(),
        Ok(rest) => to.join(rest),
        Err(_) => path,
    }
}

/// A directory does not take the name of something that is there.
pub(crate) fn taken(from: &Path, to: &Path) -> DiskError {
    let why = format!("{} is there already", to.display());
    DiskError::Io { what: "rename", path: from.display().to_string(), why }
}

/// Refuses what a direct write could not do, on every disk alike.
///
/// # Panics
/// On a place or a length that is not whole blocks: a fault of the caller.
pub(crate) fn assert_whole_blocks(blocks: &[u8], at: u64) {
    assert!(blocks.len().is_multiple_of(BLOCK_BYTES), "a durable write is of whole blocks");
    assert!(at.is_multiple_of(BLOCK_BYTES as u64), "a durable write begins at a block");
}
