//! Routes that know what they take and what they answer.
//!
//! Why: a description that is written beside the code is wrong by the second change. The parameters
//! of a route bound its requests, its bodies and answers are Rust types, and both are described.

use super::accept::{EVENT_STREAM, JSON};
use super::ask::Ask;
use super::cloud::{CLOUD_BATCH_JSON, CLOUD_JSON, CloudEvent};
use super::face::Face;
use super::param::Param;
use super::problem::Problem;
use super::refused::Refused;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// How a type is described.
type Describe = fn(&mut SchemaGenerator) -> Schema;

/// A body, by its media type.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// What it is.
    pub(super) media_type: &'static str,
    /// Its shape; `None` for text.
    pub(super) schema: Option<Describe>,
}

/// One method of one path, without its handler.
pub(super) struct Described {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) says: &'static str,
    pub(super) params: &'static [Param],
    pub(super) bodies: Vec<Form>,
    /// Whether a request without a body means something, too.
    pub(super) may_be_bare: bool,
    pub(super) answers: Vec<(StatusCode, Vec<Form>)>,
}

/// One method of one path.
pub(super) struct Route {
    pub(super) described: Described,
    pub(super) handler: MethodRouter<Face>,
}

/// A question: changes nothing.
pub(super) const GET: (&str, MethodFilter) = ("get", MethodFilter::GET);
/// Adds something.
pub(super) const POST: (&str, MethodFilter) = ("post", MethodFilter::POST);
/// Replaces what is there.
pub(super) const PUT: (&str, MethodFilter) = ("put", MethodFilter::PUT);
/// Changes what is said, and leaves the rest.
pub(super) const PATCH: (&str, MethodFilter) = ("patch", MethodFilter::PATCH);
/// Takes something away.
pub(super) const DELETE: (&str, MethodFilter) = ("delete", MethodFilter::DELETE);

impl Route {
    /// A route that takes these parameters and no others.
    pub(super) fn new<F, A>(
        (method, filter): (&'static str, MethodFilter),
        path: &'static str,
        params: &'static [Param],
        run: F,
    ) -> Self
    where
        F: Fn(Ask) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<Response, Problem>> + Send,
    {
        let handler = move |State(face): State<Face>, path: Path, request: Request| {
            let run = run.clone();
            async move {
                let answer = async { run(Ask::new(face, params, parts(path)?, request)?).await };
                answer.await.unwrap_or_else(|problem: Problem| problem.into_response())
            }
        };
        let described = Described {
            method,
            path,
            says: "",
            params,
            bodies: Vec::new(),
            may_be_bare: false,
            answers: Vec::new(),
        };
        Self { described, handler: on(filter, handler) }
    }

    /// What it is for, in one line.
    pub(super) fn says(mut self, says: &'static str) -> Self {
        self.described.says = says;
        self
    }

    /// Takes a body of JSON.
    pub(super) fn takes<T: JsonSchema>(self) -> Self {
        self.takes_as::<T>(JSON)
    }

    /// Takes a body of JSON, or none.
    pub(super) fn may_take<T: JsonSchema>(mut self) -> Self {
        self.described.may_be_bare = true;
        self.takes::<T>()
    }

    /// Takes events in any of their forms.
    pub(super) fn takes_events<T: JsonSchema>(self) -> Self {
        self.takes_as::<T>(JSON)
            .takes_as::<CloudEvent>(CLOUD_JSON)
            .takes_as::<Vec<CloudEvent>>(CLOUD_BATCH_JSON)
    }

    fn takes_as<T: JsonSchema>(mut self, media_type: &'static str) -> Self {
        self.described.bodies.push(form::<T>(media_type));
        self
    }

    /// Answers with JSON.
    pub(super) fn answers<T: JsonSchema>(self, status: StatusCode) -> Self {
        self.with(status, form::<T>(JSON))
    }

    /// Answers with one event, in either form.
    pub(super) fn answers_event<T: JsonSchema>(self) -> Self {
        self.answers::<T>(StatusCode::OK)
            .with(StatusCode::OK, form::<CloudEvent>(CLOUD_JSON))
            .empty(StatusCode::NOT_MODIFIED)
    }

    /// Answers with a page of events, or with their tail.
    pub(super) fn answers_events<T: JsonSchema>(self) -> Self {
        self.answers::<T>(StatusCode::OK)
            .with(StatusCode::OK, form::<Vec<CloudEvent>>(CLOUD_BATCH_JSON))
            .with(StatusCode::OK, Form { media_type: EVENT_STREAM, schema: None })
            .empty(StatusCode::NOT_MODIFIED)
    }

    /// Answers with text.
    pub(super) fn answers_text(self, media_type: &'static str) -> Self {
        self.with(StatusCode::OK, Form { media_type, schema: None })
    }

    /// Answers with nothing but that it is so.
    pub(super) fn empty(mut self, status: StatusCode) -> Self {
        self.described.answers.push((status, Vec::new()));
        self
    }

    fn with(mut self, status: StatusCode, form: Form) -> Self {
        let answers = &mut self.described.answers;
        match answers.iter_mut().find(|(own, _)| *own == status) {
            Some((_, forms)) => forms.push(form),
            None => answers.push((status, vec![form])),
        }
        self
    }
}

fn form<T: JsonSchema>(media_type: &'static str) -> Form {
    Form { media_type, schema: Some(|generator| generator.subschema_for::<T>()) }
}

type Path = Result<RawPathParams, RawPathParamsRejection>;

/// The variable parts of the path, decoded.
fn parts(path: Path) -> Result<Vec<(String, String)>, Problem> {
    let path = path.map_err(|rejection| Refused::Path {
        name: "path".to_owned(),
        why: rejection.body_text(),
    })?;
    Ok(path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}
