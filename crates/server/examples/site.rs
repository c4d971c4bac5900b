//! A server over a fresh directory, for tests in other languages. It prints its address; then the
//! address of the same contexts by TLS and the file of the authority; then that of a server by TLS that
//! asks who asks, and the name and the password of who administers it. It ends when its input does.

use anyhow::Context;
use headwater_client::{Address, Client, ClientOptions, Credentials};
use headwater_server::{AccessOptions, Authentication, Server, ServerOptions, TlsOptions};
use headwater_store::EmbeddedStore;
use headwater_wire::v1;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Who administers the server that asks: a name that nobody would draw by chance.
const KEEPER: &str = "keeper-of-the-stories";
/// Their password.
const PASSWORD: &str = "correct-horse-battery";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let contexts = Arc::new(EmbeddedStore::open(dir.path())?);
    let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
    let tls = Some(certified(dir.path())?);
    let options = ServerOptions { tls: tls.clone(), ..ServerOptions::default() };
    let secure = Server::bind(anywhere, contexts.clone(), options).await?;
    let asked = AccessOptions::Authenticated(Authentication::default());
    let options = ServerOptions { tls, access: asked, ..ServerOptions::default() };
    let own = Arc::new(EmbeddedStore::open(&dir.path().join("asking"))?);
    let asking = Server::bind(anywhere, own, options).await?;
    let server = Server::bind(anywhere, contexts, ServerOptions::default()).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", server.address())?;
    let authority = dir.path().join("ca.pem");
    writeln!(stdout, "{} {}", secure.address(), authority.display())?;
    let asks = asking.address();
    let secret = asking.bootstrap().await?.context("somebody administers already")?;
    let asking = tokio::spawn(asking.run(std::future::pending()));
    administered(asks, &authority, secret.reveal()).await?;
    writeln!(stdout, "{asks} {KEEPER} {PASSWORD}")?;
    stdout.flush().context("nobody reads the address")?;
    let (stop, stopped) = oneshot::channel();
    std::thread::spawn(move || {
        // Whoever started this holds the other end of its input.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = stop.send(());
    });
    let secure = tokio::spawn(secure.run(std::future::pending()));
    server
        .run(async {
            let _ = stopped.await;
        })
        .await;
    secure.abort();
    asking.abort();
    Ok(())
}

/// Makes the first user who administers.
async fn administered(at: SocketAddr, authority: &Path, token: &str) -> anyhow::Result<()> {
    let address = format!("headwaters://{at}?ca={}", authority.display());
    let credentials = Credentials::token(token).map_err(anyhow::Error::msg)?;
    let address = address.parse::<Address>()?.by(credentials);
    let client = Client::connect(address, ClientOptions::default()).await?;
    let request = v1::CreateUserRequest {
        user: KEEPER.into(),
        full_name: "Whoever tells the stories".into(),
        roles: vec!["$admins".into()],
        password: Some(PASSWORD.into()),
    };
    client.access().create_user(request).await?;
    Ok(())
}

/// A certificate for this machine, and the authority that has signed it.
fn certified(folder: &Path) -> anyhow::Result<TlsOptions> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "An authority of a test");
    let key = KeyPair::generate()?;
    std::fs::write(folder.join("ca.pem"), params.self_signed(&key)?.pem())?;
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let own = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    let tls = TlsOptions::new(folder.join("c.pem"), folder.join("k.pem"));
    std::fs::write(&tls.certificate, own.pem())?;
    std::fs::write(&tls.key, key.serialize_pem())?;
    Ok(tls)
}
