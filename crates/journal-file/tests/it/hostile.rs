//! Bytes from an enemy.
//!
//! D3: whatever stands in the files, opening and reading give an error or a journal, never a
//! panic, an unbounded allocation or a hang. The enemy knows the format and the journal's secret.

use crate::ground::{all, append, open};
use headwater_env::{Disk, Entropy, SeededEntropy, SimDisk};
use headwater_journal_file::Place;
use headwater_journal_file::format::{FrameHeader, FrameKind, SegmentHeader, SegmentKey};
use headwater_journal_file::mark::{MARK_FILE, Mark};
use headwater_model::{CommitDigest, Epoch, Journal, Slot};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn segment(n: u64) -> PathBuf {
    Path::new("/journal").join(format!("{n:020}.seg"))
}

/// A journal of a few commits, and its mark.
fn journal() -> (SimDisk, Mark) {
    let disk = SimDisk::new(1);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut journal = open(&shared).unwrap();
    (0..12).for_each(|n| append(&mut journal, n).unwrap());
    drop(journal);
    let bytes = disk.bytes(&Path::new("/journal").join(MARK_FILE)).unwrap();
    let records = [&bytes[..512], &bytes[4_096..4_608]];
    let marks = records.map(|record| Mark::decode(record.try_into().unwrap()));
    let mark = marks.into_iter().flatten().max_by_key(|mark| mark.generation).unwrap();
    (disk, mark)
}

fn open_and_read(disk: &SimDisk) {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    // Either answer is fine; that there is one is the claim.
    if let Ok(mut journal) = open(&shared) {
        let _ = all(&journal);
        let next = journal.head().next.0;
        let _ = append(&mut journal, next);
    }
}

#[test]
fn random_bytes_in_any_file_give_an_answer() {
    let (sound, _) = journal();
    let paths: Vec<_> = sound.paths();
    for seed in 0..400 {
        let entropy = SeededEntropy::new(seed);
        let disk = sound.fork();
        let path = &paths[seed as usize % paths.len()];
        let mut bytes = disk.bytes(path).unwrap();
        let from = entropy.u64() as usize % bytes.len();
        let to = from + entropy.u64() as usize % (bytes.len() - from);
        entropy.fill(&mut bytes[from..to]);
        disk.put(path, bytes);
        open_and_read(&disk);
    }
}

/// A number that has caused trouble before.
fn odd(entropy: &SeededEntropy) -> u64 {
    let choices = [0, 1, 31, 32, 511, 512, 544, 4_095, 4_096, u64::from(u32::MAX), u64::MAX];
    let choice = entropy.u64();
    if choice.is_multiple_of(3) { entropy.u64() } else { choices[choice as usize % choices.len()] }
}

#[test]
fn headers_frames_and_marks_with_right_checksums_and_absurd_numbers_give_an_answer() {
    let (sound, mark) = journal();
    for seed in 0..2_000 {
        let entropy = SeededEntropy::new(seed);
        let disk = sound.fork();
        if seed % 2 == 0 {
            let record = Mark {
                generation: u64::MAX - seed % 3,
                epoch: Epoch(odd(&entropy)),
                next_slot: Slot(odd(&entropy)),
                closed: seed % 4 == 0,
                ..mark
            };
            let mut bytes = vec![0; 8_192];
            bytes[..512].copy_from_slice(&record.encode());
            disk.put(&Path::new("/journal").join(MARK_FILE), bytes);
        }
        let number = entropy.u64() % 3;
        let header = SegmentHeader {
            id: mark.id,
            segment: if seed % 5 == 0 { odd(&entropy) as u32 } else { number as u32 },
            capacity: odd(&entropy) as u32,
            first_slot: Slot(odd(&entropy)),
            epoch: Epoch(odd(&entropy)),
            digest: CommitDigest(0),
            seal_before: odd(&entropy) as u32,
            end_before: odd(&entropy) as u32,
            scavenged: None,
        };
        let mut bytes = disk.bytes(&segment(number)).unwrap_or(vec![0; 4_096]);
        if seed % 3 != 0 {
            bytes[..512].copy_from_slice(&header.encode().0);
        }
        let key = SegmentKey::new(mark.id, number as u32);
        let mut at = 512;
        while at + 32 < bytes.len() {
            let length = (odd(&entropy) as usize % 600).min(bytes.len() - at - 32);
            let frame = FrameHeader {
                checksum: 0,
                kind: if seed % 7 == 0 { FrameKind::Seal } else { FrameKind::Commit },
                length: length as u32,
                slot: Slot(odd(&entropy)),
                epoch: Epoch(odd(&entropy)),
                prev: odd(&entropy) as u32,
                mark: odd(&entropy) as u32,
            };
            frame.encode(key, at as u32, &mut bytes[at..at + 32 + length]);
            at += 32 + length;
        }
        disk.put(&segment(number), bytes);
        open_and_read(&disk);
    }
}

/// A torn tail full of plausible headers, each claiming thousands of bytes, would cost a checksum
/// of the whole tail for each. The search has a budget.
#[test]
fn a_tail_full_of_plausible_headers_is_answered_in_bounded_time() {
    const CAPACITY: usize = 16 * 1_024 * 1_024;
    let (disk, mark) = journal();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let mut bytes = vec![0; CAPACITY];
    bytes[..512].copy_from_slice(&disk.bytes(&segment(0)).unwrap()[..512]);
    let (header, _) = SegmentHeader::decode(bytes[..512].try_into().unwrap()).unwrap();
    let header = SegmentHeader { capacity: CAPACITY as u32, id: mark.id, ..header };
    // In the second word of every four a length, in the last a mark just behind the end.
    let words = [0, 0x1080_0000, 0, 528].map(u32::to_le_bytes).concat();
    for (n, byte) in bytes[512..].iter_mut().enumerate() {
        *byte = words[n % words.len()];
    }
    bytes[..512].copy_from_slice(&header.encode().0);
    disk.put(&segment(0), bytes);
    (1..9).for_each(|n| disk.take_away(&segment(n)));
    let mut record = vec![0; 8_192];
    record[..512].copy_from_slice(&Mark { end: Place::default(), ..mark }.encode());
    disk.put(&Path::new("/journal").join(MARK_FILE), record);
    let refused = open(&shared).unwrap_err().to_string();
    assert!(refused.contains("no frame follows here, but a later one stands"), "{refused}");
}
