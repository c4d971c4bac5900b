//! The service `Streams`: each call handed to the module that answers it, but for `Read`, which has a
//! route of its own (`read/call.rs`).

use super::expected::Expected;
use super::home::House;
use super::refusal::Refusal;
use super::{append, batch, delete};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use headwater_wire::kurrent::event_store::client::streams as pb;
use tonic::{Request, Response, Status, Streaming};

pub(super) struct Streams {
    house: House,
}

impl Streams {
    pub(super) const fn new(house: House) -> Self {
        Self { house }
    }
}

#[tonic::async_trait]
impl pb::streams_server::Streams for Streams {
    type BatchAppendStream = BoxStream<'static, Result<pb::BatchAppendResp, Status>>;

    async fn append(
        &self,
        request: Request<Streaming<pb::AppendReq>>,
    ) -> Result<Response<pb::AppendResp>, Status> {
        let home = self.house.home(&request);
        Ok(Response::new(append::append(&home, request.into_inner()).await?))
    }

    async fn batch_append(
        &self,
        request: Request<Streaming<pb::BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        let home = self.house.home(&request);
        let answers = batch::batch_append(&home, request.into_inner()).await?;
        Ok(Response::new(answers.boxed()))
    }

    async fn delete(
        &self,
        request: Request<pb::DeleteReq>,
    ) -> Result<Response<pb::DeleteResp>, Status> {
        use pb::delete_resp::{Position, PositionOption};
        let home = self.house.home(&request);
        let options = request.into_inner().options.ok_or_else(no_options)?;
        let expected = Expected::from(options.expected_stream_revision);
        let commit = delete::delete(&home, options.stream_identifier, expected).await?;
        let position = Position { commit_position: commit, prepare_position: commit };
        let position_option = Some(PositionOption::Position(position));
        Ok(Response::new(pb::DeleteResp { position_option }))
    }

    async fn tombstone(
        &self,
        request: Request<pb::TombstoneReq>,
    ) -> Result<Response<pb::TombstoneResp>, Status> {
        use pb::tombstone_resp::{Position, PositionOption};
        let home = self.house.home(&request);
        let options = request.into_inner().options.ok_or_else(no_options)?;
        let expected = Expected::from(options.expected_stream_revision);
        let commit = delete::tombstone(&home, options.stream_identifier, expected).await?;
        let position = Position { commit_position: commit, prepare_position: commit };
        let position_option = Some(PositionOption::Position(position));
        Ok(Response::new(pb::TombstoneResp { position_option }))
    }
}

fn no_options() -> Refusal {
    Refusal::invalid("the request has no options")
}
