//! The door: what a connection says first, and TLS.
//!
//! Why: who connects and says nothing must cost little and not for long; who speaks TLS to a port
//! without it, or plainly to one with it, is told so instead of wondering.
//!
//! Picture: `connected ─▶ the first byte, within seconds ─▶ a place in the bounded room for
//! handshakes ─▶ the handshake, within seconds ─▶ HTTP`
//!
//! Invariant: D3 nothing of a stranger's is kept before the handshake but what rustls needs for it.

use super::misled;
use crate::metrics::{Counter, Name};
use crate::tls::Certificates;
use crate::{Host, PeerCertificate};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

/// What a TLS record that holds a handshake begins with.
const HANDSHAKE_BYTE: u8 = 0x16;

/// Who came in, and how.
pub(super) enum Entered {
    /// Without TLS.
    Plain(TcpStream),
    /// With it, and with a certificate of their own if they showed one.
    Secure(Box<TlsStream<TcpStream>>, Option<PeerCertificate>),
}

/// How connections come in.
pub(super) struct Door {
    certificates: Option<Certificates>,
    first_byte_within: Duration,
    handshake_within: Duration,
    handshakes: Semaphore,
    done: Counter,
    refused: Counter,
    late: Counter,
    plain: Counter,
}

impl Door {
    pub(super) fn new(certificates: Option<Certificates>, host: &Host) -> Self {
        let limits = host.limits();
        let count = |outcome| host.metrics().counter(Name::TlsHandshakes, &[("outcome", outcome)]);
        Self {
            certificates,
            first_byte_within: limits.headers_within,
            handshake_within: limits.handshake_within,
            handshakes: Semaphore::new(limits.handshake_count_max),
            done: count("done"),
            refused: count("refused"),
            late: count("late"),
            plain: count("plain"),
        }
    }

    /// Lets a connection in, or closes it.
    pub(super) async fn enter(&self, socket: TcpStream, peer: SocketAddr) -> Option<Entered> {
        let first = timeout(self.first_byte_within, first_byte(&socket)).await.ok()??;
        match (&self.certificates, first == HANDSHAKE_BYTE) {
            (Some(certificates), true) => self.handshake(certificates, socket, peer).await,
            (None, false) => Some(Entered::Plain(socket)),
            (Some(_), false) => {
                self.plain.add(1);
                tracing::info!(%peer, "somebody speaks plainly to a port that speaks TLS");
                misled::speaks_plainly(socket).await;
                None
            }
            (None, true) => {
                tracing::warn!(
                    %peer,
                    "somebody speaks TLS to a port that has none: give this server a certificate, or \
                     let them connect without (headwater://, http://, ?tls=false)"
                );
                misled::speaks_tls(socket).await;
                None
            }
        }
    }

    async fn handshake(
        &self,
        certificates: &Certificates,
        socket: TcpStream,
        peer: SocketAddr,
    ) -> Option<Entered> {
        let handshake = async {
            // Never closed.
            let _place = self.handshakes.acquire().await.ok()?;
            Some(certificates.acceptor().accept(socket).await)
        };
        let Ok(Some(shaken)) = timeout(self.handshake_within, handshake).await else {
            self.late.add(1);
            tracing::debug!(%peer, "a TLS handshake took too long");
            return None;
        };
        let stream = match shaken {
            Ok(stream) => stream,
            Err(cause) => {
                self.refused.add(1);
                tracing::info!(%peer, %cause, "a TLS handshake failed");
                return None;
            }
        };
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let certificate = match shown.map(PeerCertificate::read).transpose() {
            Ok(certificate) => certificate,
            Err(cause) => {
                self.refused.add(1);
                tracing::warn!(%peer, %cause, "a caller's certificate cannot be read");
                return None;
            }
        };
        self.done.add(1);
        Some(Entered::Secure(Box::new(stream), certificate))
    }
}

/// The first byte, left where it is; `None` if none comes.
async fn first_byte(socket: &TcpStream) -> Option<u8> {
    let mut byte = [0];
    matches!(socket.peek(&mut byte).await, Ok(1)).then_some(byte[0])
}
