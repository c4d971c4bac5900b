//! What the tests stand on: small journals on any disk.

use headwater_env::{Disk, SeededEntropy};
use headwater_journal_file::{Durability, FileJournal, Options, Preparing};
use headwater_model::{JournalError, Slot, StoredCommit, journal::Journal};
use std::path::Path;
use std::sync::Arc;

/// One block for a segment, and nothing that depends on a thread's luck.
pub(crate) const SMALL: Options = Options {
    segment_bytes: 4_096,
    recent_bytes: 8_192,
    preparing: Preparing::Inline,
    durability: Durability::EachCommit,
};

pub(crate) fn open(disk: &Arc<dyn Disk>) -> Result<FileJournal, JournalError> {
    open_with(disk, SMALL)
}

pub(crate) fn open_with(
    disk: &Arc<dyn Disk>,
    options: Options,
) -> Result<FileJournal, JournalError> {
    FileJournal::open(Arc::clone(disk), &SeededEntropy::new(1), Path::new("/journal"), options)
}

/// Bodies of many lengths, each unlike the others.
pub(crate) fn body(n: u64) -> Vec<u8> {
    let length = n.wrapping_mul(37) % 701;
    (0..length).map(|i| n.wrapping_mul(131).wrapping_add(i * 7 + 1) as u8).collect()
}

pub(crate) fn append(journal: &mut FileJournal, n: u64) -> Result<(), JournalError> {
    let head = journal.head();
    assert_eq!(head.next, Slot(n), "the test appends in order");
    journal.append(head, &body(n)).map(drop)
}

/// Everything the journal holds, read in small pages.
pub(crate) fn all(journal: &FileJournal) -> Result<Vec<StoredCommit>, JournalError> {
    let mut commits: Vec<StoredCommit> = Vec::new();
    loop {
        let page = journal.read(Slot(commits.len() as u64), 1_000)?;
        if page.is_empty() {
            return Ok(commits);
        }
        commits.extend(page);
    }
}

/// Each commit is in its slot with the body that was written there.
pub(crate) fn assert_bodies(commits: &[StoredCommit]) {
    for (n, commit) in (0..).zip(commits) {
        assert_eq!(commit.slot, Slot(n), "slots are dense");
        assert_eq!(commit.body, body(n), "A2: slot {n} has the body that was written");
    }
}
