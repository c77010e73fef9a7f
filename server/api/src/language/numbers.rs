//! Numbers as people write them in a language.
//!
//! Own code: for separators of two languages, a library with data for all languages would be larger than the rest of this
//! crate.

use super::Language;

/// Writes a decimal number with the separators of a language: `1450.50` is `1,450.50` in English and `1.450,50` in German.
#[must_use]
pub fn grouped(digits: &str, language: Language) -> String {
    let (thousands, decimal) = match language {
        Language::English => (',', "."),
        Language::German => ('.', ","),
    };
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut grouped = String::with_capacity(digits.len() + 2);
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(thousands);
        }
        grouped.push(digit);
    }
    grouped + &fraction.replacen('.', decimal, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_separators_of_the_language() {
        for (digits, english, german) in [
            ("0", "0", "0"),
            ("999", "999", "999"),
            ("5000", "5,000", "5.000"),
            ("-1234567.5", "-1,234,567.5", "-1.234.567,5"),
            ("0.25", "0.25", "0,25"),
        ] {
            assert_eq!(grouped(digits, Language::English), english);
            assert_eq!(grouped(digits, Language::German), german);
        }
    }
}
