//! MariaDB: what a test relies on when it says "killed" or "gone".

use headwater_outside::{MariaDb, Options, OutsideError, or_skip};

#[test]
fn what_was_committed_outlives_a_kill() {
    let options = Options::default().set("log_bin", "log").set("binlog_format", "row");
    let Some(server) = or_skip(MariaDb::start(options)) else { return };
    let database = server.database().unwrap();
    server.rows(&database, "create table t (n int)").unwrap();
    for n in 1..4 {
        server.rows(&database, &format!("insert into t values ({n})")).unwrap();
        server.kill();
        let gone = server.rows(&database, "select 1").unwrap_err();
        assert!(matches!(gone, OutsideError::Failed { .. }), "{gone}");
        server.start_again().unwrap();
    }
    let found = server.rows(&database, "select count(*), null from t").unwrap();
    assert_eq!(found, [[Some("3".to_owned()), None]]);
    server.stop().unwrap();
    server.start_again().unwrap();
    let log = server.rows(&database, "show variables like 'log_bin'").unwrap();
    assert_eq!(log, [[Some("log_bin".to_owned()), Some("ON".to_owned())]]);
    let directory = server.socket().parent().unwrap().to_owned();
    drop(server);
    assert!(!directory.exists(), "nothing is left behind");
}

#[test]
fn databases_of_a_shared_server_are_strangers_to_each_other() {
    let Some(server) = MariaDb::shared() else { return };
    let (one, other) = (server.database().unwrap(), server.database().unwrap());
    server.rows(&one, "create table t (n int)").unwrap();
    let refused = server.rows(&other, "select * from t").unwrap_err();
    assert!(refused.to_string().contains("doesn't exist"), "{refused}");
}
