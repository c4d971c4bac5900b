//! ServerFeatures: what clients are told that this server can do.
//!
//! Why: clients switch on what they find here, by names in lower case, and refuse calls that are
//! not listed. So nothing is listed that is not answered.

use crate::Host;
use headwater_wire::kurrent::event_store::client::Empty;
use headwater_wire::kurrent::event_store::client::server_features as pb;
use tonic::{Request, Response, Status};

/// Three numbers: clients compare them to know what a server of KurrentDB would do. This protocol
/// is answered as that version answers it.
const VERSION: &str = "26.1.0";

/// What a persistent subscription may be of.
const ALL_AND_STREAM: &[&str] = &["stream", "all"];

/// A method, and what its messages may hold.
type Method = (&'static str, &'static [&'static str]);

/// Service and methods.
const SERVICES: &[(&str, &[Method])] = &[
    (
        "event_store.client.streams.streams",
        &[
            ("read", &["position", "events"]),
            ("append", &[]),
            ("delete", &[]),
            ("tombstone", &[]),
            ("batchappend", &["deadline_duration"]),
        ],
    ),
    (
        "event_store.client.persistent_subscriptions.persistentsubscriptions",
        &[
            ("create", ALL_AND_STREAM),
            ("update", ALL_AND_STREAM),
            ("delete", ALL_AND_STREAM),
            ("read", ALL_AND_STREAM),
            ("getinfo", ALL_AND_STREAM),
            ("replayparked", ALL_AND_STREAM),
            ("list", ALL_AND_STREAM),
            ("restartsubsystem", &[]),
        ],
    ),
    (
        "event_store.client.projections.projections",
        &[
            ("statistics", &[]),
            ("enable", &[]),
            ("state", &[]),
            ("result", &[]),
            ("restartsubsystem", &[]),
        ],
    ),
    (
        "event_store.client.operations.operations",
        &[
            ("startscavenge", &[]),
            ("stopscavenge", &[]),
            ("mergeindexes", &[]),
            ("restartpersistentsubscriptions", &[]),
        ],
    ),
    ("event_store.client.monitoring.monitoring", &[("stats", &[])]),
    ("event_store.client.gossip.gossip", &[("read", &[])]),
    ("event_store.client.server_features.serverfeatures", &[("getsupportedmethods", &[])]),
    (
        "kurrentdb.protocol.v2.streams.streamsservice",
        &[("appendsession", &[]), ("appendrecords", &[])],
    ),
];

/// What is there besides, where there are users.
const USERS: (&str, &[Method]) = (
    "event_store.client.users.users",
    &[
        ("create", &[]),
        ("update", &[]),
        ("delete", &[]),
        ("disable", &[]),
        ("enable", &[]),
        ("details", &[]),
        ("changepassword", &[]),
        ("resetpassword", &[]),
    ],
);

pub(super) struct Features {
    host: Host,
}

impl Features {
    pub(super) const fn new(host: Host) -> Self {
        Self { host }
    }
}

#[tonic::async_trait]
impl pb::server_features_server::ServerFeatures for Features {
    async fn get_supported_methods(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<pb::SupportedMethods>, Status> {
        let users = self.host.authority().map(|_| &USERS);
        let methods = SERVICES.iter().chain(users).flat_map(|(service, methods)| {
            methods.iter().map(|(method, features)| pb::SupportedMethod {
                method_name: (*method).to_owned(),
                service_name: (*service).to_owned(),
                features: features.iter().map(|feature| (*feature).to_owned()).collect(),
            })
        });
        Ok(Response::new(pb::SupportedMethods {
            methods: methods.collect(),
            event_store_server_version: VERSION.to_owned(),
        }))
    }
}
