//! Golden events: what a publisher's events look like, as files that its readers are tested with.
//!
//! Why: a reader knows its publisher by names and fields only; a typo compiles, and waits for ever.
//! The publisher's test writes each public event to `<Name>.v<version>.json`; the reader's test
//! reads those files with its own `Input`.

use super::given::as_recorded;
use crate::{DecodeError, Event, Input, Source};
use bytes::Bytes;
use std::fmt::Debug;
use std::path::Path;

/// Compares each event with its file in `folder`; writes those that are missing if the variable
/// `HEADWATER_LOCK` is `update`.
///
/// # Panics
/// With the first event that is written differently, or has no file.
#[track_caller]
pub fn writes_golden<E: Event + Debug>(folder: &Path, events: impl IntoIterator<Item = E>) {
    for event in events {
        let recorded = as_recorded(&event);
        let name = format!("{}.v{}.json", recorded.event_type, recorded.schema_version);
        let path = folder.join(name);
        let text = String::from_utf8_lossy(&recorded.payload).into_owned();
        match std::fs::read_to_string(&path) {
            Ok(golden) => assert_eq!(golden.trim_end(), text, "{}", path.display()),
            Err(_) if std::env::var("HEADWATER_LOCK").is_ok_and(|value| value == "update") => {
                let made = std::fs::create_dir_all(folder);
                let written = made.and_then(|()| std::fs::write(&path, text + "\n"));
                written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            }
            Err(error) => {
                panic!("{}: {error}; write it with HEADWATER_LOCK=update", path.display())
            }
        }
    }
}

/// Reads, with `I`, every golden event in `folder` that it asks for of `context`.
///
/// # Panics
/// If an event that `I` asks for has no file there, or cannot be read.
#[track_caller]
pub fn reads_golden<I: Input>(folder: &Path, context: &str) {
    let source = Source { context, own: false };
    for kind in I::TYPES.iter().filter(|kind| source.is(kind.context)) {
        let versions = golden_versions(folder, kind.name);
        assert!(!versions.is_empty(), "{context} publishes no {}: {}", kind.name, folder.display());
        for (schema_version, payload) in versions {
            let envelope = super::envelope("test-1", kind.name, 0);
            let event = headwater_model::RecordedEvent { schema_version, payload, ..envelope };
            let decoded: Result<_, DecodeError> = I::decode(source, &event);
            if let Err(error) = decoded {
                panic!("{context} publishes what cannot be read here: {error}");
            }
        }
    }
}

/// The files `<name>.v1.json`, `<name>.v2.json`, … that are there.
pub(super) fn golden_versions(folder: &Path, name: &str) -> Vec<(u32, Bytes)> {
    let read = |version: u32| {
        let text = std::fs::read(folder.join(format!("{name}.v{version}.json"))).ok()?;
        Some((version, Bytes::from(text)))
    };
    (1..=64).filter_map(read).collect()
}
