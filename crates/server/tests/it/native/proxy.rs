//! A TCP proxy that cuts connections where it is told, and can swallow what the server says.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where a connection is cut: behind so many bytes to the server, or from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) up: u64,
    pub(super) down: u64,
}

const NEVER: Cut = Cut { up: u64::MAX, down: u64::MAX };

/// Told to all connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Orders {
    /// What the server says is swallowed.
    mute: bool,
    /// Connections opened before so many cuts are cut.
    cuts: u64,
}

pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    orders: watch::Sender<Orders>,
    planned: Arc<Mutex<VecDeque<Cut>>>,
}

impl Proxy {
    /// In front of `server`; the first connections are cut as planned, all others never.
    pub(super) async fn before(server: SocketAddr, plan: impl IntoIterator<Item = Cut>) -> Self {
        let planned = Arc::new(Mutex::new(plan.into_iter().collect::<VecDeque<_>>()));
        let orders = watch::Sender::new(Orders::default());
        let (plan, heard) = (Arc::clone(&planned), orders.clone());
        let start = async move {
            let listener = TcpListener::bind(super::served::ANYWHERE).await.expect("a free port");
            let address = listener.local_addr().expect("it has an address");
            tokio::spawn(accept(listener, server, plan, heard));
            address
        };
        let address = super::served::SOCKETS.spawn(start).await.expect("the proxy starts");
        Self { address, orders, planned }
    }

    /// Cuts what is open.
    pub(super) fn cut(&self) {
        self.orders.send_modify(|orders| {
            orders.cuts += 1;
            orders.mute = false;
        });
    }

    /// Swallows what the server says, until the cut.
    pub(super) fn mute(&self) {
        self.orders.send_modify(|orders| orders.mute = true);
    }

    /// How many planned cuts have not come yet.
    pub(super) fn left(&self) -> usize {
        self.planned.lock().expect("no panic").len()
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    planned: Arc<Mutex<VecDeque<Cut>>>,
    orders: watch::Sender<Orders>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let cut = planned.lock().expect("no panic").pop_front().unwrap_or(NEVER);
        tokio::spawn(carry(client, server, cut, orders.subscribe()));
    }
}

async fn carry(
    client: TcpStream,
    server: SocketAddr,
    cut: Cut,
    mut orders: watch::Receiver<Orders>,
) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let opened_at = orders.borrow().cuts;
    let (client_says, client) = client.into_split();
    let (server_says, server) = server.into_split();
    let silence = orders.clone();
    tokio::select! {
        () = pass(client_says, server, cut.up, || false) => {}
        () = pass(server_says, client, cut.down, || silence.borrow().mute) => {}
        _ = orders.wait_for(|orders| orders.cuts > opened_at) => {}
    }
}

/// Passes bytes on until the cut, the end, or an error.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut left: u64,
    swallows: impl Fn() -> bool,
) {
    let mut buffer = vec![0; 16 * 1_024];
    while left > 0 {
        let room = usize::try_from(left).unwrap_or(buffer.len()).min(buffer.len());
        let Ok(count @ 1..) = from.read(&mut buffer[..room]).await else { return };
        left -= count as u64;
        if !swallows() && to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
