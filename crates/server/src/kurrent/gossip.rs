//! Gossip: who the members of the cluster are. There is one, it leads, and it is this server.
//!
//! Why: a client that was given several hosts, or told to discover, connects to the address that is
//! said here, so it must be one that the client can reach.

use super::home::House;
use super::name::Ids;
use super::options::Advertised;
use super::place::ticks;
use headwater_wire::kurrent::event_store::client::Empty;
use headwater_wire::kurrent::event_store::client::gossip as pb;
use http::uri::Authority;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// The port of this protocol, when a client named none.
const PORT: u16 = 2113;

pub(super) struct Gossip {
    house: House,
    advertised: Option<Advertised>,
    instance: Uuid,
}

/// Where a request was sent to, as its client wrote it.
#[derive(Clone)]
pub(super) struct SentTo(pub(super) Authority);

impl Gossip {
    pub(super) fn new(house: House, advertised: Option<Advertised>) -> Self {
        // Of a version that older clients know: they look.
        let instance = Uuid::new_v5(&Uuid::now_v7(), b"gossip");
        Self { house, advertised, instance }
    }

    fn endpoint(&self, sent_to: Option<&SentTo>) -> Result<pb::EndPoint, Status> {
        if let Some(Advertised { host, port }) = &self.advertised {
            return Ok(pb::EndPoint { address: host.clone(), port: u32::from(*port) });
        }
        let Some(SentTo(authority)) = sent_to else {
            let why = "the request does not say which host it was sent to";
            return Err(Status::failed_precondition(why));
        };
        let address = authority.host().trim_matches(['[', ']']).to_owned();
        Ok(pb::EndPoint { address, port: u32::from(authority.port_u16().unwrap_or(PORT)) })
    }
}

#[tonic::async_trait]
impl pb::gossip_server::Gossip for Gossip {
    async fn read(&self, request: Request<Empty>) -> Result<Response<pb::ClusterInfo>, Status> {
        let endpoint = self.endpoint(request.extensions().get())?;
        let now = self.house.home(&request).store().await?.now();
        let member = pb::MemberInfo {
            instance_id: Some(Ids::Halves.write(self.instance)),
            time_stamp: i64::try_from(ticks(now)).unwrap_or(i64::MAX),
            state: pb::member_info::VNodeState::Leader.into(),
            is_alive: true,
            http_end_point: Some(endpoint),
        };
        Ok(Response::new(pb::ClusterInfo { members: vec![member] }))
    }
}
