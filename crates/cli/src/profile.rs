//! `headwater profile`: named connection settings of the command line.
//!
//! Why: nobody types the address of a production server twice without a mistake, and the second
//! mistake is the wrong server. A profile is named, seen, and used on purpose.
//!
//! Invariants: flags and the environment win over a profile. The file is its owner's alone to read.

mod file;
mod fill;

pub(crate) use fill::fill;

use crate::args::{Output, Profile, ProfileAdd, ProfileCommand};
use crate::exit::NotFound;
use crate::output::Printer;
use file::{Entry, Profiles};
use headwater_client::Address;
use serde_json::json;

pub(crate) fn run(profile: &Profile, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    match &profile.command {
        ProfileCommand::Add(add) => added(add, &mut printer)?,
        ProfileCommand::Use { name } => used(name.as_deref(), &mut printer)?,
        ProfileCommand::Ls => listed(&mut printer)?,
        ProfileCommand::Rm { name } => removed(name, &mut printer)?,
    }
    Ok(printer.flush()?)
}

fn added(add: &ProfileAdd, printer: &mut Printer) -> anyhow::Result<()> {
    let ProfileAdd { name, to, within, replace } = add;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    anyhow::ensure!(
        !name.is_empty() && name.chars().all(fits),
        "a profile's name is of letters, digits and - _ ."
    );
    let mut profiles = Profiles::read()?;
    anyhow::ensure!(
        *replace || !profiles.profile.contains_key(name),
        "there is a profile {name}; --replace replaces it"
    );
    // As it was given: a password in it is kept, and shown nowhere.
    let given: Address = to.parse()?;
    let entry = Entry { server: to.clone(), context: within.clone() };
    profiles.profile.insert(name.clone(), entry);
    profiles.write()?;
    let text = format!("{name} is {given}; `headwater profile use {name}` uses it from now on");
    Ok(printer.line(&text, &json!({ "profile": name, "server": given.to_string() }))?)
}

fn used(name: Option<&str>, printer: &mut Printer) -> anyhow::Result<()> {
    let mut profiles = Profiles::read()?;
    if let Some(name) = name {
        profiles.get(name)?;
    }
    profiles.used = name.map(str::to_owned);
    profiles.write()?;
    let text = match name {
        Some(name) => format!("{name} is used from now on"),
        None => "no profile is used from now on".to_owned(),
    };
    Ok(printer.line(&text, &json!({ "used": name }))?)
}

fn listed(printer: &mut Printer) -> anyhow::Result<()> {
    let profiles = Profiles::read()?;
    let wide = profiles.profile.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, Entry { server, context }) in &profiles.profile {
        let server = server.parse::<Address>()?.to_string();
        let is_used = profiles.used.as_deref() == Some(name);
        let mark = if is_used { '*' } else { ' ' };
        let within = context.as_deref().map(|c| format!("  context {c}")).unwrap_or_default();
        let value =
            json!({ "profile": name, "server": server, "context": context, "used": is_used });
        printer.line(&format!("{mark} {name:<wide$}  {server}{within}"), &value)?;
    }
    Ok(())
}

fn removed(name: &str, printer: &mut Printer) -> anyhow::Result<()> {
    let mut profiles = Profiles::read()?;
    profiles.get(name)?;
    profiles.profile.remove(name);
    if profiles.used.as_deref() == Some(name) {
        profiles.used = None;
    }
    profiles.write()?;
    Ok(printer.line(&format!("{name} is forgotten"), &json!({ "removed": name }))?)
}

impl Profiles {
    /// The profile of this name.
    fn get(&self, name: &str) -> Result<&Entry, NotFound> {
        self.profile.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.profile.keys().map(String::as_str).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            NotFound(format!("there is no profile {name}; there are: {there}"))
        })
    }
}
