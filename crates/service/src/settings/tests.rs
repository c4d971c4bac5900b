//! Settings from every source, and the messages when they do not fit.

use super::{Given, SettingsError};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, PartialEq, Deserialize)]
struct Settings {
    listen: SocketAddr,
    store: Store,
    #[serde(with = "super::duration")]
    time_limit: Duration,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    contexts: Vec<u16>,
    #[serde(default)]
    form: Form,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Store {
    url: String,
    retries: u8,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    #[default]
    Choreographed,
    Orchestrated,
}

const FILE: &str =
    "listen = '127.0.0.1:8081'\ntime_limit = '30s'\n[store]\nurl = 'file:data'\nretries = 3\n";

fn read(
    file: &str,
    environment: &[(&str, &str)],
    flags: &[&str],
) -> Result<Settings, SettingsError> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("my-orders.toml"), file).unwrap();
    let given = Given {
        flags: flags.iter().map(ToString::to_string).collect(),
        environment: environment.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
    };
    given.read("my-orders", directory.path())
}

fn message(file: &str, environment: &[(&str, &str)], flags: &[&str]) -> String {
    read(file, environment, flags).unwrap_err().to_string()
}

#[test]
fn the_environment_stands_over_the_file_and_flags_stand_over_both() {
    let from_file = read(FILE, &[], &[]).unwrap();
    assert_eq!(from_file.listen.port(), 8081);
    assert_eq!(from_file.time_limit, Duration::from_secs(30));
    assert_eq!(from_file.store, Store { url: "file:data".into(), retries: 3 });
    assert_eq!((from_file.name, from_file.form), (None, Form::Choreographed));

    let environment = [
        ("HEADWATER__MY_ORDERS__TIME_LIMIT", "1m 30s"),
        ("HEADWATER__MY_ORDERS__STORE__RETRIES", "5"),
        ("HEADWATER__MY_ORDERS__NAME", "8081"),
        ("HEADWATER__CUSTOMERS__LISTEN", "another service's"),
        ("PATH", "/bin"),
    ];
    let flags = ["--store.retries", "7", "--contexts=1, 2", "--form", "orchestrated"];
    let over = read(FILE, &environment, &flags).unwrap();
    assert_eq!(over.time_limit, Duration::from_secs(90));
    assert_eq!(over.store, Store { url: "file:data".into(), retries: 7 });
    assert_eq!(over.name.as_deref(), Some("8081"), "text stays text where text is asked for");
    assert_eq!((over.contexts, over.form), (vec![1, 2], Form::Orchestrated));
}

#[test]
fn a_file_is_needed_only_if_it_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let flags = ["--listen=[::1]:0", "--time-limit=1s", "--store.url=memory:", "--store.retries=0"];
    let mut given = Given { flags: flags.map(String::from).into(), ..Given::default() };
    assert!(given.read::<Settings>("orders", directory.path()).is_ok());
    given.flags.extend(["--config".into(), "other.toml".into()]);
    let path: PathBuf = directory.path().join("other.toml");
    assert_eq!(
        given.read::<Settings>("orders", directory.path()),
        Err(SettingsError::NoFile { path: path.clone() })
    );
    std::fs::write(path, "name = 'from the other'").unwrap();
    let read: Settings = given.read("orders", directory.path()).unwrap();
    assert_eq!(read.name.as_deref(), Some("from the other"));
}

#[test]
fn messages_name_the_setting_its_source_and_what_is_wrong() {
    assert_eq!(
        message("time_limit = '30s'\n[store]\nurl = ''\nretries = 3", &[], &[]),
        "the setting `listen` is missing: give --listen"
    );
    assert_eq!(
        message("[store]\nurl = ''", &[], &["--listen", "[::1]:1", "--time-limit", "1s"]),
        "the setting `store.retries` is missing: give --store.retries"
    );
    assert_eq!(
        message(FILE, &[("HEADWATER__MY_ORDERS__STORE__RETRIES", "many")], &[]),
        "the setting `store.retries` (from the environment's HEADWATER__MY_ORDERS__STORE__RETRIES) \
         does not fit: `many` is no whole number from 0 to 255"
    );
    assert_eq!(
        message(FILE, &[], &["--lisen", "x"]),
        "there is no setting `lisen` (from --lisen); there are: listen, store, time_limit, name, \
         contexts, form"
    );
    assert!(
        message(FILE, &[], &["--time-limit", "soon"]).contains("is no span of time such as 30s")
    );
    assert!(message(FILE, &[], &["--listen", "here"]).contains("(from --listen) does not fit"));
    assert!(message("listen = 3", &[], &[]).contains("my-orders.toml) does not fit"));
    assert!(message("listen =", &[], &[]).contains("my-orders.toml cannot be read"));
    assert_eq!(message(FILE, &[], &["--listen"]), "`--listen` needs a value");
    assert_eq!(
        message("nonsense", &[], &["--help"]),
        "the settings of my-orders are --listen, --store, --time-limit, --name, --contexts, --form; \
         as flags, as HEADWATER__MY_ORDERS__… or in my-orders.toml"
    );
    assert_eq!(message(FILE, &[], &["listen"]), "`listen` is no flag; flags begin with --");
}
