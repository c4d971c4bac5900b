//! Settings from everywhere, and what is said of those that are wrong.

use super::gathered::{Flag, Sources};
use super::table::table;
use super::{Configured, Gathered, Origin, Wrong, gather};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// Files with these contents, in order.
fn files(texts: &[&str]) -> (TempDir, Vec<PathBuf>) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |(n, text): (usize, &&str)| {
        let file = directory.path().join(format!("{n}.toml"));
        fs::write(&file, text).expect("written");
        file
    };
    let files = texts.iter().enumerate().map(write).collect();
    (directory, files)
}

fn flag(shown: &str, key: &str, text: &str) -> Flag {
    Flag { shown: shown.to_owned(), key: key.to_owned(), text: text.to_owned() }
}

fn variables(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn wrong(sources: &Sources) -> Vec<String> {
    gather(sources).err().map(|Wrong(all)| all).expect("something is wrong")
}

fn origin(gathered: &Gathered, key: &str) -> Origin {
    gathered.origin(table().find(|setting| setting.key == key).expect("it is there"))
}

#[test]
fn later_sources_win_and_each_value_says_where_it_came_from() {
    let (directory, files) = files(&[
        "listen = '127.0.0.1:1'\ndrain_for = '1 s'\n[limits]\nconnections = 1\nhandshakes = 2",
        "drain_for = '2 s'\n[limits]\nconnections = 2",
    ]);
    let environment =
        variables(&[("HEADWATER_LIMITS_CONNECTIONS", "3"), ("HEADWATER_OUTPUT", "json")]);
    let flags = vec![flag("--drain-for", "drain_for", "4 s")];
    let mut gathered = gather(&Sources { files, environment, flags }).expect("all are right");
    let file = |name: &str, line| Origin::File { file: directory.path().join(name), line };
    assert_eq!(origin(&gathered, "listen"), file("0.toml", 1));
    assert_eq!(origin(&gathered, "limits.handshakes"), file("0.toml", 5));
    let variable = "HEADWATER_LIMITS_CONNECTIONS".to_owned();
    assert_eq!(origin(&gathered, "limits.connections"), Origin::Environment { variable });
    assert_eq!(origin(&gathered, "drain_for"), Origin::Flag { flag: "--drain-for".to_owned() });
    assert_eq!(origin(&gathered, "data"), Origin::Default);
    let configured = &mut gathered.configured;
    assert_eq!(configured.limits.connection_count_max, 3);
    assert_eq!(configured.limits.handshake_count_max, 2);
    assert_eq!(configured.drain_for, Duration::from_secs(4));
}

#[test]
fn a_file_names_files_beside_itself() {
    let (directory, files) =
        files(&["data = 'store'\n[tls]\ncertificate = '/c.pem'\nkey = 'k.pem'"]);
    let gathered = gather(&Sources { files, ..Sources::default() }).expect("all are right");
    assert_eq!(gathered.configured.data, directory.path().join("store"));
    assert_eq!(gathered.configured.tls.certificate, Some("/c.pem".into()));
    assert_eq!(gathered.configured.tls.key, Some(directory.path().join("k.pem")));
}

/// A typing error in a limit left the limit where it was, and nobody noticed. Now it is an error, and
/// all errors are said together.
#[test]
fn what_is_wrong_is_said_with_its_place_and_the_nearest_right_one() {
    let (_directory, files) = files(&["listn = '127.0.0.1:1'\n[limits]\nevent_byte = '1 MiB'\n\
                                       append_bytes = '1 TiB'\nidle_time = 30"]);
    let environment = variables(&[("HEADWATER_TLS_KEYS", "k"), ("HEADWATER_DRAIN_FOR", "2 years")]);
    let flags = vec![flag("--set connections", "connections", "7")];
    let all = wrong(&Sources { files, environment, flags });
    for (wrong, (place, says)) in all.iter().zip([
        ("0.toml:1", "no setting listn; is listen meant?"),
        ("0.toml:3", "no setting limits.event_byte; is limits.event_bytes meant?"),
        ("0.toml:4", "write a size"),
        ("0.toml:5", "write a duration"),
        ("HEADWATER_TLS_KEYS", "is HEADWATER_TLS_KEY meant?"),
        ("HEADWATER_DRAIN_FOR", "write a duration"),
        ("--set connections", "is limits.connections meant?"),
    ]) {
        assert!(wrong.contains(place) && wrong.contains(says), "{wrong}");
    }
    assert_eq!(all.len(), 7, "{all:?}");
}

#[test]
fn a_value_beyond_its_bounds_names_them() {
    let flags = vec![flag("--set x", "limits.event_bytes", "5 MiB")];
    let all = wrong(&Sources { flags, ..Sources::default() });
    assert_eq!(all, ["--set x: limits.event_bytes: 5 MiB is not within 1 B to 4 MiB"]);
}

/// The table is what everything is made from, so it must be right by itself.
#[test]
fn every_setting_is_within_its_own_bounds_and_has_a_reason() {
    let mut keys = Vec::new();
    for setting in table() {
        let mut configured = Configured::default();
        let shown = setting.field.show(&mut configured);
        let value = shown.split(' ').next().expect("split gives one");
        let bare = if setting.field.unit().is_some_and(|unit| !["ms", "bytes"].contains(&unit)) {
            value
        } else {
            shown.as_str()
        };
        if !shown.is_empty() {
            let set = setting.field.set(&mut configured, bare, None);
            set.unwrap_or_else(|why| panic!("the default of {}: {why}", setting.key));
            assert_eq!(setting.field.show(&mut configured), shown, "{}", setting.key);
        }
        assert!(setting.why.len() > 15, "{} has no reason", setting.key);
        keys.push(setting.key);
    }
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count, "no setting stands in the table twice");
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    for (settings, says) in [
        (&[("tls.certificate", "c")][..], "needs its tls.key"),
        (&[("tls.key", "k")], "needs its tls.certificate"),
        (&[("tls.authority", "a")], "not asked"),
        (&[("tls.callers", "required")], "tls.authority must say"),
        (&[("tls.callers", "required"), ("tls.authority", "a")], "needs one first"),
        (&[("kurrent.context", "$all")], "kurrent.context"),
    ] {
        let flags = settings.iter().map(|(key, text)| flag("--set", key, text)).collect();
        let gathered = gather(&Sources { flags, ..Sources::default() }).expect("each is right");
        let Wrong(all) = gathered.configured.server().expect_err("not together");
        assert!(all.iter().any(|wrong| wrong.contains(says)), "{all:?}");
    }
}
