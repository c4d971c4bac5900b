//! A profile fills in what neither a flag nor the environment says.
//!
//! Picture: `--profile NAME, HEADWATER_PROFILE, or the one in use ─▶ defaults of --server and --context`
//! of every command that takes them; `--data` means a directory, and no server is filled in.

use super::file::Profiles;
use clap::Command;
use clap::builder::{ArgPredicate, OsStr};
use std::ffi::OsString;

/// The command, with the profile's values as its defaults.
///
/// # Errors
/// If the profile that was named is not there, or the file cannot be read.
pub(crate) fn fill(command: Command, arguments: &[OsString]) -> anyhow::Result<Command> {
    let profiles = Profiles::read()?;
    let Some(name) = named(arguments).or_else(|| profiles.used.clone()) else {
        return Ok(command);
    };
    let entry = profiles.get(&name)?.clone();
    let with_server = filled(command, "server", &OsStr::from(entry.server));
    Ok(match entry.context {
        Some(context) => filled(with_server, "context", &OsStr::from(context)),
        None => with_server,
    })
}

/// Before anything else is understood of the command line, the profile must be.
fn named(arguments: &[OsString]) -> Option<String> {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix("--profile") {
            Some("") => return arguments.next().map(str::to_owned),
            Some(rest) if rest.starts_with('=') => return Some(rest[1..].to_owned()),
            _ if argument == "--" => break,
            _ => {}
        }
    }
    std::env::var("HEADWATER_PROFILE").ok().filter(|name| !name.is_empty())
}

fn filled(command: Command, id: &'static str, value: &OsStr) -> Command {
    let is_asked = command.get_arguments().any(|argument| argument.get_id() == id);
    let has_data = command.get_arguments().any(|argument| argument.get_id() == "data");
    let command = if is_asked {
        command.mut_arg(id, |argument| {
            // Help shows defaults, and this one may have a password in it.
            let argument = argument.default_value(value.clone()).hide_default_value(true);
            if has_data && id == "server" {
                argument.default_value_if("data", ArgPredicate::IsPresent, None::<&'static str>)
            } else {
                argument
            }
        })
    } else {
        command
    };
    let names: Vec<String> =
        command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| {
        command.mut_subcommand(name, |inner| filled(inner, id, value))
    })
}
