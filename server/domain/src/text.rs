//! Texts from outside, made safe to show.

/// Longest text from a control plane that is shown, in characters.
const MAX_CHARACTERS: usize = 400;

/// Sanitizes a text from outside for one line on a screen: no control or bidi characters, no runs of white space, at
/// most 400 characters.
#[must_use]
pub fn sanitize(text: &str) -> String {
    let mut out = String::new();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control() || is_bidi_control(c));
    for word in words.filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if let Some((cut, _)) = out.char_indices().nth(MAX_CHARACTERS) {
            out.truncate(cut);
            out.push('…');
            break;
        }
    }
    out
}

/// Characters that reverse the direction of text (Unicode TR 9): they can make a text read as another one.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}
