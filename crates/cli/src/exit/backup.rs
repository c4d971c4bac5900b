//! How backups, restores, exports and imports end.

use super::Ending;
use headwater_backup::BackupError;
use headwater_backup::ndjson::{ExportError, ImportError};
use std::fmt;

/// A backup is not what was written; the report was printed already.
#[derive(Debug)]
pub(crate) struct DamagedBackup(pub(crate) usize);

impl fmt::Display for DamagedBackup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = if self.0 == 1 { "place" } else { "places" };
        write!(f, "the backups are damaged in {} {places}; take a new one elsewhere", self.0)
    }
}

impl std::error::Error for DamagedBackup {}

/// The number and the code, if it is about one of these.
pub(super) fn classify(error: &anyhow::Error) -> Option<(Ending, &'static str)> {
    let code = if error.downcast_ref::<DamagedBackup>().is_some() {
        "backup.damaged"
    } else if let Some(error) = error.downcast_ref::<BackupError>() {
        error.code()
    } else if let Some(error) = error.downcast_ref::<ExportError>() {
        error.code()
    } else {
        error.downcast_ref::<ImportError>()?.code()
    };
    Some((ending(code), code))
}

fn ending(code: &str) -> Ending {
    match code {
        "backup.damaged" | "store.corrupt" => Ending::Corrupt,
        "backup.not_a_backup" | "backup.not_found" | "disk.not_found" => Ending::NotFound,
        "restore.not_empty"
        | "restore.not_in_backup"
        | "restore.scavenged"
        | "append.id_reused"
        | "append.partly_repeated"
        | "append.tombstoned" => Ending::Refused,
        "append.unknown" | "export.write" | "import.read" => Ending::Unavailable,
        code if code.starts_with("store.") => Ending::Unavailable,
        _ => Ending::Failed,
    }
}
