//! The causes that several errors share.

use super::text::{required, words};
use crate::v1::unavailable::{Because, Cause, Io, Locked};
use crate::{Malformed, v1};
use headwater_model::{Corrupt, Unavailable};

impl From<&Unavailable> for v1::Unavailable {
    fn from(unavailable: &Unavailable) -> Self {
        let because = |why: &String| Because { why: why.clone().into() };
        let cause = match unavailable {
            Unavailable::Full { why } => Cause::Full(because(why)),
            Unavailable::Poisoned { why } => Cause::Poisoned(because(why)),
            Unavailable::Closed => Cause::Closed(v1::Nothing {}),
            Unavailable::Locked { owner } => Cause::Locked(Locked { owner: owner.clone().into() }),
            Unavailable::Fenced { why } => Cause::Fenced(because(why)),
            Unavailable::Io { what, why } => {
                Cause::Io(Io { what: what.clone().into(), why: why.clone().into() })
            }
        };
        Self { cause: Some(cause) }
    }
}

impl TryFrom<v1::Unavailable> for Unavailable {
    type Error = Malformed;
    fn try_from(unavailable: v1::Unavailable) -> Result<Self, Malformed> {
        let why = |because: Because| words("a cause", because.why);
        Ok(match required("the cause", unavailable.cause)? {
            Cause::Full(because) => Self::Full { why: why(because)? },
            Cause::Poisoned(because) => Self::Poisoned { why: why(because)? },
            Cause::Closed(_) => Self::Closed,
            Cause::Locked(locked) => Self::Locked { owner: words("an owner", locked.owner)? },
            Cause::Fenced(because) => Self::Fenced { why: why(because)? },
            Cause::Io(io) => {
                Self::Io { what: words("a cause", io.what)?, why: words("a cause", io.why)? }
            }
        })
    }
}

impl From<&Corrupt> for v1::Corrupt {
    fn from(corrupt: &Corrupt) -> Self {
        let (file, why) = (corrupt.file.clone().into(), corrupt.why.clone().into());
        Self { file, at: corrupt.at, why }
    }
}

impl TryFrom<v1::Corrupt> for Corrupt {
    type Error = Malformed;
    fn try_from(corrupt: v1::Corrupt) -> Result<Self, Malformed> {
        let (file, why) = (words("a file", corrupt.file)?, words("a cause", corrupt.why)?);
        Ok(Self { file, at: corrupt.at, why })
    }
}
