//! Scavenging a context of a server.
//!
//! Why nothing is asked again: a scavenge that was begun by a request whose reply was lost is under
//! way, and asking for it is no harm; whoever asks is told so and looks.

use crate::asking::{Heard, senseless, too_late, understand, words};
use crate::context::RemoteContext;
use crate::credentials::Channel;
use headwater_model::{
    Answer, LostReply, Scavenge, ScavengeAsked, ScavengeError, ScavengeProgress,
};
use headwater_wire::v1::scavenge_client::ScavengeClient;
use headwater_wire::{scavenge_status, v1};
use tokio::time::timeout;
use tonic::{Response, Status};

type Asked = Result<Response<v1::ScavengeProgress>, Status>;

impl RemoteContext {
    async fn scavenges<F>(
        &self,
        question: impl FnOnce(ScavengeClient<Channel>) -> F,
    ) -> Result<ScavengeProgress, ScavengeError>
    where
        F: Future<Output = Asked>,
    {
        let within = self.asking().options.answer_within;
        let service = ScavengeClient::new(self.asking().channel.clone());
        let Ok(answer) = timeout(within, question(service)).await else {
            return Err(too_late(within).into());
        };
        let answer = answer.map_err(|status| heard(&status))?.into_inner();
        answer.try_into().map_err(|malformed| senseless(malformed).into())
    }
}

fn heard(status: &Status) -> ScavengeError {
    if let Some(error) = scavenge_status::read(status) {
        return error;
    }
    match understand(status) {
        Heard::Answer(error) => error.into(),
        Heard::Lost(_) => ScavengeError::Unknown(LostReply { why: words(status) }),
    }
}

impl Scavenge for RemoteContext {
    fn start_scavenge(&self, asked: ScavengeAsked) -> Answer<'_, ScavengeProgress, ScavengeError> {
        let request = v1::StartScavengeRequest::new(self.name(), &asked);
        Box::pin(self.scavenges(move |mut to| async move { to.start_scavenge(request).await }))
    }

    fn scavenge_progress(&self) -> Answer<'_, ScavengeProgress, ScavengeError> {
        let request = v1::GetScavengeRequest { context: self.named() };
        Box::pin(self.scavenges(move |mut to| async move { to.get_scavenge(request).await }))
    }

    fn stop_scavenge(&self) -> Answer<'_, ScavengeProgress, ScavengeError> {
        let request = v1::StopScavengeRequest { context: self.named() };
        Box::pin(self.scavenges(move |mut to| async move { to.stop_scavenge(request).await }))
    }
}
