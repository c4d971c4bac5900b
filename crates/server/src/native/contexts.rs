//! Contexts by name, over gRPC.

use crate::Host;
use headwater_wire::v1;
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
        let name = request.into_inner().context;
        let name = headwater_model::ContextName::new(name)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let context = self.host.contexts().context(name).await;
        let context = context.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(Response::new(v1::OpenContextReply { now_us: context.now().as_micros() }))
    }

    async fn list_contexts(
        &self,
        _: Request<v1::ListContextsRequest>,
    ) -> Result<Response<v1::ListContextsReply>, Status> {
        let names = self.host.contexts().names().await;
        let names = names.map_err(|error| Status::unavailable(error.to_string()))?;
        let contexts = names.into_iter().map(|name| name.to_string()).collect();
        Ok(Response::new(v1::ListContextsReply { contexts }))
    }
}
