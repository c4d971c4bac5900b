//! What a server has counted, read from its page of metrics.

use std::collections::BTreeMap;

/// Numbers, by name and context; what has no context is under the empty one.
#[derive(Default, Debug)]
pub(super) struct Counted(BTreeMap<(String, String), f64>);

impl Counted {
    /// Reads a page. What is not understood is left out: another version may count more.
    pub(super) fn read(page: &str) -> Self {
        let mut counted = Self::default();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let context = label(labels, "context").unwrap_or_default();
            *counted.0.entry((name.to_owned(), context)).or_default() += value;
        }
        counted
    }

    /// The number of this name and context; with several sets of other labels, their sum.
    pub(super) fn get(&self, name: &str, context: &str) -> f64 {
        self.0.get(&(name.to_owned(), context.to_owned())).copied().unwrap_or_default()
    }
}

/// The value of a label, with what was escaped as it was.
fn label(labels: &str, name: &str) -> Option<String> {
    let begin = labels.find(&format!("{name}=\""))? + name.len() + 2;
    let mut value = String::new();
    let mut rest = labels.get(begin..)?.chars();
    loop {
        match rest.next()? {
            '"' => return Some(value),
            '\\' => value.push(match rest.next()? {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_name_and_context() {
        let page = "# HELP a_total x\n# TYPE a_total counter\n\
            a_total{context=\"or\\\"ders\",outcome=\"made\"} 3\n\
            a_total{context=\"or\\\"ders\",outcome=\"refused\"} 4\n\
            open 2\nnot a number x\nhalf{context=\"";
        let counted = Counted::read(page);
        assert_eq!(counted.get("a_total", "or\"ders"), 7.0);
        assert_eq!(counted.get("open", ""), 2.0);
        assert_eq!(counted.get("a_total", "customers"), 0.0);
    }
}
