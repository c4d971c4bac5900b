//! Ports of this machine for servers that must be told one.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// A server answers within this, or it does not start.
const UP_WITHIN: Duration = Duration::from_secs(30);

/// A port that nobody listens at now.
pub(crate) fn free() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Waits until somebody listens there.
pub(crate) fn wait_for(port: u16) -> anyhow::Result<()> {
    let begun = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        anyhow::ensure!(begun.elapsed() < UP_WITHIN, "nobody listens at port {port}");
        // Nobody tells when another program begins to listen.
        std::thread::park_timeout(Duration::from_millis(20));
    }
    Ok(())
}
