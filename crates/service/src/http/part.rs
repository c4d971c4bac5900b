//! What a handler takes, read off its arguments.
//!
//! Why: a description that is written beside the code is wrong by the second change. A handler's
//! type cannot be.

use super::{Json, Paging, Path, Query};
use headwater_framework::{After, Cause};

/// What the arguments of a handler say about its route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// It is a request by its own name: `Idempotency-Key`.
    pub(crate) key: bool,
    /// It waits for what was written: `?after=`.
    pub(crate) after: bool,
    /// It answers in pages: `?limit=&cursor=`.
    pub(crate) pages: bool,
    /// It reads a JSON body.
    pub(crate) json: bool,
}

/// An argument of a handler. Implement it, empty, for extractors of your own that the description
/// need not name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not known to the route's description",
    note = "an extractor of your own needs `impl headwater::http::Part for … {{}}`"
)]
pub trait Part {
    /// Adds what it stands for.
    fn describe(_taken: &mut Taken) {}
}

impl Part for Cause {
    fn describe(taken: &mut Taken) {
        taken.key = true;
    }
}

impl Part for After {
    fn describe(taken: &mut Taken) {
        taken.after = true;
    }
}

impl Part for Paging {
    fn describe(taken: &mut Taken) {
        taken.pages = true;
    }
}

impl<T> Part for Json<T> {
    fn describe(taken: &mut Taken) {
        taken.json = true;
    }
}

impl<T> Part for axum::Json<T> {
    fn describe(taken: &mut Taken) {
        taken.json = true;
    }
}

impl<T> Part for Path<T> {}
impl<T> Part for Query<T> {}
impl<T> Part for axum::extract::Path<T> {}
impl<T> Part for axum::extract::Query<T> {}
impl<T> Part for axum::extract::State<T> {}
impl<T> Part for axum::Extension<T> {}
impl Part for axum::extract::Request {}
impl Part for axum::http::HeaderMap {}
impl Part for axum::http::Method {}
impl Part for axum::http::Uri {}
impl Part for axum::body::Bytes {}
impl<T: Part> Part for Option<T> {
    fn describe(taken: &mut Taken) {
        T::describe(taken);
    }
}

/// All arguments of a handler, as axum numbers them.
pub trait Arguments {
    /// What they say together.
    fn taken() -> Taken;
}

impl Arguments for ((),) {
    fn taken() -> Taken {
        Taken::default()
    }
}

macro_rules! arguments {
    ($($part:ident)*) => {
        impl<Via, $($part: Part),*> Arguments for (Via, $($part,)*) {
            fn taken() -> Taken {
                let mut taken = Taken::default();
                $($part::describe(&mut taken);)*
                taken
            }
        }
    };
}

arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E F);
arguments!(A B C D E F G);
arguments!(A B C D E F G H);
