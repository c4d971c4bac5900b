//! The exam of event stores, on real files and in small segments, and the comparison with memory.

use crate::candidate::Embedded;
use headwater_conformance::compare;

mod journal {
    //! The file journal, as the store stands on it.

    use headwater_conformance::JournalCandidate;
    use headwater_env::{OsDisk, OsEntropy};
    use headwater_journal_file::{FileJournal, Options};
    use headwater_model::JournalError;
    use std::sync::Arc;
    use tempfile::TempDir;

    struct OnDisk(TempDir);

    impl OnDisk {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("a temporary directory"))
        }
    }

    impl JournalCandidate for OnDisk {
        type Journal = FileJournal;

        fn open(&mut self) -> Result<FileJournal, JournalError> {
            let options = Options { segment_bytes: 64 * 1_024, ..Options::default() };
            FileJournal::open(Arc::new(OsDisk::new()), &OsEntropy, self.0.path(), options)
        }
    }

    headwater_conformance::exam_journal!(OnDisk::new());
}

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
