//! A relay's connection: TLS is checked, and a wrong certificate or password is told by its code.

use headwater_outside::{MariaDb, Options, Postgres, or_skip};
use headwater_sql::outbox::{OutboxAddress, OutboxDesk, OutboxTable};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use std::path::Path;

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate")
}

/// What making the tables over this address came to.
async fn code_of(address: &str) -> Result<(), &'static str> {
    let address = OutboxAddress::parse(address).expect("an address");
    let made = OutboxDesk::new(address, OutboxTable::default()).make_tables().await;
    made.map_err(|error| error.code())
}

/// The four stories, each by its address.
async fn assert_checked(scheme: &str, server: &str, folder: &Path, own: &CertifiedKey<KeyPair>) {
    let (trusted, stranger) = (folder.join("own.pem"), folder.join("other.pem"));
    std::fs::write(&trusted, own.cert.pem()).expect("a file");
    std::fs::write(&stranger, certificate().cert.pem()).expect("a file");
    let by = |password: &str, ca: &Path| {
        format!("{scheme}://relay:{password}@{server}?sslmode=require&sslrootcert={}", ca.display())
    };
    assert_eq!(code_of(&by("wrong", &trusted)).await, Err("sql.credentials"));
    assert_eq!(code_of(&by("secret", &stranger)).await, Err("sql.tls"));
    assert_eq!(code_of(&by("secret", &folder.join("none.pem"))).await, Err("sql.tls"));
    let open = format!("{scheme}://relay:secret@{server}?sslmode=disable");
    assert_eq!(code_of(&open).await, Err("sql.credentials"), "the server wants TLS");
    assert_eq!(code_of(&by("secret", &trusted)).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_s_certificate_and_our_password_are_checked() {
    let Some(postgres) = or_skip(Postgres::start(Options::default())) else { return };
    let (own, folder) = (certificate(), tempfile::tempdir().expect("a directory"));
    let sql = |sql: &str| drop(postgres.rows("postgres", sql).expect("the statement is good"));
    sql("create role relay login superuser password 'secret'");
    let hba = "local all postgres trust\nhostssl all relay 127.0.0.1/32 scram-sha-256\n";
    let files = [
        ("server.crt", own.cert.pem()),
        ("server.key", own.signing_key.serialize_pem()),
        ("pg_hba.conf", hba.to_owned()),
    ];
    // The program reads all lines: one that does not may be gone before the server has written them.
    for (name, text) in files {
        sql(&format!(
            "copy (select regexp_split_to_table('{text}', '\\n')) to program 'umask 077; cat > {name}'"
        ));
    }
    sql("alter system set ssl = on");
    postgres.stop().expect("it stops");
    postgres.start_again().expect("it starts with TLS");
    let server = format!("localhost:{}/postgres", postgres.port());
    assert_checked("postgres", &server, folder.path(), &own).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_s_certificate_and_our_password_are_checked() {
    let Some(mariadb) = or_skip(MariaDb::start(Options::default())) else { return };
    let (own, folder) = (certificate(), tempfile::tempdir().expect("a directory"));
    let database = mariadb.database().expect("a database");
    let sql = |sql: &str| drop(mariadb.rows(&database, sql).expect("the statement is good"));
    let files = [("crt", own.cert.pem()), ("key", own.signing_key.serialize_pem())];
    for (name, text) in files {
        sql(&format!("select '{text}' into dumpfile 'server.{name}'"));
        mariadb.set(
            &format!("ssl-{}", if name == "crt" { "cert" } else { "key" }),
            &format!("{database}/server.{name}"),
        );
    }
    sql("create user relay identified by 'secret' require ssl");
    sql(&format!("grant all on {database}.* to relay"));
    mariadb.stop().expect("it stops");
    mariadb.start_again().expect("it starts with TLS");
    let server = format!("localhost:{}/{database}", mariadb.port());
    assert_checked("mariadb", &server, folder.path(), &own).await;
}
