//! What one durable write costs, by the way it is made, and what an append adds.
//!
//! Run in release on the disk in question: `cargo run --release -p headwater-journal-file
//! --example floor -- /some/directory`. The ways take turns write by write, so that a busy moment
//! of the machine meets each. On a machine that is busy all the time the fastest tenth tells more
//! than the median. Compare the rows of a column, not machines.

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

/// Bytes of a write, and how often it is made.
const SIZES: [(usize, u64); 3] = [(4 * 1_024, 600), (64 * 1_024, 300), (1_024 * 1_024, 80)];

/// Writes bytes at the place of write `n`, durably.
type Way = Box<dyn FnMut(&[u8], u64) -> Result<(), Box<dyn Error>>>;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("headwater-floor-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let measured = measure(&dir);
    std::fs::remove_dir_all(&dir)?;
    measured
}

fn measure(dir: &Path) -> Result<(), Box<dyn Error>> {
    let mut columns = Vec::new();
    for (bytes, count) in SIZES {
        columns.push(column(dir, bytes, count)?);
    }
    let names: Vec<_> = ways(dir, SIZES[0].0, 1)?.into_iter().map(|(name, _)| name).collect();
    for (title, part) in [("median, µs", 2), ("fastest tenth, µs", 10)] {
        println!("{title:<52}{:>12}{:>12}{:>12}", "4 KiB", "64 KiB", "1 MiB");
        for (row, name) in names.iter().enumerate() {
            print!("{name:<52}");
            for times in columns.iter().map(|column| &column[row]) {
                print!("{:>12.1}", times[times.len() / part].as_secs_f64() * 1e6);
            }
            println!();
        }
    }
    Ok(())
}

/// The times of each way for writes of this size, sorted.
fn column(dir: &Path, bytes: usize, count: u64) -> Result<Vec<Vec<Duration>>, Box<dyn Error>> {
    let mut ways = ways(dir, bytes, count)?;
    let mut buffer = AlignedBuf::zeroed(bytes);
    buffer.fill(0xA5);
    let mut times = vec![Vec::new(); ways.len()];
    for n in 0..count {
        for ((_, way), times) in ways.iter_mut().zip(&mut times) {
            let begin = Instant::now();
            way(&buffer, n)?;
            times.push(begin.elapsed());
        }
    }
    times.iter_mut().for_each(|times| times.sort_unstable());
    Ok(times)
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
