use portico_domain::names::RequestId;

use super::{ClaimRow, Link, Problem};

/// What is done with several claims at once: a request for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeveralAction {
    /// Each for another lifetime.
    Renew,
    /// Each is deleted.
    Delete,
}

impl SeveralAction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Renew, Self::Delete];

    /// Returns its value in forms and URLs.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Renew => "renew",
            Self::Delete => "delete",
        }
    }
}

/// The page that does something with several claims.
#[derive(Debug, Clone, PartialEq)]
pub struct SeveralPage {
    /// What.
    pub action: SeveralAction,
    /// The claims, in the order in which they were selected.
    pub rows: Vec<SeveralRow>,
    /// Number of selected claims that the viewer does not see, or not any more.
    pub missing: usize,
    /// Number of selected claims beyond what can be done at once; they are not in `rows`.
    pub beyond: usize,
    /// What was typed to confirm.
    pub typed: String,
    /// The note for the approvers.
    pub note: String,
    /// What is wrong with the form.
    pub problems: Vec<Problem>,
    /// True if the requests have been sent, as far as `rows` say so.
    pub sent: bool,
}

impl SeveralPage {
    /// Returns the number of claims that it can be done with.
    #[must_use]
    pub fn possible(&self) -> usize {
        let possible = |row: &&SeveralRow| matches!(row.outcome, SeveralOutcome::Possible { .. });
        self.rows.iter().filter(possible).count()
    }
}

/// One of several claims.
#[derive(Debug, Clone, PartialEq)]
pub struct SeveralRow {
    /// The claim.
    pub row: ClaimRow,
    /// The id of its request, chosen before it is sent: sending the page twice makes one request.
    pub request_id: RequestId,
    /// Its uid: another claim of the same name is not touched.
    pub uid: String,
    /// What comes of it.
    pub outcome: SeveralOutcome,
}

/// What comes of one of several claims.
#[derive(Debug, Clone, PartialEq)]
pub enum SeveralOutcome {
    /// It can be done.
    Possible {
        /// What follows, as a sentence.
        follows: String,
    },
    /// It cannot be done, or was refused when it was sent.
    Refused {
        /// Why, as a sentence.
        why: String,
    },
    /// Its request has been sent.
    Sent {
        /// The path of the request's page.
        href: Link,
        /// How far it is, as a sentence.
        state: String,
    },
}
