//! The door: who speaks the wrong language is told so, who says nothing is shown out.

use super::authority::Authority;
use super::site::{Site, get, impatient, secured, shout, visit};
use headwater_model::{ReadError, Unavailable};
use headwater_server::{Limits, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The beginning of a TLS record that says a handshake follows, of which nothing does.
const HELLO: &[u8] = &[0x16, 3, 1, 2, 0];

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_plainly_to_a_port_with_tls_is_told_so() {
    let authority = Authority::new();
    let site = Site::start(secured(&authority.issue("server", &["localhost"]))).await;
    let answer = get(&site.plain(), "/readyz").await.expect("an answer, not a reset");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("this port speaks TLS only"), "{answer}");
    let refused = visit(site.plain()).await.err().expect("gRPC neither");
    assert!(refused.to_string().contains("this port speaks TLS only"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_tls_to_a_port_without_is_told_so() {
    let site = Site::start(ServerOptions::default()).await;
    let refused = visit(site.secure("localhost", &Authority::new())).await.err().expect("no TLS");
    let ReadError::Unavailable(Unavailable::Io { why, .. }) = refused else { panic!("{refused}") };
    assert!(why.contains("write headwater:// instead of headwaters://"), "{why}");
}

/// D3: connections that were opened to hold their places lose them, in every state they can be in.
#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_or_only_half_is_shown_out() {
    let authority = Authority::new();
    let mut options = secured(&authority.issue("server", &["localhost"]));
    options.limits = Limits { handshake_count_max: 1, ..impatient() };
    let site = Site::start(options).await;
    for half in [&b""[..], &HELLO[..1], HELLO, b"PRI"] {
        shout(site.address, half).await;
    }
    let plain =
        Site::start(ServerOptions { limits: impatient(), ..ServerOptions::default() }).await;
    for half in [&b""[..], b"PRI * HTTP/2.0\r\n", b"GET /livez HTTP/1.1\r\nhost"] {
        shout(plain.address, half).await;
    }
}

/// D3: the room for handshakes is bounded, and who waits before it with nothing to say takes no
/// place in it: here a hundred that say nothing, and one place.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_do_not_keep_others_from_their_handshake() {
    let authority = Authority::new();
    let mut options = secured(&authority.issue("server", &["localhost"]));
    options.limits.handshake_count_max = 1;
    let site = Site::start(options).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(site.address).await.expect("it listens"));
    }
    visit(site.secure("localhost", &authority)).await.expect("the place is free");
    site.stop().await;
}

/// A connection that has asked and was answered is kept for a while, not for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_asks_for_nothing_more_is_closed() {
    let options = ServerOptions { limits: impatient(), ..ServerOptions::default() };
    let site = Site::start(options).await;
    let mut socket = TcpStream::connect(site.address).await.expect("it listens");
    let ask = b"GET /livez HTTP/1.1\r\nhost: h\r\n\r\n";
    socket.write_all(ask).await.expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("until the server closes it");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
