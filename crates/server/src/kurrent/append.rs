//! Append: options, then events, then one answer.
//!
//! Invariant: a wrong version is an answer, not an error; every other refusal is an error.

use super::event::Proposed;
use super::expected::Expected;
use super::home::Home;
use super::name::Named;
use super::refusal::Refusal;
use super::write::{Write, Written};
use futures_util::{Stream, StreamExt};
use headwater_wire::kurrent::event_store::client as shared;
use headwater_wire::kurrent::event_store::client::streams as pb;
use pb::append_req::Content;
use tonic::Status;

/// Takes the whole request, and answers it.
pub(super) async fn append(
    home: &Home,
    mut requests: impl Stream<Item = Result<pb::AppendReq, Status>> + Unpin,
) -> Result<pb::AppendResp, Status> {
    let mut write = None;
    while let Some(request) = requests.next().await {
        take(&mut write, request?.content)?;
    }
    let write = write.ok_or_else(|| Refusal::invalid("the append has no options"))?;
    let store = home.store().await?;
    match write.append(&*store).await {
        Ok(written) => Ok(answer(pb::append_resp::Result::Success(success(written)))),
        Err(Refusal::WrongVersion { expected, actual, .. }) => {
            let conflict = expected.conflict_body(actual);
            Ok(answer(pb::append_resp::Result::WrongExpectedVersion(conflict)))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn take(write: &mut Option<Write>, content: Option<Content>) -> Result<(), Refusal> {
    match (content, write) {
        (Some(Content::Options(options)), write @ None) => {
            let stream = Named::of(options.stream_identifier)?;
            let expected = Expected::from(options.expected_stream_revision);
            *write = Some(Write::to(stream, expected));
            Ok(())
        }
        (Some(Content::ProposedMessage(message)), Some(write)) => {
            write.take(Proposed::try_from(message)?)
        }
        (Some(Content::Options(_)), Some(_)) => {
            Err(Refusal::invalid("the append has options twice"))
        }
        (Some(Content::ProposedMessage(_)), None) => {
            Err(Refusal::invalid("the append begins without options"))
        }
        (None, _) => Err(Refusal::invalid("a message of the append is empty")),
    }
}

const fn answer(result: pb::append_resp::Result) -> pb::AppendResp {
    pb::AppendResp { result: Some(result) }
}

fn success(written: Written) -> pb::append_resp::Success {
    use pb::append_resp::success::{CurrentRevisionOption, PositionOption};
    let empty = || shared::Empty {};
    let position = written.commit.map(|commit| pb::append_resp::Position {
        commit_position: commit,
        prepare_position: commit,
    });
    pb::append_resp::Success {
        current_revision_option: Some(written.revision.map_or_else(
            || CurrentRevisionOption::NoStream(empty()),
            CurrentRevisionOption::CurrentRevision,
        )),
        position_option: Some(
            position.map_or_else(|| PositionOption::NoPosition(empty()), PositionOption::Position),
        ),
    }
}
