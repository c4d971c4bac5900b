//! A connection to a server: its contexts, by name.
//!
//! Why: one client is one HTTP/2 connection and one pipeline of appends, shared by every context
//! and every caller of the process. Cloning it shares it.

use crate::asking::Asking;
use crate::clock::ServerClock;
use crate::context::RemoteContext;
use crate::credentials::{Channel, Credentials};
use crate::pipeline::Pipeline;
use crate::tls::{self, Connector};
use crate::{Address, ClientOptions, limits};
use bytestring::ByteString;
use headwater_model::{Answer, ContextName, Contexts, EventStore, ReadError, Timestamp};
use headwater_wire::v1;
use headwater_wire::v1::access_client::AccessClient;
use headwater_wire::v1::contexts_client::ContextsClient;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;
use tonic::transport::Endpoint;

/// What the calls about access go over.
pub type AccessChannel = Channel;

/// The contexts of a server.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    address: Address,
    asking: Asking,
    pipeline: Pipeline,
    open: Mutex<BTreeMap<ContextName, Arc<RemoteContext>>>,
}

impl Client {
    /// Connects, and asks once to see that a store answers. For this first answer it waits no longer
    /// than for a connection.
    ///
    /// The connection and the pipeline run on the runtime where this is called; what is made of
    /// the client may be used from any.
    ///
    /// # Errors
    /// `Unavailable` if nobody answers there in time, or if one of the two does not trust the other;
    /// `Invalid` if a file for TLS cannot be used.
    pub async fn connect(address: Address, options: ClientOptions) -> Result<Self, ReadError> {
        let endpoint = endpoint(&address, &options)?;
        let channel = match address.secure() {
            None => endpoint.connect_lazy(),
            Some(secure) => {
                tls::read(secure).await.map_err(unusable)?;
                endpoint.connect_with_connector_lazy(Connector::new(&address, secure))
            }
        };
        let credentials = match address.credentials() {
            Some(credentials) => credentials.clone(),
            None => Credentials::of_environment().map_err(|why| ReadError::Invalid { why })?,
        };
        let channel = Channel::new(channel, credentials);
        let first = ClientOptions { answer_within: options.connect_within, ..options };
        list(&Asking::new(channel.clone(), first)).await?;
        let asking = Asking::new(channel, options);
        let pipeline = Pipeline::start(asking.clone());
        let open = Mutex::default();
        Ok(Self { inner: Arc::new(Inner { address, asking, pipeline, open }) })
    }

    /// Where it is connected to.
    pub fn address(&self) -> &Address {
        &self.inner.address
    }

    /// Users, tokens and grants of the server: the service `headwater.v1.Access`, as it is.
    pub fn access(&self) -> AccessClient<AccessChannel> {
        AccessClient::new(self.inner.asking.channel.clone())
    }

    async fn open(&self, name: ContextName) -> Result<Arc<RemoteContext>, ReadError> {
        let request = v1::OpenContextRequest { context: name.as_shared().as_bytes().clone() };
        let asked = Instant::now();
        let open = |channel: Channel| {
            let request = request.clone();
            async move { contexts(channel).open_context(request).await }
        };
        let reply = self.inner.asking.ask(open).await?;
        let clock = ServerClock::new(Timestamp::from_micros(reply.now_us), asked);
        let mut open = self.inner.open.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let (asking, pipeline) = (self.inner.asking.clone(), self.inner.pipeline.clone());
            Arc::new(RemoteContext::new(name.clone(), asking, pipeline, clock))
        };
        let context = open.entry(name.clone()).or_insert_with(make);
        context.set_clock(clock);
        Ok(Arc::clone(context))
    }
}

async fn list(asking: &Asking) -> Result<Vec<ContextName>, ReadError> {
    let list =
        |channel| async move { contexts(channel).list_contexts(v1::ListContextsRequest {}).await };
    asking.ask(list).await?.contexts.into_iter().map(name).collect()
}

fn contexts(channel: Channel) -> ContextsClient<Channel> {
    ContextsClient::new(channel).max_decoding_message_size(limits::ANSWER_BYTES_MAX)
}

fn name(bytes: bytes::Bytes) -> Result<ContextName, ReadError> {
    let text = ByteString::try_from(bytes).ok();
    let name = text.and_then(|text| ContextName::new(text).ok());
    name.ok_or_else(|| crate::asking::senseless("a context has no name"))
}

/// The files for TLS, while somebody is there who can mend them.
fn unusable(error: std::io::Error) -> ReadError {
    ReadError::Invalid { why: error.to_string() }
}

fn endpoint(address: &Address, options: &ClientOptions) -> Result<Endpoint, ReadError> {
    let endpoint = Endpoint::from_shared(address.http())
        .map_err(|error| ReadError::Invalid { why: error.to_string() })?;
    Ok(endpoint
        .connect_timeout(options.connect_within)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(limits::KEEPALIVE_EVERY)
        .keep_alive_timeout(limits::KEEPALIVE_ANSWER_WITHIN)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES)
        .max_frame_size(limits::FRAME_BYTES_MAX)
        .http2_max_header_list_size(limits::HEADER_LIST_BYTES_MAX))
}

impl Contexts for Client {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move { Ok(self.open(name).await? as Arc<dyn EventStore>) })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        Box::pin(list(&self.inner.asking))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.inner.address).finish_non_exhaustive()
    }
}
