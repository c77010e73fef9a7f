//! Which language a person reads.

use super::Language;

/// The language for a person: the one they chose, or the first that their browser asks for (`Accept-Language`), or the
/// first that is offered. A language that is not offered counts for nothing. Without any offered, English.
#[must_use]
pub fn preferred(offered: &[Language], chosen: Option<&str>, accepted: Option<&str>) -> Language {
    let chosen = chosen
        .and_then(Language::from_tag)
        .filter(|language| offered.contains(language));
    chosen.unwrap_or_else(|| {
        let accepted = accepted.and_then(|accepted| of_browser(offered, accepted));
        accepted.or_else(|| offered.first().copied()).unwrap_or_default()
    })
}

/// The first of the offered languages by the weights of `Accept-Language` (RFC 9110, 12.5.4), whatever its region.
fn of_browser(offered: &[Language], accepted: &str) -> Option<Language> {
    let mut ranges: Vec<(f32, &str)> = accepted
        .split(',')
        .filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let weight = match weight.trim().strip_prefix("q=") {
                Some(weight) => weight
                    .parse()
                    .ok()
                    .filter(|weight| (0.0..=1.0).contains(weight))?,
                None => 1.0,
            };
            Some((weight, tag.trim()))
        })
        .filter(|(weight, _)| *weight > 0.0)
        .collect();
    ranges.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranges.iter().find_map(|(_, tag)| {
        let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        Language::from_tag(&primary).filter(|language| offered.contains(language))
    })
}

#[cfg(test)]
mod tests {
    use Language::{English, German};

    use super::*;

    const BOTH: [Language; 2] = [English, German];

    #[test]
    fn a_persons_choice_goes_before_the_browsers() {
        assert_eq!(preferred(&BOTH, Some("de"), Some("en")), German);
        assert_eq!(preferred(&BOTH, Some("en"), Some("de")), English);
        assert_eq!(preferred(&BOTH, Some("xx"), Some("de")), German);
    }

    #[test]
    fn the_browsers_languages_count_by_their_weight() {
        for (accepted, language) in [
            ("de-AT,de;q=0.9,en;q=0.8", German),
            ("en;q=0.5, de;q=0.9", German),
            ("fr, de;q=0.3", German),
            ("EN;q=0, DE-ch", German),
            ("en-GB,en;q=0.9,de;q=0.8", English),
            ("*", English),
            ("fr", English),
            ("", English),
            (";;q=,,,\u{0}", English),
        ] {
            assert_eq!(preferred(&BOTH, None, Some(accepted)), language, "{accepted}");
        }
    }

    #[test]
    fn only_what_is_offered_is_shown() {
        assert_eq!(preferred(&[English], Some("de"), Some("de")), English);
        assert_eq!(preferred(&[German, English], None, None), German);
        assert_eq!(preferred(&[German], None, Some("en")), German);
        assert_eq!(preferred(&[], None, Some("de")), English);
    }
}
