//! Persistent subscriptions: the consumer groups of the store, as this protocol speaks of them.
//!
//! Picture:
//! ```text
//!   Create, Update, Delete ─▶ settings + note ─▶ a consumer group `kurrent/<stream>::<group>`
//!   Read     ─▶ a member, as long as the connection lives (`connection.rs`)
//!   GetInfo, List ─▶ the group's own figures, and the connections' (`info.rs`)
//!   ReplayParked, the stream `$persistentsubscription-…-parked` ─▶ what the group has parked
//! ```
//! Invariants: what is promised of groups is promised here. Groups that other protocols made are
//! not seen by this one; groups of this one are ordinary groups to the others.

mod connected;
mod connection;
mod info;
mod note;
mod out;
pub(super) mod parked;
mod refused;
mod settings;
mod start;
mod which;

use super::home::{Home, House};
use super::links::Links;
use super::name::Ids;
use super::read::ids_of;
use super::refusal::Refusal;
use super::shown::Form;
use crate::listener::PeerAddress;
use connected::{Connected, Connection};
use connection::{ANSWER_COUNT_MAX, Serving};
use futures_util::future::ready;
use futures_util::stream::{self, BoxStream, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use headwater_model::{ConsumerGroups, EventStore, GroupInfo, ParkedPart};
use headwater_wire::kurrent::event_store::client::persistent_subscriptions as pb;
use headwater_wire::kurrent::event_store::client::{Empty, StreamIdentifier};
use note::{Note, Passes};
use out::Out;
use refused::Refused;
use start::{Begin, Wanted};
use std::sync::Arc;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

pub(super) use start::{place, start_of_all};
pub(super) use which::Which;

/// The header in which a client says what it is called.
const CONNECTION_NAME: &str = "connection-name";

pub(super) struct PersistentSubscriptions {
    house: House,
    connected: Connected,
}

impl PersistentSubscriptions {
    pub(super) fn new(house: House) -> Self {
        Self { house, connected: Connected::default() }
    }
}

type Answers = BoxStream<'static, Result<pb::ReadResp, Status>>;

#[tonic::async_trait]
impl pb::persistent_subscriptions_server::PersistentSubscriptions for PersistentSubscriptions {
    type ReadStream = Answers;

    async fn create(
        &self,
        request: Request<pb::CreateReq>,
    ) -> Result<Response<pb::CreateResp>, Status> {
        let store = self.house.home(&request).store().await?;
        let options = request.into_inner().options.ok_or_else(no_options)?;
        let (which, wanted, filter) = asked(&options)?;
        let settings = options.settings.as_ref().ok_or_else(no_settings)?;
        let begin = Begin::of(&*store, &which, wanted).await?;
        let note = Note::asked(&which, &begin, filter, settings)?;
        let (name, settings) = (which.name()?, note.group_settings()?);
        let groups = groups(&*store)?;
        if groups.group(name.clone()).await.is_ok() {
            return Err(Refused::Exists { which }.into());
        }
        let made = groups.create_group(name, settings, begin.start).await;
        made.map_err(|error| Refused::of(&which, error))?;
        Ok(Response::new(pb::CreateResp {}))
    }

    async fn update(
        &self,
        request: Request<pb::UpdateReq>,
    ) -> Result<Response<pb::UpdateResp>, Status> {
        let store = self.house.home(&request).store().await?;
        let options = request.into_inner().options.ok_or_else(no_options)?;
        let (which, ..) = asked(&options)?;
        let settings = options.settings.as_ref().ok_or_else(no_settings)?;
        let (note, _) = noted(&*store, &which).await?;
        let settings = note.changed(settings)?.group_settings()?;
        let changed = groups(&*store)?.update_group(which.name()?, settings).await;
        changed.map_err(|error| Refused::of(&which, error))?;
        Ok(Response::new(pb::UpdateResp {}))
    }

    async fn delete(
        &self,
        request: Request<pb::DeleteReq>,
    ) -> Result<Response<pb::DeleteResp>, Status> {
        let store = self.house.home(&request).store().await?;
        let options = request.into_inner().options.ok_or_else(no_options)?;
        let which = meant(options.stream_option, options.group_name)?;
        let deleted = groups(&*store)?.delete_group(which.name()?).await;
        deleted.map_err(|error| Refused::of(&which, error))?;
        Ok(Response::new(pb::DeleteResp {}))
    }

    async fn read(
        &self,
        request: Request<Streaming<pb::ReadReq>>,
    ) -> Result<Response<Self::ReadStream>, Status> {
        let home = self.house.home(&request);
        let (name, from) = (connection_name(&request), peer(&request));
        let mut requests = request.into_inner();
        let first = requests.next().await.transpose()?.and_then(|request| request.content);
        let Some(pb::read_req::Content::Options(options)) = first else {
            return Err(Refusal::invalid("the connection begins without options").into());
        };
        let username = home.username();
        let connection = Connection::new(name, username, from, options.buffer_size);
        let serving = self.join(&home, options, connection).await?;
        let confirmed = pb::ReadResp {
            content: Some(pb::read_resp::Content::SubscriptionConfirmation(
                pb::read_resp::SubscriptionConfirmation {
                    subscription_id: serving.which.to_string(),
                },
            )),
        };
        let (answers, answered) = mpsc::channel(ANSWER_COUNT_MAX);
        let answered = stream::unfold(answered, |mut answered| async move {
            answered.recv().await.map(|answer| (answer, answered))
        });
        // Not a task of its own: nothing may touch the store when the connection has ended.
        let work = serving.run(requests, answers, home.closing().boxed());
        let work = work.into_stream().filter_map(|()| ready(None));
        let answers = stream::iter([Ok(confirmed)]).chain(stream::select(answered, work));
        Ok(Response::new(answers.boxed()))
    }

    async fn get_info(
        &self,
        request: Request<pb::GetInfoReq>,
    ) -> Result<Response<pb::GetInfoResp>, Status> {
        let store = self.house.home(&request).store().await?;
        let options = request.into_inner().options.ok_or_else(no_options)?;
        let which = meant(options.stream_option, options.group_name)?;
        let (note, group) = noted(&*store, &which).await?;
        let info = info::shown(&*store, &self.connected, &note, &group).await?;
        Ok(Response::new(pb::GetInfoResp { subscription_info: Some(info) }))
    }

    async fn replay_parked(
        &self,
        request: Request<pb::ReplayParkedReq>,
    ) -> Result<Response<pb::ReplayParkedResp>, Status> {
        use pb::replay_parked_req::options::StopAtOption;
        let store = self.house.home(&request).store().await?;
        let options = request.into_inner().options.ok_or_else(no_options)?;
        let which = meant(options.stream_option, options.group_name)?;
        noted(&*store, &which).await?;
        let part = match options.stop_at_option {
            Some(StopAtOption::StopAt(count)) => {
                let count = u64::try_from(count)
                    .map_err(|_| Refusal::invalid(format!("{count} events cannot be replayed")))?;
                parked::first(&*store, &which, count).await?
            }
            Some(StopAtOption::NoLimit(_)) | None => Some(ParkedPart::All),
        };
        if let Some(part) = part {
            let replayed = groups(&*store)?.replay_parked(which.name()?, part).await;
            replayed.map_err(|error| Refused::of(&which, error))?;
        }
        Ok(Response::new(pb::ReplayParkedResp {}))
    }

    async fn list(&self, request: Request<pb::ListReq>) -> Result<Response<pb::ListResp>, Status> {
        use pb::list_req::options::ListOption;
        let store = self.house.home(&request).store().await?;
        let options = request.into_inner().options.ok_or_else(no_options)?;
        let source = match options.list_option {
            Some(ListOption::ListAllSubscriptions(_)) => None,
            Some(ListOption::ListForStream(option)) => Some(listed_source(option)?),
            None => return Err(Refusal::invalid("the list does not say of what").into()),
        };
        let all = groups(&*store)?.groups().await.map_err(Refusal::from)?;
        let mut subscriptions = Vec::new();
        for group in &all {
            let note = Note::kept(&group.settings);
            if let Some(note) =
                note.filter(|note| source.as_ref().is_none_or(|s| *s == note.stream))
            {
                subscriptions.push(info::shown(&*store, &self.connected, &note, group).await?);
            }
        }
        match source {
            Some(source) if subscriptions.is_empty() => {
                let which = Which { source: source.into(), group: "".into() };
                Err(Refused::DoesNotExist { which }.into())
            }
            _ => Ok(Response::new(pb::ListResp { subscriptions })),
        }
    }

    /// Groups are a part of the store: whoever can ask for this has what it would bring about.
    async fn restart_subsystem(&self, request: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.house.home(&request).store().await?;
        Ok(Response::new(Empty {}))
    }
}

impl PersistentSubscriptions {
    /// Joins the group that a connection wants.
    async fn join(
        &self,
        home: &Home,
        options: pb::read_req::Options,
        connection: Connection,
    ) -> Result<Serving, Refused> {
        let which = meant(options.stream_option, options.group_name)?;
        let ids: Ids = ids_of(options.uuid_option.as_ref())?;
        let held_max = u32::try_from(options.buffer_size).ok().filter(|count| *count > 0);
        let held_max = held_max.ok_or_else(|| {
            Refusal::invalid(format!("a buffer of {} events holds none", options.buffer_size))
        })?;
        let store = home.store().await?;
        let (note, _) = noted(&*store, &which).await?;
        let refused = |error| Refused::of(&which, error);
        let called = connection.name.clone().into();
        let member = groups(&*store)?.join_group(which.name()?, called).await.map_err(refused)?;
        member.hold_at_most(held_max).await.map_err(refused)?;
        let (incarnation, _) = store.head().await.map_err(Refusal::from)?;
        Ok(Serving {
            source: note.source()?,
            form: Form { ids, incarnation },
            links: Links { follow: note.resolve_links },
            first: note.first,
            listed: self.connected.list(which.name()?, member.id(), connection),
            member: Arc::from(member),
            store,
            which,
            out: Out::default(),
            settling: FuturesUnordered::new(),
        })
    }
}

/// The groups of a store.
fn groups(store: &dyn EventStore) -> Result<&dyn ConsumerGroups, Refusal> {
    let groups = store.consumer_groups();
    groups.ok_or_else(|| Refusal::NotReady { why: "this store keeps no groups".to_owned() })
}

/// A group of this protocol, and how it stands.
async fn noted(store: &dyn EventStore, which: &Which) -> Result<(Note, GroupInfo), Refused> {
    let group = groups(store)?.group(which.name()?).await;
    let group = group.map_err(|error| Refused::of(which, error))?;
    let note = Note::kept(&group.settings).filter(|note| note.which() == *which);
    let note = note.ok_or_else(|| Refused::DoesNotExist { which: which.clone() })?;
    Ok((note, group))
}

/// What a group is to be made of, or which is to be changed.
fn asked(options: &pb::GroupOptions) -> Result<(Which, Wanted, Option<Passes>), Refusal> {
    use pb::all_options::FilterOption;
    use pb::group_options::StreamOption;
    let name = options.group_name.clone();
    match &options.stream_option {
        Some(StreamOption::Stream(stream)) => {
            let which =
                Which::of(Some(stream.stream_identifier.clone().unwrap_or_default()), name)?;
            Ok((which, Wanted::of_stream(stream)?, None))
        }
        Some(StreamOption::All(all)) => {
            let filter = match all.filter_option.clone() {
                Some(FilterOption::Filter(filter)) => Some(Passes::of(filter)?),
                Some(FilterOption::NoFilter(_)) | None => None,
            };
            Ok((Which::of(None, name)?, Wanted::of_all(all)?, filter))
        }
        None => {
            let stream = options.stream_identifier.clone().ok_or_else(no_source)?;
            let revision = options.settings.as_ref().map_or(0, |settings| settings.revision);
            Ok((Which::of(Some(stream), name)?, Wanted::of_revision(revision), None))
        }
    }
}

fn listed_source(option: pb::list_req::StreamOption) -> Result<String, Refusal> {
    use pb::list_req::stream_option::StreamOption;
    let of: fn(StreamIdentifier) -> Result<Which, Refusal> =
        |stream| Which::of(Some(stream), "any".to_owned());
    match option.stream_option {
        Some(StreamOption::Stream(stream)) => Ok(of(stream)?.source.to_string()),
        Some(StreamOption::All(_)) => Ok(which::ALL.to_owned()),
        None => Err(no_source()),
    }
}

/// What a request is about. Four of them say it alike, each with a type of its own.
enum About {
    Stream(StreamIdentifier),
    All,
}

macro_rules! about {
    ($($request:ident),*) => { $(
        impl From<pb::$request::options::StreamOption> for About {
            fn from(option: pb::$request::options::StreamOption) -> Self {
                match option {
                    pb::$request::options::StreamOption::StreamIdentifier(s) => Self::Stream(s),
                    pb::$request::options::StreamOption::All(_) => Self::All,
                }
            }
        }
    )* };
}
about!(delete_req, get_info_req, replay_parked_req, read_req);

/// The group that a request means.
fn meant(about: Option<impl Into<About>>, group: String) -> Result<Which, Refusal> {
    match about.map(Into::into) {
        Some(About::Stream(stream)) => Which::of(Some(stream), group),
        Some(About::All) => Which::of(None, group),
        None => Err(no_source()),
    }
}

fn connection_name<T>(request: &Request<T>) -> String {
    let name = request.metadata().get(CONNECTION_NAME).and_then(|name| name.to_str().ok());
    name.unwrap_or_default().to_owned()
}

fn peer<T>(request: &Request<T>) -> String {
    let address = request.extensions().get::<PeerAddress>();
    address.map_or_else(String::new, |PeerAddress(address)| address.to_string())
}

fn no_options() -> Refusal {
    Refusal::invalid("the request has no options")
}

fn no_settings() -> Refusal {
    Refusal::invalid("the group has no settings")
}

fn no_source() -> Refusal {
    Refusal::invalid("the request says neither a stream nor all")
}
