//! What a session holds.

use jiff::Timestamp;
use portico_domain::documents::Sessions;
use portico_domain::tenancy::Person;
use portico_store::{DETAILS_KEY, PROVIDER_SESSION_KEY, SUBJECT_KEY, SessionDetails};
use serde::{Deserialize, Serialize};
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::Error;
use tower_sessions::{Expiry, Session};

use super::groups::GroupsRemark;

/// The key of a session's data under which [`SignedIn`] stands.
pub const SESSION_KEY: &str = "signed-in";

/// Who is signed in, and since when. What they may do is not kept here: it follows from what their provider said of
/// them last, [`portico_domain::tenancy::KnownPerson`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who it is.
    pub person: Person,
    /// The provider they came by.
    pub provider: String,
    /// The provider's own name for its session.
    pub provider_session: Option<String>,
    /// What tells the provider at sign-out whose session is over. No ID token is kept.
    pub sign_out_hint: Option<String>,
    /// Why they may be in fewer groups here than at the provider.
    pub groups_remark: Option<GroupsRemark>,
    /// The address that they signed in from.
    #[serde(default)]
    pub address: Option<String>,
    /// The browser, in a few words.
    #[serde(default)]
    pub browser: Option<String>,
    /// When they signed in.
    pub started_at: Timestamp,
    /// When the session was last known to be in use.
    pub seen_at: Timestamp,
    /// See [`super::csrf`].
    pub csrf: String,
}

impl SignedIn {
    /// When it ends without further use.
    pub(super) fn ends_at(&self, rules: &Sessions) -> Timestamp {
        let idle = self.seen_at.as_second() + i64::from(rules.idle_minutes) * 60;
        Timestamp::from_second(idle.min(self.ends_at_last(rules).as_second())).unwrap_or(Timestamp::MAX)
    }

    /// When it ends in any case.
    pub(super) fn ends_at_last(&self, rules: &Sessions) -> Timestamp {
        let last = self.started_at.as_second() + i64::from(rules.absolute_hours) * 3_600;
        Timestamp::from_second(last).unwrap_or(Timestamp::MAX)
    }
}

/// Turns the session into that of a signed-in person, under another id: one that was known before
/// sign-in, to whomever, is worth nothing after it.
///
/// # Errors
/// When the session cannot be stored.
pub async fn begin_session(session: &Session, signed_in: &SignedIn, rules: &Sessions) -> Result<(), Error> {
    session.clear().await;
    session.cycle_id().await?;
    session.insert(SUBJECT_KEY, &signed_in.person.subject).await?;
    if let Some(sid) = &signed_in.provider_session {
        session.insert(PROVIDER_SESSION_KEY, sid).await?;
    }
    keep_session(session, signed_in, rules).await
}

/// Writes down that the session was used.
pub(super) async fn keep_session(
    session: &Session,
    signed_in: &SignedIn,
    rules: &Sessions,
) -> Result<(), Error> {
    session.insert(SESSION_KEY, signed_in).await?;
    let details = SessionDetails {
        started_at: signed_in.started_at,
        seen_at: signed_in.seen_at,
        address: signed_in.address.clone(),
        browser: signed_in.browser.clone(),
    };
    session.insert(DETAILS_KEY, details).await?;
    session.set_expiry(Some(Expiry::AtDateTime(date_time(signed_in.ends_at(rules)))));
    Ok(())
}

/// Ends the session; its cookie is taken back with the response.
///
/// # Errors
/// When the session cannot be removed.
pub async fn end_session(session: &Session) -> Result<(), Error> {
    session.flush().await
}

/// For a session that only carries a sign-in that has begun.
pub(super) fn expire_soon(session: &Session) {
    session.set_expiry(Some(Expiry::OnInactivity(Duration::minutes(15))));
}

fn date_time(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use portico_domain::documents::Sessions;
    use portico_domain::tenancy::Person;

    use super::SignedIn;

    fn signed_in(started_at: i64, seen_at: i64) -> SignedIn {
        SignedIn {
            person: Person {
                subject: "https://sso.example.com#1".to_owned(),
                name: "Dana".to_owned(),
                email: None,
            },
            provider: "sso".to_owned(),
            provider_session: None,
            sign_out_hint: None,
            groups_remark: None,
            address: None,
            browser: None,
            started_at: Timestamp::from_second(started_at).unwrap(),
            seen_at: Timestamp::from_second(seen_at).unwrap(),
            csrf: String::new(),
        }
    }

    #[test]
    fn a_session_ends_when_it_is_idle_and_in_any_case_when_it_is_old() {
        let rules = Sessions {
            idle_minutes: 30,
            absolute_hours: 2,
        };
        assert_eq!(signed_in(0, 0).ends_at(&rules).as_second(), 30 * 60);
        assert_eq!(signed_in(0, 3_600).ends_at(&rules).as_second(), 90 * 60);
        assert_eq!(
            signed_in(0, 7_000).ends_at(&rules).as_second(),
            2 * 3_600,
            "use does not prolong it for ever"
        );
    }
}
