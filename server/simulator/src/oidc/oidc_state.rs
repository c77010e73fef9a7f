//! What the provider stores in memory: pending sign-ins, codes, tokens, sessions. Everything expires.

use jiff::{SignedDuration, Timestamp};

use super::expiring_map::{ExpiringMap, Full};

/// The lifetime of a sign-in page.
pub(super) const SIGN_IN_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// The lifetime of a code (at most ten minutes by RFC 6749, section 4.1.2).
pub(super) const CODE_LIFETIME: SignedDuration = SignedDuration::from_secs(60);
/// The lifetime of an access token.
pub(super) const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// The lifetime of a session at the provider.
pub(super) const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(10);

/// A validated authorization request.
#[derive(Debug, Clone)]
pub(super) struct AuthorizationRequest {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
}

/// A session of a person in one browser.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) username: String,
    pub(super) since: Timestamp,
}

/// What a code or token was issued for.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) request: AuthorizationRequest,
    pub(super) session: Session,
}

/// The state of a code.
#[derive(Debug)]
enum Code {
    Open(Grant),
    /// Exchanged for this access token.
    Spent(String),
}

/// The state of the flows.
#[derive(Debug, Default)]
pub(super) struct OidcState {
    pending: ExpiringMap<AuthorizationRequest>,
    codes: ExpiringMap<Code>,
    tokens: ExpiringMap<Grant>,
    sessions: ExpiringMap<Session>,
}

impl OidcState {
    pub(super) fn add_pending(
        &mut self,
        ticket: String,
        request: AuthorizationRequest,
        now: Timestamp,
    ) -> Result<(), Full> {
        self.pending.put(ticket, request, now, SIGN_IN_LIFETIME)
    }

    /// The pending request of a ticket. It stays valid until it expires: the person may go back and choose
    /// somebody else.
    pub(super) fn pending_request(&mut self, ticket: &str, now: Timestamp) -> Option<AuthorizationRequest> {
        self.pending.get(ticket, now).cloned()
    }

    pub(super) fn begin_session(
        &mut self,
        cookie: String,
        session: Session,
        now: Timestamp,
    ) -> Result<(), Full> {
        self.sessions.put(cookie, session, now, SESSION_LIFETIME)
    }

    pub(super) fn session(&mut self, cookie: &str, now: Timestamp) -> Option<Session> {
        self.sessions.get(cookie, now).cloned()
    }

    pub(super) fn sessions_of(&self, username: &str) -> Vec<String> {
        self.sessions
            .values()
            .filter(|session| session.username == username)
            .map(|session| session.id.clone())
            .collect()
    }

    /// Ends the session of a cookie and revokes its access tokens.
    pub(super) fn end_session(&mut self, cookie: &str, now: Timestamp) {
        if let Some(session) = self.sessions.take(cookie, now) {
            self.tokens.remove_where(|grant| grant.session.id == session.id);
        }
    }

    pub(super) fn issue(&mut self, code: String, grant: Grant, now: Timestamp) -> Result<(), Full> {
        self.codes.put(code, Code::Open(grant), now, CODE_LIFETIME)
    }

    /// The grant of a code that was not exchanged yet.
    pub(super) fn open_grant(&mut self, code: &str, now: Timestamp) -> Option<Grant> {
        match self.codes.get(code, now)? {
            Code::Open(grant) => Some(grant.clone()),
            Code::Spent(_) => None,
        }
    }

    /// Revokes a code that is used twice, and its access token (RFC 6749, section 4.1.2): it may be stolen.
    pub(super) fn revoke_reused(&mut self, code: &str, now: Timestamp) {
        if let Some(Code::Spent(token)) = self.codes.take(code, now) {
            self.tokens.take(&token, now);
        }
    }

    /// Exchanges the code for an access token.
    pub(super) fn exchange(
        &mut self,
        code: &str,
        token: &str,
        grant: Grant,
        now: Timestamp,
    ) -> Result<(), Full> {
        self.tokens.put(token.to_owned(), grant, now, TOKEN_LIFETIME)?;
        self.codes.take(code, now);
        self.codes
            .put(code.to_owned(), Code::Spent(token.to_owned()), now, CODE_LIFETIME)
    }

    pub(super) fn token(&mut self, token: &str, now: Timestamp) -> Option<Grant> {
        self.tokens.get(token, now).cloned()
    }
}
