//! Folders of data: what is in them, what they weigh, and out of the page cache with them.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Every file below a folder, in order of path.
pub(crate) fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Bytes that the files below a folder take on the disk.
pub(crate) fn bytes_on_disk(folder: &Path) -> anyhow::Result<u64> {
    files(folder)?.iter().map(|path| file_bytes(path)).sum()
}

/// The same, apart by the files' endings.
pub(crate) fn bytes_by_ending(folder: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut by_ending = BTreeMap::new();
    for path in files(folder)? {
        let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        *by_ending.entry(format!(".{ending}")).or_default() += file_bytes(&path)?;
    }
    Ok(by_ending)
}

fn file_bytes(path: &Path) -> anyhow::Result<u64> {
    const SECTOR_BYTES: u64 = 512;
    Ok(std::fs::metadata(path)?.blocks() * SECTOR_BYTES)
}

/// Bytes of a file up to the last one that is not zero.
pub(crate) fn used_bytes(path: &Path) -> anyhow::Result<u64> {
    let bytes = std::fs::read(path)?;
    let last = bytes.iter().rposition(|byte| *byte != 0);
    Ok(last.map_or(0, |last| last as u64 + 1))
}

/// Takes the files below a folder out of the page cache, so that the next read asks the device.
///
/// Only clean pages can go: what was written is synced first.
pub(crate) fn forget_cached(folder: &Path) -> anyhow::Result<()> {
    for path in files(folder)? {
        let file = std::fs::File::open(path)?;
        file.sync_all()?;
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    }
    Ok(())
}

/// Empties a folder, or makes it.
pub(crate) fn empty(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(())
}
