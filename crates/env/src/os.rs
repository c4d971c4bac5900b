//! The operating system's disk.
//!
//! Why direct writes: a pre-zeroed file written past the page cache is acknowledged by the device
//! in one call, in about half the time of a growing file with a sync behind each write.
//! Invariant: which way a file's durable writes go is decided when it is opened and never again;
//! a direct write that fails is an error, not a reason to try another way.

use crate::disk::{assert_whole_blocks, write_zeros};
use crate::{Access, BLOCK_BYTES, DirLock, Disk, DiskError, DurableWay, File};
use std::fs::{self, OpenOptions, TryLockError};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[cfg(target_os = "linux")]
mod ring;

/// Files of the operating system.
#[derive(Clone, Copy, Debug)]
pub struct OsDisk {
    way: DurableWay,
    overlaps: bool,
}

impl Default for OsDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl OsDisk {
    /// Direct durable writes where the file system has them, under way while their caller works on
    /// where the system lets them.
    pub const fn new() -> Self {
        Self { way: DurableWay::Direct, overlaps: true }
    }

    /// Direct durable writes that their caller waits for, whatever the system has.
    pub const fn without_overlap() -> Self {
        Self { overlaps: false, ..Self::new() }
    }

    /// Durable writes through the page cache, whatever the file system has.
    pub const fn without_direct_writes() -> Self {
        Self { way: DurableWay::Synced, overlaps: false }
    }
}

impl Disk for OsDisk {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn File>, DiskError> {
        let mut options = OpenOptions::new();
        match access {
            Access::Read => options.read(true),
            Access::Write => options.read(true).write(true),
            Access::Create => options.read(true).write(true).create(true).truncate(true),
        };
        let file = options.open(path).map_err(|e| DiskError::of("open", path, &e))?;
        let direct = match (access, self.way) {
            (Access::Read, _) | (_, DurableWay::Synced) => None,
            (_, DurableWay::Direct) => open_direct(path)?,
        };
        let overlaps = self.overlaps && direct.is_some() && has_rings();
        Ok(Arc::new(OsFile { path: path.to_owned(), file, direct, overlaps }))
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, DiskError> {
        let failed = |e: std::io::Error| DiskError::of("list", dir, &e);
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn create_dir_all(&self, dir: &Path) -> Result<(), DiskError> {
        if dir.as_os_str().is_empty() || dir.is_dir() {
            return Ok(());
        }
        let parent = dir.parent().unwrap_or(Path::new(""));
        self.create_dir_all(parent)?;
        match fs::create_dir(dir) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(DiskError::of("make directory", dir, &e)),
        }
        self.sync_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        fs::rename(from, to).map_err(|e| DiskError::of("rename", from, &e))
    }

    fn remove(&self, path: &Path) -> Result<(), DiskError> {
        fs::remove_file(path).map_err(|e| DiskError::of("remove", path, &e))
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        let failed = |e: std::io::Error| DiskError::of("sync", dir, &e);
        fs::File::open(dir).map_err(failed)?.sync_all().map_err(failed)
    }

    fn lock(&self, path: &Path, owner: &str) -> Result<DirLock, DiskError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|e| DiskError::of("open", path, &e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // What the holder wrote is only for people: if it cannot be read, say so.
                if file.read_to_string(&mut owner).is_err() || owner.is_empty() {
                    "another process".clone_into(&mut owner);
                }
                return Err(DiskError::Locked { path: path.display().to_string(), owner });
            }
            Err(TryLockError::Error(e)) => return Err(DiskError::of("lock", path, &e)),
        }
        let written = file.set_len(0).and_then(|()| file.write_all_at(owner.as_bytes(), 0));
        match written {
            Ok(()) => Ok(DirLock::new(file)),
            // On a full disk the lock still holds; the next one is told less, that is all.
            Err(e) if e.kind() == std::io::ErrorKind::StorageFull => Ok(DirLock::new(file)),
            Err(e) => Err(DiskError::of("write", path, &e)),
        }
    }
}

/// A second handle, whose writes go past the page cache. That they are durable is asked of each.
#[cfg(target_os = "linux")]
fn open_direct(path: &Path) -> Result<Option<fs::File>, DiskError> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::WRONLY | OFlags::DIRECT | OFlags::CLOEXEC;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(handle) => Ok(Some(handle.into())),
        // The file system has no direct writes (some network and memory file systems).
        Err(rustix::io::Errno::INVAL) => Ok(None),
        Err(e) => Err(DiskError::of("open", path, &e.into())),
    }
}

#[cfg(not(target_os = "linux"))]
fn open_direct(_path: &Path) -> Result<Option<fs::File>, DiskError> {
    Ok(None)
}

/// Writes all of `bytes`; the device has them when it returns.
#[cfg(target_os = "linux")]
fn write_all_durable(file: &fs::File, mut bytes: &[u8], mut at: u64) -> std::io::Result<()> {
    use rustix::io::{Errno, ReadWriteFlags, pwritev2};
    while !bytes.is_empty() {
        match pwritev2(file, &[std::io::IoSlice::new(bytes)], at, ReadWriteFlags::DSYNC) {
            Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                bytes = &bytes[count..];
                at += count as u64;
            }
            Err(Errno::INTR) => {}
            // A system that cannot be asked so is asked in two calls.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                file.write_all_at(bytes, at)?;
                return file.sync_data();
            }
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn write_all_durable(file: &fs::File, bytes: &[u8], at: u64) -> std::io::Result<()> {
    file.write_all_at(bytes, at)?;
    file.sync_data()
}

#[cfg(target_os = "linux")]
fn has_rings() -> bool {
    ring::Ring::is_available()
}

#[cfg(not(target_os = "linux"))]
fn has_rings() -> bool {
    false
}

/// A file of the operating system: one handle through the page cache, perhaps one past it.
#[derive(Debug)]
struct OsFile {
    path: PathBuf,
    file: fs::File,
    direct: Option<fs::File>,
    overlaps: bool,
}

impl OsFile {
    fn failed(&self, what: &'static str) -> impl Fn(std::io::Error) -> DiskError + '_ {
        move |e| DiskError::of(what, &self.path, &e)
    }
}

impl File for OsFile {
    fn read_at(&self, buf: &mut [u8], at: u64) -> Result<usize, DiskError> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.file.read_at(&mut buf[filled..], at + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(DiskError::of("read", &self.path, &e)),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> Result<(), DiskError> {
        self.file.write_all_at(bytes, at).map_err(self.failed("write"))
    }

    fn write_durable_at(&self, blocks: &[u8], at: u64) -> Result<(), DiskError> {
        assert_whole_blocks(blocks, at);
        match &self.direct {
            Some(direct) => write_all_durable(direct, blocks, at).map_err(self.failed("write")),
            None => {
                self.write_at(blocks, at)?;
                self.sync()
            }
        }
    }

    /// The write is under way meanwhile, and is made durable by a call of its own. Were that asked of
    /// the write itself, a thread of the kernel would do it behind the write, on the processor that
    /// heard from the device, and whoever computes there keeps it waiting for milliseconds.
    #[cfg(target_os = "linux")]
    fn write_durable_while(
        &self,
        blocks: &[u8],
        at: u64,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(), DiskError> {
        assert_whole_blocks(blocks, at);
        if let (Some(direct), true) = (&self.direct, self.overlaps)
            && let Some(ring) = ring::Ring::take()
            && let Some(written) = ring.write(direct, blocks, at, meanwhile)
        {
            let written = written.map_err(self.failed("write"))?;
            // Seldom: a signal, or the edge of the room. What is left goes the plain way.
            let (left, behind) = (&blocks[written..], at + written as u64);
            direct.write_all_at(left, behind).map_err(self.failed("write"))?;
            return direct.sync_data().map_err(self.failed("sync"));
        }
        meanwhile();
        self.write_durable_at(blocks, at)
    }

    fn overlaps(&self) -> bool {
        self.overlaps
    }

    fn durable_way(&self) -> DurableWay {
        if self.direct.is_some() { DurableWay::Direct } else { DurableWay::Synced }
    }

    fn sync(&self) -> Result<(), DiskError> {
        self.file.sync_data().map_err(self.failed("sync"))
    }

    fn len(&self) -> Result<u64, DiskError> {
        Ok(self.file.metadata().map_err(self.failed("look at"))?.len())
    }

    fn set_len(&self, len: u64) -> Result<(), DiskError> {
        self.file.set_len(len).map_err(self.failed("set the length of"))
    }

    /// Past the page cache where that is possible: zeros that are copied there push out what readers
    /// want, and each direct write to their place would have to look for them.
    fn write_zeros(&self, from: u64, to: u64) -> Result<(), DiskError> {
        let is_blocks = [from, to].iter().all(|at| at.is_multiple_of(BLOCK_BYTES as u64));
        let file = self.direct.as_ref().filter(|_| is_blocks).unwrap_or(&self.file);
        write_zeros(from, to, |zeros, at| {
            file.write_all_at(zeros, at).map_err(self.failed("write"))
        })
    }

    #[cfg(target_os = "linux")]
    fn forget_cached(&self) {
        // Advice: that the system does not take it changes nothing but memory.
        let _ = rustix::fs::fadvise(&self.file, 0, None, rustix::fs::Advice::DontNeed);
    }
}
