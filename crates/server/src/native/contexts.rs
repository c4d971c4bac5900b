//! Contexts by name, over gRPC.

use super::service::name;
use crate::Host;
use headwater_wire::{status, v1};
use tonic::{Request, Response, Status};

pub(super) struct ContextsService {
    host: Host,
}

impl ContextsService {
    pub(super) const fn new(host: Host) -> Self {
        Self { host }
    }
}

#[tonic::async_trait]
impl v1::contexts_server::Contexts for ContextsService {
    async fn open_context(
        &self,
        request: Request<v1::OpenContextRequest>,
    ) -> Result<Response<v1::OpenContextReply>, Status> {
        let caller = self.host.caller(request.extensions());
        let name = name(request.into_inner().context).map_err(|error| status::of(&error))?;
        let context = caller.contexts().context(name).await;
        let context = context.map_err(|error| status::of(&error))?;
        Ok(Response::new(v1::OpenContextReply { now_us: context.now().as_micros() }))
    }

    async fn list_contexts(
        &self,
        request: Request<v1::ListContextsRequest>,
    ) -> Result<Response<v1::ListContextsReply>, Status> {
        let caller = self.host.caller(request.extensions());
        let names = caller.contexts().names().await.map_err(|error| status::of(&error))?;
        let contexts = names.iter().map(|name| name.as_shared().as_bytes().clone()).collect();
        Ok(Response::new(v1::ListContextsReply { contexts }))
    }
}
