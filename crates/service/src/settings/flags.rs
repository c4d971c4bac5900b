//! The command line as settings: `--time-limit 5s` or `--time-limit=5s`.

use super::SettingsError;

/// A flag without its dashes, and its value.
type Flag<'a> = (&'a str, &'a str);

/// The file asked for by `--config`, and all other flags with their values.
pub(super) fn split(words: &[String]) -> Result<(Option<&str>, Vec<Flag<'_>>), SettingsError> {
    let mut config = None;
    let mut flags = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let refused = |why| SettingsError::Flag { word: word.clone(), why };
        let flag =
            word.strip_prefix("--").ok_or_else(|| refused("is no flag; flags begin with --"))?;
        let (flag, value) = match flag.split_once('=') {
            Some(pair) => pair,
            None => {
                let value = words.as_slice().first().filter(|next| !next.starts_with("--"));
                words.next();
                (flag, value.ok_or_else(|| refused("needs a value"))?.as_str())
            }
        };
        match flag {
            "" => return Err(refused("is no flag")),
            "config" => config = Some(value),
            flag => flags.push((flag, value)),
        }
    }
    Ok((config, flags))
}
