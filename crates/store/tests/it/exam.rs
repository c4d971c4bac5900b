//! The exam of event stores, on real files and in small segments, and the comparison with memory.

use crate::candidate::Embedded;
use headwater_conformance::compare;

mod on_disk {
    headwater_conformance::exam_store!(crate::candidate::Embedded::on_disk());
}

mod in_tiny_segments {
    headwater_conformance::exam_store!(crate::candidate::Embedded::of_tiny_segments());
}

mod with_threads {
    headwater_conformance::exam_store!(crate::candidate::Embedded::with_threads());
}

#[test]
fn it_cannot_be_told_from_the_store_in_memory() {
    compare::with_memory(Embedded::in_memory, 50);
}

#[test]
fn in_tiny_segments_it_cannot_be_told_from_the_store_in_memory() {
    compare::with_memory(Embedded::of_tiny_segments, 150);
}

#[test]
fn with_threads_it_cannot_be_told_from_the_store_in_memory() {
    compare::with_memory(Embedded::with_threads, 50);
}
