//! Copies of a context's journal, over the network.
//!
//! A copy whose connection breaks ends with an error: what was kept of it is known to the next.

use crate::asking::{Heard, failed, understand, understood};
use crate::context::RemoteContext;
use crate::credentials::Channel;
use crate::limits;
use headwater_model::{
    Answer, CopyAsked, CopyPoint, CopyReader, CopyStep, JournalCopies, ReadError,
};
use headwater_wire::v1;
use headwater_wire::v1::backup_client::BackupClient;
use tonic::Streaming;

fn service(channel: Channel) -> BackupClient<Channel> {
    BackupClient::new(channel).max_decoding_message_size(limits::ANSWER_BYTES_MAX)
}

impl JournalCopies for RemoteContext {
    fn point(&self) -> Answer<'_, CopyPoint, ReadError> {
        Box::pin(async move {
            let request = v1::GetCopyPointRequest { context: self.named() };
            let ask = |channel| {
                let request = request.clone();
                async move { service(channel).get_copy_point(request).await }
            };
            understood(self.asking().ask(ask).await?)
        })
    }

    fn copy(&self, asked: CopyAsked) -> Answer<'_, Box<dyn CopyReader>, ReadError> {
        Box::pin(async move {
            let request = v1::CopyRequest::new(self.name(), &asked);
            let ask = |channel| {
                let request = request.clone();
                async move { service(channel).copy(request).await }
            };
            let steps = self.asking().ask(ask).await?;
            Ok(Box::new(RemoteCopy(steps)) as Box<dyn CopyReader>)
        })
    }
}

struct RemoteCopy(Streaming<v1::CopyStep>);

impl CopyReader for RemoteCopy {
    fn next(&mut self) -> Answer<'_, Option<CopyStep>, ReadError> {
        Box::pin(async move {
            match self.0.message().await {
                Ok(step) => step.map(understood).transpose(),
                Err(status) => Err(match understand(&status) {
                    Heard::Answer(error) => error,
                    Heard::Lost(cause) => failed(format!("the copy broke off: {cause}")),
                }),
            }
        })
    }
}
