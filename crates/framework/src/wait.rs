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
use crate::projection::view::{Side, View};
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

    /// Where the view's readers have come to: what is read of it from here on has seen this.
    pub fn view_place<P: Projection>(&self) -> After {
        self.readers_of_view(P::NAME).fold(After::nothing(), |place, reader| {
            match reader.status().reached().handled {
                Some(handled) => place.and(reader.status().source.clone(), handled),
                None => place,
            }
        })
    }

    /// Resolves when a reader of the view has come elsewhere than `seen` says.
    pub async fn view_moved<P: Projection>(&self, seen: &After) {
        let moved = self.readers_of_view(P::NAME).map(|reader| {
            let mut follow = reader.status().follow();
            let source = &reader.status().source;
            let place = seen.places().iter().find(|(context, _)| context == source);
            let place = place.map(|(_, position)| *position);
            Box::pin(async move {
                // The sender lives in the reader, which we hold.
                let _ = follow.wait_for(|reached| reached.handled != place).await;
            })
        });
        let moved: Vec<_> = moved.collect();
        if moved.is_empty() {
            return std::future::pending().await;
        }
        futures_util::future::select_all(moved).await;
    }

    fn readers_of_view(&self, view: &'static str) -> impl Iterator<Item = &Arc<dyn Reader>> {
        self.readers().iter().filter(move |reader| {
            let status = reader.status();
            status.kind == ReaderKind::Projection && status.name == view
        })
    }

    /// Throws the projection's model away; its readers fill it again from the first event on, and queries
    /// see it grow. [`rebuild_view`](Self::rebuild_view) builds it beside the one that they see.
    ///
    /// # Errors
    /// A projection that is not wired, or a database that does not answer.
    pub async fn rebuild<P: Projection>(&self) -> Result<(), ReadModelError> {
        let not_wired = ReadModelError::NotWired { projection: P::NAME };
        let view = self.view::<P>().ok_or(not_wired)?;
        self.begin_anew(&view, Side::Live).await.map_err(ReadModelError::Database)
    }

    /// Throws a view's model away, and has its readers begin again.
    pub(crate) async fn begin_anew<P: Projection>(
        &self,
        view: &View<P>,
        side: Side,
    ) -> Result<(), Failed> {
        view.discard(side).await?;
        let readers = match side {
            Side::Live => self.readers(),
            Side::Built => self.builders(),
        };
        for reader in readers.iter().filter(|reader| reader.status().name == P::NAME) {
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
