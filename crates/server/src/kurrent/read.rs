//! Read: one call for reads and for subscriptions.
//!
//! Picture:
//! ```text
//!   options ─▶ what (a stream · everything that passes a filter) × until when (a count · for ever)
//!              StreamPages     AllPages     StreamFollower     AllFollower
//!              (and ParkedPages for what a group has parked)
//! ```
//! Each is asked for the next messages until it has none.

mod all_follower;
mod all_pages;
mod call;
mod request;
mod source;
mod stream_follower;
mod stream_pages;

use super::answer::{Answer, said};
use super::home::Home;
use super::persistent::parked::ParkedPages;
use super::refusal::Refusal;
use super::shown::Form;
use crate::held::Hand;
use all_follower::AllFollower;
use all_pages::AllPages;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use headwater_model::limits::PAGE_EVENT_COUNT_MAX;
use headwater_wire::kurrent::event_store::client::streams::{ReadReq, read_resp};
use request::{Count, Reading, What};
use stream_follower::StreamFollower;
use stream_pages::StreamPages;
use tonic::Status;

pub(super) use call::routes;
pub(super) use request::{filtered, ids_of};
pub(super) use source::Source;

/// Events of one step: enough to keep a connection busy, few enough to begin at once.
const STEP_COUNT: usize = if PAGE_EVENT_COUNT_MAX < 512 { PAGE_EVENT_COUNT_MAX } else { 512 };

/// Events of the first step, where one stream is read: most have no more, and so few are found without
/// moving other work to another thread.
const FIRST_STEP_COUNT: usize = 64;

/// What a read answers with: messages as gRPC sends them, a step at a time.
type Answers = BoxStream<'static, Result<Bytes, Status>>;

/// The next messages; `None`: there are no more. Never an empty list.
type Step = Result<Option<Vec<Answer>>, Refusal>;

/// One of the readers.
enum Reader {
    StreamPages(Box<StreamPages>),
    AllPages(Box<AllPages>),
    StreamFollower(Box<StreamFollower>),
    AllFollower(Box<AllFollower>),
    ParkedPages(Box<ParkedPages>),
}

impl Reader {
    async fn open(home: &Home, reading: Reading) -> Result<Self, Refusal> {
        let store = home.store().await?;
        let hand = Hand::new(home.caller().host().held());
        Ok(match (reading.what.clone(), reading.count) {
            (What::Stream(asked), Count::AtMost(count)) => {
                let pages = StreamPages::open(store, asked, count, &reading).await?;
                Self::StreamPages(Box::new(pages))
            }
            (What::Stream(asked), Count::Endless) => {
                let follower = StreamFollower::open(store, asked, &reading, hand).await?;
                Self::StreamFollower(Box::new(follower))
            }
            (What::All(asked), Count::AtMost(count)) => {
                Self::AllPages(Box::new(AllPages::open(store, asked, count, reading).await?))
            }
            (What::Parked(which, begin), Count::AtMost(count)) => {
                let (incarnation, _) = store.head().await?;
                let form = Form { ids: reading.ids, incarnation };
                let (part, shape) = ((reading.direction, count), (reading.links, form));
                let pages = ParkedPages::open(store, (which, begin), part, shape).await?;
                Self::ParkedPages(Box::new(pages))
            }
            (What::Parked(which, _), Count::Endless) => {
                let name = which.parked_stream();
                let why = format!("stream '{name}' shows what is parked now: read it again");
                return Err(Refusal::invalid(why));
            }
            (What::All(asked), Count::Endless) => {
                Self::AllFollower(Box::new(AllFollower::open(store, asked, reading, hand).await?))
            }
        })
    }

    async fn step(&mut self) -> Step {
        match self {
            Self::StreamPages(pages) => pages.step().await,
            Self::AllPages(pages) => pages.step().await,
            Self::ParkedPages(pages) => pages.step().await,
            Self::StreamFollower(follower) => follower.step().await.map(Some),
            Self::AllFollower(follower) => follower.step().await.map(Some),
        }
    }
}

/// Answers a read. What can be refused at once is an error; the rest is in the answers.
async fn read(home: &Home, request: ReadReq) -> Result<Answers, Status> {
    let reading = Reading::of(request)?;
    let is_endless = reading.count == Count::Endless;
    let confirmation = is_endless.then(|| Ok(written(&[confirmation()])));
    let reader = Reader::open(home, reading).await?;
    let steps = stream::try_unfold(reader, |mut reader| async move {
        let messages = reader.step().await?;
        Ok::<_, Status>(messages.map(|messages| (written(&messages), reader)))
    });
    let answers = stream::iter(confirmation).chain(steps);
    if !is_endless {
        return Ok(answers.boxed());
    }
    let closed = home.closing().map(|()| {
        let why = "the server is closing".to_owned();
        Err(Refusal::NotReady { why }.into())
    });
    // What is ready is delivered; who waits is told that the server goes.
    Ok(answers.take_until(home.closing()).chain(closed.into_stream()).boxed())
}

/// Messages, one behind the other.
fn written(messages: &[Answer]) -> Bytes {
    let mut bytes = Vec::new();
    messages.iter().for_each(|message| message.write(&mut bytes));
    bytes.into()
}

/// The first message of a subscription.
fn confirmation() -> Answer {
    let subscription_id = uuid::Uuid::now_v7().to_string();
    let confirmation = read_resp::SubscriptionConfirmation { subscription_id };
    said(read_resp::Content::Confirmation(confirmation))
}
