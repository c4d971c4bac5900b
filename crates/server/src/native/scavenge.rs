//! The service `headwater.v1.Scavenge`: the room of what is hidden, given back.

use super::service::{Answered, context, name};
use crate::Host;
use bytes::Bytes;
use headwater_access::Verb;
use headwater_model::{EventStore, ReadError, Scavenge, ScavengeAsked, ScavengeError};
use headwater_wire::{scavenge_status, v1};
use std::sync::Arc;
use tonic::{Extensions, Request, Response};

pub(super) struct ScavengeService {
    host: Host,
}

impl ScavengeService {
    pub(super) const fn new(host: Host) -> Self {
        Self { host }
    }

    /// The context that is named, if whoever asks may manage it.
    async fn open(&self, of: &Extensions, named: Bytes) -> Result<Scavenged, ScavengeError> {
        let caller = self.host.caller(of);
        caller.may_in(Verb::Manage, &name(named.clone())?).map_err(ReadError::Denied)?;
        Ok(Scavenged(context(&caller, named).await?))
    }
}

/// A context that may be scavenged.
struct Scavenged(Arc<dyn EventStore>);

impl Scavenged {
    fn port(&self) -> Result<&dyn Scavenge, ScavengeError> {
        let none = || ScavengeError::NotHere { why: "it has no files of its own here".to_owned() };
        self.0.scavenge().ok_or_else(none)
    }
}

/// Opens the context that a request names, and answers with how far it is.
macro_rules! answer {
    ($self:ident, $request:ident, |$port:ident, $asked:ident| $answer:expr) => {{
        let (_, extensions, $asked) = $request.into_parts();
        let answer = async {
            let scavenged = $self.open(&extensions, $asked.context.clone()).await?;
            let $port = scavenged.port()?;
            $answer.await
        };
        let answer: Result<_, ScavengeError> = answer.await;
        answer.map(|own| Response::new(own.into())).map_err(|error| scavenge_status::of(&error))
    }};
}

#[tonic::async_trait]
impl v1::scavenge_server::Scavenge for ScavengeService {
    async fn start_scavenge(
        &self,
        request: Request<v1::StartScavengeRequest>,
    ) -> Answered<v1::ScavengeProgress> {
        answer!(self, request, |port, asked| port.start_scavenge(ScavengeAsked::from(&asked)))
    }

    async fn get_scavenge(
        &self,
        request: Request<v1::GetScavengeRequest>,
    ) -> Answered<v1::ScavengeProgress> {
        answer!(self, request, |port, asked| port.scavenge_progress())
    }

    async fn stop_scavenge(
        &self,
        request: Request<v1::StopScavengeRequest>,
    ) -> Answered<v1::ScavengeProgress> {
        answer!(self, request, |port, asked| port.stop_scavenge())
    }
}
