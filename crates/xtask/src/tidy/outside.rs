//! Outside: nothing in the repository points at the machine or the desk it was written on.
//!
//! Why: what is true on one desk only is false everywhere else.

use super::source::Source;
use super::violation::Violation;

/// First folders of absolute paths that exist on somebody's machine.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "Users", "work"];

/// Folders beside the repository, which a clone does not have.
const BESIDE: &[&str] = &["shared", "plan"];

/// Texts that name a place outside the repository.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    let absolute = MACHINE_FOLDERS.iter().map(|folder| format!("/{folder}/"));
    let beside = BESIDE.iter().map(|folder| format!("../{folder}/"));
    let places: Vec<String> = absolute.chain(beside).collect();
    let mut found = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        if let Some(place) = places.iter().find(|place| names(line, place)) {
            let cure = format!("`{place}` is not in a clone: say it without that path");
            found.push(Violation::at(&source.path, index + 1, "outside", cure));
        }
    }
    found
}

/// Whether the place stands in the line as the beginning of a path: `a/home/b` is another folder.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.}/".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_path_is_a_place_outside() {
        let place = format!("/{}/", "home");
        assert!(names(&format!("see {place}ann/notes"), &place));
        assert!(names(&format!("`{place}ann`"), &place));
        assert!(!names(&format!("GET example.org{place}page"), &place));
    }
}
