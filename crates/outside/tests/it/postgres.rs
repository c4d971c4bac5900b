//! PostgreSQL: what a test relies on when it says "killed" or "gone".

use headwater_outside::{Options, OutsideError, Postgres, or_skip};

fn text(value: &str) -> Vec<Option<String>> {
    vec![Some(value.to_owned())]
}

#[test]
fn what_was_committed_outlives_a_kill_and_what_was_not_does_not() {
    let options = Options::default().set("wal_level", "logical");
    let Some(server) = or_skip(Postgres::start(options)) else { return };
    let database = server.database().unwrap();
    server.rows(&database, "create table t (n int); insert into t values (1)").unwrap();
    for n in 2..5 {
        server.kill();
        let gone = server.rows(&database, "select 1").unwrap_err();
        assert!(matches!(gone, OutsideError::Failed { .. }), "{gone}");
        server.start_again().unwrap();
        server.rows(&database, &format!("insert into t values ({n})")).unwrap();
    }
    let open = "begin; insert into t values (99)"; // and the session ends
    server.rows(&database, open).unwrap();
    assert_eq!(
        server.rows(&database, "select count(*), null from t").unwrap(),
        [[Some("4".to_owned()), None]]
    );
    server.stop().unwrap();
    server.start_again().unwrap();
    assert_eq!(server.rows(&database, "show wal_level").unwrap(), [text("logical")]);
    let directory = server.socket().to_owned();
    assert!(directory.exists());
    drop(server);
    assert!(!directory.exists(), "nothing is left behind");
}

#[test]
fn a_panicking_test_leaves_nothing_behind() {
    let Some(server) = or_skip(Postgres::start(Options::default())) else { return };
    let directory = server.socket().to_owned();
    let ended = std::thread::spawn(move || {
        let _ends_with_the_thread = server;
        panic!("on purpose");
    });
    assert!(ended.join().is_err());
    assert!(!directory.exists());
}

#[test]
fn databases_of_a_shared_server_are_strangers_to_each_other() {
    let Some(server) = Postgres::shared() else { return };
    let (one, other) = (server.database().unwrap(), server.database().unwrap());
    server.rows(&one, "create table t (n int)").unwrap();
    let refused = server.rows(&other, "select * from t").unwrap_err();
    assert!(refused.to_string().contains("does not exist"), "{refused}");
}

#[test]
fn a_setting_that_is_wrong_is_said_in_the_servers_words() {
    if or_skip(Postgres::look()).is_none() {
        return;
    }
    let options = Options::default().set("wal_level", "cosy");
    let error = Postgres::start(options).unwrap_err().to_string();
    assert!(error.contains("wal_level") && error.contains("cosy"), "{error}");
}
