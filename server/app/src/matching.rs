//! How well an offering matches what somebody looks for.

use strsim::osa_distance;

/// Words of this many letters may have one typing error, and twice as long ones two.
const LETTERS_PER_TYPO: usize = 4;

/// Longer words are not compared letter by letter.
const MAX_WORD: usize = 24;

/// The rank of a match, by its worst word; less is better. `None` if a word is nowhere in `text`. `title` and `text` are
/// in lower case, and `text` contains the title.
pub(super) fn rank(title: &str, text: &str, words: &[&str]) -> Option<u8> {
    words
        .iter()
        .map(|word| match () {
            () if title == *word => Some(0),
            () if title.starts_with(word) => Some(1),
            () if title.split_whitespace().any(|each| each.starts_with(word)) => Some(2),
            () if text.split_whitespace().any(|each| each == *word) => Some(3),
            () if text.contains(word) => Some(4),
            () => None,
        })
        .try_fold(0, |worst: u8, rank| Some(worst.max(rank?)))
}

/// True if every word is in `text`, give or take typing errors.
pub(super) fn resembles(text: &str, words: &[&str]) -> bool {
    words.iter().all(|word| {
        text.contains(word)
            || text
                .split(|c: char| !c.is_alphanumeric())
                .any(|each| is_typo_of(word, each))
    })
}

/// True if the word is `meant`, or its beginning, with few typing errors.
fn is_typo_of(word: &str, meant: &str) -> bool {
    let letters = word.chars().count();
    let allowed = (letters / LETTERS_PER_TYPO).min(2);
    if allowed == 0 || letters > MAX_WORD || meant.chars().count() + allowed < letters {
        return false;
    }
    // The word may not be finished yet.
    let beginning: String = meant.chars().take(letters).collect();
    osa_distance(word, &beginning) <= allowed || osa_distance(word, meant) <= allowed
}

#[cfg(test)]
mod tests {
    use super::{rank, resembles};

    const TEXT: &str = "postgresql a relational database with backups postgres sql";

    #[test]
    fn the_title_counts_most() {
        assert_eq!(rank("postgresql", TEXT, &["postgresql"]), Some(0));
        assert_eq!(rank("postgresql", TEXT, &["post"]), Some(1));
        assert_eq!(rank("managed postgresql", TEXT, &["post"]), Some(2));
        assert_eq!(rank("postgresql", TEXT, &["sql"]), Some(3));
        assert_eq!(rank("postgresql", TEXT, &["data"]), Some(4));
        assert_eq!(rank("postgresql", TEXT, &["post", "queue"]), None);
    }

    #[test]
    fn typing_errors_are_forgiven_in_long_words() {
        for word in ["postgrse", "potsgres", "postgresqll", "datbase", "relatoinal"] {
            assert!(resembles(TEXT, &[word]), "{word}");
        }
        for word in ["sqk", "mongodb", "cache", "queue", "postman"] {
            assert!(!resembles(TEXT, &[word]), "{word}");
        }
    }
}
