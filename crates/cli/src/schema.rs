//! `headwater schema`: the schemas of a context, and its rules about them.

use crate::args::{Enforced, Output, SchemaCommand, SchemaRegister, SchemaRules, SchemaShow};
use crate::args::{Place, Schema};
use crate::output::Printer;
use crate::store;
use anyhow::Context as _;
use headwater_registry::{Enforce, Registered, Registry, RegistryError};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) async fn run(schema: &Schema, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    match &schema.command {
        SchemaCommand::Ls(asked) => list(&mut printer, &asked.place).await?,
        SchemaCommand::Show(asked) => show(&mut printer, asked).await?,
        SchemaCommand::Register(asked) => register(&mut printer, asked).await?,
        SchemaCommand::Check(asked) => {
            let registry = existing(&asked.place).await?;
            let differences = registry.check(&asked.event, &file(&asked.file)?).await?;
            if !differences.is_empty() {
                let compatibility = registry.rules().await?.compatibility.as_str();
                let event_type = asked.event.clone();
                return Err(
                    RegistryError::Incompatible { event_type, compatibility, differences }.into()
                );
            }
            let value = json!({ "event": asked.event, "compatible": true });
            printer.line(&format!("{}: nothing would break", asked.event), &value)?;
        }
        SchemaCommand::Rules(asked) => rules(&mut printer, asked).await?,
    }
    Ok(printer.flush()?)
}

async fn existing(place: &Place) -> anyhow::Result<Registry> {
    Ok(Registry::new(store::existing_context(place).await?))
}

async fn list(printer: &mut Printer, place: &Place) -> anyhow::Result<()> {
    let all = existing(place).await?.all().await?;
    let rows: Vec<_> = all
        .iter()
        .map(|schema| {
            let cells = [
                schema.event_type.clone(),
                schema.version.to_string(),
                schema.registered_at.to_string(),
            ];
            let value = json!({ "event": schema.event_type, "schema_version": schema.version,
                "registered_at": schema.registered_at });
            (cells, value)
        })
        .collect();
    printer.rows(["EVENT", "VERSION", "REGISTERED"], &rows)?;
    if rows.is_empty() {
        printer.say("no schemas yet; `headwater schema register` adds one")?;
    }
    Ok(())
}

async fn show(printer: &mut Printer, asked: &SchemaShow) -> anyhow::Result<()> {
    let registry = existing(&asked.place).await?;
    let schema = registry.schema(&asked.event, asked.schema_version).await?;
    let text = serde_json::to_string_pretty(&schema.schema)?;
    let value = json!({ "event": schema.event_type, "schema_version": schema.version,
        "schema": schema.schema });
    Ok(printer.line(&text, &value)?)
}

async fn register(printer: &mut Printer, asked: &SchemaRegister) -> anyhow::Result<()> {
    let registry = Registry::new(store::context(&asked.place).await?);
    let (event, version) = (&asked.event, asked.schema_version);
    let registered = registry.register(event, version, &file(&asked.file)?).await?;
    let (text, is_new) = match registered {
        Registered::Now => ("is registered", true),
        Registered::Already => ("stood there already", false),
    };
    let value = json!({ "event": event, "schema_version": version, "new": is_new });
    Ok(printer.line(&format!("{event} version {version} {text}"), &value)?)
}

async fn rules(printer: &mut Printer, asked: &SchemaRules) -> anyhow::Result<()> {
    let is_set = asked.compatibility.is_some() || asked.enforce.is_some();
    let registry = match is_set {
        true => Registry::new(store::context(&asked.place).await?),
        false => existing(&asked.place).await?,
    };
    let mut rules = registry.rules().await?;
    rules.compatibility = asked.compatibility.unwrap_or(rules.compatibility);
    rules.enforce = match asked.enforce {
        None => rules.enforce,
        Some(Enforced::Off) => Enforce::Off,
        Some(Enforced::Known) => Enforce::Known,
        Some(Enforced::All) => Enforce::All,
    };
    if is_set {
        registry.set_rules(rules).await?;
    }
    let enforced = match rules.enforce {
        Enforce::Off => "nothing is enforced",
        Enforce::Known => "events with a schema must fit it",
        Enforce::All => "all events must have a schema and fit it",
    };
    let text = format!("compatibility {}; {enforced}", rules.compatibility.as_str());
    Ok(printer.line(&text, &serde_json::to_value(rules)?)?)
}

fn file(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))
}
