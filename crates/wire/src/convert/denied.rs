//! Why who asked may not have it.

use super::text::{required, words};
use crate::v1::denied::{Cause, Forbidden, Unauthenticated};
use crate::{Malformed, v1};
use headwater_model::Denied;

impl From<&Denied> for v1::Denied {
    fn from(denied: &Denied) -> Self {
        let cause = match denied.clone() {
            Denied::Forbidden { who, verb, what } => Cause::Forbidden(Forbidden {
                who: who.into(),
                verb: verb.into(),
                what: what.into(),
            }),
            Denied::Unauthenticated { why } => {
                Cause::Unauthenticated(Unauthenticated { why: why.into() })
            }
        };
        Self { cause: Some(cause) }
    }
}

impl TryFrom<v1::Denied> for Denied {
    type Error = Malformed;
    fn try_from(denied: v1::Denied) -> Result<Self, Malformed> {
        Ok(match required("the cause", denied.cause)? {
            Cause::Forbidden(Forbidden { who, verb, what }) => Self::Forbidden {
                who: words("who", who)?,
                verb: words("a verb", verb)?,
                what: words("what is asked", what)?,
            },
            Cause::Unauthenticated(Unauthenticated { why }) => {
                Self::Unauthenticated { why: words("a cause", why)? }
            }
        })
    }
}
