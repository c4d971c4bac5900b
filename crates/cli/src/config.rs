//! `headwater config`: what the server would be told, and by whom.

use crate::args::{Config, ConfigCommand, Output};
use crate::output::Printer;
use crate::settings::fixed::fixed;
use crate::settings::gathered::Sources;
use crate::settings::{Configured, Gathered, Origin, Setting, gather, table};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

pub(crate) fn run(config: &Config, output: Output) -> anyhow::Result<()> {
    let mut printer = Printer::new(output);
    match &config.command {
        ConfigCommand::Show(show) => {
            let gathered = gather(&show.said.sources())?;
            gathered.configured.server()?;
            print(&mut printer, gathered)?;
        }
        ConfigCommand::Check { file } => check(&mut printer, file)?,
        ConfigCommand::Docs => printer.say(&docs())?,
    }
    Ok(printer.flush()?)
}

fn check(printer: &mut Printer, file: &Path) -> anyhow::Result<()> {
    let gathered = gather(&Sources { files: vec![file.to_owned()], ..Sources::default() })?;
    gathered.configured.server()?;
    let count = table().filter(|setting| gathered.origin(setting) != Origin::Default).count();
    let settings = if count == 1 { "setting" } else { "settings" };
    let shown = file.display();
    let value = json!({ "file": file, "settings": count });
    Ok(printer.line(&format!("{shown} is right: {count} {settings}"), &value)?)
}

fn print(printer: &mut Printer, mut gathered: Gathered) -> anyhow::Result<()> {
    let mut defaults = Configured::default();
    let mut lines = vec![["SETTING", "VALUE", "DEFAULT", "FROM"].map(str::to_owned)];
    let mut values = Vec::new();
    for setting in table() {
        let origin = gathered.origin(setting);
        let value = setting.field.show(&mut gathered.configured);
        let default = setting.field.show(&mut defaults);
        values.push(value_of(setting, &mut gathered, &mut defaults, &origin));
        let dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let default = if value == default { String::new() } else { dash(default) };
        lines.push([setting.key.to_owned(), dash(value), default, origin.to_string()]);
    }
    let wide = |column: usize| lines.iter().map(|l| l[column].chars().count()).max().unwrap_or(0);
    let (a, b, c) = (wide(0), wide(1), wide(2));
    for [key, value, default, from] in &lines {
        printer.say(&format!("{key:<a$}  {value:<b$}  {default:<c$}  {from}"))?;
    }
    for value in &values {
        printer.line_for_programs(value)?;
    }
    Ok(())
}

fn value_of(
    setting: &Setting,
    gathered: &mut Gathered,
    defaults: &mut Configured,
    origin: &Origin,
) -> Value {
    let from = match origin {
        Origin::Default => json!({ "kind": "default" }),
        Origin::File { file, line } => json!({ "kind": "file", "file": file, "line": line }),
        Origin::Environment { variable } => json!({ "kind": "environment", "variable": variable }),
        Origin::Flag { flag } => json!({ "kind": "flag", "flag": flag }),
    };
    json!({
        "setting": setting.key,
        "value": setting.field.json(&mut gathered.configured),
        "unit": setting.field.unit(),
        "default": setting.field.json(defaults),
        "from": from,
        "variable": setting.variable(),
        "takes": setting.field.takes(),
        "why": setting.why,
    })
}

/// The tables of `docs/settings.md`.
pub(crate) fn docs() -> String {
    let mut defaults = Configured::default();
    let mut text =
        String::from("| setting | default | takes | what, and why |\n|---|---|---|---|\n");
    for setting in table() {
        let (key, why, takes) = (setting.key, setting.why, setting.field.takes());
        let default = match setting.field.show(&mut defaults) {
            none if none.is_empty() => String::new(),
            value => format!("`{value}`"),
        };
        writeln!(text, "| `{key}` | {default} | {takes} | {why} |").expect("a string takes all");
    }
    text.push_str("\n| fixed | is | why it cannot be turned |\n|---|---|---|\n");
    for limit in fixed() {
        let (what, value, why_not) = (limit.what, limit.value, limit.why_not);
        writeln!(text, "| {what} | `{value}` | {why_not} |").expect("a string takes all");
    }
    text
}
