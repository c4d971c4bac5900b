//! The same claims about every disk.

use headwater_env::{
    Access, AlignedBuf, BLOCK_BYTES, Disk, DiskError, DurableWay, MemDisk, OsDisk, SimDisk,
};
use std::path::Path;

/// Runs `claim` on each disk in a directory of its own.
fn on_each_disk(claim: impl Fn(&dyn Disk, &Path)) {
    let real = tempfile::tempdir().unwrap();
    let dir = real.path().join("a/b");
    let real_disks = [OsDisk::new(), OsDisk::without_overlap(), OsDisk::without_direct_writes()];
    for disk in real_disks {
        claim(&disk, &dir);
        std::fs::remove_dir_all(&dir).unwrap();
    }
    claim(&MemDisk::new(), Path::new("/a/b"));
    claim(&SimDisk::new(1), Path::new("/a/b"));
}

#[test]
fn bytes_read_back_where_they_were_written() {
    on_each_disk(|disk, dir| {
        disk.create_dir_all(dir).unwrap();
        disk.create_dir_all(dir).unwrap();
        let path = dir.join("file");
        assert!(matches!(disk.open(&path, Access::Read), Err(DiskError::NotFound { .. })));
        let file = disk.open(&path, Access::Create).unwrap();
        assert!(file.is_empty().unwrap());
        file.write_zeros(0, 10_000).unwrap();
        file.write_at(b"abc", 9_000).unwrap();
        let mut blocks = AlignedBuf::zeroed(BLOCK_BYTES);
        blocks.fill(7);
        file.write_durable_at(&blocks, BLOCK_BYTES as u64).unwrap();
        file.sync().unwrap();
        file.forget_cached();

        let file = disk.open(&path, Access::Read).unwrap();
        let mut bytes = vec![1; 20_000];
        assert_eq!(file.read_at(&mut bytes, 0).unwrap(), 10_000);
        assert!(bytes[..BLOCK_BYTES].iter().all(|byte| *byte == 0));
        assert!(bytes[BLOCK_BYTES..2 * BLOCK_BYTES].iter().all(|byte| *byte == 7));
        assert_eq!(&bytes[9_000..9_003], b"abc");
        assert_eq!(file.read_at(&mut bytes, 20_000).unwrap(), 0);
        let file = disk.open(&path, Access::Write).unwrap();
        file.set_len(5_000).unwrap();
        assert_eq!(file.len().unwrap(), 5_000);
    });
}

#[test]
fn names_are_listed_renamed_and_removed() {
    on_each_disk(|disk, dir| {
        assert!(matches!(disk.list(dir), Err(DiskError::NotFound { .. })));
        disk.create_dir_all(dir).unwrap();
        for name in ["b", "a", "c"] {
            disk.open(&dir.join(name), Access::Create).unwrap();
        }
        disk.rename(&dir.join("a"), &dir.join("d")).unwrap();
        disk.remove(&dir.join("b")).unwrap();
        disk.sync_dir(dir).unwrap();
        assert_eq!(disk.list(dir).unwrap(), ["c", "d"]);
        assert!(matches!(disk.remove(&dir.join("b")), Err(DiskError::NotFound { .. })));
        assert!(matches!(
            disk.rename(&dir.join("b"), &dir.join("e")),
            Err(DiskError::NotFound { .. })
        ));
    });
}

#[test]
fn a_directory_is_renamed_with_all_that_is_in_it_and_replaces_nothing() {
    on_each_disk(|disk, dir| {
        let (from, to, other) = (dir.join("made"), dir.join("kept"), dir.join("other"));
        for made in [&from.join("deep"), &other] {
            disk.create_dir_all(made).expect("made");
        }
        let file = disk.open(&from.join("deep/a"), Access::Create).expect("created");
        file.write_at(b"inside", 0).expect("written");
        disk.open(&other.join("b"), Access::Create).expect("created");
        disk.rename(&from, &other).expect_err("the name is taken");
        disk.rename(&from, &to).expect("renamed");
        let mut bytes = [0; 6];
        let file = disk.open(&to.join("deep/a"), Access::Read).expect("opened");
        file.read_at(&mut bytes, 0).expect("read");
        assert_eq!(&bytes, b"inside");
        assert_eq!(disk.list(&to).expect("listed"), ["deep"]);
        assert!(matches!(disk.list(&from), Err(DiskError::NotFound { .. })));
        assert_eq!(disk.list(&other).expect("listed"), ["b"]);
    });
}

#[test]
fn the_second_to_lock_is_told_who_was_first() {
    on_each_disk(|disk, dir| {
        disk.create_dir_all(dir).unwrap();
        let path = dir.join("lock");
        let lock = disk.lock(&path, "the first, with a long name").unwrap();
        let refused = disk.lock(&path, "the second").unwrap_err();
        let owner = "the first, with a long name".to_owned();
        assert_eq!(refused, DiskError::Locked { path: path.display().to_string(), owner });
        drop(lock);
        let lock = disk.lock(&path, "second").unwrap();
        let refused = disk.lock(&path, "the third").unwrap_err();
        assert!(refused.to_string().ends_with("is held by second"), "{refused}");
        drop(lock);
    });
}

#[test]
fn how_durable_writes_go_can_be_asked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let file = OsDisk::without_direct_writes().open(&path, Access::Create).unwrap();
    assert_eq!(file.durable_way(), DurableWay::Synced);
    let file = OsDisk::new().open(&path, Access::Read).unwrap();
    assert_eq!(file.durable_way(), DurableWay::Synced, "a file that is read has one handle");
}

/// A2, D2: where the caller works on while the device does, and where it cannot, its work is done
/// once and the bytes are there; also behind work that panics, and from many threads.
#[test]
fn a_write_with_work_meanwhile_is_made_whole_and_the_work_is_done_once() {
    on_each_disk(|disk, dir| {
        disk.create_dir_all(dir).unwrap();
        let path = dir.join("file");
        let file = disk.open(&path, Access::Create).unwrap();
        file.write_zeros(0, 64 * BLOCK_BYTES as u64).unwrap();
        file.sync().unwrap();
        let blocks = |fill: u8| {
            let mut blocks = AlignedBuf::zeroed(4 * BLOCK_BYTES);
            blocks.fill(fill);
            blocks
        };
        let at = |n: u8| u64::from(n) * 4 * BLOCK_BYTES as u64;
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (file, blocks) = (&file, blocks(n + 1));
                scope.spawn(move || {
                    let mut work_count = 0;
                    let written = file.write_durable_while(&blocks, at(n), &mut || work_count += 1);
                    assert_eq!((written, work_count), (Ok(()), 1));
                });
            }
        });
        let panicking = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            file.write_durable_while(&blocks(9), at(8), &mut || panic!("the work fails"))
        }));
        assert!(panicking.is_err());
        let mut bytes = vec![0; 4 * BLOCK_BYTES];
        for n in 0..8 {
            file.read_at(&mut bytes, at(n)).unwrap();
            assert!(bytes.iter().all(|byte| *byte == n + 1), "write {n}");
        }
        file.read_at(&mut bytes, at(8)).unwrap();
        let whole = bytes.iter().all(|byte| *byte == 9);
        assert!(whole || !file.overlaps(), "what was under way was waited for");
    });
}
