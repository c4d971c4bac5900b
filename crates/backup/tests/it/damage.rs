//! D1: any byte of any file of a backup that is not what was written is told, with its file.

use crate::world::{World, append, name};
use headwater_backup::{Archive, BackupError, To, check};
use headwater_env::SimDisk;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A backup of several pieces and manifests, on a disk that rots.
fn backed_up() -> (SimDisk, World) {
    let disk = SimDisk::new(1);
    let world = World::on(Arc::new(disk.clone()), 1);
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    for n in 0..12 {
        context.append_blocking(append("order-1", n, 1, 600)).expect("appended");
        if n % 4 == 3 {
            world.back_up(&[Arc::clone(&context)]).expect("backed up");
        }
    }
    assert_eq!(world.check().damage, []);
    (disk, world)
}

/// Files of a backup, without the lock, which says nothing.
fn files(disk: &SimDisk) -> Vec<PathBuf> {
    let mut files = disk.paths();
    files.retain(|path| path.starts_with("/backups") && !path.ends_with("lock"));
    files
}

fn checked(world: &World) -> Result<Vec<headwater_backup::Damage>, BackupError> {
    let archive = Archive::open(&world.disk, Path::new("/backups"))?;
    Ok(check(&archive, None, &headwater_backup::Unseen)?.damage)
}

#[test]
fn a_flipped_byte_is_told_with_its_file_and_a_place_before_it() {
    let (disk, world) = backed_up();
    let mut flipped = 0;
    for path in files(&disk) {
        let len = disk.bytes(&path).expect("a file").len() as u64;
        // Every byte of what is small, and of the others one in a prime number.
        let step = if len < 1_000 { 1 } else { 61 };
        for at in (0..len).step_by(step) {
            disk.flip(&path, at, 0x10);
            let shown = path.display().to_string();
            match checked(&world) {
                Err(BackupError::Damaged(damage)) => {
                    assert_eq!((damage.file, damage.at), (shown, at))
                }
                Err(other) => panic!("{other}"),
                Ok(damage) => {
                    let here: Vec<_> = damage.iter().filter(|one| one.file == shown).collect();
                    assert!(!here.is_empty(), "{shown} at {at}: {damage:?}");
                    if shown.contains("pieces") {
                        let told = here[0].at;
                        assert!(told <= at && at - told < 1_000, "{at}, told {told}");
                    }
                }
            }
            disk.flip(&path, at, 0x10);
            flipped += 1;
        }
    }
    assert!(flipped > 300, "{flipped} are too few");
    assert_eq!(world.check().damage, []);
}

#[test]
fn a_restore_from_damaged_pieces_names_the_byte_and_leaves_no_store() {
    let (disk, world) = backed_up();
    for (n, path) in files(&disk).into_iter().enumerate() {
        let len = disk.bytes(&path).expect("a file").len() as u64;
        for (k, at) in [0, 5, len / 3, len / 2, len - 1].into_iter().enumerate() {
            disk.flip(&path, at, 0x01);
            let data = format!("/restored-{n}-{k}");
            match world.restore(None, To::End, &data) {
                Err(BackupError::Damaged(damage)) => {
                    assert_eq!(damage.file, path.display().to_string(), "byte {at}");
                }
                Err(other) => panic!("{}: {other}", path.display()),
                // A manifest that was not asked for.
                Ok(_) => assert!(path.starts_with("/backups/manifests"), "{}", path.display()),
            }
            disk.flip(&path, at, 0x01);
        }
    }
}

#[test]
fn files_that_are_gone_or_shorter_or_longer_are_told() {
    let (disk, world) = backed_up();
    for path in files(&disk) {
        let bytes = disk.bytes(&path).expect("a file");
        let shown = path.display().to_string();
        let shorter = bytes[..bytes.len() - 1].to_vec();
        let longer = [&bytes[..], b"x"].concat();
        for changed in [shorter, longer, Vec::new()] {
            disk.put(&path, changed);
            let told = match checked(&world) {
                Ok(damage) => damage.into_iter().any(|one| one.file == shown),
                Err(BackupError::Damaged(damage)) => damage.file == shown,
                Err(other) => panic!("{other}"),
            };
            assert!(told, "{shown}");
        }
        disk.take_away(&path);
        match checked(&world) {
            Ok(damage) if shown.contains("pieces") => {
                assert!(damage.iter().any(|one| one.file == shown), "{shown}: {damage:?}");
            }
            // A manifest that is gone is a backup that is not there.
            Ok(damage) => assert_eq!(damage, []),
            Err(error) => assert_eq!(error.code(), "backup.not_a_backup"),
        }
        disk.put(&path, bytes);
    }
    assert_eq!(world.check().damage, []);
}

#[test]
fn a_damaged_store_is_not_backed_up_as_if_it_were_sound() {
    let disk = SimDisk::new(2);
    let world = World::on(Arc::new(disk.clone()), 2);
    let context = world.store("/source").embedded(&name("orders")).expect("made");
    for n in 0..12 {
        context.append_blocking(append("order-1", n, 1, 600)).expect("appended");
    }
    let path = disk.paths().into_iter().find(|path| path.ends_with("00000000000000000000.seg"));
    let path = path.expect("the first segment");
    disk.flip(&path, 700, 0x20);
    let refused = world.back_up(&[Arc::clone(&context)]).expect_err("it is damaged");
    assert!(matches!(refused, BackupError::SourceDamaged { segment: 0, .. }), "{refused}");
    assert_eq!(world.archive().ids().expect("listed"), []);
    disk.flip(&path, 700, 0x20);
    world.back_up(&[context]).expect("sound again");
}
