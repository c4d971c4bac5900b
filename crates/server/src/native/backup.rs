//! The service `headwater.v1.Backup`: copies of journals, as bytes.
//!
//! Why bytes to the client, and never files on this machine: a server that writes where a caller
//! says is a server that overwrites. Whoever takes a backup keeps it on their own disk.
//!
//! Invariant: memory is one step of 256 KiB for each copy; a slow reader waits for itself only.

use super::service::{Answered, answered, context, name};
use crate::{Caller, Host};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use headwater_access::Verb;
use headwater_model::{CopyAsked, CopyReader, EventStore, JournalCopies, ReadError};
use headwater_wire::{status, v1};
use std::sync::Arc;
use tonic::{Request, Response, Status};

pub(super) struct BackupService {
    host: Host,
}

impl BackupService {
    pub(super) const fn new(host: Host) -> Self {
        Self { host }
    }
}

/// A context that whoever asks may copy.
struct Copied(Arc<dyn EventStore>);

impl Copied {
    async fn open(caller: &Caller, named: Bytes) -> Result<Self, ReadError> {
        caller.may_in(Verb::Manage, &name(named.clone())?).map_err(ReadError::Denied)?;
        let opened = Self(context(caller, named).await?);
        opened.copies()?;
        Ok(opened)
    }

    fn copies(&self) -> Result<&dyn JournalCopies, ReadError> {
        let none = || ReadError::Invalid {
            why: "this store has no files of its own that could be copied".to_owned(),
        };
        self.0.journal_copies().ok_or_else(none)
    }
}

type Steps = BoxStream<'static, Result<v1::CopyStep, Status>>;

async fn copy(caller: &Caller, request: v1::CopyRequest) -> Result<Steps, ReadError> {
    let copied = Copied::open(caller, request.context.clone()).await?;
    let reader = copied.copies()?.copy(CopyAsked::try_from(request)?).await?;
    let closing = Box::pin(caller.closing());
    let steps = stream::unfold((reader, closing), |(mut reader, mut closing)| async move {
        let step = tokio::select! {
            biased;
            () = &mut closing => Some(Err(Status::unavailable("the server stops"))),
            step = next(&mut *reader) => step,
        };
        step.map(|step| (step, (reader, closing)))
    });
    Ok(Box::pin(ended_by_error(steps)))
}

async fn next(reader: &mut dyn CopyReader) -> Option<Result<v1::CopyStep, Status>> {
    let step = reader.next().await.transpose()?;
    Some(step.map(Into::into).map_err(|error| status::of(&error)))
}

/// Nothing comes behind an error.
fn ended_by_error(
    steps: impl futures_util::Stream<Item = Result<v1::CopyStep, Status>> + Send + 'static,
) -> impl futures_util::Stream<Item = Result<v1::CopyStep, Status>> + Send + 'static {
    use futures_util::StreamExt;
    steps.scan(false, |ended, step| {
        let goes_on = (!*ended).then_some(step);
        *ended = matches!(goes_on, Some(Err(_)));
        std::future::ready(goes_on)
    })
}

#[tonic::async_trait]
impl v1::backup_server::Backup for BackupService {
    async fn get_copy_point(
        &self,
        request: Request<v1::GetCopyPointRequest>,
    ) -> Answered<v1::CopyPoint> {
        let caller = self.host.caller(request.extensions());
        let point = async {
            let copied = Copied::open(&caller, request.into_inner().context).await?;
            let point = copied.copies()?.point().await?;
            Ok((&point).into())
        };
        answered(point.await)
    }

    type CopyStream = Steps;

    async fn copy(&self, request: Request<v1::CopyRequest>) -> Answered<Steps> {
        let caller = self.host.caller(request.extensions());
        copy(&caller, request.into_inner()).await.map(Response::new).map_err(|e| status::of(&e))
    }
}
