//! The memory journal sits the exam of journals.

use headwater_conformance::JournalCandidate;
use headwater_model::JournalError;
use headwater_model::memory::MemoryJournal;

struct InMemory(MemoryJournal);

impl JournalCandidate for InMemory {
    type Journal = MemoryJournal;

    fn open(&mut self) -> Result<MemoryJournal, JournalError> {
        Ok(self.0.another())
    }
}

headwater_conformance::exam_journal!(InMemory(MemoryJournal::new()));
