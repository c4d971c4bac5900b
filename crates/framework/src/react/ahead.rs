//! Working ahead: what would follow from an event that is not recorded yet.
//!
//! Why: a tick of a schedule and what follows from it are one append, so the second is known before the
//! first is there.

use super::ReactionReader;
use super::batch::Batch;
use super::carry_out::Work;
use super::handler::Attempt;
use super::reacting::Reacting;
use super::session::Stop;
use crate::{Reaction, Service};
use headwater_model::RecordedEvent;

impl<R: Reaction> ReactionReader<R> {
    /// Works out what follows from `event`; whoever asked records both, or neither.
    pub(crate) async fn work_out(
        &self,
        service: &Service,
        event: &RecordedEvent,
    ) -> Result<(Batch, Attempt), Stop> {
        let mut slot = self.session.lock().await;
        let mut session = self.session_of(service, &mut slot).await?;
        let reacting = Reacting(&*self.reaction);
        let work = Work { handler: &reacting, session: &mut session, status: &self.status };
        let mut batch = work.batch();
        let attempt = work.attempt(&mut batch, event).await;
        *slot = Some(session);
        Ok((batch, attempt))
    }
}
