//! What the provider remembers: who is being asked to sign in, codes, tokens, sessions. All of it
//! ends by itself.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// How long the sign-in page may stand open.
pub(super) const SIGN_IN_LASTS: SignedDuration = SignedDuration::from_mins(15);
/// How long a code may be exchanged (RFC 6749, section 4.1.2 has ten minutes at most).
pub(super) const CODE_LASTS: SignedDuration = SignedDuration::from_secs(60);
/// How long an access token opens userinfo.
pub(super) const TOKEN_LASTS: SignedDuration = SignedDuration::from_mins(15);
/// How long one stays signed in here.
pub(super) const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(10);
/// How many of each are kept; beyond it the newest is refused.
const MOST: usize = 10_000;

/// What a client asked for, checked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
}

/// A person signed in here, in one browser.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) username: String,
    pub(super) since: Timestamp,
}

/// What a code is good for.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) asked: Asked,
    pub(super) session: Session,
}

/// What a code has become.
#[derive(Debug)]
enum Code {
    Open(Grant),
    /// Exchanged for this access token.
    Spent(String),
}

/// Why nothing more is remembered.
#[derive(Debug, thiserror::Error)]
#[error("too many sign-ins are under way")]
pub(super) struct Full;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pending: Shelf<Asked>,
    codes: Shelf<Code>,
    tokens: Shelf<Grant>,
    sessions: Shelf<Session>,
}

impl Ledger {
    pub(super) fn ask(&mut self, ticket: String, asked: Asked, now: Timestamp) -> Result<(), Full> {
        self.pending.put(ticket, asked, now, SIGN_IN_LASTS)
    }

    /// What the ticket was given for. It stays good until its end: whoever goes back may choose
    /// another person.
    pub(super) fn asked(&mut self, ticket: &str, now: Timestamp) -> Option<Asked> {
        self.pending.get(ticket, now).cloned()
    }

    pub(super) fn begin_session(
        &mut self,
        cookie: String,
        session: Session,
        now: Timestamp,
    ) -> Result<(), Full> {
        self.sessions.put(cookie, session, now, SESSION_LASTS)
    }

    pub(super) fn session(&mut self, cookie: &str, now: Timestamp) -> Option<Session> {
        self.sessions.get(cookie, now).cloned()
    }

    pub(super) fn sessions_of(&self, username: &str) -> Vec<String> {
        self.sessions
            .0
            .values()
            .filter(|(_, session)| session.username == username)
            .map(|(_, session)| session.id.clone())
            .collect()
    }

    /// Ends the session that the cookie stands for, and all of its access tokens.
    pub(super) fn end_session(&mut self, cookie: &str, now: Timestamp) {
        if let Some(session) = self.sessions.take(cookie, now) {
            self.tokens.remove_where(|grant| grant.session.id == session.id);
        }
    }

    pub(super) fn issue(&mut self, code: String, grant: Grant, now: Timestamp) -> Result<(), Full> {
        self.codes.put(code, Code::Open(grant), now, CODE_LASTS)
    }

    /// What the code is good for, leaving it as it is.
    pub(super) fn look(&mut self, code: &str, now: Timestamp) -> Option<Grant> {
        match self.codes.get(code, now)? {
            Code::Open(grant) => Some(grant.clone()),
            Code::Spent(_) => None,
        }
    }

    /// Ends a code that comes a second time, and what it was exchanged for (RFC 6749, section
    /// 4.1.2): one of the two who had it stole it.
    pub(super) fn suspect(&mut self, code: &str, now: Timestamp) {
        if let Some(Code::Spent(token)) = self.codes.take(code, now) {
            self.tokens.take(&token, now);
        }
    }

    /// Exchanges the code for the access token.
    pub(super) fn spend(
        &mut self,
        code: &str,
        token: &str,
        grant: Grant,
        now: Timestamp,
    ) -> Result<(), Full> {
        self.tokens.put(token.to_owned(), grant, now, TOKEN_LASTS)?;
        self.codes.take(code, now);
        self.codes
            .put(code.to_owned(), Code::Spent(token.to_owned()), now, CODE_LASTS)
    }

    pub(super) fn token(&mut self, token: &str, now: Timestamp) -> Option<Grant> {
        self.tokens.get(token, now).cloned()
    }
}

/// Things by their key, each until its end.
#[derive(Debug)]
struct Shelf<T>(HashMap<String, (Timestamp, T)>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Shelf<T> {
    fn put(&mut self, key: String, thing: T, now: Timestamp, lasts: SignedDuration) -> Result<(), Full> {
        if self.0.len() >= MOST {
            self.0.retain(|_, (end, _)| *end > now);
        }
        if self.0.len() >= MOST {
            return Err(Full);
        }
        let end = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
        self.0.insert(key, (end, thing));
        Ok(())
    }

    fn get(&mut self, key: &str, now: Timestamp) -> Option<&T> {
        self.0
            .get(key)
            .filter(|(end, _)| *end > now)
            .map(|(_, thing)| thing)
    }

    fn take(&mut self, key: &str, now: Timestamp) -> Option<T> {
        self.0
            .remove(key)
            .filter(|(end, _)| *end > now)
            .map(|(_, thing)| thing)
    }

    fn remove_where(&mut self, mut which: impl FnMut(&T) -> bool) {
        self.0.retain(|_, (_, thing)| !which(thing));
    }
}
