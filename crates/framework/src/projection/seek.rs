//! Passing events over, on purpose.
//!
//! Why: a reader that stands in front of events that it must never apply (they were recorded by mistake,
//! or ten million of them are about something else) can be put behind them. What it passes is missing from
//! the view for ever, so that it is said why, and kept beside the rows. Back there is no way but to build
//! the view anew: its rows already hold what would be applied again.
//!
//! Invariants: C1 the step and its reason are one transaction. C2 a checkpoint does not go back.

use super::reader::ProjectionReader;
use super::{Projection, ReadModel, Skipped};
use crate::Service;
use crate::view::{SeekTo, ViewError};
use headwater_model::{AsOf, Checkpoint, Direction, Query, ReadAll};

impl<P: Projection> ProjectionReader<P> {
    pub(super) async fn seek_to(
        &self,
        service: &Service,
        to: SeekTo,
        why: &str,
    ) -> Result<Skipped, ViewError> {
        let mut slot = self.place.lock().await;
        let Some(mut place) = self.place_of(service, &mut slot).await? else {
            return Err(ViewError::Building { view: P::NAME.to_owned() });
        };
        let as_of = match to {
            SeekTo::Position(position) => AsOf::Position(position),
            SeekTo::Time(time) => AsOf::Time(time),
        };
        let read = ReadAll {
            direction: Direction::Backwards,
            count_max: 1,
            as_of,
            ..ReadAll::forwards(Query::all())
        };
        let page = place.source.read_all(read).await?;
        let from = place.at.map(|at| at.position);
        let reader = || self.status.to_string();
        let to = match (to, page.as_of) {
            (SeekTo::Position(asked), found) if found != Some(asked) => {
                return Err(ViewError::Ahead { reader: reader(), asked, head: found });
            }
            (_, found) if found <= from => {
                return Err(ViewError::Back { reader: reader(), at: from, asked: found });
            }
            (_, Some(position)) => Checkpoint { incarnation: page.incarnation, position },
            (_, None) => return Err(ViewError::Back { reader: reader(), at: from, asked: None }),
        };
        let skipped = Skipped {
            source: self.status.source.clone(),
            from,
            to: to.position,
            why: why.to_owned(),
        };
        let mut open = self.half().lock().await;
        let mut model = self.begin(open.take(), &place).await?;
        model.skip(&skipped).await?;
        model.save_checkpoint(&self.status.source, to).await?;
        model.commit().await?;
        *open = Some((place.generation, model));
        place.saved = Some(to);
        place.come_to(to, &self.status);
        *slot = Some(place);
        self.status.tell();
        tracing::warn!(reader = %self.status, ?from, to = %to.position, why, "events passed over");
        Ok(skipped)
    }
}
