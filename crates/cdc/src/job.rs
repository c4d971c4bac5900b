//! A job: what one miner was told to do and where, and where its notes say that it begins.

use crate::error::MineError;
use crate::miner::MinerSettings;
use crate::notes::{Copying, Names, Note, Phase, SourceName};
use crate::status::Status;
use headwater_model::{Append, EventStore, Revision};
use std::sync::Arc;

/// What a miner was told to do, and where.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) settings: Arc<MinerSettings>,
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) names: Names,
    pub(crate) status: Arc<Status>,
}

/// Where the notes say that mining begins.
pub(crate) enum Beginning {
    /// With a copy of all tables.
    Anew { generation: u32, last: Option<Revision> },
    /// With what is left of a copy.
    Copying { generation: u32, copying: Copying, last: Revision },
    /// With the log.
    Following { generation: u32, copying: Copying },
}

impl Job {
    /// What the notes say; they must be of this database.
    pub(crate) async fn beginning(
        &self,
        source: &SourceName,
        copy_again: bool,
    ) -> Result<Beginning, MineError> {
        let Some((note, last)) = self.names.read(&*self.store).await? else {
            return Ok(Beginning::Anew { generation: 1, last: None });
        };
        if note.source != *source {
            let (known, found) = (note.source.to_string(), source.to_string());
            return Err(MineError::OtherDatabase { known, found });
        }
        let generation = note.generation;
        if copy_again {
            return Ok(Beginning::Anew { generation: generation + 1, last: Some(last) });
        }
        Ok(match note.phase {
            Phase::Asked => Beginning::Anew { generation, last: Some(last) },
            Phase::Copying(copying) => Beginning::Copying { generation, copying, last },
            Phase::Following(copying) => Beginning::Following { generation, copying },
        })
    }

    /// Notes that a copy is about to begin; the note's place.
    pub(crate) async fn ask(
        &self,
        source: &SourceName,
        generation: u32,
        last: Option<Revision>,
    ) -> Result<Revision, MineError> {
        let note = Note { source: source.clone(), generation, phase: Phase::Asked };
        let write = self.names.write(&note, last);
        self.store.append(Append { writes: vec![write], ..Append::default() }).await?;
        Ok(last.map_or(Revision::ZERO, Revision::next))
    }
}
