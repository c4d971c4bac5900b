//! Who we are, and who they are: SCRAM and TLS against a real server.

use crate::world::{World, following, halted};
use headwater_cdc::{Encryption, Mapping, MinerSettings, PostgresSettings, TableMapping};
use headwater_outside::{Options, Postgres, or_skip};

#[tokio::test(flavor = "multi_thread")]
async fn a_password_and_a_certificate_are_checked_and_a_wrong_one_is_refused() {
    let options = Options::default().set("wal_level", "logical");
    let Some(postgres) = or_skip(Postgres::start(options)) else { return };
    let setup = [
        "create table rows (id int primary key)",
        "create publication mined for table rows",
        "create role miner login replication password 'a secret'",
        "grant select on rows to miner",
    ];
    let world = World::on(Box::leak(Box::new(postgres)), &setup).await;
    let authority =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (authority.cert.pem(), authority.signing_key.serialize_pem());
    // The program reads all lines: one that does not may be gone before the server has written them.
    let write = |name: &str, text: &str| {
        world.sql(&format!(
            "copy (select regexp_split_to_table('{text}', '\\n')) to program 'umask 077; cat > {name}'"
        ));
    };
    write("server.crt", &certificate);
    write("server.key", &key);
    write(
        "pg_hba.conf",
        "local all postgres trust\nhostssl all miner 127.0.0.1/32 scram-sha-256\n",
    );
    world.sql("alter system set ssl = on");
    world.postgres.stop().expect("it stops");
    world.postgres.start_again().expect("it starts with TLS");

    let encryption = Encryption::trusting(certificate.as_bytes()).expect("it is one");
    let settings = |password: &str, encryption: &Encryption| MinerSettings {
        source: world.source(
            PostgresSettings::new("localhost", world.postgres.port(), "miner", &world.database)
                .password(password)
                .encryption(encryption.clone()),
        ),
        ..world.settings(Mapping::default().table(TableMapping::of("public.rows")))
    };
    let wrong = halted(&world.mine_with(settings("a guess", &encryption))).await;
    assert!(wrong.1.contains("password authentication failed"), "{wrong:?}");
    let other =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let stranger = Encryption::trusting(other.cert.pem().as_bytes()).expect("it is one");
    assert_eq!(halted(&world.mine_with(settings("a secret", &stranger))).await.0, "cdc.tls");
    let open = halted(&world.mine_with(settings("a secret", &Encryption::Off))).await;
    assert!(open.1.contains("no encryption"), "the server wants TLS: {open:?}");

    let mining = world.mine_with(settings("a secret", &encryption));
    following(&mining).await;
    world.sql("insert into rows values (1)");
    world.await_events(&mining, 1).await;
    mining.drain().await;
    world.postgres.kill();
}
