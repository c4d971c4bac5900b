//! Refusals: a typed no, with a reason that a person and a program can read.
//!
//! Why: "the order exists already" is an answer of the domain, not a failure of the system. It
//! crosses HTTP as a status, and a log as its code, which survives where a type does not.

/// Why a decider said no. Derived.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
///
/// #[derive(Refusal, Debug, PartialEq)]
/// pub enum OrderRefusal {
///     #[refusal(not_found, "there is no such order")]
///     Unknown,
///     #[refusal(conflict, "only {left} of {asked} are left")]
///     SoldOut { left: u32, asked: u32 },
/// }
///
/// let refusal = OrderRefusal::SoldOut { left: 2, asked: 3 };
/// assert_eq!(refusal.to_string(), "only 2 of 3 are left");
/// assert_eq!(refusal.code(), "order.sold_out");
/// assert_eq!(refusal.kind(), RefusalKind::Conflict);
/// ```
pub trait Refusal: std::error::Error + Send + Sync + 'static {
    /// What kind of no it is.
    fn kind(&self) -> RefusalKind;

    /// The stable code: `order.exists` for `OrderRefusal::Exists`.
    fn code(&self) -> &'static str;
}

/// The kinds of no that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The request makes no sense, whatever the state.
    Invalid,
    /// Not to this caller.
    Forbidden,
    /// What it is about does not exist.
    NotFound,
    /// It does not fit the state.
    Conflict,
}
