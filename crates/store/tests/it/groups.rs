//! Consumer groups of the embedded store: their exam, and runs that are broken off at any write.

mod racing;
mod runs;
mod world;

mod in_memory {
    headwater_conformance::exam_groups!(crate::candidate::Embedded::in_memory());
}

mod in_tiny_segments {
    headwater_conformance::exam_groups!(crate::candidate::Embedded::of_tiny_segments());
}

mod with_threads {
    headwater_conformance::exam_groups!(crate::candidate::Embedded::with_threads());
}
