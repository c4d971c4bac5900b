//! Bytes that are not what was written: each is found or does no harm, none makes a panic (D1, D3).

use super::model::{Model, Step, id};
use super::property::{merge_all, open, seal_all};
use crate::index::run::{Page, PageKind, Stamp};
use crate::index::{AddError, Entry, Index, IndexError, Rebuild};
use headwater_env::{Access, Disk, MemDisk};
use headwater_model::{Position, Revision, Timestamp};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const DIR: &str = "context/index";

type Files = Vec<(PathBuf, Vec<u8>)>;

/// Four runs, or the one they were merged into, with short and long lists, and what they tell.
fn runs(merged: bool) -> (Files, Model) {
    let disk: Arc<dyn Disk> = Arc::new(MemDisk::new());
    let index = open(&disk);
    let mut model = Model::default();
    for n in 0..500_u32 {
        let step = if n % 120 == 119 { Step::SEGMENT } else { Step::SMALL };
        let stream = if n % 2 == 0 { "a-long".to_owned() } else { format!("b-{}", n % 90) };
        model.push(&stream, "Usual", &["one:1"], step);
    }
    model.tell(&index);
    seal_all(&index);
    if merged {
        merge_all(&index);
    }
    let names = disk.list(Path::new(DIR)).expect("memory");
    let paths = names.into_iter().map(|name| Path::new(DIR).join(name));
    (paths.map(|path| (path.clone(), read(&*disk, &path))).collect(), model)
}

/// The one merged run.
fn run() -> (Vec<u8>, PathBuf, Model) {
    let (mut files, model) = runs(true);
    let (path, bytes) = files.pop().expect("a merged run");
    assert!(files.is_empty(), "four runs were not merged");
    (bytes, path, model)
}

fn read(disk: &dyn Disk, path: &Path) -> Vec<u8> {
    let file = disk.open(path, Access::Read).expect("memory");
    let mut bytes = vec![0; usize::try_from(file.len().expect("memory")).expect("small")];
    file.read_at(&mut bytes, 0).expect("memory");
    bytes
}

fn disk_with(files: &[(PathBuf, Vec<u8>)]) -> Arc<dyn Disk> {
    let disk: Arc<dyn Disk> = Arc::new(MemDisk::new());
    disk.create_dir_all(Path::new(DIR)).expect("memory");
    for (path, bytes) in files {
        disk.open(path, Access::Create).and_then(|file| file.write_at(bytes, 0)).expect("memory");
    }
    disk
}

fn is_found(index: &Index) -> bool {
    let found = index.verify().expect("memory");
    let damage = index.damage().iter().chain(&found);
    damage.filter(|error| matches!(error, IndexError::Damaged { .. })).count() > 0
}

#[test]
fn each_byte_of_a_run_that_is_flipped_is_found() {
    let (bytes, path, _) = run();
    // Every byte of the pages' heads and ends, every seventh between: all are under one checksum.
    for at in (0..bytes.len()).filter(|at| at % 4_096 < 8 || at % 4_096 > 4_080 || at % 7 == 0) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(
            is_found(&open(&disk_with(&[(path.clone(), bytes.clone())]))),
            "byte {at} was flipped unseen"
        );
    }
}

#[test]
fn a_run_that_is_cut_or_grown_is_found_and_built_again() {
    let (bytes, path, model) = run();
    for len in [0, 1, 4_095, 4_096, bytes.len() - 4_096, bytes.len() - 1, bytes.len() + 4_096] {
        let mut bytes = bytes.clone();
        bytes.resize(len, 0);
        let disk = disk_with(&[(path.clone(), bytes.clone())]);
        let index = open(&disk);
        assert_eq!(index.damage().len(), 1, "cut to {len}");
        assert_eq!(index.end().0, 0, "cut to {len}");
        model.tell(&index);
        seal_all(&index);
        model.compare(&index.snapshot(index.end()));
        assert_eq!(open(&disk).damage(), []);
    }
}

#[test]
fn a_page_in_anothers_place_and_a_run_of_anothers_index_are_found() {
    let (bytes, path, _) = run();
    let mut swapped = bytes.clone();
    swapped[..4_096].copy_from_slice(&bytes[4_096..8_192]);
    assert!(is_found(&open(&disk_with(&[(path.clone(), swapped)]))));
    let name = path.to_string_lossy();
    let id = stamp(&path).run;
    let another_id = name.replace(&format!("{id:010}.run"), &format!("{:010}.run", id + 1));
    let another_end = name.replace("-00000000000000000479.", "-00000000000000000478.");
    for other in [another_id, another_end] {
        assert_ne!(other, name);
        let disk = disk_with(&[(PathBuf::from(&other), bytes.clone())]);
        assert!(is_found(&open(&disk)), "{other}");
    }
}

/// Tells of the events of a run again, as a store does from its segments.
pub(super) fn tell_again(model: &Model, rebuild: &mut Rebuild<'_>) -> Result<(), AddError> {
    let tags = |n: usize| model.events[n].tags.iter().map(String::as_str).collect::<Vec<_>>();
    for n in rebuild.range().start.0..rebuild.range().end.0 {
        let event = &model.events[n as usize];
        rebuild.add(&[Entry {
            position: Position(n),
            place: event.place,
            stream: &event.stream,
            revision: Revision(event.revision),
            id: id(n),
            event_type: &event.event_type,
            tags: &tags(n as usize),
            recorded_at: Timestamp::from_micros(event.time),
        }])?;
    }
    Ok(())
}

/// Damage that only a read meets is an error for it, until the run is built again beside the
/// readers. Those who began before go on with what they have.
#[test]
fn damage_met_by_a_read_is_an_error_until_the_run_is_built_again() {
    let (mut bytes, path, model) = run();
    let pages = bytes.len() / 4_096;
    (0..pages - 1).for_each(|page| bytes[page * 4_096 + 100] ^= 1);
    let disk = disk_with(&[(path.clone(), bytes.clone())]);
    let index = open(&disk);
    assert_eq!(index.damage(), [], "the footer is well");
    assert!(index.rebuild().is_none(), "nobody has met it yet");
    let (woken, before) = (Arc::new(AtomicU32::new(0)), index.snapshot(index.end()));
    let waker = Arc::clone(&woken);
    index.when_damaged(move || {
        waker.fetch_add(1, Ordering::Relaxed);
    });
    for _ in 0..2 {
        let error = before.head("a-long").expect_err("its pages are not");
        assert_eq!(error.code(), "index.damaged");
    }
    assert_eq!(woken.load(Ordering::Relaxed), 1, "it was news once");

    drop(index.rebuild().expect("it was met"));
    let mut rebuild = index.rebuild().expect("given up half way, it is still to be done");
    tell_again(&model, &mut rebuild).expect("memory");
    rebuild.finish().expect("memory");
    assert_eq!(before.head("a-long").expect_err("the old file").code(), "index.damaged");
    assert!(index.rebuild().is_none(), "met again in a file that is gone");
    assert_eq!((index.healed_count(), index.end().0), (1, 479));
    model.compare(&index.snapshot(index.end()));
    assert_eq!(index.verify(), Ok(Vec::new()));

    merge_all(&index);
    let index = open(&disk);
    assert_eq!((index.end().0, disk.list(Path::new(DIR)).expect("memory").len()), (479, 1));
    model.compare(&index.snapshot(index.end()));
}

/// The checksum is no secret: bytes that pass it must not break anything either, neither a read
/// nor the merge that reads all of them.
#[test]
fn hostile_pages_that_pass_their_checksum_give_errors_or_answers_never_a_panic() {
    let (files, model) = runs(false);
    assert_eq!(files.len(), 4, "enough for a merge");
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for round in 0..1_500 {
        let mut files = files.clone();
        let which = next(4);
        let (path, bytes) = &mut files[which];
        let page = next(bytes.len() / 4_096);
        for _ in 0..=next(3) {
            // Mostly near the front, where the numbers are.
            let at = if next(2) == 0 { next(200) } else { next(4_092) };
            bytes[page * 4_096 + at] = [0, 1, 0x7f, 0x80, 0xff, next(256) as u8][next(6)];
        }
        reseal(&mut bytes[page * 4_096..][..4_096], stamp(path), page);
        let disk = disk_with(&files);
        let asked = catch_unwind(AssertUnwindSafe(|| {
            let index = open(&disk);
            ask_everything(&index, &model);
            drop(index.merge_step(&|| true));
        }));
        assert!(asked.is_ok(), "round {round}: page {page} of run {which} made a panic");
    }
}

fn stamp(path: &Path) -> Stamp {
    let name = path.to_string_lossy();
    let id = name.strip_suffix(".run").and_then(|name| name.rsplit('.').next()).expect("a name");
    Stamp { identity: 0x1dea, run: id.parse().expect("an id") }
}

fn reseal(bytes: &mut [u8], stamp: Stamp, number: usize) {
    let mut page = Page::new(PageKind::Keys);
    page.overwrite(bytes);
    bytes.copy_from_slice(page.seal(stamp, number as u32));
}

/// Asks; what the answers are does not matter here.
fn ask_everything(index: &Index, model: &Model) {
    use crate::index::Term;
    use headwater_model::{Direction, From, Position, Timestamp};
    let snapshot = index.snapshot(index.end());
    for (n, event) in model.events.iter().enumerate().step_by(7) {
        let ids = [super::model::id(n as u64)];
        drop(snapshot.check(&event.stream, &ids, Position::ZERO));
        drop(snapshot.read_stream(&event.stream, From::Edge, Direction::Forwards, 1_000));
        drop(snapshot.locate(Position(n as u64)));
        drop(snapshot.last_at(Timestamp::from_micros(event.time)));
    }
    for term in [Term::Tag("one:1"), Term::Type("Usual"), Term::Stream("a-long")] {
        if let Ok(postings) = snapshot.postings(term) {
            let mut cursor = postings.cursor(Direction::Backwards);
            drop(cursor.seek(Position(300)));
            while let Ok(Some(_)) = cursor.next() {}
        }
    }
    drop(snapshot.streams("b", None, 100));
    drop(index.verify());
}
