//! The data of a session.

use jiff::Timestamp;
use portico_domain::documents::Sessions;
use portico_domain::tenancy::Person;
use portico_store::{DETAILS_KEY, PROVIDER_SESSION_KEY, SUBJECT_KEY, SessionDetails};
use serde::{Deserialize, Serialize};
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::Error;
use tower_sessions::{Expiry, Session};

use super::groups::GroupsRemark;

/// The key of [`SignedIn`] in the session's data.
pub const SESSION_KEY: &str = "signed-in";

/// Who is signed in, and since when. Does not contain what they may do: that follows from
/// [`portico_domain::tenancy::KnownPerson`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The person.
    pub person: Person,
    /// The provider that signed them in.
    pub provider: String,
    /// The provider's session ID.
    pub provider_session: Option<String>,
    /// Tells the provider at sign-out whose session to end. The ID token is not stored.
    pub sign_out_hint: Option<String>,
    /// Why the person may have fewer groups here than at the provider.
    pub groups_remark: Option<GroupsRemark>,
    /// The address at sign-in.
    #[serde(default)]
    pub address: Option<String>,
    /// The browser, in a few words.
    #[serde(default)]
    pub browser: Option<String>,
    /// Time of sign-in.
    pub started_at: Timestamp,
    /// Time of the last stored use.
    pub seen_at: Timestamp,
    /// The CSRF token, see [`super::csrf`].
    pub csrf: String,
}

impl SignedIn {
    /// Returns when the session ends if it is not used again.
    pub(super) fn ends_at(&self, rules: &Sessions) -> Timestamp {
        let idle = self.seen_at.as_second() + i64::from(rules.idle_minutes) * 60;
        Timestamp::from_second(idle.min(self.absolute_end(rules).as_second())).unwrap_or(Timestamp::MAX)
    }

    /// Returns when the session ends even if it is used.
    pub(super) fn absolute_end(&self, rules: &Sessions) -> Timestamp {
        let last = self.started_at.as_second() + i64::from(rules.absolute_hours) * 3_600;
        Timestamp::from_second(last).unwrap_or(Timestamp::MAX)
    }
}

/// Signs a person in. Gives the session a new ID, so that an ID known before sign-in is worthless (session fixation).
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
    store_session(session, signed_in, rules).await
}

/// Stores that the session was used.
pub(super) async fn store_session(
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

/// Ends the session. The response removes its cookie.
///
/// # Errors
/// When the session cannot be removed.
pub async fn end_session(session: &Session) -> Result<(), Error> {
    session.flush().await
}

/// Sets the expiry of a session that only holds a started sign-in.
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
