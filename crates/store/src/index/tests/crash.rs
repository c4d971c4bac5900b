//! The power goes at each operation of sealing and merging, and each operation fails once. What
//! is opened afterwards is the old set of runs or the new one, never a mixture and never damage;
//! told the rest, it answers as the model does (A2's index half, D1, D2).

use super::damage::tell_again;
use super::model::{Model, Step};
use crate::index::{AddError, Index, IndexError, IndexOptions};
use headwater_env::sim::Fault;
use headwater_env::{Disk, SimDisk};
use headwater_model::{Position, Unavailable};
use std::path::PathBuf;
use std::sync::Arc;

/// Nine segments of 30 events each: eight to seal, and the runs merge twice.
fn model() -> Model {
    let mut model = Model::default();
    for n in 0..270_u32 {
        let step = if n % 30 == 29 { Step::SEGMENT } else { Step::SMALL };
        let stream = if n % 3 == 0 { "a-long".to_owned() } else { format!("b-{}", n % 13) };
        model.push(&stream, "Usual", &["one:1"], step);
    }
    model
}

fn open(disk: &SimDisk) -> Result<Index, IndexError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let dir = "context/index".into();
    Index::open(IndexOptions { disk, dir, identity: 0x1dea, cache_bytes_max: 64 * 1_024 })
}

/// Opens, is told everything, seals and merges all there is.
fn work(disk: &SimDisk, model: &Model) -> Result<Index, IndexError> {
    let index = open(disk)?;
    assert_eq!(index.damage(), [], "a crash is not damage");
    model.tell(&index);
    while index.seal_step()? | index.merge_step(&|| true)? {}
    Ok(index)
}

#[test]
fn a_power_cut_at_any_operation_leaves_a_right_index() {
    let model = model();
    let whole = SimDisk::new(1);
    work(&whole, &model).expect("no faults yet");
    let operations = whole.operation_count();
    assert!(operations > 50, "{operations} operations are not sealing and merging");
    for n in 0..operations {
        for seed in 0..3 {
            let disk = SimDisk::new(seed);
            disk.power_off_at(n);
            assert!(work(&disk, &model).is_err() || !disk.is_powered());
            disk.power_on(seed);
            let index = work(&disk, &model).expect("the power is back");
            model.compare(&index.snapshot(index.end()));
            assert_eq!(index.verify(), Ok(Vec::new()), "power cut at {n}, seed {seed}");
        }
    }
}

#[test]
fn a_refused_operation_changes_nothing_and_the_next_try_succeeds() {
    let model = model();
    let whole = SimDisk::new(1);
    work(&whole, &model).expect("no faults yet");
    for fault in [Fault::Io, Fault::Full] {
        for n in 0..whole.operation_count() {
            let disk = SimDisk::new(n);
            disk.fail(n..n + 1, fault);
            let Ok(index) = open(&disk) else { continue };
            model.tell(&index);
            let mut failures = 0;
            loop {
                match index.seal_step().and_then(|own| Ok(own | index.merge_step(&|| true)?)) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(_) => failures += 1,
                }
                assert!(failures <= 1, "operation {n} failed once only");
            }
            model.compare(&index.snapshot(index.end()));
            drop(index);
            let index = work(&disk, &model).expect("the disk is well again");
            model.compare(&index.snapshot(index.end()));
        }
    }
}

/// D2: a full disk is said to be full, what is in memory still answers, and there is no litter.
#[test]
fn a_full_disk_refuses_to_seal_and_loses_nothing() {
    let model = model();
    let disk = SimDisk::new(5);
    let index = open(&disk).expect("no faults yet");
    model.tell(&index);
    disk.set_capacity(Some(disk.used_bytes() + 8_192));
    let refused = index.seal_step();
    assert!(
        matches!(refused, Err(IndexError::Unavailable(Unavailable::Full { .. }))),
        "{refused:?}"
    );
    model.compare(&index.snapshot(index.end()));
    assert_eq!(disk.paths().iter().filter(|path| path.ends_with(".tmp")).count(), 0);
    disk.set_capacity(None);
    assert_eq!(index.seal_step(), Ok(true));
    model.compare(&index.snapshot(index.end()));
}

/// A reader that began before a merge reads on in the files that the merge has removed.
#[test]
fn a_snapshot_outlives_the_runs_it_reads() {
    let model = model();
    let disk = SimDisk::new(9);
    let index = open(&disk).expect("no faults");
    model.tell(&index);
    while index.seal_step().expect("no faults") {}
    let before = index.snapshot(Position(200));
    while index.merge_step(&|| true).expect("no faults") {}
    model.compare(&before);
}

/// D1: while a damaged run is built again the power goes, or an operation fails, at each place. What
/// is opened then is the damaged run or what replaces it: it answers rightly or says that it cannot.
#[test]
fn a_power_cut_while_a_run_is_built_again_leaves_it_or_what_replaces_it() {
    let model = model();
    let damaged = SimDisk::new(3);
    drop(work(&damaged, &model).expect("no faults"));
    // The first page: nobody reads it to open the run.
    let largest = |path: &PathBuf| damaged.bytes(path).map_or(0, |bytes| bytes.len());
    let run = damaged.paths().into_iter().max_by_key(largest).expect("there are runs");
    damaged.flip(&run, 5, 1);
    let heal = |disk: &SimDisk| -> Result<Index, IndexError> {
        let index = open(disk)?;
        assert_eq!(index.damage(), [], "a crash is not damage");
        index.verify()?;
        while let Some(mut rebuild) = index.rebuild() {
            match tell_again(&model, &mut rebuild) {
                Ok(()) => rebuild.finish()?,
                Err(AddError::Unreadable(cause)) => return Err(cause),
                Err(cause) => panic!("{cause}"),
            }
        }
        Ok(index)
    };
    let judge = |index: Index| {
        assert_eq!((index.verify(), index.end().0), (Ok(Vec::new()), 269));
        model.compare(&index.snapshot(index.end()));
    };
    let whole = damaged.fork();
    let before = whole.operation_count();
    let index = heal(&whole).expect("no faults");
    assert_eq!(index.healed_count(), 1);
    judge(index);
    let operations = whole.operation_count() - before;
    assert!(operations > 20, "{operations} operations are not building again");
    for n in 0..operations {
        let disk = damaged.fork();
        disk.power_off_at(disk.operation_count() + n);
        assert!(heal(&disk).is_err() || !disk.is_powered());
        disk.power_on(n);
        judge(heal(&disk).expect("the power is back"));

        let disk = damaged.fork();
        let at = disk.operation_count() + n;
        disk.fail(at..at + 1, Fault::Io);
        drop(heal(&disk));
        judge(heal(&disk).expect("the disk is well again"));
    }
}
