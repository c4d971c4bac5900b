//! Requests: commands to another service's decider.
//!
//! Why: nobody appends to a foreign context. A request is recorded in the sender's own, with what led
//! to it, and the service that it is for pulls it.

pub(crate) mod accept;
mod health;
pub(crate) mod reader;
pub(crate) mod record;

pub use health::RequestsHealth;

use crate::Command;

/// A command to another service, in the sender's own words. Derived, where `to` is said:
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
///
/// #[derive(Command, Debug, Clone)]
/// #[command(to = "customers", id = "customer")]
/// pub enum CreditRequest {
///     ReserveCredit { customer: String, order: String, amount: u64 },
///     ReleaseCredit { customer: String, order: String },
/// }
///
/// let release = CreditRequest::ReleaseCredit { customer: "ann".into(), order: "8f3a".into() };
/// assert_eq!((CreditRequest::TO, &*release.target()), ("customers", "ann"));
/// ```
pub trait Request: Command {
    /// The service that is asked, which is its context's name.
    const TO: &'static str;

    /// The id of what the request is about: the receiver's decider takes it from there.
    fn target(&self) -> String;
}
