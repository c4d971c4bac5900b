//! What one durable write costs, by the way it is made, and what an append adds.
//!
//! Run in release on the disk in question: `cargo run --release -p headwater-journal-file
//! --example floor -- /some/directory`. Rounds are interleaved, so that a busy moment of the
//! machine meets every way; the table shows medians. Compare columns, not machines.

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use headwater_env::{Access, AlignedBuf, Disk, File, OsDisk, OsEntropy};
use headwater_journal_file::{FileJournal, Options};
use headwater_model::Journal;
use rustix::fs::{FallocateFlags, OFlags};
use std::error::Error;
use std::fs::OpenOptions;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: u64 = 9;
/// Bytes of a write, and how often it is made in a round.
const SIZES: [(usize, u64); 3] = [(4 * 1_024, 100), (64 * 1_024, 60), (1_024 * 1_024, 12)];

type Written = Result<(), Box<dyn Error>>;
/// Writes `bytes` at the place of write `n`, durably.
type Way = Box<dyn FnMut(&[u8], u64) -> Written>;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("headwater-floor-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let measured = measure(&dir);
    std::fs::remove_dir_all(&dir)?;
    measured
}

fn measure(dir: &Path) -> Result<(), Box<dyn Error>> {
    println!("{:<52}{:>12}{:>12}{:>12}", "median µs", "4 KiB", "64 KiB", "1 MiB");
    let mut columns = Vec::new();
    for (bytes, count) in SIZES {
        columns.push(column(dir, bytes, count)?);
    }
    let names = ways(dir, SIZES[0].0, 1)?.into_iter().map(|(name, _)| name);
    for (row, name) in names.enumerate() {
        print!("{name:<52}");
        for column in &columns {
            print!("{:>12.1}", column[row].as_secs_f64() * 1e6);
        }
        println!();
    }
    Ok(())
}

/// The median of each way for writes of this size.
fn column(dir: &Path, bytes: usize, count: u64) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut ways = ways(dir, bytes, count * ROUNDS)?;
    let mut buffer = AlignedBuf::zeroed(bytes);
    buffer.fill(0xA5);
    let mut times = vec![Vec::new(); ways.len()];
    for round in 0..ROUNDS {
        for ((_, way), times) in ways.iter_mut().zip(&mut times) {
            for n in round * count..(round + 1) * count {
                let begin = Instant::now();
                way(&buffer, n)?;
                times.push(begin.elapsed());
            }
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    Ok(times.into_iter().map(median).collect())
}

/// All ways, each with a file of its own that has room for `count` writes.
fn ways(dir: &Path, bytes: usize, count: u64) -> Result<Vec<(&'static str, Way)>, Box<dyn Error>> {
    let size = bytes as u64;
    let path = |name: &str| dir.join(format!("{name}-{bytes}-{count}"));
    let plain = |name: &str| {
        OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path(name))
    };
    let zeroed = |name: &str| -> Result<std::fs::File, Box<dyn Error>> {
        let file = plain(name)?;
        for n in 0..count {
            file.write_all_at(&vec![0; bytes], n * size)?;
        }
        file.sync_all()?;
        Ok(file)
    };
    let synced = |file: std::fs::File| -> Way {
        Box::new(move |bytes, n| {
            file.write_all_at(bytes, n * size)?;
            Ok(file.sync_data()?)
        })
    };
    let growing = plain("growing")?;
    let reserved = plain("reserved")?;
    rustix::fs::fallocate(&reserved, FallocateFlags::empty(), 0, size * count)?;
    reserved.sync_all()?;
    let zeroed_synced = zeroed("zeroed-synced")?;
    zeroed("zeroed-dsync")?;
    let flags = i32::try_from(OFlags::DSYNC.bits())?;
    let dsync = OpenOptions::new().write(true).custom_flags(flags).open(path("zeroed-dsync"))?;
    zeroed("zeroed-direct")?;
    let direct: Arc<dyn File> = OsDisk::new().open(&path("zeroed-direct"), Access::Write)?;
    Ok(vec![
        ("file that grows, write + fdatasync", synced(growing)),
        ("reserved (fallocate), write + fdatasync", synced(reserved)),
        ("zeroed ahead, write + fdatasync", synced(zeroed_synced)),
        (
            "zeroed ahead, O_DSYNC",
            Box::new(move |bytes, n| Ok(dsync.write_all_at(bytes, n * size)?)),
        ),
        (
            "zeroed ahead, O_DIRECT|O_DSYNC (the floor)",
            Box::new(move |bytes, n| Ok(direct.write_durable_at(bytes, n * size)?)),
        ),
        ("append to a journal, a body of a block less", journal(&path("journal"), 4_096)?),
        ("append to a journal, 300 bytes", journal(&path("journal-small"), usize::MAX)?),
    ])
}

/// Appends bodies that are so much shorter than the write they are compared with.
fn journal(dir: &Path, less: usize) -> Result<Way, Box<dyn Error>> {
    let disk: Arc<dyn Disk> = Arc::new(OsDisk::new());
    let mut journal = FileJournal::open(disk, &OsEntropy, dir, Options::default())?;
    Ok(Box::new(move |bytes, _| {
        let body = bytes.len().checked_sub(less).filter(|body| *body > 0).unwrap_or(300);
        let head = journal.head();
        journal.append(head, &bytes[..body])?;
        Ok(())
    }))
}
