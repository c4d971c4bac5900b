//! The simulated disk loses exactly what a real one may lose, and the same each time.

use headwater_env::sim::SECTOR_BYTES;
use headwater_env::{Access, AlignedBuf, BLOCK_BYTES, Disk, DiskError, Fault, SimDisk};
use std::collections::BTreeSet;
use std::path::Path;

const PATH: &str = "/file";

/// A disk with a durable file of zeros.
fn disk() -> SimDisk {
    let disk = SimDisk::new(1);
    disk.put(Path::new(PATH), vec![0; 4 * SECTOR_BYTES]);
    disk
}

fn bytes(disk: &SimDisk) -> Vec<u8> {
    disk.bytes(Path::new(PATH)).unwrap()
}

#[test]
fn each_unsynced_sector_survives_or_not_and_a_synced_one_always_does() {
    let disk = disk();
    let file = disk.open(Path::new(PATH), Access::Write).unwrap();
    file.write_at(&[1; SECTOR_BYTES], 0).unwrap();
    file.sync().unwrap();
    file.write_at(&[2; 2 * SECTOR_BYTES], SECTOR_BYTES as u64).unwrap();
    disk.power_off();
    assert!(file.sync().is_err());
    let mut outcomes = BTreeSet::new();
    for seed in 0..200 {
        let disk = disk.fork();
        disk.power_on(seed);
        let bytes = bytes(&disk);
        assert!(bytes[..SECTOR_BYTES].iter().all(|byte| *byte == 1), "synced");
        let sectors: Vec<_> = bytes.chunks(SECTOR_BYTES).map(|sector| sector[0]).collect();
        assert!(bytes.chunks(SECTOR_BYTES).all(|sector| sector.iter().all(|b| *b == sector[0])));
        outcomes.insert(sectors);
    }
    assert_eq!(outcomes.len(), 4, "two sectors, each old or new: {outcomes:?}");
}

#[test]
fn a_durable_write_is_torn_only_if_the_power_goes_within_it() {
    let disk = disk();
    let file = disk.open(Path::new(PATH), Access::Write).unwrap();
    let mut blocks = AlignedBuf::zeroed(BLOCK_BYTES);
    blocks.fill(3);
    file.write_durable_at(&blocks, 0).unwrap();
    blocks.fill(4);
    disk.power_off_at(disk.operation_count());
    assert!(file.write_durable_at(&blocks, 0).is_err());
    let mut outcomes = BTreeSet::new();
    for seed in 0..200 {
        let disk = disk.fork();
        disk.power_on(seed);
        outcomes.extend(bytes(&disk).chunks(SECTOR_BYTES).map(<[u8]>::to_vec));
    }
    assert_eq!(outcomes, BTreeSet::from([vec![3; SECTOR_BYTES], vec![4; SECTOR_BYTES]]));
}

#[test]
fn names_that_were_not_synced_may_be_lost_and_come_together() {
    let disk = SimDisk::new(1);
    disk.open(Path::new("/old"), Access::Create).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk.rename(Path::new("/old"), Path::new("/new")).unwrap();
    disk.power_off();
    let mut outcomes = BTreeSet::new();
    for seed in 0..100 {
        let disk = disk.fork();
        disk.power_on(seed);
        outcomes.insert(disk.list(Path::new("/")).unwrap());
    }
    let expected = ["new", "old"].map(|name| vec![name.to_owned()]);
    assert_eq!(outcomes, BTreeSet::from(expected));
}

#[test]
fn a_renamed_directory_has_its_old_name_or_its_new_one_with_what_was_synced_in_it() {
    let (from, to) = (Path::new("/from"), Path::new("/to"));
    let mut both = [false; 2];
    for seed in 0..32 {
        let disk = SimDisk::new(seed);
        disk.create_dir_all(from).expect("made");
        disk.open(&from.join("synced"), Access::Create).expect("created");
        disk.sync_dir(from).expect("synced");
        disk.rename(from, to).expect("renamed");
        if seed % 2 == 1 {
            disk.sync_dir(Path::new("/")).expect("synced");
        }
        disk.power_off();
        disk.power_on(seed);
        let (old, new) = (disk.list(from), disk.list(to));
        assert!(old.is_err() != new.is_err(), "one name: {old:?}, {new:?}");
        assert!(seed % 2 == 0 || new.is_ok(), "a synced name is kept");
        both[usize::from(new.is_ok())] = true;
        assert_eq!(old.or(new).expect("one of them"), ["synced"]);
    }
    assert_eq!(both, [true, true]);
}

#[test]
fn what_a_failed_sync_gave_up_is_not_saved_by_the_next() {
    let disk = disk();
    let file = disk.open(Path::new(PATH), Access::Write).unwrap();
    file.write_at(&[1; SECTOR_BYTES], 0).unwrap();
    let n = disk.operation_count();
    disk.fail(n..n + 1, Fault::Io);
    assert!(file.sync().is_err());
    file.sync().unwrap();
    disk.power_off();
    let survives = |seed| {
        let disk = disk.fork();
        disk.power_on(seed);
        bytes(&disk)[0] == 1
    };
    assert!((0..50).any(survives) && !(0..50).all(survives));
}

#[test]
fn a_full_disk_refuses_what_extends_a_file_and_nothing_else() {
    let disk = disk();
    disk.set_capacity(Some(5 * SECTOR_BYTES as u64));
    let file = disk.open(Path::new(PATH), Access::Write).unwrap();
    file.write_at(&[1; 4 * SECTOR_BYTES], 0).unwrap();
    let refused = file.write_at(&[1; 2 * SECTOR_BYTES], 4 * SECTOR_BYTES as u64).unwrap_err();
    assert!(matches!(refused, DiskError::Full { .. }), "{refused}");
    assert_eq!(disk.used_bytes(), 5 * SECTOR_BYTES as u64, "a part was written");
    disk.set_capacity(None);
    file.write_at(&[1; 2 * SECTOR_BYTES], 4 * SECTOR_BYTES as u64).unwrap();
}

#[test]
fn handles_and_locks_end_with_the_power() {
    let disk = disk();
    let file = disk.open(Path::new(PATH), Access::Write).unwrap();
    let lock = disk.lock(Path::new("/lock"), "someone").unwrap();
    disk.power_off();
    disk.power_on(1);
    assert!(file.read_at(&mut [0], 0).is_err());
    let second = disk.lock(Path::new("/lock"), "someone else").unwrap();
    drop(lock);
    assert!(disk.lock(Path::new("/lock"), "a third").is_err(), "the old guard frees nothing");
    drop(second);
}
