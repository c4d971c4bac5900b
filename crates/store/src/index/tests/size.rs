//! What an event costs on disk.

use super::model::{Model, Step};
use super::property::{merge_all, open, seal_all};
use headwater_env::{Access, Disk, MemDisk};
use std::path::Path;
use std::sync::Arc;

/// Ten events a stream, each event with an id of its own, a type of a few and no tag: the index
/// is at most 24 bytes an event, whether a stream's events lie together or far apart.
#[test]
fn an_event_of_a_short_stream_costs_at_most_24_bytes() {
    for together in [true, false] {
        let mut model = Model::default();
        let (streams, events) = (4_000_u64, 40_000_u64);
        for n in 0..events {
            let which = if together { n / 10 } else { n % streams };
            let step = if n % 8_000 == 7_999 { Step::SEGMENT } else { Step::SMALL };
            let event_type = ["Placed", "Paid", "Packed", "Sent"][(n % 4) as usize];
            model.push(&format!("order-{:08x}", which * 2_654_435), event_type, &[], step);
        }
        let disk: Arc<dyn Disk> = Arc::new(MemDisk::new());
        let index = open(&disk);
        model.tell(&index);
        seal_all(&index);
        merge_all(&index);
        let dir = Path::new("context/index");
        let bytes = |name: &String| {
            let file = disk.open(&dir.join(name), Access::Read).expect("memory");
            file.len().expect("memory")
        };
        let bytes: u64 = disk.list(dir).expect("memory").iter().map(bytes).sum();
        let each = bytes as f64 / events as f64;
        println!("together: {together}, {each:.1} bytes an event");
        assert!(each <= 24.0, "{each:.1} bytes an event, together: {together}");
    }
}
