//! The directory that backups go to.
//!
//! Picture:
//! ```text
//!   DIR/headwater-backup            says what the directory is
//!   DIR/manifests/<id>.json         one for each backup, written last
//!   DIR/pieces/<sha256>             bytes of segments, each once
//!   DIR/lock                        held while something is written here
//! ```
//! Invariants: A2 a manifest is there whole or not at all, and everything it names is durable
//! before it is. Whatever no manifest names is of no backup.

use crate::error::{BackupError, Damage};
use crate::manifest::{Manifest, ManifestId};
use headwater_env::{Access, DirLock, Disk, DiskError, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MARKER: &str = "headwater-backup";
const MARKER_TEXT: &[u8] = b"Backups of Headwater, format 1. See docs/backup.md.\n";
const LOCK: &str = "lock";
const UNFINISHED: &str = "unfinished";

/// No manifest comes near this: a petabyte in pieces takes half of it.
const MANIFEST_BYTES_MAX: u64 = 4 << 30;

/// A directory of backups.
#[derive(Clone, Debug)]
pub struct Archive {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
}

impl Archive {
    /// The backups in `dir`.
    ///
    /// # Errors
    /// `NotABackup` if there are none; `Damaged` if the file that says so is not what was written.
    pub fn open(disk: &Arc<dyn Disk>, dir: &Path) -> Result<Self, BackupError> {
        let archive = Self { disk: Arc::clone(disk), dir: dir.to_owned() };
        let marker = dir.join(MARKER);
        match archive.read(&marker, MARKER_TEXT.len() as u64 + 1) {
            Ok(text) if text == MARKER_TEXT => Ok(archive),
            Ok(text) => {
                let at = text.iter().zip(MARKER_TEXT).position(|(is, was)| is != was);
                let at = at.unwrap_or_else(|| text.len().min(MARKER_TEXT.len()));
                Err(BackupError::damaged(&marker, at as u64, "this is not what was written"))
            }
            Err(DiskError::NotFound { .. }) => {
                Err(BackupError::NotABackup { dir: dir.display().to_string() })
            }
            Err(cause) => Err(cause.into()),
        }
    }

    /// The backups in `dir`, which may be empty or not be there yet.
    ///
    /// # Errors
    /// As [`Archive::open`]; `NotABackup` if something else is in it.
    pub fn open_or_make(disk: &Arc<dyn Disk>, dir: &Path) -> Result<Self, BackupError> {
        disk.create_dir_all(dir)?;
        let names = disk.list(dir)?;
        let begun =
            |name: &String| [LOCK, "manifests", "pieces", UNFINISHED].iter().any(|own| own == name);
        if names.iter().all(begun) {
            let archive = Self { disk: Arc::clone(disk), dir: dir.to_owned() };
            archive.disk.create_dir_all(&archive.manifests())?;
            archive.disk.create_dir_all(&archive.pieces())?;
            archive.put(&dir.join(MARKER), MARKER_TEXT)?;
        }
        Self::open(disk, dir)
    }

    /// Keeps others from writing here.
    ///
    /// # Errors
    /// `Locked`, with who does.
    pub(crate) fn lock(&self) -> Result<DirLock, BackupError> {
        let owner = format!("process {}", std::process::id());
        Ok(self.disk.lock(&self.dir.join(LOCK), &owner)?)
    }

    fn manifests(&self) -> PathBuf {
        self.dir.join("manifests")
    }

    pub(crate) fn pieces(&self) -> PathBuf {
        self.dir.join("pieces")
    }

    /// The file of a piece.
    pub(crate) fn piece(&self, sha256: &str) -> PathBuf {
        self.pieces().join(sha256)
    }

    /// The file of a piece that is being written.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.pieces().join(UNFINISHED)
    }

    /// The file of a manifest.
    pub fn manifest_file(&self, id: &ManifestId) -> PathBuf {
        self.manifests().join(format!("{id}.json"))
    }

    /// The names of all backups, the oldest first.
    ///
    /// # Errors
    /// The disk's.
    pub fn ids(&self) -> Result<Vec<ManifestId>, BackupError> {
        let names = self.disk.list(&self.manifests())?;
        let id = |name: &String| ManifestId::parse(name.strip_suffix(".json")?);
        let mut ids: Vec<_> = names.iter().filter_map(id).collect();
        ids.sort();
        Ok(ids)
    }

    /// One backup.
    ///
    /// # Errors
    /// `NoSuchBackup`; `Damaged`, with the byte.
    pub fn manifest(&self, id: &ManifestId) -> Result<Manifest, BackupError> {
        let file = self.manifest_file(id);
        let bytes = match self.read(&file, MANIFEST_BYTES_MAX) {
            Err(DiskError::NotFound { .. }) => return Err(self.no_such(id.as_str())),
            bytes => bytes?,
        };
        let manifest = Manifest::read(&file, &bytes).map_err(BackupError::Damaged)?;
        if manifest.id != *id {
            return Err(BackupError::damaged(&file, 0, "this is the manifest of another backup"));
        }
        Ok(manifest)
    }

    /// The backup of this name, or the newest.
    ///
    /// # Errors
    /// `NoSuchBackup`; `Damaged`, with the byte.
    pub fn pick(&self, id: Option<&str>) -> Result<Manifest, BackupError> {
        let named = id.map(|text| ManifestId::parse(text).ok_or_else(|| self.no_such(text)));
        let id = match named.transpose()? {
            Some(id) => id,
            None => self.ids()?.pop().ok_or_else(|| self.no_such("at all"))?,
        };
        self.manifest(&id)
    }

    fn no_such(&self, id: &str) -> BackupError {
        let ids = self.ids().unwrap_or_default();
        let there: Vec<_> = ids.iter().map(ManifestId::as_str).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        BackupError::NoSuchBackup { dir: self.dir.display().to_string(), id: id.to_owned(), there }
    }

    /// Writes a manifest: from here on the backup is one.
    pub(crate) fn keep(&self, manifest: &Manifest) -> Result<(), BackupError> {
        // The names of the pieces first.
        self.disk.sync_dir(&self.pieces())?;
        self.put(&self.manifest_file(&manifest.id), &manifest.text())
    }

    /// Writes a file that is there whole or not at all.
    fn put(&self, path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
        let dir = path.parent().unwrap_or(&self.dir);
        let unfinished = dir.join(UNFINISHED);
        let file = self.disk.open(&unfinished, Access::Create)?;
        file.write_at(bytes, 0)?;
        file.sync()?;
        self.disk.rename(&unfinished, path)?;
        Ok(self.disk.sync_dir(dir)?)
    }

    fn read(&self, path: &Path, bytes_max: u64) -> Result<Vec<u8>, DiskError> {
        let file = self.disk.open(path, Access::Read)?;
        let len = file.len()?.min(bytes_max);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        let count = file.read_at(&mut bytes, 0)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// The bytes of a piece that is to be there.
    pub(crate) fn open_piece(&self, sha256: &str) -> Result<Arc<dyn File>, BackupError> {
        let path = self.piece(sha256);
        match self.disk.open(&path, Access::Read) {
            Err(DiskError::NotFound { .. }) => {
                Err(BackupError::damaged(&path, 0, "the file is not there"))
            }
            opened => Ok(opened?),
        }
    }

    /// Files of pieces.
    pub(crate) fn piece_names(&self) -> Result<Vec<String>, BackupError> {
        let mut names = self.disk.list(&self.pieces())?;
        names.retain(|name| name != UNFINISHED);
        Ok(names)
    }

    /// Takes away what was not finished, if there is something.
    pub(crate) fn discard_unfinished(&self) -> Result<(), BackupError> {
        for path in [self.unfinished(), self.manifests().join(UNFINISHED)] {
            match self.disk.remove(&path) {
                Ok(()) | Err(DiskError::NotFound { .. }) => {}
                Err(cause) => return Err(cause.into()),
            }
        }
        Ok(())
    }

    /// Every manifest that can be read, the newest first, and the damage of those that cannot.
    pub(crate) fn all(&self) -> Result<(Vec<Manifest>, Vec<Damage>), BackupError> {
        let (mut manifests, mut damage) = (Vec::new(), Vec::new());
        for id in self.ids()?.iter().rev() {
            match self.manifest(id) {
                Ok(manifest) => manifests.push(manifest),
                Err(BackupError::Damaged(found)) => damage.push(found),
                Err(cause) => return Err(cause),
            }
        }
        Ok((manifests, damage))
    }

    /// Takes a manifest away; durable when it returns.
    pub(crate) fn forget(&self, id: &ManifestId) -> Result<(), BackupError> {
        self.disk.remove(&self.manifest_file(id))?;
        Ok(self.disk.sync_dir(&self.manifests())?)
    }
}
