//! What kind of value a setting takes: how it is read, shown, and where it goes.

use super::Configured;
use super::human;
use headwater_server::telemetry::{Headers, SampleRatio};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a value goes.
pub(crate) type At<T> = fn(&mut Configured) -> &mut T;

/// A kind of value.
#[derive(Clone, Copy)]
pub(crate) enum Field {
    /// A folder.
    Directory(At<PathBuf>),
    /// A file, perhaps none.
    File(At<Option<PathBuf>>),
    Address(At<SocketAddr>),
    Text(At<String>),
    OneOf(&'static [&'static str], At<String>),
    Switch(At<bool>),
    /// Names and values that are shown to nobody.
    Secret(At<Headers>),
    /// A part of all, from 0 to 1.
    Ratio(At<SampleRatio>),
    Span {
        min: Duration,
        max: Duration,
        at: At<Duration>,
    },
    Bytes {
        min: u64,
        max: u64,
        at: Size,
    },
    Count {
        unit: &'static str,
        min: u64,
        max: u64,
        at: Size,
    },
}

/// Where a number goes.
#[derive(Clone, Copy)]
pub(crate) enum Size {
    Usize(At<usize>),
    U32(At<u32>),
}

impl Size {
    fn get(self, configured: &mut Configured) -> u64 {
        match self {
            Self::Usize(at) => *at(configured) as u64,
            Self::U32(at) => u64::from(*at(configured)),
        }
    }

    /// The bounds of every field fit its type; a test looks.
    fn set(self, configured: &mut Configured, value: u64) {
        match self {
            Self::Usize(at) => *at(configured) = usize::try_from(value).unwrap_or(usize::MAX),
            Self::U32(at) => *at(configured) = u32::try_from(value).unwrap_or(u32::MAX),
        }
    }
}

impl Field {
    /// Reads a value and puts it in its place. `beside` is the folder that files are relative to.
    pub(crate) fn set(
        self,
        configured: &mut Configured,
        text: &str,
        beside: Option<&Path>,
    ) -> Result<(), String> {
        let path = || match beside {
            Some(folder) => folder.join(text),
            None => PathBuf::from(text),
        };
        let not_empty = || if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(()) };
        match self {
            Self::Directory(at) => {
                not_empty()?;
                *at(configured) = path();
            }
            Self::File(at) => {
                not_empty()?;
                *at(configured) = Some(path());
            }
            Self::Address(at) => {
                *at(configured) =
                    text.parse().map_err(|_| "write an address, such as 127.0.0.1:2113")?;
            }
            Self::Text(at) => *at(configured) = text.to_owned(),
            Self::OneOf(words, at) => {
                if !words.contains(&text) {
                    return Err(format!("write one of {}", words.join(", ")));
                }
                *at(configured) = text.to_owned();
            }
            Self::Switch(at) => {
                *at(configured) = text.parse().map_err(|_| "write true or false")?;
            }
            Self::Secret(at) => {
                *at(configured) = Headers::parse(text).map_err(|error| error.to_string())?;
            }
            Self::Ratio(at) => {
                *at(configured) = text.parse().map_err(|_| "write a number from 0 to 1")?;
            }
            Self::Span { min, max, at } => {
                let value = human::parse_duration(text)?;
                within(value, min, max, human::duration)?;
                *at(configured) = value;
            }
            Self::Bytes { min, max, at } => {
                let value = human::parse_bytes(text)?;
                within(value, min, max, human::bytes)?;
                at.set(configured, value);
            }
            Self::Count { min, max, at, .. } => {
                let value = text.replace('_', "").parse().map_err(|_| "write a number")?;
                within(value, min, max, |count: u64| count.to_string())?;
                at.set(configured, value);
            }
        }
        Ok(())
    }

    /// The value, for a person; empty where there is none.
    pub(crate) fn show(self, configured: &mut Configured) -> String {
        match self {
            Self::Directory(at) => at(configured).display().to_string(),
            Self::File(at) => {
                at(configured).as_ref().map_or_else(String::new, |file| file.display().to_string())
            }
            Self::Address(at) => at(configured).to_string(),
            Self::Text(at) | Self::OneOf(_, at) => at(configured).clone(),
            Self::Switch(at) => at(configured).to_string(),
            Self::Secret(at) => at(configured).to_string(),
            Self::Ratio(at) => at(configured).to_string(),
            Self::Span { at, .. } => human::duration(*at(configured)),
            Self::Bytes { at, .. } => human::bytes(at.get(configured)),
            Self::Count { unit, at, .. } => format!("{} {unit}", at.get(configured)),
        }
    }

    /// The value, for a program: numbers are numbers, in [`Field::unit`].
    pub(crate) fn json(self, configured: &mut Configured) -> Value {
        match self {
            Self::Switch(at) => json!(*at(configured)),
            Self::Ratio(at) => json!(at(configured).as_f64()),
            Self::Span { at, .. } => json!(at(configured).as_millis() as u64),
            Self::Bytes { at, .. } | Self::Count { at, .. } => json!(at.get(configured)),
            other => match other.show(configured) {
                none if none.is_empty() => Value::Null,
                text => json!(text),
            },
        }
    }

    /// What a number counts.
    pub(crate) const fn unit(self) -> Option<&'static str> {
        match self {
            Self::Span { .. } => Some("ms"),
            Self::Bytes { .. } => Some("bytes"),
            Self::Count { unit, .. } => Some(unit),
            _ => None,
        }
    }

    /// What may be written, for a person.
    pub(crate) fn takes(self) -> String {
        match self {
            Self::Directory(_) => "a folder".to_owned(),
            Self::File(_) => "a file".to_owned(),
            Self::Address(_) => "an address".to_owned(),
            Self::Text(_) => "a text".to_owned(),
            Self::OneOf(words, _) => words.join(", "),
            Self::Switch(_) => "true or false".to_owned(),
            Self::Secret(_) => "name=value, between commas".to_owned(),
            Self::Ratio(_) => "0 to 1".to_owned(),
            Self::Span { min, max, .. } => {
                format!("{} to {}", human::duration(min), human::duration(max))
            }
            Self::Bytes { min, max, .. } => {
                format!("{} to {}", human::bytes(min), human::bytes(max))
            }
            Self::Count { min, max, .. } => format!("{min} to {max}"),
        }
    }
}

fn within<T: PartialOrd + Copy>(
    value: T,
    min: T,
    max: T,
    show: impl Fn(T) -> String,
) -> Result<(), String> {
    if value < min || value > max {
        return Err(format!("{} is not within {} to {}", show(value), show(min), show(max)));
    }
    Ok(())
}
