//! The memory store sits the exam of stores.

headwater_conformance::exam_store!(crate::subject::InMemory::new());
