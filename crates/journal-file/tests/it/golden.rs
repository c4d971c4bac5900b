//! The bytes, once and for all.
//!
//! `tests/golden` holds a small journal as the first release wrote it. A change that writes other
//! bytes, or cannot read these, needs a new format version, an ADR and a new golden journal
//! beside this one. The picture of the bytes is `docs/formats/journal.md`.

use crate::ground::{SMALL, all};
use headwater_env::{Disk, Entropy, SimDisk};
use headwater_journal_file::FileJournal;
use headwater_model::{Epoch, Journal};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

const SEGMENT: &str = "/journal/00000000000000000000.seg";
const MARK: &str = "/journal/mark";
const BODIES: [&[u8]; 3] = [b"the first commit", b"", b"the third, in the next epoch"];

/// An identity that no library's generator can change.
#[derive(Debug)]
struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x77);
    }
}

fn open(disk: &SimDisk) -> FileJournal {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    FileJournal::open(disk, &Sevens, Path::new("/journal"), SMALL).unwrap()
}

/// Writes the golden journal: two commits, an idle mark, a third commit by a second writer.
fn written() -> SimDisk {
    let disk = SimDisk::new(1);
    let mut journal = open(&disk);
    for body in &BODIES[..2] {
        journal.append(journal.head(), body).unwrap();
    }
    journal.note_idle().unwrap();
    drop(journal);
    let mut journal = open(&disk);
    journal.append(journal.head(), BODIES[2]).unwrap();
    disk
}

/// Sixteen bytes a line, each after its place; lines of zeros left out.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, bytes) in bytes.chunks(16).enumerate() {
        if bytes.iter().all(|byte| *byte == 0) {
            continue;
        }
        write!(text, "{:04x} ", line * 16).unwrap();
        bytes.iter().for_each(|byte| write!(text, " {byte:02x}").unwrap());
        text.push('\n');
    }
    text
}

fn bytes(hex: &str, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    for line in hex.lines() {
        let mut words = line.split_whitespace();
        let from = usize::from_str_radix(words.next().unwrap(), 16).unwrap();
        for (at, word) in words.enumerate() {
            bytes[from + at] = u8::from_str_radix(word, 16).unwrap();
        }
    }
    bytes
}

#[test]
fn a_journal_is_written_as_the_first_release_wrote_it() {
    let disk = written();
    let found = hex(&disk.bytes(Path::new(SEGMENT)).unwrap());
    assert_eq!(found, include_str!("../golden/segment.hex"));
    let found = hex(&disk.bytes(Path::new(MARK)).unwrap());
    assert_eq!(found, include_str!("../golden/mark.hex"));
}

#[test]
fn the_journal_that_the_first_release_wrote_is_read() {
    let disk = SimDisk::new(2);
    disk.create_dir_all(Path::new("/journal")).unwrap();
    disk.put(Path::new(SEGMENT), bytes(include_str!("../golden/segment.hex"), 4_096));
    disk.put(Path::new(MARK), bytes(include_str!("../golden/mark.hex"), 8_192));
    let journal = open(&disk);
    let commits = all(&journal).unwrap();
    assert_eq!(commits.iter().map(|commit| &commit.body[..]).collect::<Vec<_>>(), BODIES);
    assert_eq!(commits.iter().map(|commit| commit.epoch.0).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!(journal.head().epoch, Epoch(3));
}
