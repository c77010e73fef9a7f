//! Keeps names that were replaced out of the code: `deploy/docs/glossary.md` has the ones to use.

use std::fs;
use std::path::Path;

use crate::workspace::has_extension;

/// Names of types, functions, constants and modules that were replaced.
const RETIRED: [&str; 69] = [
    "AT_A_STEP",
    "Anybody",
    "Around",
    "Came",
    "Chore",
    "CouldNotJudge",
    "Deed",
    "Facts",
    "Finder",
    "Flavour",
    "Garbage",
    "Hands",
    "Hasty",
    "Held",
    "Hit",
    "HungUp",
    "Judged",
    "Judgement",
    "Keepsakes",
    "LOOKED_AT",
    "Lookout",
    "Lookouts",
    "Looks",
    "MOST",
    "Manners",
    "Needs",
    "PATIENCE",
    "READ_ON",
    "Ruling",
    "Says",
    "Seen",
    "Shelf",
    "Sight",
    "Spot",
    "Stranger",
    "Surroundings",
    "TOLD_EVERY",
    "Taker",
    "Telling",
    "Touched",
    "Turned",
    "Undecided",
    "Unread",
    "Vitals",
    "WORK_IN",
    "Want",
    "Wish",
    "Witness",
    "Work",
    "give_way",
    "got_through",
    "heard_of",
    "heed_logout",
    "hurry",
    "hush",
    "keep_looking",
    "look_out",
    "look_over",
    "lose_lease",
    "nudge",
    "one_ends",
    "put_down",
    "revived",
    "see_through",
    "seen_claim",
    "seen_request",
    "take_up",
    "was_asked",
    "way_back",
];

/// Keywords before a new name.
const KEYWORDS: [&str; 8] = ["struct", "enum", "trait", "type", "fn", "mod", "const", "static"];

/// Finds definitions with a retired name in the Rust files.
pub(crate) fn find(root: &Path, files: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in files.iter().filter(|name| has_extension(name, "rs")) {
        let Ok(contents) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        for (number, line) in contents.lines().enumerate() {
            if let Some(retired) = defined(line).filter(|name| RETIRED.contains(name)) {
                found.push(format!(
                    "{name}:{}: {retired} was replaced by another name: see deploy/docs/glossary.md",
                    number + 1
                ));
            }
        }
    }
    found
}

/// The name that a line defines.
fn defined(line: &str) -> Option<&str> {
    let code = line.split("//").next()?;
    let mut words = code.split_whitespace();
    words.find(|word| KEYWORDS.contains(word))?;
    let name = words.find(|word| !KEYWORDS.contains(word))?;
    let end = name.find(|letter: char| letter != '_' && !letter.is_alphanumeric());
    Some(&name[..end.unwrap_or(name.len())])
}

#[cfg(test)]
mod tests {
    use super::defined;

    #[test]
    fn only_definitions_count() {
        assert_eq!(defined("pub(super) struct Pond<'a> {"), Some("Pond"));
        assert_eq!(defined("    pub(crate) async fn swim(&self) {"), Some("swim"));
        assert_eq!(defined("mod lake;"), Some("lake"));
        assert_eq!(defined("pub const fn dive() {"), Some("dive"));
        assert_eq!(defined("    let pond = Pond::default();"), None);
        assert_eq!(defined("// The type Pond is gone."), None);
    }
}
