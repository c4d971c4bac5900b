//! A failure that cannot be repeated cannot be mended: the same seed makes the same bytes.

use super::seeds::begin;
use super::world::World;
use std::collections::BTreeMap;

#[test]
fn the_same_seed_makes_the_same_bytes_and_answers() {
    for seed in 0..10 {
        let run = || {
            let mut world = World::new(seed);
            begin(&mut world, seed);
            world.close();
            let paths = world.disk.paths();
            let files = paths.into_iter().map(|path| (world.disk.bytes(&path), path));
            let files: BTreeMap<_, _> = files.map(|(bytes, path)| (path, bytes)).collect();
            (world.operations, files)
        };
        let (operations, files) = run();
        let again = run();
        assert!(operations == again.0, "seed {seed}: other answers");
        let differ: Vec<_> =
            files.keys().filter(|path| again.1.get(*path) != files.get(*path)).collect();
        assert!(differ.is_empty() && files.len() == again.1.len(), "seed {seed}: {differ:?}");
    }
}
