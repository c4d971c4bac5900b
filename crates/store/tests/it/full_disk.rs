//! D2: a file system that is really full, if this machine lets the test mount a small one.

use crate::kill::work;
use headwater_conformance::sample::{event, stream};
use headwater_model::{
    Append, AppendError, EventStore, ExpectedRevision, NewEvent, Query, ReadAll, StreamChange,
    Unavailable,
};
use headwater_store::EmbeddedContext;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system in memory; unmounted at the end.
struct Mounted {
    dir: PathBuf,
    _kept: tempfile::TempDir,
}

impl Mounted {
    fn new(size: &str) -> Option<Self> {
        let kept = tempfile::tempdir().expect("a temporary directory");
        let dir = kept.path().join("small");
        std::fs::create_dir(&dir).expect("a directory to mount on");
        let size = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "headwater-test"]).arg(&dir);
        let done = mount.output().is_ok_and(|output| output.status.success());
        done.then_some(Self { dir, _kept: kept })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.dir).status();
        let gone = unmounted.is_ok_and(|status| status.success());
        assert!(gone || std::thread::panicking(), "{} is still mounted", self.dir.display());
    }
}

fn append(store: &EmbeddedContext, n: u128) -> Result<(), AppendError> {
    append_sized(store, n, 5_000)
}

fn append_sized(store: &EmbeddedContext, n: u128, bytes: usize) -> Result<(), AppendError> {
    let event = NewEvent { payload: vec![b' '; bytes].into(), ..event(n) };
    let append = Append::to(stream("order-1"), ExpectedRevision::Any, vec![event]);
    store.append_blocking(append).map(drop)
}

/// Appends until the disk is full, also for a small event; how many were taken in all.
fn fill(store: &EmbeddedContext, first: u128) -> u128 {
    let mut bytes = 5_000;
    for n in first..first + 20_000 {
        while let Err(refusal) = append_sized(store, n, bytes) {
            assert!(is_full(&refusal), "it is full, not: {refusal}");
            assert_eq!(refusal.code(), "store.full");
            if bytes < 10 {
                return n;
            }
            bytes /= 10;
        }
    }
    panic!("a disk of four mebibytes took fifty");
}

fn is_full(refusal: &AppendError) -> bool {
    matches!(refusal, AppendError::Unavailable(Unavailable::Full { .. }))
}

/// What is to make room is taken: each is an append to a stream of the system.
fn change(store: &EmbeddedContext, name: &str, change: StreamChange) {
    let changed = store.change_stream(stream(name), ExpectedRevision::Any, change);
    headwater_conformance::run(changed).expect("D2: a full disk takes a deletion");
}

fn count(store: &EmbeddedContext) -> u128 {
    let read = ReadAll::forwards(Query::all());
    let page = store.read_all_blocking(&read).expect("D2: a full disk can be read");
    assert_eq!(page.next, None, "all fit one page");
    page.events.len() as u128
}

fn open(root: &Path) -> std::sync::Arc<EmbeddedContext> {
    work::open(root).expect("D2: the store opens while the disk is full")
}

#[test]
fn a_full_file_system_refuses_appends_and_loses_nothing() {
    let Some(mounted) = Mounted::new("4m") else {
        println!(
            "SKIPPED: no file system can be mounted here; the simulated disk was full instead"
        );
        return;
    };
    let ballast = mounted.dir.join("ballast");
    std::fs::write(&ballast, vec![1; 1_500_000]).expect("there is room for it");
    let root = mounted.dir.join("store");
    let store = open(&root);
    let taken = fill(&store, 0);
    assert!(taken > 50, "only {taken} events fit");
    assert_eq!(count(&store), taken);
    assert!(append(&store, taken).is_err_and(|refusal| is_full(&refusal)), "it stays full");
    change(&store, "order-2", StreamChange::Delete);
    drop(store);
    let store = open(&root);
    assert_eq!(count(&store), taken);
    change(&store, "order-3", StreamChange::Tombstone);
    let taken = fill(&store, taken);
    std::fs::remove_file(&ballast).expect("room is made");
    for n in taken..taken + 100 {
        append(&store, n).expect("D2: there is room again");
    }
    drop(store);
    assert_eq!(count(&open(&root)), taken + 100);
}
