use jiff::Timestamp;
use portico_domain::names::ClaimName;
use portico_domain::request::State;

use super::day;

/// What follows when a request about one of several claims is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeveralFollows {
    /// The claim is deleted.
    #[error("{}{}", if *.approval { "It is deleted once that is approved." } else { "It is deleted at once." }, missed_by(.needed_by))]
    Deleted {
        /// True if somebody must approve it.
        approval: bool,
        /// Claims that depend on it.
        needed_by: Vec<ClaimName>,
    },
    /// The claim is kept for longer.
    #[error("It is kept until {}.", day(.until.to_zoned(jiff::tz::TimeZone::UTC).date()))]
    Renewed {
        /// Until when.
        until: Timestamp,
    },
}

/// Who would miss a claim, as a sentence after another; empty if nobody.
fn missed_by(claims: &[ClaimName]) -> String {
    match claims {
        [] => String::new(),
        [one] => format!(" {one} names it, and may stop working without it."),
        [one, other] => format!(" {one} and {other} name it, and may stop working without it."),
        [one, rest @ ..] => format!(
            " {one} and {} other claims name it, and may stop working without it.",
            rest.len()
        ),
    }
}

/// Why a claim is not among several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeveralRefusal {
    /// A request about it is under way.
    #[error("Another request about it is under way.")]
    InProgress,
    /// It is a control plane with claims on it.
    #[error("It is a control plane with {residents} on it: delete it on its own page.")]
    ControlPlaneInUse {
        /// What is on it.
        residents: String,
    },
    /// It has no end.
    #[error("It does not run out.")]
    NoLifetime,
}

/// The number of claims was not typed to confirm their deletion.
#[must_use]
pub fn type_the_number(claims: usize) -> String {
    format!(
        "Type {claims} to delete {}.",
        if claims == 1 { "it" } else { "them" }
    )
}

/// How far the request of one of several claims is.
#[must_use]
pub fn sent_state(state: State) -> &'static str {
    match state {
        State::AwaitingApproval => "Sent: it waits for approval.",
        _ => "Sent.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_says_who_would_miss_the_claim() {
        let said = |names: &[&str]| {
            let needed_by = names.iter().map(|name| name.parse().expect("a name")).collect();
            SeveralFollows::Deleted {
                approval: false,
                needed_by,
            }
            .to_string()
        };
        assert_eq!(said(&[]), "It is deleted at once.");
        assert_eq!(
            said(&["shop"]),
            "It is deleted at once. shop names it, and may stop working without it."
        );
        assert!(said(&["shop", "web"]).contains(" shop and web name it"));
        assert!(said(&["api", "shop", "web"]).contains(" api and 2 other claims name it"));
    }
}
