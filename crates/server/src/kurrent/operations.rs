//! Operations: what a person asks of the server, as far as there is something to do.
//!
//! Why: most of it is for clusters, and for stores that do not keep themselves in order. What is
//! already so is answered with success; what cannot be is refused in words.

use super::home::{Home, House};
use super::refusal::{Refusal, with_trailers};
use headwater_access::Verb;
use headwater_model::{EventStore, Scavenge, ScavengeAsked, ScavengeError};
use headwater_wire::kurrent::event_store::client::Empty;
use headwater_wire::kurrent::event_store::client::operations as pb;
use parking_lot::Mutex;
use pb::scavenge_resp::ScavengeResult;
use std::sync::Arc;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

/// What a client may call the scavenge that is under way, whatever its id.
const CURRENT: &str = "current";

/// The server is the only one of its kind.
const ALONE: &str = "this server is the only one, so there is none that could lead in its place";

/// A process is stopped from outside.
const STOPPED_OUTSIDE: &str =
    "the server is stopped by whoever started its process: send it SIGTERM, or stop its service";

pub(super) struct Operations {
    house: House,
    /// The id of the last scavenge that was begun here. The store knows it by its context alone.
    scavenge: Mutex<Option<Uuid>>,
}

impl Operations {
    pub(super) fn new(house: House) -> Self {
        Self { house, scavenge: Mutex::default() }
    }

    fn id(&self) -> String {
        self.scavenge.lock().map_or_else(|| CURRENT.to_owned(), |id| id.to_string())
    }

    fn answer(&self, result: ScavengeResult) -> Response<pb::ScavengeResp> {
        let (scavenge_id, scavenge_result) = (self.id(), result.into());
        Response::new(pb::ScavengeResp { scavenge_id, scavenge_result })
    }

    async fn store(&self, home: Home) -> Result<Arc<dyn EventStore>, Status> {
        Ok(home.store_for(Verb::Manage).await?)
    }
}

#[tonic::async_trait]
impl pb::operations_server::Operations for Operations {
    async fn start_scavenge(
        &self,
        request: Request<pb::StartScavengeReq>,
    ) -> Result<Response<pb::ScavengeResp>, Status> {
        let store = self.store(self.house.home(&request)).await?;
        let options = request.into_inner().options.unwrap_or_default();
        if options.start_from_chunk != 0 {
            let why = "a scavenge goes on where the last one was stopped, not at a chunk";
            return Err(Refusal::invalid(why).into());
        }
        match scavenge(&*store)?.start_scavenge(ScavengeAsked::default()).await {
            Ok(_) => {
                *self.scavenge.lock() = Some(Uuid::now_v7());
                Ok(self.answer(ScavengeResult::Started))
            }
            Err(ScavengeError::UnderWay) => Ok(self.answer(ScavengeResult::InProgress)),
            Err(error) => Err(refused(&error)),
        }
    }

    async fn stop_scavenge(
        &self,
        request: Request<pb::StopScavengeReq>,
    ) -> Result<Response<pb::ScavengeResp>, Status> {
        let store = self.store(self.house.home(&request)).await?;
        let asked = request.into_inner().options.unwrap_or_default().scavenge_id;
        let scavenge = scavenge(&*store)?;
        let progress = scavenge.scavenge_progress().await.map_err(|error| refused(&error))?;
        let is_it = asked == CURRENT || asked == self.id();
        if !is_it || !progress.phase.is_under_way() {
            let trailers = vec![
                ("exception", "scavenge-not-found".to_owned()),
                ("scavenge-id", asked.clone()),
            ];
            let text = format!("Scavenge '{asked}' does not exist.");
            return Err(with_trailers(Code::NotFound, text, trailers));
        }
        scavenge.stop_scavenge().await.map_err(|error| refused(&error))?;
        Ok(self.answer(ScavengeResult::Stopped))
    }

    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented(STOPPED_OUTSIDE))
    }

    /// Runs of the index are merged while the store is at work.
    async fn merge_indexes(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.store(self.house.home(&request)).await?;
        Ok(Response::new(Empty {}))
    }

    async fn resign_node(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::failed_precondition(ALONE))
    }

    async fn set_node_priority(
        &self,
        _: Request<pb::SetNodePriorityReq>,
    ) -> Result<Response<Empty>, Status> {
        Err(Status::failed_precondition(ALONE))
    }

    /// Groups are a part of the store: whoever can ask for this has what it would bring about.
    async fn restart_persistent_subscriptions(
        &self,
        request: Request<Empty>,
    ) -> Result<Response<Empty>, Status> {
        self.store(self.house.home(&request)).await?;
        Ok(Response::new(Empty {}))
    }
}

fn scavenge(store: &dyn EventStore) -> Result<&dyn Scavenge, Status> {
    store.scavenge().ok_or_else(|| {
        let why = "this store cannot be scavenged: it has no files of its own";
        Status::failed_precondition(why)
    })
}

fn refused(error: &ScavengeError) -> Status {
    match error {
        ScavengeError::Invalid { .. } => Status::invalid_argument(error.to_string()),
        ScavengeError::NotHere { .. } => Status::failed_precondition(error.to_string()),
        ScavengeError::Denied(denied) => Refusal::Denied(denied.clone()).into(),
        _ => Refusal::NotReady { why: error.to_string() }.into(),
    }
}
