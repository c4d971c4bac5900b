//! A server over a fresh directory, for tests in other languages: it prints its address, then the
//! address of the same contexts by TLS and the file of the authority, and ends when its input does.

use anyhow::Context;
use headwater_server::{Server, ServerOptions, TlsOptions};
use headwater_store::EmbeddedStore;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let contexts = Arc::new(EmbeddedStore::open(dir.path())?);
    let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
    let tls = Some(certified(dir.path())?);
    let options = ServerOptions { tls, ..ServerOptions::default() };
    let secure = Server::bind(anywhere, contexts.clone(), options).await?;
    let server = Server::bind(anywhere, contexts, ServerOptions::default()).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", server.address())?;
    writeln!(stdout, "{} {}", secure.address(), dir.path().join("ca.pem").display())?;
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
