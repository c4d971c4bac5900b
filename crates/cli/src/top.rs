//! `headwater top`: what a server's contexts do, as it happens.
//!
//! Why: before there is a dashboard, and on the day it does not load, one looks here.
//!
//! Picture: `/metrics and the groups' infos ─▶ sample ─ the one before ─▶ rates ─▶ a table, again and
//! again; or once, for a script`

mod metrics;
mod sample;
mod shown;

use crate::args::{Output, Top};
use crate::output::Printer;
use headwater_client::{Client, ClientOptions};
use sample::Sample;
use shown::Rates;
use std::io::IsTerminal as _;

pub(crate) async fn run(asked: &Top, output: Output) -> anyhow::Result<()> {
    let options =
        ClientOptions { answer_within: asked.every.max(SOON), ..ClientOptions::default() };
    let client = Client::connect(asked.server.clone(), options).await?;
    let mut printer = Printer::new(output);
    let redraws = !asked.once && matches!(output, Output::Text) && std::io::stdout().is_terminal();
    let mut before = Sample::take(&asked.server, &client).await?;
    let mut left = if asked.once { Some(1) } else { asked.count };
    while left != Some(0) {
        tokio::time::sleep(asked.every).await;
        let now = Sample::take(&asked.server, &client).await?;
        if redraws {
            printer.clear()?;
        }
        Rates::between(&before, &now).print(&mut printer, &asked.server)?;
        printer.flush()?;
        before = now;
        left = left.map(|left| left - 1);
    }
    Ok(())
}

/// Nobody looks at a table for longer than this without something new.
const SOON: std::time::Duration = std::time::Duration::from_secs(5);
