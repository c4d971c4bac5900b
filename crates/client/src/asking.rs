//! Asking a question that may be asked again: reads, and the opening of streams.
//!
//! Why: a connection that breaks says nothing about the question. It is asked again, with pauses,
//! until it is answered or the deadline passes. What the store itself answers is handed on at once.

use crate::backoff::Backoff;
use crate::credentials::Channel;
use crate::tls::refusal;
use crate::{ClientOptions, limits};
use headwater_model::{Denied, ReadError, Unavailable};
use headwater_wire::v1::event_store_client::EventStoreClient;
use headwater_wire::{Malformed, status};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::client::Grpc;
use tonic::{Code, Response, Status};

/// A connection, and how patient its user is.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) channel: Channel,
    pub(crate) options: ClientOptions,
}

impl Asking {
    pub(crate) const fn new(channel: Channel, options: ClientOptions) -> Self {
        Self { channel, options }
    }

    /// The service, over this connection.
    pub(crate) fn store(&self) -> EventStoreClient<Channel> {
        store(self.channel.clone())
    }

    /// Asks until there is an answer, or the time is up.
    pub(crate) async fn ask<T, F>(&self, question: impl Fn(Channel) -> F) -> Result<T, ReadError>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let deadline = Instant::now() + self.options.answer_within;
        let mut backoff = Backoff::new(&self.options);
        loop {
            let Ok(answer) = timeout_at(deadline, question(self.channel.clone())).await else {
                return Err(too_late(self.options.answer_within));
            };
            let lost = match answer {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => match understand(&status) {
                    Heard::Answer(error) => return Err(error),
                    Heard::Lost(error) => error,
                },
            };
            let pause = backoff.pause();
            if Instant::now() + pause >= deadline {
                return Err(lost);
            }
            sleep(pause).await;
        }
    }
}

/// The service, over this connection.
pub(crate) fn store(channel: Channel) -> EventStoreClient<Channel> {
    EventStoreClient::new(channel).max_decoding_message_size(limits::ANSWER_BYTES_MAX)
}

/// A call of its own, once the connection takes it.
pub(crate) async fn ready(channel: Channel) -> Result<Grpc<Channel>, Status> {
    let mut grpc = Grpc::new(channel).max_decoding_message_size(limits::ANSWER_BYTES_MAX);
    grpc.ready().await.map_err(|error| {
        let mut status = Status::unavailable("the server is not reached");
        status.set_source(std::sync::Arc::new(error));
        status
    })?;
    Ok(grpc)
}

/// What a status says.
pub(crate) enum Heard {
    /// The store's own answer, or that asking again changes nothing.
    Answer(ReadError),
    /// Nothing about the question: it may be asked again.
    Lost(ReadError),
}

pub(crate) fn understand(status: &Status) -> Heard {
    if let Some(error) = status::read(status) {
        return Heard::Answer(error);
    }
    if let Some(why) = refusal(status) {
        let what = "trusting each other, the server and this client,".to_owned();
        return Heard::Answer(ReadError::Unavailable(Unavailable::Io { what, why }));
    }
    let why = words(status);
    match status.code() {
        Code::InvalidArgument | Code::OutOfRange | Code::ResourceExhausted => {
            Heard::Answer(ReadError::Invalid { why })
        }
        Code::Unauthenticated => Heard::Answer(ReadError::Denied(Denied::Unauthenticated { why })),
        Code::FailedPrecondition
        | Code::Unimplemented
        | Code::PermissionDenied
        | Code::NotFound => Heard::Answer(failed(why)),
        _ => Heard::Lost(failed(why)),
    }
}

/// A status with what lies beneath it: "transport error" alone helps nobody.
pub(crate) fn words(status: &Status) -> String {
    if let Some(refusal) = refusal(status) {
        return refusal;
    }
    let mut words = status.message().to_owned();
    let mut beneath = std::error::Error::source(status);
    while let Some(cause) = beneath {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        beneath = cause.source();
    }
    if words.is_empty() { format!("the connection ended ({:?})", status.code()) } else { words }
}

pub(crate) fn failed(why: String) -> ReadError {
    ReadError::Unavailable(Unavailable::Io { what: "asking the server".to_owned(), why })
}

pub(crate) fn too_late(within: Duration) -> ReadError {
    failed(format!("there was no answer within {within:?}"))
}

/// An answer that is none.
pub(crate) fn senseless(why: impl std::fmt::Display) -> ReadError {
    let what = "understanding the server".to_owned();
    ReadError::Unavailable(Unavailable::Io { what, why: why.to_string() })
}

/// The value in an answer.
pub(crate) fn understood<T, U>(answer: T) -> Result<U, ReadError>
where
    U: TryFrom<T, Error = Malformed>,
{
    U::try_from(answer).map_err(senseless)
}
