use jiff::civil::Date;
use portico_domain::documents::Phase;

/// Returns a date in words: `1 March 2027`.
#[must_use]
pub fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// Returns where an offering is in its life, as a sentence; `None` if it is published.
#[must_use]
pub fn lifecycle_sentence(offering: &str, phase: Phase, sunset: Option<Date>) -> Option<String> {
    let ends = sunset.map(day);
    match (phase, ends) {
        (Phase::Published, _) => None,
        (Phase::Draft, _) => Some(format!(
            "{offering} is a draft: only platform admins see it in the catalog and can request it."
        )),
        (Phase::Ended, Some(day)) => Some(format!("{offering} is deprecated and ended on {day}.")),
        (_, Some(day)) => Some(format!("{offering} is deprecated and ends on {day}.")),
        (_, None) => Some(format!("{offering} is deprecated.")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_sentence_says_when_it_ends() {
        let say = |phase, sunset| lifecycle_sentence("Cache", phase, sunset);
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
