//! Version 2: one append over several streams.
//!
//! Picture:
//! ```text
//!   AppendSession   stream + records + expectation, stream + records + expectation, … ─┐
//!   AppendRecords   records of any streams · checks of any streams                    ─┴▶ one Append
//! ```
//! Invariant: A1 all of it or nothing. Errors are in the trailer `grpc-status-details-bin`.

mod checks;
mod conflict;
mod record;

use super::expected::Expected;
use super::home::House;
use super::name::Named;
use super::place::commit;
use super::refusal::Refusal;
use super::write::of_stream;
use checks::Checks;
use conflict::{Conflict, of_refusal};
use futures_util::StreamExt;
use headwater_model::limits::{APPEND_BYTES_MAX, APPEND_EVENT_COUNT_MAX};
use headwater_model::{Append, Appended, EventStore, StreamWrite};
use headwater_wire::kurrent::kurrentdb::protocol::v2::streams as pb;
use std::collections::HashSet;
use tonic::{Request, Response, Status, Streaming};

pub(super) struct StreamsService {
    house: House,
}

impl StreamsService {
    pub(super) const fn new(house: House) -> Self {
        Self { house }
    }
}

#[tonic::async_trait]
impl pb::streams_service_server::StreamsService for StreamsService {
    async fn append_session(
        &self,
        request: Request<Streaming<pb::AppendRequest>>,
    ) -> Result<Response<pb::AppendSessionResponse>, Status> {
        let store = self.house.home(&request).store().await?;
        let requests = gather(request.into_inner()).await?;
        let mut streams = Vec::with_capacity(requests.len());
        let mut writes: Vec<StreamWrite> = Vec::with_capacity(requests.len());
        for request in requests {
            let expected = Expected::of_number(request.expected_revision.unwrap_or(-2));
            let expected = expected.ok_or_else(|| Refusal::invalid("no such expected revision"))?;
            let events = record::all(request.records)?;
            let named = Named::of_text(request.stream.clone().into())?;
            let write = of_stream(&*store, named, expected, events).await;
            writes.push(write.map_err(of_refusal)?);
            streams.push(request.stream);
        }
        let appended = store.append(Append { writes, ..Append::default() }).await;
        let appended = appended.map_err(Conflict::Append)?;
        let position = shown(&*store, &appended).await?;
        let revisions = appended.revisions.iter();
        let output = streams.into_iter().zip(revisions).map(|(stream, revision)| {
            let stream_revision = revision.map_or(-1, |revision| revision.0.cast_signed());
            pb::AppendResponse { stream, stream_revision, position: Some(position) }
        });
        let output = output.collect();
        Ok(Response::new(pb::AppendSessionResponse { output, position }))
    }

    async fn append_records(
        &self,
        request: Request<pb::AppendRecordsRequest>,
    ) -> Result<Response<pb::AppendRecordsResponse>, Status> {
        let store = self.house.home(&request).store().await?;
        let pb::AppendRecordsRequest { records, checks } = request.into_inner();
        if records.is_empty() {
            return Err(Refusal::invalid("the append has no records").into());
        }
        let checks = Checks::of(checks)?;
        checks.hold_for_good(&*store).await?;
        let mut writes = Vec::new();
        let mut streams = Vec::new();
        let (by_stream, turns) = record::by_stream(records)?;
        for (stream, events) in by_stream {
            let expected = checks.expected(&stream);
            let named = Named::of_text(stream.clone().into())?;
            let write = of_stream(&*store, named, expected, events).await;
            writes.push(write.map_err(of_refusal)?);
            streams.push(stream);
        }
        writes.extend(checks.without_records(&streams)?);
        let appended = store.append(Append { writes, turns, ..Append::default() }).await;
        let appended = match appended {
            Ok(appended) => appended,
            Err(error) => return Err(checks.refused(&*store, error).await.into()),
        };
        let position = shown(&*store, &appended).await?;
        let revisions = streams.into_iter().zip(&appended.revisions).map(|(stream, revision)| {
            let revision = revision.map_or(-1, |revision| revision.0.cast_signed());
            pb::StreamRevision { stream, revision }
        });
        let revisions = revisions.collect();
        Ok(Response::new(pb::AppendRecordsResponse { revisions, position }))
    }
}

/// All requests of a session, each about another stream, within the limits of one append.
async fn gather(
    mut requests: Streaming<pb::AppendRequest>,
) -> Result<Vec<pb::AppendRequest>, Status> {
    let mut gathered = Vec::new();
    let mut streams = HashSet::new();
    let (mut bytes, mut count) = (0, 0);
    while let Some(request) = requests.next().await {
        let request = request?;
        bytes += request.records.iter().map(|record| record.data.len()).sum::<usize>();
        count += request.records.len();
        if bytes > APPEND_BYTES_MAX || count > APPEND_EVENT_COUNT_MAX {
            return Err(Conflict::TooLarge { bytes, count }.into());
        }
        if request.records.is_empty() {
            let why = format!("stream '{}' is given no records", request.stream);
            return Err(Refusal::invalid(why).into());
        }
        if !streams.insert(request.stream.clone()) {
            return Err(Conflict::Twice { stream: request.stream }.into());
        }
        gathered.push(request);
    }
    if gathered.is_empty() {
        return Err(Refusal::invalid("the session has no requests").into());
    }
    Ok(gathered)
}

/// The append's commit position.
async fn shown(store: &dyn EventStore, appended: &Appended) -> Result<i64, Refusal> {
    let (incarnation, _) = store.head().await?;
    let place = appended.position.map(|position| commit(incarnation, position).cast_signed());
    Ok(place.unwrap_or(-1))
}
