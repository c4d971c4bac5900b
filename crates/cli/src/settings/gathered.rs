//! Settings gathered from everywhere, and where each came from.

use super::table::{Setting, table};
use super::telemetry::take_standard;
use super::{Configured, Wrong, file};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// Nowhere.
    Default,
    File {
        file: PathBuf,
        line: usize,
    },
    Environment {
        variable: String,
    },
    Flag {
        flag: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag { flag } => f.write_str(flag),
        }
    }
}

/// What was said on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    /// As it was written: `--listen`, or `--set limits.connections`.
    pub(crate) shown: String,
    pub(crate) key: String,
    pub(crate) text: String,
}

/// All that can say something, weakest first.
#[derive(Default)]
pub(crate) struct Sources {
    pub(crate) files: Vec<PathBuf>,
    /// Variables with their values.
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) flags: Vec<Flag>,
}

/// The settings, and where each came from.
pub(crate) struct Gathered {
    pub(crate) configured: Configured,
    origins: BTreeMap<&'static str, Origin>,
}

impl Gathered {
    pub(crate) fn origin(&self, setting: &Setting) -> Origin {
        self.origins.get(setting.key).cloned().unwrap_or(Origin::Default)
    }

    /// Whether anybody said something about it.
    pub(crate) fn is_said(&self, key: &str) -> bool {
        self.origins.contains_key(key)
    }

    pub(crate) fn set(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), String> {
        let Some(setting) = table().find(|setting| setting.key == key) else {
            return Err(format!("{origin}: {}", unknown(key)));
        };
        let beside = match &origin {
            Origin::File { file, .. } => file.parent(),
            _ => None,
        };
        let set = setting.field.set(&mut self.configured, text, beside);
        set.map_err(|why| format!("{origin}: {key}: {why}"))?;
        self.origins.insert(setting.key, origin);
        Ok(())
    }
}

/// Gathers the settings.
///
/// # Errors
/// All that is wrong anywhere.
pub(crate) fn gather(sources: &Sources) -> Result<Gathered, Wrong> {
    let mut gathered = Gathered { configured: Configured::default(), origins: BTreeMap::new() };
    let mut wrong = Vec::new();
    for from in &sources.files {
        match file::read(from) {
            Ok(written) => {
                for value in written {
                    let origin = Origin::File { file: from.clone(), line: value.line };
                    wrong.extend(gathered.set(&value.key, &value.text, origin).err());
                }
            }
            Err(broken) => wrong.extend(broken),
        }
    }
    for (variable, text) in &sources.environment {
        match of_variable(variable) {
            Variable::Of(setting) => {
                let origin = Origin::Environment { variable: variable.clone() };
                wrong.extend(gathered.set(setting.key, text, origin).err());
            }
            Variable::Mistaken => {
                let known: Vec<String> = table().map(Setting::variable).collect();
                let near = nearest(variable, known.iter().map(String::as_str));
                wrong.push(format!("{variable}: there is no such setting{near}"));
            }
            Variable::Others => {}
        }
    }
    for Flag { shown, key, text } in &sources.flags {
        let origin = Origin::Flag { flag: shown.clone() };
        wrong.extend(gathered.set(key, text, origin).err());
    }
    wrong.extend(take_standard(&mut gathered, &sources.environment).err());
    if wrong.is_empty() { Ok(gathered) } else { Err(Wrong(wrong)) }
}

/// The files that are read when none is named, those that are there.
pub(crate) fn usual_files() -> Vec<PathBuf> {
    let usual = ["/etc/headwater/headwater.toml", "headwater.toml"];
    usual.into_iter().map(Path::new).filter(|file| file.exists()).map(Path::to_owned).collect()
}

enum Variable {
    Of(&'static Setting),
    /// It begins like one of ours, and is none.
    Mistaken,
    /// It is somebody else's: other commands have variables too, and so has an orchestrator that
    /// tells every process of a service by the name of headwater.
    Others,
}

fn of_variable(variable: &str) -> Variable {
    if let Some(setting) = table().find(|setting| setting.variable() == variable) {
        return Variable::Of(setting);
    }
    let tables = table().filter_map(|setting| setting.key.split_once('.'));
    let ours = |(name, _): (&str, &str)| {
        variable.starts_with(&format!("HEADWATER_{}_", name.to_uppercase()))
    };
    if tables.into_iter().any(ours) { Variable::Mistaken } else { Variable::Others }
}

fn unknown(key: &str) -> String {
    let near = nearest(key, table().map(|setting| setting.key));
    format!("there is no setting {key}{near}")
}

/// The nearest of these, if one is near.
fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    let distance = |name: &str| {
        // Who forgets the table means the same name within it.
        let within = name.rsplit('.').next().unwrap_or(name);
        strsim::damerau_levenshtein(wrong, name).min(strsim::damerau_levenshtein(wrong, within) + 1)
    };
    let near = known.map(|name| (distance(name), name)).min();
    match near {
        Some((distance, name)) if distance <= 1 + wrong.len() / 4 => {
            format!("; is {name} meant?")
        }
        _ => "; `headwater config show` lists them all".to_owned(),
    }
}
