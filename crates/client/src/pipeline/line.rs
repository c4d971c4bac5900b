//! The task that holds the stream: sends, takes replies, connects again.
//!
//! Picture: `rest (nobody waits) ─▶ open ─▶ converse ──lost──▶ pause ─▶ open (all are sent again)`
//! In every state new callers are admitted and deadlines are kept.

use super::Job;
use super::waiting::Waiting;
use crate::asking::{Asking, Heard, ready, understand, words};
use crate::backoff::Backoff;
use crate::credentials::Channel;
use futures_util::future::BoxFuture;
use futures_util::stream::poll_fn;
use headwater_model::ReadError;
use headwater_wire::codec::BoundedCodec;
use headwater_wire::encoded::{EncodedReply, EncodedRequest, PIPELINE_PATH};
use http::uri::PathAndQuery;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tonic::{Request, Status, Streaming};

pub(super) struct Line {
    asking: Asking,
    jobs: mpsc::UnboundedReceiver<Job>,
    waiting: Waiting,
    backoff: Backoff,
    /// What went wrong last, for those who are late because of it.
    trouble: String,
    /// No caller is left to come.
    ended: bool,
}

/// An open stream.
struct Conversation {
    requests: mpsc::UnboundedSender<EncodedRequest>,
    replies: Streaming<EncodedReply>,
}

enum Heed {
    Job(Option<Job>),
    Late,
}

impl Line {
    pub(super) fn new(asking: Asking, jobs: mpsc::UnboundedReceiver<Job>) -> Self {
        let backoff = Backoff::new(&asking.options);
        let trouble = "there was no answer in time".to_owned();
        Self { asking, jobs, waiting: Waiting::default(), backoff, trouble, ended: false }
    }

    pub(super) async fn run(mut self) {
        loop {
            while self.waiting.is_empty() {
                match self.jobs.recv().await {
                    Some(job) => drop(self.waiting.admit(job)),
                    None => return,
                }
            }
            let opening = open(self.asking.channel.clone());
            match self.meanwhile(opening).await {
                Ok(conversation) => self.converse(conversation).await,
                Err(status) => self.not_opened(&status),
            }
            if self.ended {
                return;
            }
            let pause = self.backoff.pause();
            self.meanwhile(sleep(pause)).await;
        }
    }

    /// Awaits something, with an eye on callers and deadlines.
    async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> T {
        let mut something = std::pin::pin!(something);
        loop {
            tokio::select! {
                biased;
                done = &mut something => return done,
                heed = heed(&mut self.jobs, &self.waiting, self.ended) => self.admit(heed),
            }
        }
    }

    /// Admits a caller who is not sent for yet, or answers those who are late.
    fn admit(&mut self, heed: Heed) {
        match heed {
            Heed::Job(Some(job)) => drop(self.waiting.admit(job)),
            Heed::Job(None) => self.ended = true,
            Heed::Late => self.waiting.expire(Instant::now(), &self.trouble),
        }
    }

    /// Sends what waits, then what comes, until the stream ends.
    async fn converse(&mut self, mut conversation: Conversation) {
        for number in self.waiting.numbers() {
            self.send(&conversation, number);
        }
        loop {
            tokio::select! {
                biased;
                reply = conversation.replies.message() => match reply {
                    Ok(Some(reply)) => self.told(reply),
                    Ok(None) => return self.lost("the server ended the stream".to_owned()),
                    Err(status) => return self.lost(words(&status)),
                },
                heed = heed(&mut self.jobs, &self.waiting, self.ended) => match heed {
                    Heed::Job(Some(job)) => {
                        let number = self.waiting.admit(job);
                        self.send(&conversation, number);
                    }
                    other => self.admit(other),
                },
            }
            if self.ended {
                return;
            }
        }
    }

    fn send(&mut self, conversation: &Conversation, number: u64) {
        if let Some(request) = self.waiting.sending(number) {
            // An ended stream is heard of by its replies.
            let _ = conversation.requests.send(request);
        }
    }

    fn told(&mut self, reply: EncodedReply) {
        self.backoff.reset();
        self.waiting.answer(reply.number, Ok(reply));
    }

    fn lost(&mut self, why: String) {
        tracing::debug!(%why, "the pipeline was lost; what has ids is asked again");
        self.waiting.lost(&why);
        self.trouble = why;
    }

    fn not_opened(&mut self, status: &Status) {
        self.trouble = words(status);
        if let Heard::Answer(error) = understand(status) {
            let denied = match &error {
                ReadError::Denied(denied) => Some(denied),
                _ => None,
            };
            self.waiting.refused(&self.trouble, denied);
        }
    }
}

/// The next caller, or the moment when the first who waits is late.
async fn heed(jobs: &mut mpsc::UnboundedReceiver<Job>, waiting: &Waiting, ended: bool) -> Heed {
    let late = async {
        match waiting.deadline() {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        job = jobs.recv(), if !ended => Heed::Job(job),
        () = late => Heed::Late,
    }
}

/// Opens the stream. Nothing is sent over it before the server has taken it: what was never sent
/// is known not to be done.
fn open(channel: Channel) -> BoxFuture<'static, Result<Conversation, Status>> {
    Box::pin(async move {
        let (requests, mut sent) = mpsc::unbounded_channel();
        let mut grpc = ready(channel).await?;
        let codec = BoundedCodec::<EncodedRequest, EncodedReply>::default();
        let path = PathAndQuery::from_static(PIPELINE_PATH);
        let stream = poll_fn(move |context| sent.poll_recv(context));
        let replies = grpc.streaming(Request::new(stream), path, codec).await?;
        Ok(Conversation { requests, replies: replies.into_inner() })
    })
}
