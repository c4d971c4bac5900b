//! The store behind a socket as a candidate of the exam.

use super::served::{Place, Served, connect};
use headwater_conformance::Candidate;
use headwater_model::{Contexts, Timestamp};
use std::sync::Arc;

pub(super) struct Remote {
    place: Place,
    served: Option<Served>,
}

impl Remote {
    pub(super) fn new() -> Self {
        Self { place: Place::new(), served: None }
    }
}

impl Candidate for Remote {
    async fn open(&mut self) -> Arc<dyn Contexts> {
        if let Some(served) = self.served.take() {
            drop(served.stop().await);
        }
        let served = self.place.serve_anywhere().await;
        let client = connect(served.address).await;
        self.served = Some(served);
        Arc::new(client)
    }

    fn set_clock(&mut self, to: Timestamp) {
        self.place.clock.set(to);
    }
}
