use jiff::civil::Date;
use portico_domain::documents::Phase;

use crate::language::{Language, Text};
use crate::{day_in, message};

/// Returns a date in words: `1 March 2027`.
#[must_use]
pub fn day(date: Date) -> String {
    day_in(date, Language::English)
}

/// Returns where an offering is in its life, as a sentence; `None` if it is published.
#[must_use]
pub fn lifecycle_text(offering: &str, phase: Phase, sunset: Option<Date>) -> Option<Text> {
    match (phase, sunset) {
        (Phase::Published, _) => None,
        (Phase::Draft, _) => Some(message!("lifecycle-draft", offering = offering)),
        (Phase::Ended, Some(day)) => Some(message!("lifecycle-ended", offering = offering, day = day)),
        (_, Some(day)) => Some(message!("lifecycle-ends", offering = offering, day = day)),
        (_, None) => Some(message!("lifecycle-deprecated", offering = offering)),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_sentence_says_when_it_ends() {
        let say = |phase, sunset| lifecycle_text("Cache", phase, sunset).map(|text| text.to_string());
        let sunset = Some(date(2027, 3, 1));
        assert_eq!(say(Phase::Published, None), None);
        assert_eq!(
            say(Phase::Deprecated, None).as_deref(),
            Some("Cache is deprecated.")
        );
        for phase in [Phase::Deprecated, Phase::Ending] {
            assert_eq!(
                say(phase, sunset).as_deref(),
                Some("Cache is deprecated and ends on 1 March 2027.")
            );
        }
        assert_eq!(
            say(Phase::Ended, sunset).as_deref(),
            Some("Cache is deprecated and ended on 1 March 2027.")
        );
    }
}
