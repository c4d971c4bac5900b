//! The memory store sits the exam of stores.

headwater_conformance::exam_store!(crate::subject::InMemory::new());

mod groups {
    headwater_conformance::exam_groups!(crate::subject::InMemory::new());
}

#[test]
fn two_stores_in_memory_cannot_be_told_apart() {
    headwater_conformance::compare::with_memory(crate::subject::InMemory::new, 500);
}
