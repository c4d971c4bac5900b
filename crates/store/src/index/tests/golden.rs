//! The bytes of a run are a format: another version must read them as they are. When this fails,
//! the format has changed, which takes an ADR, a new number in the footer and a reader of the old.

use super::model::{Model, Step};
use super::property::{merge_all, open, seal_all};
use headwater_env::{Access, Disk, MemDisk};
use std::path::Path;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// What the run below is, byte for byte.
const DIGEST: u64 = 0x8b6a_b1fe_9753_6952;
const PAGES: usize = 15;

#[test]
fn a_run_is_written_byte_for_byte_as_ever() {
    let disk: Arc<dyn Disk> = Arc::new(MemDisk::new());
    let index = open(&disk);
    let mut model = Model::default();
    for n in 0..600_u32 {
        let step = if n % 120 == 119 { Step::SEGMENT } else { Step::SMALL };
        let stream = if n % 2 == 0 { "a-long".to_owned() } else { format!("b-{}", n % 90) };
        let tags: &[&str] = if n % 7 == 0 { &["one:1", "two:2"] } else { &[] };
        model.push(&stream, "Usual", tags, step);
    }
    model.tell(&index);
    seal_all(&index);
    merge_all(&index);
    let dir = Path::new("context/index");
    let names = disk.list(dir).expect("memory");
    let file = disk.open(&dir.join(&names[0]), Access::Read).expect("memory");
    let mut bytes = vec![0; usize::try_from(file.len().expect("memory")).expect("small")];
    file.read_at(&mut bytes, 0).expect("memory");
    let (pages, digest) = (bytes.len() / 4_096, xxh3_64(&bytes));
    assert_eq!((pages, digest), (PAGES, DIGEST), "{digest:#x}");
}
