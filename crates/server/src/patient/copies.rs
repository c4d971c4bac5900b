//! Copies, patiently: each step reads a quarter of a mebibyte from the disk.

use super::{PatientStore, patiently};
use headwater_model::{
    Answer, CopyAsked, CopyPoint, CopyReader, CopyStep, JournalCopies, ReadError, Unavailable,
};

impl PatientStore {
    fn copies(&self) -> Result<&dyn JournalCopies, ReadError> {
        self.store.journal_copies().ok_or(ReadError::Unavailable(Unavailable::Closed))
    }
}

impl JournalCopies for PatientStore {
    fn point(&self) -> Answer<'_, CopyPoint, ReadError> {
        Box::pin(async move { self.copies()?.point().await })
    }

    fn copy(&self, asked: CopyAsked) -> Answer<'_, Box<dyn CopyReader>, ReadError> {
        Box::pin(async move {
            let reader = patiently(self.copies()?.copy(asked)).await?;
            Ok(Box::new(PatientReader(reader)) as Box<dyn CopyReader>)
        })
    }
}

struct PatientReader(Box<dyn CopyReader>);

impl CopyReader for PatientReader {
    fn next(&mut self) -> Answer<'_, Option<CopyStep>, ReadError> {
        Box::pin(patiently(self.0.next()))
    }
}
