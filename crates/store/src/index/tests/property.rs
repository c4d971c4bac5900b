//! Whatever is added, sealed, merged and reopened in whatever order, the index answers as the
//! model does (A3, A4, R1).

use super::model::{Model, Step};
use crate::index::{Index, IndexOptions};
use headwater_env::{Disk, MemDisk};
use headwater_model::Position;
use proptest::prelude::*;
use std::sync::Arc;

pub(super) fn open(disk: &Arc<dyn Disk>) -> Index {
    let options = IndexOptions {
        disk: Arc::clone(disk),
        dir: "context/index".into(),
        identity: 0x1dea,
        cache_bytes_max: 256 * 1_024,
    };
    Index::open(options).expect("a disk without faults")
}

pub(super) fn seal_all(index: &Index) {
    while index.seal_step().expect("a disk without faults") {}
}

pub(super) fn merge_all(index: &Index) {
    while index.merge_step(&|| true).expect("a disk without faults") {}
}

#[derive(Clone, Debug)]
enum Act {
    Add {
        count: usize,
        seed: u64,
        new_segment: bool,
    },
    /// Told of, and then refused by the journal.
    Refuse {
        count: usize,
        seed: u64,
        new_segment: bool,
    },
    Seal,
    Merge,
    GiveUpMerge,
    Reopen,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let add = (1..120_usize, any::<u64>(), any::<bool>())
        .prop_map(|(count, seed, new_segment)| Act::Add { count, seed, new_segment });
    let refuse = (1..60_usize, any::<u64>(), any::<bool>())
        .prop_map(|(count, seed, new_segment)| Act::Refuse { count, seed, new_segment });
    let act = prop_oneof![
        6 => add,
        2 => refuse,
        3 => Just(Act::Seal),
        2 => Just(Act::Merge),
        1 => Just(Act::GiveUpMerge),
        1 => Just(Act::Reopen),
    ];
    prop::collection::vec(act, 1..40)
}

/// Few streams, unevenly: some stay short, some become long, in one run or by merging.
fn add(model: &mut Model, count: usize, mut seed: u64, new_segment: bool) {
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for n in 0..count {
        let which = next(24).min(next(24)).min(next(24));
        let stream = match which % 5 {
            0 => format!("a-{which}"),
            1 => format!("b-{which}-{}", "x".repeat(which as usize * 9)),
            _ => format!("a-1{which}"),
        };
        let tags = [format!("one:{}", next(3)), format!("unique:{}-{n}", model.events.len())];
        let tags: Vec<&str> = tags.iter().take(next(3) as usize).map(String::as_str).collect();
        let event_type = if next(9) == 0 { "Rare" } else { "Usual" };
        let bytes = [100, 300, 5_000, 900_000][next(40).saturating_sub(36) as usize];
        let step = Step { new_segment: new_segment && n == 0, bytes, micros: next(3) };
        model.push(&stream, event_type, &tags, step);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn the_index_answers_as_the_model_does(acts in acts(), as_of in 0.0..1.0_f64) {
        let disk: Arc<dyn Disk> = Arc::new(MemDisk::new());
        let mut index = open(&disk);
        let mut model = Model::default();
        for act in acts {
            let before = index.snapshot(index.end());
            let added = matches!(act, Act::Add { .. });
            match act {
                Act::Add { count, seed, new_segment } => {
                    add(&mut model, count, seed, new_segment);
                    model.tell(&index);
                }
                Act::Refuse { count, seed, new_segment } => {
                    let end = index.end();
                    let mut refused = model.clone();
                    add(&mut refused, count, seed, new_segment);
                    refused.tell(&index);
                    prop_assert!(index.end() > end);
                    index.forget_from(end);
                    prop_assert_eq!(index.end(), end, "as if it had never been told");
                }
                Act::Seal => seal_all(&index),
                Act::Merge => merge_all(&index),
                Act::GiveUpMerge => {
                    prop_assert_eq!(index.merge_step(&|| false), Ok(false));
                }
                Act::Reopen => {
                    index = open(&disk);
                    prop_assert_eq!(index.damage(), []);
                    model.tell(&index);
                }
            }
            // What was seen before the runs changed is seen unchanged afterwards.
            if !added {
                model.compare(&before);
            }
        }
        let end = index.end();
        prop_assert_eq!(end, Position(model.events.len() as u64));
        model.compare(&index.snapshot(end));
        let as_of = Position((model.events.len() as f64 * as_of) as u64);
        model.compare(&index.snapshot(as_of));
        prop_assert_eq!(index.verify(), Ok(Vec::new()));
    }
}

/// Long enough that lists have several pages, and their tables pages of their own.
#[test]
fn lists_of_many_pages_answer_as_short_ones_do() {
    let disk: Arc<dyn Disk> = Arc::new(MemDisk::new());
    let index = open(&disk);
    let mut model = Model::default();
    for n in 0..20_000_u32 {
        let step = if n % 4_500 == 4_499 { Step::SEGMENT } else { Step::SMALL };
        let stream = if n % 8 == 0 { format!("b-{}", n / 80) } else { "a-firehose".to_owned() };
        model.push(&stream, "Usual", &["all:1"], step);
    }
    model.tell(&index);
    seal_all(&index);
    model.compare(&index.snapshot(index.end()));
    merge_all(&index);
    let index = open(&disk);
    model.tell(&index);
    model.compare(&index.snapshot(Position(16_666)));
    model.compare(&index.snapshot(index.end()));
    assert_eq!(index.verify(), Ok(Vec::new()));
}
