//! Makes invisible characters visible: characters that are not seen, or that change how others are seen, are shown by
//! their code.
//!
//! Text from outside is stored, applied and returned by the JSON API unchanged. Pages show it through [`visible`]:
//! `U+202E` reverses the text after it, `U+200B` makes two names look alike, and `U+2028` breaks lines in some
//! programs only.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Replaces every such character with its code in brackets: `[U+202E]`. Keeps tabs and line breaks.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !may_hide(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if hides(c, before, rest.peek().copied()) {
            // Writing to a String does not fail.
            let _ = write!(out, "[U+{:04X}]", u32::from(c));
        } else {
            out.push(c);
        }
        before = Some(c);
    }
    Cow::Owned(out)
}

/// Returns the characters that [`visible`] replaces, each once, in order of their first occurrence.
#[must_use]
pub fn hidden(text: &str) -> Vec<char> {
    let mut found = Vec::new();
    if !may_hide(text) {
        return found;
    }
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if hides(c, before, rest.peek().copied()) && !found.contains(&c) {
            found.push(c);
        }
        before = Some(c);
    }
    found
}

/// True if the character is invisible, or changes how its neighbours look.
#[must_use]
pub fn hides(c: char, before: Option<char>, after: Option<char>) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        // Joiners belong to many scripts, and to emoji; between ASCII they only hide.
        '\u{200C}' | '\u{200D}' => before.is_none_or(|c| c.is_ascii()) || after.is_none_or(|c| c.is_ascii()),
        c if c.is_control() => true,
        // Soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul and Khmer fillers, Mongolian separators.
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{3164}' | '\u{FFA0}'
        // Zero-width characters, marks, embeddings and overrides, line and paragraph separators, isolates, the word
        // joiner.
        | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        // The byte order mark, interlinear annotations, shorthand and musical controls.
        | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        // Tags, and variation selectors that no emoji uses.
        | '\u{E0000}'..='\u{E0FFF}' => true,
        _ => false,
    }
}

/// True if the text contains such a character. Reads it once, so it suits whole pages.
#[must_use]
pub fn has_hidden(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(|byte| is_suspicious(*byte)) {
        at += offset;
        let mut rest = text[at..].chars();
        let Some(c) = rest.next() else {
            return false;
        };
        if hides(c, text[..at].chars().next_back(), rest.next()) {
            return true;
        }
        at += c.len_utf8();
    }
    false
}

fn is_suspicious(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte >= 0x7F
}

/// True if the text may contain such a character. A quick check that rules out most texts.
#[must_use]
pub fn may_hide(text: &str) -> bool {
    text.bytes().any(is_suspicious)
}

#[cfg(test)]
mod tests {
    use super::{has_hidden, hidden, visible};

    #[test]
    fn hidden_characters_are_listed_once() {
        assert_eq!(hidden("a\u{202E}b\u{200B}c\u{202E}"), ['\u{202E}', '\u{200B}']);
        assert!(hidden("Größe\n\t👩‍💻").is_empty());
    }

    #[test]
    fn invisible_characters_are_shown_by_their_code() {
        for (text, shown) in [
            ("live\u{202E}evil", "live[U+202E]evil"),
            ("a\u{200B}b\u{2060}c", "a[U+200B]b[U+2060]c"),
            ("one\u{2028}two\u{2029}", "one[U+2028]two[U+2029]"),
            (
                "bell\u{7} nul\u{0} del\u{7F} c1\u{85}",
                "bell[U+0007] nul[U+0000] del[U+007F] c1[U+0085]",
            ),
            ("tag\u{E0041}", "tag[U+E0041]"),
            ("shy\u{AD}", "shy[U+00AD]"),
            ("a\u{200D}b", "a[U+200D]b"),
            ("\u{2066}x\u{2069}", "[U+2066]x[U+2069]"),
        ] {
            assert_eq!(visible(text), shown);
            assert!(has_hidden(text), "{text:?}");
        }
    }

    #[test]
    fn ordinary_text_of_every_script_is_unchanged() {
        for text in [
            "orders\tand\r\nlines",
            "Zoë Ångström",
            "日本語 العربية עברית हिन्दी",
            // Persian with a joiner, a family emoji, a heart with its variation selector.
            "می\u{200C}خواهم",
            "👩\u{200D}👩\u{200D}👧",
            "❤\u{FE0F}",
        ] {
            assert_eq!(visible(text), text);
            assert!(!has_hidden(text), "{text:?}");
        }
    }
}
