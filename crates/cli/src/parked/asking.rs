//! Asking running services about parked inputs and views, over HTTP.

use super::note;
use crate::args::{SagaEnd, Services};
use crate::exit::{Answered, NotFound};
use reqwest::{Client, RequestBuilder, Url};
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than a service takes for any request.
const ANSWER_MAX: Duration = Duration::from_secs(35);

/// A service that runs somewhere.
pub(crate) struct Service {
    /// As `dev` calls it, or its URL.
    pub(crate) name: String,
    base: Url,
    client: Client,
}

/// What a service told of its parked inputs.
pub(super) struct Listed {
    pub(super) inputs: Vec<Value>,
    /// Inputs that were not listed, because there are so many.
    pub(super) left_out: u64,
}

/// The services that were named, or all that `dev` runs.
pub(crate) fn all(services: &Services) -> anyhow::Result<Vec<Service>> {
    let client = Client::builder().no_proxy().timeout(ANSWER_MAX).build()?;
    let service = |name: &str, url: &str| {
        let base = Url::parse(url)?;
        anyhow::ensure!(base.scheme() == "http", "{url} is no http:// URL of a service");
        Ok(Service { name: name.to_owned(), base, client: client.clone() })
    };
    match &services.service {
        Some(url) if url.contains("://") => Ok(vec![service(url, url)?]),
        Some(name) => {
            let known = note::services(&services.data.data)?;
            let Some(url) = known.get(name) else {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let names = names.join(", ");
                return Err(
                    NotFound(format!("there is no service {name}; there are: {names}")).into()
                );
            };
            Ok(vec![service(name, url)?])
        }
        None => note::services(&services.data.data)?
            .iter()
            .map(|(name, url)| service(name, url))
            .collect(),
    }
}

/// The one service that has a reader of this name.
pub(super) async fn with_reader(services: &Services, reader: &str) -> anyhow::Result<Service> {
    let (mut found, mut readers) = (Vec::new(), Vec::new());
    for service in all(services)? {
        match service.parked(Some(reader)).await? {
            Some(_) => found.push(service),
            None => readers.extend(service.readers().await?),
        }
    }
    match (found.pop(), found.first()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(other)) => anyhow::bail!(
            "{} and {} both have a reader {reader}; name one with --service",
            other.name,
            one.name,
        ),
        (None, _) => {
            let there = if readers.is_empty() { "none".to_owned() } else { readers.join(", ") };
            Err(NotFound(format!("there is no reader {reader}; there are: {there}")).into())
        }
    }
}

impl Service {
    /// What it, or this reader of it, has set aside; `None` if it has no such reader.
    pub(super) async fn parked(&self, reader: Option<&str>) -> anyhow::Result<Option<Listed>> {
        let mut request = self.client.get(self.url(&["admin", "parked"])?);
        if let Some(reader) = reader {
            request = request.query(&[("reader", reader)]);
        }
        let mut listed = match self.ask(request).await {
            Ok(listed) => listed,
            // A reader of another service; or no service at all, as the gateway.
            Err(Answered { status: Some(404), .. }) => return Ok(None),
            Err(answered) => return Err(answered.into()),
        };
        let inputs = match listed["parked"].take() {
            Value::Array(inputs) => inputs,
            _ => Vec::new(),
        };
        let left_out = listed["count"].as_u64().unwrap_or(0).saturating_sub(inputs.len() as u64);
        Ok(Some(Listed { inputs, left_out }))
    }

    /// How its views are; `None` if it is no service, as the gateway.
    pub(crate) async fn views(&self) -> anyhow::Result<Option<Vec<Value>>> {
        let request = self.client.get(self.url(&["admin", "views"])?);
        match self.ask(request).await {
            Ok(mut listed) => match listed["views"].take() {
                Value::Array(views) => Ok(Some(views)),
                _ => Ok(Some(Vec::new())),
            },
            Err(Answered { status: Some(404), .. }) => Ok(None),
            Err(answered) => Err(answered.into()),
        }
    }

    /// Has it do something about a view.
    pub(crate) async fn change_view(
        &self,
        view: &str,
        what: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let url = self.url(&["admin", "views", view, what])?;
        Ok(self.ask(self.client.post(url).json(body)).await?)
    }

    /// The names of its readers.
    async fn readers(&self) -> anyhow::Result<Vec<String>> {
        // It may be unready: what it says of its readers is the same.
        let ready = self.client.get(self.url(&["readyz"])?).send().await;
        let ready: Value = ready.map_err(|error| self.silent(&error))?.json().await?;
        let readers = ready["readers"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(readers.iter().filter_map(|one| Some(one["name"].as_str()?.to_owned())).collect())
    }

    pub(super) async fn retry(
        &self,
        reader: &str,
        event: Option<uuid::Uuid>,
    ) -> anyhow::Result<Value> {
        let event = event.map(|event| event.to_string());
        let path = ["admin", "parked", reader].into_iter().chain(event.as_deref()).chain(["retry"]);
        let request = self.client.post(self.url(&path.collect::<Vec<_>>())?);
        Ok(self.ask(request).await?)
    }

    pub(super) async fn discard(
        &self,
        reader: &str,
        event: uuid::Uuid,
        why: &str,
    ) -> anyhow::Result<Value> {
        let url = self.url(&["admin", "parked", reader, &event.to_string(), "discard"])?;
        Ok(self.ask(self.client.post(url).json(&json!({ "why": why }))).await?)
    }

    pub(super) async fn end(
        &self,
        reader: &str,
        event: uuid::Uuid,
        end: SagaEnd,
        why: &str,
    ) -> anyhow::Result<Value> {
        let url = self.url(&["admin", "parked", reader, &event.to_string(), "end"])?;
        let body = json!({ "end": end.as_str(), "why": why });
        Ok(self.ask(self.client.post(url).json(&body)).await?)
    }

    /// The URL of a page, whatever is in the names.
    fn url(&self, path: &[&str]) -> anyhow::Result<Url> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => drop(segments.pop_if_empty().extend(path)),
            Err(()) => anyhow::bail!("{} is no URL of a service", self.base),
        }
        Ok(url)
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value, Answered> {
        let answer = request.send().await.map_err(|error| self.silent(&error))?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(|error| self.silent(&error))?;
        if status.is_success() {
            return Ok(body);
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Err(Answered { code: text("code"), detail: text("detail"), status: Some(status.as_u16()) })
    }

    fn silent(&self, error: &reqwest::Error) -> Answered {
        let name = &self.name;
        let detail = match error.is_connect() {
            true => format!("{name} does not answer at {}; does it still run?", self.base),
            false => format!("{name} at {} gave no answer that fits: {error}", self.base),
        };
        Answered { code: "cli.no_answer".to_owned(), detail, status: None }
    }
}
