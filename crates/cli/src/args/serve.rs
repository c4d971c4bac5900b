//! What `headwater dev` and `headwater server` are asked, and `headwater config`.

use super::{Data, SEE_EXIT_CODES};
use crate::settings::gathered::{Flag, Sources, usual_files};
use clap::{Args, Subcommand};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

#[derive(Args)]
pub(crate) struct Dev {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Leave the shop out: the store alone.
    #[arg(long)]
    pub(crate) no_demo: bool,
    /// Take any free ports instead of 2113 and 8080 to 8083.
    #[arg(long)]
    pub(crate) any_port: bool,
}

/// Where a store listens unless it is told otherwise: this machine only.
pub(crate) const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2_113);

#[derive(Args)]
pub(crate) struct Server {
    #[command(flatten)]
    pub(crate) said: Said,
}

/// Settings, as the command line says them. `headwater config show` tells which there are, what each
/// is, and where it came from; each has a variable HEADWATER_… and a place in a file too.
#[derive(Args)]
pub(crate) struct Said {
    /// Read this file instead of /etc/headwater/headwater.toml and ./headwater.toml.
    #[arg(long, value_name = "FILE", env = "HEADWATER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where the data is (.headwater).
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Where to listen; port 0 takes any that is free (127.0.0.1:2113).
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Let other machines in although nothing is encrypted, or nobody is asked who they are: whoever
    /// reaches the address reads and writes everything.
    #[arg(long)]
    insecure_listen_anywhere: bool,
    /// Ask everybody who they are: users, tokens, certificates, JWTs.
    #[arg(long)]
    auth: bool,
    /// The server's certificate (PEM); new ones are taken up while it runs.
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<String>,
    /// The key of the certificate (PEM).
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// Whether callers show certificates: not-asked, asked, required.
    #[arg(long, value_name = "WHETHER")]
    tls_callers: Option<String>,
    /// Who signs callers' certificates (PEM).
    #[arg(long, value_name = "FILE")]
    tls_authority: Option<String>,
    /// The context that clients of KurrentDB see (default).
    #[arg(long, value_name = "CONTEXT")]
    kurrent_context: Option<String>,
    /// Where clients of KurrentDB that ask by gossip find this server (where they asked).
    #[arg(long, value_name = "HOST:PORT")]
    kurrent_advertise: Option<String>,
    /// Say that it is not ready for so long before it stops, so that nothing new is sent here (0 s).
    #[arg(long, value_name = "TIME")]
    drain_for: Option<String>,
    /// Any setting by its name: --set limits.connections=100. May be given more than once.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_pair)]
    set: Vec<(String, String)>,
}

impl Said {
    /// All that says something: files, the environment, these flags.
    pub(crate) fn sources(&self) -> Sources {
        let files = self.config.clone().map_or_else(usual_files, |file| vec![file]);
        let ours = |name: &String| name.starts_with("HEADWATER_") || name.starts_with("OTEL_");
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| ours(name))
            .collect();
        Sources { files, environment, flags: self.flags() }
    }

    fn flags(&self) -> Vec<Flag> {
        let anywhere = self.insecure_listen_anywhere.then(|| "true".to_owned());
        let auth = self.auth.then(|| "true".to_owned());
        let own = [
            ("auth", &auth),
            ("data", &self.data),
            ("listen", &self.listen),
            ("insecure-listen-anywhere", &anywhere),
            ("tls-certificate", &self.tls_certificate),
            ("tls-key", &self.tls_key),
            ("tls-callers", &self.tls_callers),
            ("tls-authority", &self.tls_authority),
            ("kurrent-context", &self.kurrent_context),
            ("kurrent-advertise", &self.kurrent_advertise),
            ("drain-for", &self.drain_for),
        ];
        let own = own.into_iter().filter_map(|(flag, text)| {
            let setting = crate::settings::table().find(|setting| setting.flag == Some(flag))?;
            let (key, text) = (setting.key.to_owned(), text.clone()?);
            Some(Flag { shown: format!("--{flag}"), key, text })
        });
        let set = self.set.iter().map(|(key, text)| Flag {
            shown: format!("--set {key}"),
            key: key.clone(),
            text: text.clone(),
        });
        own.chain(set).collect()
    }
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("write a name and a value: limits.connections=100")?;
    Ok((pair.0.trim().to_owned(), pair.1.trim().to_owned()))
}

#[derive(Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every setting that `headwater server` would have here, and where each came from.
    #[command(after_help = SEE_EXIT_CODES)]
    Show(Box<Show>),
    /// Look whether a settings file is right, all of it, without starting anything.
    #[command(after_help = SEE_EXIT_CODES)]
    Check {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the pages of the documentation that are made from the settings.
    #[command(hide = true)]
    Docs,
}

#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) said: Said,
}
