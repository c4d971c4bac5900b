//! Keys of subjects: durable before they are used, and gone from every byte once they are destroyed.

use crate::now;
use headwater_framework::{KeysError, Subject, SubjectKeys as _};
use headwater_sql::SqliteKeys;
use std::path::Path;

fn subject(name: &str) -> Subject {
    Subject::new(name.to_owned()).unwrap()
}

/// All bytes of all files in a directory.
fn bytes_in(directory: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.flat_map(|file| std::fs::read(file).unwrap()).collect()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_key_is_the_same_for_ever_and_for_every_process() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys.db");
    let keys = SqliteKeys::file(&file).unwrap();
    let ann = now(keys.for_sealing(subject("ann"))).unwrap();
    let other = SqliteKeys::file(&file).unwrap();
    assert_eq!(now(other.for_sealing(subject("ann"))), Ok(ann.clone()));
    assert_eq!(now(other.for_opening(subject("ann"))), Ok(Some(ann.clone())));
    assert_eq!(now(other.for_opening(subject("bob"))), Ok(None));
    assert_ne!(now(other.for_sealing(subject("bob"))), Ok(ann));
}

#[test]
fn a_destroyed_key_is_in_no_byte_of_any_file_and_never_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys.db");
    let keys = SqliteKeys::file(&file).unwrap();
    let made: Vec<_> = (0..200)
        .map(|n| now(keys.for_sealing(subject(&format!("customer-{n}")))).unwrap())
        .collect();
    assert!(made.iter().all(|key| holds(&bytes_in(directory.path()), key.bytes())));

    now(keys.destroy(subject("customer-77"))).unwrap();
    now(keys.destroy(subject("customer-77"))).unwrap();
    now(keys.destroy(subject("never-seen"))).unwrap();
    let left = bytes_in(directory.path());
    for (n, key) in made.iter().enumerate() {
        assert_eq!(holds(&left, key.bytes()), n != 77, "the key of customer-{n}");
    }
    for gone in ["customer-77", "never-seen"] {
        assert_eq!(now(keys.for_opening(subject(gone))), Ok(None));
        let forgotten = KeysError::Forgotten { subject: subject(gone) };
        assert_eq!(now(keys.for_sealing(subject(gone))), Err(forgotten));
    }
}
