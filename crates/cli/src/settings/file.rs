//! A settings file: TOML, each value with the line it stands in.

use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// A value as it stands in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// `tls.key`, tables and all.
    pub(crate) key: String,
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// Everything in a file, in the order it stands there, or all that is wrong with its form.
pub(crate) fn read(file: &Path) -> Result<Vec<Written>, Vec<String>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| vec![format!("{shown} cannot be read: {error}")])?;
    parse(&text).map_err(|wrong| {
        wrong.into_iter().map(|(line, why)| format!("{shown}:{line}: {why}")).collect()
    })
}

fn parse(text: &str) -> Result<Vec<Written>, Vec<(usize, String)>> {
    let line_of = |span: Range<usize>| 1 + text[..span.start.min(text.len())].matches('\n').count();
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let place = |error: &toml::de::Error| error.span().map_or(1, line_of);
        let said = |error: &toml::de::Error| (place(error), error.message().replace('\n', ", "));
        return Err(errors.iter().map(said).collect());
    }
    let (mut written, mut wrong) = (Vec::new(), Vec::new());
    let mut tables = vec![(String::new(), table.get_ref())];
    while let Some((prefix, table)) = tables.pop() {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let line = line_of(name.span());
            let text = match value.get_ref() {
                DeValue::Table(inner) => {
                    tables.push((format!("{key}."), inner));
                    continue;
                }
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Float(number) => number.to_string(),
                DeValue::Boolean(switch) => switch.to_string(),
                _ => {
                    wrong.push((line, format!("{key}: write a text, a number, true or false")));
                    continue;
                }
            };
            written.push(Written { key, text, line });
        }
    }
    written.sort_by_key(|written| written.line);
    if wrong.is_empty() { Ok(written) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_line() {
        let text = "listen = \"[::]:1\"\n\n[limits]\nconnections = 9\n\n[tls]\nkey = 'k.pem'\n";
        let written: Vec<_> = parse(text).expect("TOML").into_iter().collect();
        let shown: Vec<_> =
            written.iter().map(|w| (w.key.as_str(), w.text.as_str(), w.line)).collect();
        assert_eq!(
            shown,
            [("listen", "[::]:1", 1), ("limits.connections", "9", 4), ("tls.key", "k.pem", 7)]
        );
    }

    /// D3: a file may hold anything.
    #[test]
    fn what_is_no_toml_and_what_no_setting_takes_are_said_with_their_lines() {
        let wrong = parse("listen = 1\nlisten = 2\n\nkey").expect_err("twice, and half");
        assert!(wrong.iter().any(|(line, _)| *line == 2), "{wrong:?}");
        assert!(wrong.iter().any(|(line, _)| *line == 4), "{wrong:?}");
        let wrong = parse("a = 1\nb = [1]\nc = 2026-11-21").expect_err("no setting takes these");
        assert_eq!(wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3]);
    }
}
