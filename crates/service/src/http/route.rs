//! Routes that know what they are.

use super::part::{Arguments, Part, Taken};
use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::routing::{MethodFilter, MethodRouter, on};
use headwater_framework::Service;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::convert::Infallible;
use std::fmt;

/// How a type is described.
pub(crate) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// One method of one path.
pub struct Route<S = Service> {
    pub(crate) described: Described,
    handler: MethodRouter<S, Infallible>,
}

/// A route, without its handler.
#[derive(Clone)]
pub(crate) struct Described {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) summary: Option<&'static str>,
    pub(crate) taken: Taken,
    pub(crate) body: Option<Describe>,
    pub(crate) query: Option<Describe>,
    pub(crate) answers: Vec<(StatusCode, Option<Describe>)>,
}

macro_rules! method {
    ($(#[$doc:meta])* $name:ident, $method:ident) => {
        $(#[$doc])*
        pub fn $name<H, A, S>(path: impl Into<String>, handler: H) -> Route<S>
        where
            H: Handler<A, S>,
            A: Arguments + 'static,
            S: Clone + Send + Sync + 'static,
        {
            Route::of(Method::$method, MethodFilter::$method, path.into(), handler)
        }
    };
}

method!(
    /// A question: changes nothing.
    get, GET
);
method!(
    /// A command.
    post, POST
);
method!(
    /// A command that replaces what is there.
    put, PUT
);
method!(
    /// A command that takes something away.
    delete, DELETE
);

impl<S: Clone + Send + Sync + 'static> Route<S> {
    fn of<H, A>(method: Method, filter: MethodFilter, path: String, handler: H) -> Self
    where
        H: Handler<A, S>,
        A: Arguments + 'static,
    {
        let described = Described {
            method,
            path,
            summary: None,
            taken: A::taken(),
            body: None,
            query: None,
            answers: Vec::new(),
        };
        Self { described, handler: on(filter, handler) }
    }

    /// What it is for, in one line.
    #[must_use]
    pub fn says(mut self, summary: &'static str) -> Self {
        self.described.summary = Some(summary);
        self
    }

    /// As if its handler took a `P`: for a route that passes its requests on to one that does.
    #[must_use]
    pub fn passes<P: Part>(mut self) -> Self {
        P::describe(&mut self.described.taken);
        self
    }

    /// The shape of its body.
    #[must_use]
    pub fn takes<T: JsonSchema>(mut self) -> Self {
        self.described.body = Some(|generator| generator.subschema_for::<T>());
        self
    }

    /// What may stand behind the `?`.
    #[must_use]
    pub fn asks<T: JsonSchema>(mut self) -> Self {
        self.described.query = Some(|generator| generator.root_schema_for::<T>());
        self
    }

    /// The shape of its answer. Problems are described for every route.
    #[must_use]
    pub fn answers<T: JsonSchema>(mut self, status: StatusCode) -> Self {
        let describe: Describe = |generator| generator.subschema_for::<T>();
        self.described.answers.push((status, Some(describe)));
        self
    }
}

impl<S> fmt::Debug for Route<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.described.method, self.described.path)
    }
}

/// The routes of a service, and their description.
///
/// ```
/// use headwater_service::http::*;
/// use headwater_framework::{Cause, Service};
///
/// #[derive(serde::Deserialize, JsonSchema)]
/// # #[schemars(crate = "headwater_service::http::schemars")]
/// struct Greeting { name: String }
///
/// async fn greet(_cause: Cause, Json(greeting): Json<Greeting>) -> String {
///     format!("hello {}", greeting.name)
/// }
///
/// let routes: Routes<Service> = Routes::new()
///     .add(post("/greetings", greet).says("Greets").takes::<Greeting>());
/// ```
pub struct Routes<S = Service> {
    pub(crate) router: Router<S>,
    pub(crate) described: Vec<Described>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// None yet.
    pub fn new() -> Self {
        Self { router: Router::new(), described: Vec::new() }
    }

    /// Also this route.
    ///
    /// # Panics
    /// If another route has the same method and path, or the path is none that axum takes.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "a route is added to routes, not summed")]
    pub fn add(mut self, route: Route<S>) -> Self {
        self.router = self.router.route(&route.described.path, route.handler);
        self.described.push(route.described);
        self
    }

    /// Also these routes, which the description does not know.
    #[must_use]
    pub fn merge(mut self, router: Router<S>) -> Self {
        self.router = self.router.merge(router);
        self
    }

    /// With this value for handlers that take an `Extension` of it.
    #[must_use]
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.router = self.router.layer(axum::Extension(value));
        self
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> From<Router<S>> for Routes<S> {
    fn from(router: Router<S>) -> Self {
        Self::new().merge(router)
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.described.iter().map(|route| format!("{} {}", route.method, route.path));
        f.debug_list().entries(names).finish()
    }
}
