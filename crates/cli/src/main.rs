//! The `headwater` command: a laptop's store, looked at and worked with.
//!
//! Why: the first thing a person does with an event store is to start one, put something in and
//! look at it; the last, on a bad day, is to ask whether the files are sound.
//!
//! Picture: `args` says what may be asked, one module per command does it, `exit` says how it went.

mod access;
mod args;
mod backup;
mod bar;
mod config;
mod dev;
mod exit;
mod grant;
mod group;
mod health;
mod lines;
mod output;
mod page;
mod parked;
mod profile;
mod relay;
mod restore;
mod scavenge;
mod schema;
mod server;
mod settings;
mod store;
mod stream;
mod token;
mod top;
mod user;
mod verify;
mod view;

use args::{Arguments, Command, Output};
use clap::{CommandFactory, FromArgMatches};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => return exit::failed(&error, Output::Text),
    };
    let runtime = match headwater_server::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return exit::failed(&anyhow::Error::new(error), arguments.output),
    };
    match runtime.block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::failed(&error, arguments.output),
    }
}

/// What was asked. A mistake in it ends the process here, as clap does; a profile that is not there
/// is an error as any other.
fn arguments() -> anyhow::Result<Arguments> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let command = profile::fill(Arguments::command(), &words)?;
    let matches = command.get_matches_from(words);
    Ok(Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let output = arguments.output;
    match &arguments.command {
        Command::Dev(dev) => dev::run(dev, output).await,
        Command::Server(server) => server::run(server, output).await,
        Command::Health(health) => health::run(health, output).await,
        Command::Top(top) => top::run(top, output).await,
        Command::Profile(profile) => profile::run(profile, output),
        Command::Config(config) => config::run(config, output),
        Command::Verify(verify) => verify::run(verify, output),
        Command::Scavenge(scavenge) => scavenge::run(scavenge, output).await,
        Command::Backup(backup) => backup::run(backup, output).await,
        Command::Restore(restore) => restore::run(restore, output),
        Command::Export(export) => lines::write(export, output).await,
        Command::Import(import) => lines::read(import, output).await,
        Command::Stream(stream) => stream::run(stream, output).await,
        Command::Group(group) => group::run(group, output).await,
        Command::Relay(relay) => relay::run(relay, output).await,
        Command::Parked(parked) => parked::run(parked, output).await,
        Command::View(view) => view::run(view, output).await,
        Command::Schema(schema) => schema::run(schema, output).await,
        Command::User(user) => user::run(user, output).await,
        Command::Token(token) => token::run(token, output).await,
        Command::Grant(grant) => grant::run(grant, output).await,
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(*shell, &mut command, "headwater", &mut std::io::stdout());
            Ok(())
        }
    }
}
