//! One page of a server, over HTTP: whether it is ready, what it has counted.

use crate::exit::Answered;
use anyhow::Context as _;
use headwater_client::Address;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::time::timeout;

/// Somebody waits, or an orchestrator that gives up soon itself.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The largest page there is: metrics of a thousand contexts.
const PAGE_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// A page as it was answered.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

/// Asks for a page.
///
/// # Errors
/// `Answered` without a status if nobody answers in time.
pub(crate) async fn get(server: &Address, path: &str) -> anyhow::Result<Page> {
    let unanswered = |why: String| Answered {
        code: "store.io".to_owned(),
        detail: format!("{server} does not answer: {why}"),
        status: None,
    };
    match timeout(ANSWER_WITHIN, ask(server, path)).await {
        Ok(Ok(page)) => Ok(page),
        Ok(Err(error)) => Err(unanswered(format!("{error:#}")).into()),
        Err(_) => Err(unanswered(format!("nothing came within {ANSWER_WITHIN:?}")).into()),
    }
}

async fn ask(server: &Address, path: &str) -> anyhow::Result<Page> {
    let stream = headwater_client::tls::connect(server).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; what it has to say, the answer says.
    tokio::spawn(connection);
    let mut request = Request::get(path).header(header::HOST, server.authority());
    let said = server.said().map_err(|why| anyhow::anyhow!(why))?;
    if let Some(credentials) = said.header() {
        request = request.header(header::AUTHORIZATION, credentials);
    }
    let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), PAGE_BYTES_MAX).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("{error}"))?;
    let text = String::from_utf8(body.to_bytes().to_vec()).context("the page is no text")?;
    Ok(Page { status, text })
}
