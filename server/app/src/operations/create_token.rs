//! A person's API tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use portico_api::{CreatedToken, Problem, TokenRow};
use portico_domain::authz::{self, AuditEvent};
use portico_domain::documents::TokenRules;
use portico_domain::tenancy::{TokenScope, Viewer};
use portico_store::ApiToken;
use serde_json::json;
use uuid::Uuid;

use super::permissions::Denial;
use super::{Conflict, Portal, PortalError, Result};

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;
/// Tokens that a person may have at once.
const MOST: usize = 100;

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What to call it.
    pub name: String,
    /// For how many days it is good, from 1 to what the configuration allows.
    pub days: u32,
    /// What it is good for.
    pub scope: TokenScope,
}

impl NewToken {
    /// What is wrong with it by these rules, by the names of the API's fields.
    #[must_use]
    pub fn problems(&self, rules: &TokenRules) -> Vec<Problem> {
        let name = self.name.trim();
        let mut problems = Vec::new();
        let mut problem = |field: &str, message: String| {
            problems.push(Problem {
                field: field.to_owned(),
                message,
            });
        };
        if name.is_empty() {
            problem(
                "name",
                "Give it a name by which you will know what uses it.".to_owned(),
            );
        } else if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            problem(
                "name",
                format!("A name has at most {LONGEST_NAME} characters, all on one line."),
            );
        }
        let longest = rules.longest_days;
        if !(1..=longest).contains(&self.days) {
            problem("days", format!("It is good for 1 to {longest} days."));
        }
        problems
    }

    /// The token of that identity, made at `now`.
    fn token(&self, subject: &str, id: Uuid, now: Timestamp) -> ApiToken {
        ApiToken {
            id,
            name: self.name.trim().to_owned(),
            subject: subject.to_owned(),
            scope: self.scope,
            created_at: now,
            expires_at: now
                .saturating_add(SignedDuration::from_hours(i64::from(self.days) * 24))
                .unwrap_or(Timestamp::MAX),
            last_used_at: None,
        }
    }
}

/// What whoever has the token shows: `random` in letters.
fn secret(random: &[u8; 32]) -> String {
    format!("{}{}", ApiToken::PREFIX, URL_SAFE_NO_PAD.encode(random))
}

impl Portal {
    /// The viewer's own tokens, the newest first, those that have ended included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tokens(&self, viewer: &Viewer) -> Result<Vec<TokenRow>> {
        let tokens = self.store().tokens_of(&viewer.person.subject).await?;
        let configuration = self.configuration();
        let rules = &configuration.portal.spec.tokens;
        Ok(tokens.into_iter().map(|token| row(token, rules)).collect())
    }

    /// Makes a token that speaks for the viewer, with the groups that they were in at their last sign-in. Its secret is
    /// in the answer, and nowhere else.
    ///
    /// # Errors
    /// [`PortalError::Forbidden`] when a token asks: one that could make tokens would never end.
    /// [`PortalError::Malformed`] for what [`NewToken::problems`] says, [`PortalError::Conflict`] when there are
    /// too many already; when the database fails.
    pub async fn make_token(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        wish: &NewToken,
    ) -> Result<CreatedToken> {
        let grant = authz::create_token(viewer).map_err(Denial::Token.error())?;
        let configuration = self.configuration();
        let rules = &configuration.portal.spec.tokens;
        let problems = wish.problems(rules);
        if !problems.is_empty() {
            let said: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            return Err(PortalError::Malformed(said.join(" ")));
        }
        if self.store().tokens_of(&viewer.person.subject).await?.len() >= MOST {
            return Err(PortalError::Conflict(
                Conflict::LimitReached,
                format!("You have {MOST} tokens, and may have no more. Revoke those that you do not need."),
            ));
        }
        let token = wish.token(&viewer.person.subject, Uuid::now_v7(), self.now());
        let secret = secret(&rand::random());
        let event = about_token(grant.audit(self.now(), remote), &token);
        self.store().insert_token(&grant, &token, &secret, event).await?;
        Ok(CreatedToken {
            token: row(token, rules),
            secret,
        })
    }

    /// Takes a token of the viewer's out of use, for good.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when they have none of that identity; when the database fails.
    pub async fn revoke_token(&self, viewer: &Viewer, remote: Option<&str>, id: Uuid) -> Result<()> {
        let grant = authz::revoke_token(viewer, id).map_err(Denial::Token.error())?;
        let token = self
            .store()
            .tokens_of(&grant.target().subject)
            .await?
            .into_iter()
            .find(|token| token.id == id)
            .ok_or(PortalError::NotFound)?;
        let event = about_token(grant.audit(self.now(), remote), &token);
        if !self.store().delete_token(&grant, event).await? {
            return Err(PortalError::NotFound);
        }
        Ok(())
    }
}

fn about_token(event: AuditEvent, token: &ApiToken) -> AuditEvent {
    event.about(token.id.to_string()).with_details(json!({
        "token": token.name,
        "scope": token.scope,
        "expiresAt": token.expires_at,
    }))
}

pub(super) fn row(token: ApiToken, rules: &TokenRules) -> TokenRow {
    TokenRow {
        expires_at: rules.ends_at(token.created_at, token.expires_at),
        id: token.id,
        name: token.name,
        scope: token.scope,
        created_at: token.created_at,
        last_used_at: token.last_used_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_follows_from_what_it_is_made_of() {
        let wish = NewToken {
            name: " ci ".to_owned(),
            days: 30,
            scope: TokenScope::Read,
        };
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let token = wish.token("https://sso.example.com#dana", Uuid::nil(), now);
        assert_eq!((token.id, token.name.as_str()), (Uuid::nil(), "ci"));
        assert_eq!(token.created_at, now);
        assert_eq!(
            token.expires_at,
            Timestamp::from_second(1_700_000_000 + 30 * 86_400).unwrap()
        );
        let forever = NewToken {
            days: u32::MAX,
            ..wish
        };
        let forever = forever.token("https://sso.example.com#dana", Uuid::nil(), now);
        assert!(forever.expires_at > now, "it does not overflow into the past");
    }

    #[test]
    fn a_secret_is_all_of_the_randomness_that_it_is_made_of() {
        let one = secret(&[7; 32]);
        assert!(
            one.starts_with(ApiToken::PREFIX) && one.len() == ApiToken::PREFIX.len() + 43,
            "{one}"
        );
        assert_eq!(one, secret(&[7; 32]));
        let mut other = [7; 32];
        other[31] = 8;
        assert_ne!(one, secret(&other));
    }
}
