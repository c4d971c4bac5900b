//! A page of metrics in Prometheus's text format 0.0.4, read.

/// Names and values, in the order given.
pub(super) type Labels = Vec<(String, String)>;

/// What stands under one name.
pub(super) struct Family {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) kind: String,
    pub(super) samples: Vec<Sample>,
}

/// One line.
pub(super) struct Sample {
    /// The family's, perhaps with `_bucket`, `_sum` or `_count` behind it.
    pub(super) name: String,
    pub(super) labels: Labels,
    /// The value as written.
    pub(super) text: String,
    pub(super) value: f64,
}

/// All families of a page, in its order.
pub(super) fn families(text: &str) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            note(&mut families, comment.trim_start());
        } else if let Some(sample) = sample(line) {
            family_of(&mut families, &sample.name).samples.push(sample);
        }
    }
    families.retain(|family| !family.samples.is_empty());
    families
}

fn note(families: &mut Vec<Family>, comment: &str) {
    let mut words = comment.splitn(3, ' ');
    let (Some(what), Some(name)) = (words.next(), words.next()) else { return };
    let said = words.next().unwrap_or_default();
    match what {
        "HELP" => said
            .replace("\\n", "\n")
            .replace("\\\\", "\\")
            .clone_into(&mut named(families, name).help),
        "TYPE" => said.clone_into(&mut named(families, name).kind),
        _ => {}
    }
}

/// The family of exactly this name.
fn named<'f>(families: &'f mut Vec<Family>, name: &str) -> &'f mut Family {
    let n = match families.iter().rposition(|family| family.name == name) {
        Some(n) => n,
        None => {
            let (name, help, kind) = (name.to_owned(), String::new(), String::new());
            families.push(Family { name, help, kind, samples: Vec::new() });
            families.len() - 1
        }
    };
    &mut families[n]
}

/// The family that a sample of this name belongs to.
fn family_of<'f>(families: &'f mut Vec<Family>, name: &str) -> &'f mut Family {
    let parts = ["_bucket", "_sum", "_count"].into_iter();
    let mut wholes = parts.filter_map(|part| name.strip_suffix(part));
    let is_parted = |family: &Family| matches!(&*family.kind, "histogram" | "summary");
    let whole = wholes
        .find(|whole| families.iter().any(|family| family.name == **whole && is_parted(family)));
    named(families, whole.unwrap_or(name))
}

/// `name{label="value",…} 1.5`, perhaps with a time behind it.
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let text = rest.split_whitespace().next()?;
    let value = text.parse().ok()?;
    Some(Sample { name: name.to_owned(), labels, text: text.to_owned(), value })
}

/// Labels, and what is behind their brace.
fn labels(mut rest: &str) -> Option<(Labels, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((labels, behind));
        }
        let (name, behind) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut letters = behind.char_indices();
        let end = loop {
            match letters.next()? {
                (at, '"') => break at,
                (_, '\\') => value.push(match letters.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, letter) => value.push(letter),
            }
        };
        labels.push((name.trim().to_owned(), value));
        rest = behind.get(end + 1..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D3: a page may be anybody's.
    #[test]
    fn lines_that_cannot_be_read_are_left_out() {
        let page = "a 1\nb\nc{ 1\nd{x=\"y} 1\ne{x=\"\\\"} 1\nf{x=\"é\\\\\\n\"} 2 1712\ng{} x\nh{} 3\n# TYPE\n#";
        let families = families(page);
        let names: Vec<&str> = families.iter().map(|family| &*family.name).collect();
        assert_eq!(names, ["a", "f", "h"]);
        let labels: Vec<&Labels> = families.iter().map(|f| &f.samples[0].labels).collect();
        assert_eq!(labels[1], &[("x".to_owned(), "é\\\n".to_owned())]);
    }

    #[test]
    fn a_counter_whose_name_ends_like_a_part_is_its_own() {
        let page = "# TYPE row_count counter\nrow_count 1\n# TYPE row gauge\nrow 2\n";
        let families = families(page);
        let of: Vec<(&str, usize)> = families.iter().map(|f| (&*f.name, f.samples.len())).collect();
        assert_eq!(of, [("row_count", 1), ("row", 1)]);
    }
}
