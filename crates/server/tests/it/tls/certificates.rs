//! Certificates: whose are believed, and what happens when they change.

use super::authority::Authority;
use super::site::{Site, get, mutual, secured, showing, visit};
use headwater_model::{
    Append, EventId, EventStore, EventType, ExpectedRevision, NewEvent, ReadError, StreamName,
    Unavailable,
};
use headwater_server::tls::{CallerCertificates, Looked};
use headwater_server::{Server, ServerOptions};
use headwater_store::EmbeddedStore;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

/// What the client says of a server that it will not work with.
fn refusal(visited: Result<Arc<dyn EventStore>, ReadError>) -> String {
    match visited.err().expect("it is not let in") {
        ReadError::Unavailable(Unavailable::Io { why, .. }) => why,
        other => panic!("another error: {other:?}"),
    }
}

/// A2 and the others hold as they do without: the client is the same, the bytes are not to be read.
#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_the_same_over_tls() {
    let authority = Authority::new();
    let site = Site::start(secured(&authority.issue("server", &["localhost"]))).await;
    let address = site.secure("localhost", &authority);
    let store = visit(address.clone()).await.expect("they trust each other");
    let stream = StreamName::new("order-1").expect("a name");
    let kind = EventType::new("OrderPlaced").expect("a type");
    let event = NewEvent::json(EventId(uuid::Uuid::now_v7()), kind, "{}");
    let append = Append::to(stream.clone(), ExpectedRevision::NoStream, vec![event]);
    store.append(append).await.expect("appended");
    assert_eq!(store.stream(stream).await.expect("it is there").last.map(|last| last.0), Some(0));
    let page = get(&address, "/readyz").await.expect("HTTP/1.1 on the same port");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let counted = get(&address, "/metrics").await.expect("counted");
    assert!(counted.contains("headwater_tls_handshakes_total{outcome=\"done\"} 3\n"), "{counted}");
    // The last day of 2999.
    let ends = "headwater_tls_certificate_expires_timestamp_seconds 32503593600\n";
    assert!(counted.contains(ends), "{counted}");
    site.stop().await;
}

/// Asking again would change nothing, so it is said at once, and says what to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_cannot_trust_the_server_says_why() {
    let (authority, other) = (Authority::new(), Authority::new());
    let site = Site::start(secured(&authority.issue("server", &["store.example"]))).await;
    let why = refusal(visit(site.secure("localhost", &other)).await);
    assert!(why.contains("name the authority that has, with ?ca=FILE"), "{why}");
    let why = refusal(visit(site.secure("localhost", &authority)).await);
    assert!(why.contains("not for localhost; it is for") && why.contains("store.example"), "{why}");
    let old = authority.issue_until("old", &["localhost"], 2001);
    let site = Site::start(secured(&old)).await;
    let why = refusal(visit(site.secure("localhost", &authority)).await);
    assert_eq!(why, "the server's certificate has expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_no_certificate_stays_outside_where_one_is_required() {
    let (authority, other) = (Authority::new(), Authority::new());
    let callers = CallerCertificates::Required { authority: authority.file() };
    let site = Site::start(mutual(&authority.issue("server", &["localhost"]), callers)).await;
    let address = site.secure("localhost", &authority);
    let why = refusal(visit(address.clone()).await);
    assert!(why.contains("?cert=FILE&key=FILE"), "{why}");
    let stranger = other.issue("stranger", &["stranger"]);
    refusal(visit(showing(address.clone(), &stranger)).await);
    let orders = authority.issue("orders", &["orders"]);
    visit(showing(address, &orders)).await.expect("this one is known");
}

/// Some callers have certificates, the others say otherwise who they are; a false one is no
/// certificate at all.
#[tokio::test(flavor = "multi_thread")]
async fn who_shows_no_certificate_comes_in_where_one_is_only_asked_for() {
    let (authority, other) = (Authority::new(), Authority::new());
    let callers = CallerCertificates::Asked { authority: authority.file() };
    let site = Site::start(mutual(&authority.issue("server", &["localhost"]), callers)).await;
    let address = site.secure("localhost", &authority);
    visit(address.clone()).await.expect("without one");
    visit(showing(address.clone(), &authority.issue("orders", &["orders"])))
        .await
        .expect("with one");
    refusal(visit(showing(address, &other.issue("stranger", &["stranger"]))).await);
}

/// A renewal that went wrong took a server down at the next restart. Files that cannot be used are
/// not used, are counted, and the server goes on with what it has.
#[tokio::test(flavor = "multi_thread")]
async fn new_certificates_are_taken_up_and_broken_ones_are_not() {
    let authority = Authority::new();
    let pair = authority.issue_until("server", &["localhost"], 2998);
    let site = Site::start(secured(&pair)).await;
    let address = site.secure("localhost", &authority);
    let certificates = site.certificates.clone().expect("it has TLS");
    assert_eq!(certificates.look_again(), Looked::Same);
    let key = fs::read(&pair.key).expect("read");
    fs::write(&pair.key, "what a full disk leaves of a file").expect("written");
    for _ in 0..2 {
        assert!(matches!(certificates.look_again(), Looked::Kept(_)));
    }
    authority.issue("server", &["localhost"]);
    fs::write(&pair.key, key).expect("written");
    let Looked::Kept(error) = certificates.look_again() else { panic!("another's key is used") };
    assert_eq!(error.code(), "server.tls");
    visit(address.clone()).await.expect("the old ones are still good");
    authority.issue("server", &["localhost"]);
    assert_eq!(certificates.look_again(), Looked::Renewed);
    let counted = get(&address, "/metrics").await.expect("the new ones are good");
    assert!(counted.contains("headwater_tls_reloads_total{outcome=\"kept\"} 3\n"), "{counted}");
    assert!(counted.contains("headwater_tls_reloads_total{outcome=\"renewed\"} 1\n"), "{counted}");
    assert!(counted.contains("expires_timestamp_seconds 32503593600\n"), "{counted}");
}

/// Nobody has to tell the server that there are new files.
#[tokio::test(flavor = "multi_thread")]
async fn new_certificates_are_found_without_being_told() {
    let authority = Authority::new();
    let mut options = secured(&authority.issue_until("server", &["localhost"], 2998));
    let tls = options.tls.as_mut().expect("it has TLS");
    tls.look_again_every = Duration::from_millis(1);
    let site = Site::start(options).await;
    let address = site.secure("localhost", &authority);
    authority.issue("server", &["localhost"]);
    loop {
        let counted = get(&address, "/metrics").await.expect("one of the two is good");
        if counted.contains("expires_timestamp_seconds 32503593600\n") {
            return;
        }
    }
}

/// Better not to start than to be open, or to be unreachable.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_start_with_files_that_it_cannot_use() {
    let authority = Authority::new();
    let pair = authority.issue("server", &["localhost"]);
    let other = authority.issue("other", &["localhost"]);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Arc::new(EmbeddedStore::open(directory.path()).expect("the store opens"));
    let start = async |options: ServerOptions| {
        let anywhere = (std::net::Ipv4Addr::LOCALHOST, 0).into();
        let bound = Server::bind(anywhere, store.clone(), options).await;
        let error = bound.err().expect("it does not start");
        assert_eq!(error.code(), "server.tls");
        error.to_string()
    };
    let mut mixed = pair.clone();
    mixed.key = other.key;
    assert!(start(secured(&mixed)).await.contains("cannot be used with the key in"));
    mixed.key = pair.certificate.clone();
    assert!(start(secured(&mixed)).await.contains("no private key in it"));
    mixed.key = authority.path().join("nowhere.key");
    assert!(start(secured(&mixed)).await.contains("nowhere.key cannot be read"));
    let callers = CallerCertificates::Required { authority: pair.key.clone() };
    assert!(start(mutual(&pair, callers)).await.contains("no certificate in it"));
}
