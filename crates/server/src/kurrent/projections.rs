//! Projections: those of the system are parts of the index, and always run. Others are not offered.
//!
//! Why: clients and dashboards look whether the system's projections run before they read `$ce-`
//! and the like. What is told of them is so: there is nothing that could lag.

use super::home::{Home, House};
use super::persistent::{place as written, start_of_all};
use super::place::commit;
use super::refusal::Refusal;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use headwater_wire::kurrent::event_store::client::Empty;
use headwater_wire::kurrent::event_store::client::projections as pb;
use pb::statistics_resp::Details;
use prost_types::value::Kind;
use tonic::{Request, Response, Status};

/// The system's own.
const SYSTEM: &[&str] =
    &["$by_category", "$by_event_type", "$by_correlation_id", "$stream_by_category", "$streams"];

/// Why there are no others.
const NOT_OFFERED: &str = "projections of users, in JavaScript, are not offered: services project for themselves; \
     $ce-, $et-, $bc-, $category- and $streams are always there";

/// Why nothing is done to those of the system.
const ALWAYS: &str = "the system's projections are parts of the index: they are always enabled, \
                      have no state of their own, and cannot be disabled, reset or deleted";

pub(super) struct Projections {
    house: House,
}

impl Projections {
    pub(super) const fn new(house: House) -> Self {
        Self { house }
    }
}

#[tonic::async_trait]
impl pb::projections_server::Projections for Projections {
    type StatisticsStream = BoxStream<'static, Result<pb::StatisticsResp, Status>>;

    async fn create(&self, _: Request<pb::CreateReq>) -> Result<Response<pb::CreateResp>, Status> {
        Err(Status::unimplemented(NOT_OFFERED))
    }

    async fn update(&self, _: Request<pb::UpdateReq>) -> Result<Response<pb::UpdateResp>, Status> {
        Err(Status::unimplemented(NOT_OFFERED))
    }

    async fn delete(
        &self,
        request: Request<pb::DeleteReq>,
    ) -> Result<Response<pb::DeleteResp>, Status> {
        let name = request.into_inner().options.map(|options| options.name);
        Err(fixed(&name.unwrap_or_default()))
    }

    async fn statistics(
        &self,
        request: Request<pb::StatisticsReq>,
    ) -> Result<Response<Self::StatisticsStream>, Status> {
        use pb::statistics_req::options::Mode;
        let home = self.house.home(&request);
        let mode = request.into_inner().options.and_then(|options| options.mode);
        let names: Vec<&str> = match mode {
            Some(Mode::Name(name)) => vec![system(&name)?],
            Some(Mode::All(_) | Mode::Continuous(_)) => SYSTEM.to_vec(),
            Some(Mode::Transient(_) | Mode::OneTime(_)) => Vec::new(),
            None => return Err(Refusal::invalid("the request does not say of which").into()),
        };
        let place = place(&home).await?;
        let all = names.into_iter().map(move |name| {
            let details = Some(details(name, place.clone()));
            Ok(pb::StatisticsResp { details })
        });
        Ok(Response::new(stream::iter(all.collect::<Vec<_>>()).boxed()))
    }

    async fn disable(
        &self,
        request: Request<pb::DisableReq>,
    ) -> Result<Response<pb::DisableResp>, Status> {
        let name = request.into_inner().options.map(|options| options.name);
        Err(fixed(&name.unwrap_or_default()))
    }

    async fn enable(
        &self,
        request: Request<pb::EnableReq>,
    ) -> Result<Response<pb::EnableResp>, Status> {
        let name = request.into_inner().options.map(|options| options.name);
        system(&name.unwrap_or_default())?;
        Ok(Response::new(pb::EnableResp {}))
    }

    async fn reset(
        &self,
        request: Request<pb::ResetReq>,
    ) -> Result<Response<pb::ResetResp>, Status> {
        let name = request.into_inner().options.map(|options| options.name);
        Err(fixed(&name.unwrap_or_default()))
    }

    async fn state(
        &self,
        request: Request<pb::StateReq>,
    ) -> Result<Response<pb::StateResp>, Status> {
        let name = request.into_inner().options.map(|options| options.name);
        system(&name.unwrap_or_default())?;
        Ok(Response::new(pb::StateResp { state: Some(nothing()) }))
    }

    async fn result(
        &self,
        request: Request<pb::ResultReq>,
    ) -> Result<Response<pb::ResultResp>, Status> {
        let name = request.into_inner().options.map(|options| options.name);
        system(&name.unwrap_or_default())?;
        Ok(Response::new(pb::ResultResp { result: Some(nothing()) }))
    }

    /// There is nothing that could be restarted, or would have to be.
    async fn restart_subsystem(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.house.home(&request).store().await?;
        Ok(Response::new(Empty {}))
    }
}

/// The system's projection of this name.
fn system(name: &str) -> Result<&'static str, Status> {
    let found = SYSTEM.iter().find(|own| **own == name);
    found.copied().ok_or_else(|| Status::not_found(format!("Projection '{name}' does not exist.")))
}

/// What is not done to the system's, and cannot be done to others.
fn fixed(name: &str) -> Status {
    match system(name) {
        Ok(_) => Status::failed_precondition(ALWAYS),
        Err(unknown) => unknown,
    }
}

fn nothing() -> prost_types::Value {
    prost_types::Value { kind: Some(Kind::StructValue(prost_types::Struct::default())) }
}

/// How far they have come: as far as there is anything.
async fn place(home: &Home) -> Result<String, Refusal> {
    let (incarnation, head) = home.store().await?.head().await?;
    Ok(head.map_or_else(
        || start_of_all().to_owned(),
        |position| written(commit(incarnation, position)),
    ))
}

fn details(name: &str, place: String) -> Details {
    Details {
        name: name.to_owned(),
        effective_name: name.to_owned(),
        status: "Running".to_owned(),
        mode: "Continuous".to_owned(),
        position: place.clone(),
        last_checkpoint: place,
        progress: 100.0,
        ..Details::default()
    }
}
