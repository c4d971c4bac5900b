//! Asking about a group: again until the deadline where that is harmless, else once.

use crate::asking::{Heard, failed, senseless, too_late, understand, words};
use crate::backoff::Backoff;
use crate::context::RemoteContext;
use crate::credentials::Channel;
use crate::limits::ANSWER_BYTES_MAX;
use headwater_model::{GroupError, LostReply};
use headwater_wire::v1::consumer_groups_client::ConsumerGroupsClient;
use headwater_wire::{Malformed, group_status};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tonic::{Response, Status};

/// The service, over a connection.
pub(super) type Groups = ConsumerGroupsClient<Channel>;

/// Whether a reply was lost before the answer came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lost {
    Some,
    None,
}

/// What a status says about a group.
pub(super) enum Said {
    /// The store's own answer, or that asking again changes nothing.
    Answer(GroupError),
    /// Nothing: the connection was lost.
    Lost(GroupError),
}

pub(super) fn heard(status: &Status) -> Said {
    if let Some(error) = group_status::read(status) {
        return Said::Answer(error);
    }
    match understand(status) {
        Heard::Answer(error) => Said::Answer(error.into()),
        Heard::Lost(error) => Said::Lost(error.into()),
    }
}

/// The value in an answer.
pub(super) fn understood<T, U>(answer: T) -> Result<U, GroupError>
where
    U: TryFrom<T, Error = Malformed>,
{
    U::try_from(answer).map_err(|malformed| senseless(malformed).into())
}

impl RemoteContext {
    pub(super) fn groups_service(&self) -> Groups {
        let channel = self.asking().channel.clone();
        Groups::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// Asks with a copy of `request` until there is an answer, or the time is up.
    pub(super) async fn asked_again<Q, T, F>(
        &self,
        request: Q,
        question: impl Fn(Groups, Q) -> F,
    ) -> (Result<T, GroupError>, Lost)
    where
        Q: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let options = &self.asking().options;
        let deadline = Instant::now() + options.answer_within;
        let mut backoff = Backoff::new(options);
        let mut lost = Lost::None;
        loop {
            let asked = question(self.groups_service(), request.clone());
            let Ok(answer) = timeout_at(deadline, asked).await else {
                return (Err(too_late(options.answer_within).into()), Lost::Some);
            };
            let why = match answer.map_err(|status| heard(&status)) {
                Ok(response) => return (Ok(response.into_inner()), lost),
                Err(Said::Answer(error)) => return (Err(error), lost),
                Err(Said::Lost(error)) => error,
            };
            lost = Lost::Some;
            let pause = backoff.pause();
            if Instant::now() + pause >= deadline {
                return (Err(why), lost);
            }
            sleep(pause).await;
        }
    }

    /// As [`Self::asked_again`], where it does not matter how often.
    pub(super) async fn of_group<Q, T, F>(
        &self,
        request: Q,
        question: impl Fn(Groups, Q) -> F,
    ) -> Result<T, GroupError>
    where
        Q: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        self.asked_again(request, question).await.0
    }

    /// Asks once: A5, when the reply is lost it may have been done.
    pub(super) async fn asked_once<T, F>(
        &self,
        question: impl FnOnce(Groups) -> F,
    ) -> Result<T, GroupError>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        match self.in_time(question(self.groups_service())).await? {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => Err(match heard(&status) {
                Said::Answer(error) => error,
                Said::Lost(_) => unknown(words(&status)),
            }),
        }
    }

    /// Waits for what may have been done, and says so if that takes too long.
    pub(super) async fn in_time<T>(&self, asked: impl Future<Output = T>) -> Result<T, GroupError> {
        in_time(self.asking().options.answer_within, asked).await
    }
}

/// See [`RemoteContext::in_time`].
pub(super) async fn in_time<T>(
    within: Duration,
    asked: impl Future<Output = T>,
) -> Result<T, GroupError> {
    let late = |_| unknown(format!("there was no answer within {within:?}"));
    timeout(within, asked).await.map_err(late)
}

/// The reply is lost.
pub(super) fn unknown(why: String) -> GroupError {
    GroupError::Unknown(LostReply { why })
}

/// The stream ended where it should have said something.
pub(super) fn silent() -> GroupError {
    failed("the membership ended before it began".to_owned()).into()
}
