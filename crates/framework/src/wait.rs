//! Waiting: a read model that has seen what its reader has done.
//!
//! Why: "I have just ordered; where is my order?" A command's answer names a place, the query
//! gives it back, and is answered when the view has come there.
//!
//! Picture: `?after=customers:88` asked of orders
//! ```text
//!   customers:88 ─▶ reactions here that read customers have handled 88
//!                        └─ what they appended: orders:123 ─▶ the view has applied orders:123
//! ```
//! Not here: delayed reactions. They lag by design, and nobody waits for them.

use crate::limits::VIEW_WAIT;
use crate::projection::Database;
use crate::projection::view::View;
use crate::reader::{Reader, ReaderKind};
use crate::{After, Failed, Projection, ReadModelError, Service};
use headwater_model::{ContextName, Position};
use std::sync::Arc;
use tokio::time::Instant;

impl Service {
    /// A reader of the projection's model, which has seen everything that `after` names.
    ///
    /// # Errors
    /// [`ReadModelError::Behind`] if the view does not come there in good time.
    pub async fn read_model<P: Projection>(
        &self,
        after: &After,
    ) -> Result<<P::Database as Database>::Reader, ReadModelError> {
        let not_wired = ReadModelError::NotWired { projection: P::NAME };
        let view = self.view::<P>().ok_or(not_wired)?;
        if !after.places().is_empty() {
            self.await_view(P::NAME, after).await?;
        }
        view.reader().await.map_err(ReadModelError::Database)
    }

    /// Throws the projection's model away; its readers fill it again from the first event on.
    ///
    /// # Errors
    /// A projection that is not wired, or a database that does not answer.
    pub async fn rebuild<P: Projection>(&self) -> Result<(), ReadModelError> {
        let not_wired = ReadModelError::NotWired { projection: P::NAME };
        let view = self.view::<P>().ok_or(not_wired)?;
        self.begin_anew(&view).await.map_err(ReadModelError::Database)
    }

    /// Throws a view's model away, and has its readers begin again.
    pub(crate) async fn begin_anew<P: Projection>(&self, view: &View<P>) -> Result<(), Failed> {
        // While nobody is at work: readers hold the model for the time of a transaction.
        let mut model = view.model.lock().await;
        *model = None;
        view.discard().await?;
        for reader in self.readers().iter().filter(|reader| reader.status().name == P::NAME) {
            reader.status().forget();
        }
        Ok(())
    }

    async fn await_view(&self, view: &str, after: &After) -> Result<(), ReadModelError> {
        let until = Instant::now() + VIEW_WAIT;
        let mut places = after.places().to_vec();
        for (context, position) in after.places() {
            for reader in self.readers_of(context, |kind, _| kind == ReaderKind::Reaction) {
                await_reader(&**reader, context, *position, until).await?;
                if let Some(appended) = reader.status().reached().appended {
                    places.push((self.name().clone(), appended));
                }
            }
        }
        for (context, position) in &places {
            let is_view = |kind, name: &str| kind == ReaderKind::Projection && name == view;
            for reader in self.readers_of(context, is_view) {
                await_reader(&**reader, context, *position, until).await?;
            }
        }
        Ok(())
    }

    fn readers_of<'a>(
        &'a self,
        context: &'a ContextName,
        wanted: impl Fn(ReaderKind, &str) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Arc<dyn Reader>> {
        self.readers().iter().filter(move |reader| {
            let status = reader.status();
            status.source == *context && wanted(status.kind, status.name)
        })
    }
}

async fn await_reader(
    reader: &dyn Reader,
    context: &ContextName,
    position: Position,
    until: Instant,
) -> Result<(), ReadModelError> {
    if reader.status().reached().handled >= Some(position) {
        return Ok(());
    }
    let mut follow = reader.status().follow();
    let reached = follow.wait_for(|reached| reached.handled >= Some(position));
    match tokio::time::timeout_at(until, reached).await {
        Ok(Ok(_)) => Ok(()),
        // The sender lives in the reader, which we hold: only time can run out.
        Ok(Err(_)) | Err(_) => Err(ReadModelError::Behind {
            reader: reader.status().to_string(),
            context: context.clone(),
            position,
            waited: VIEW_WAIT,
        }),
    }
}
