//! Creates an API token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use portico_api::CreatedToken;
use portico_domain::authz::{self, AuditEvent};
use portico_domain::documents::TokenRules;
use portico_domain::tenancy::TokenScope;
use portico_store::ApiToken;
use serde_json::json;
use uuid::Uuid;

use crate::permissions::Attempt;
use crate::tokens::row;
use crate::{Caller, Conflict, InputError, Portal, PortalError, Result, TokenProblem};

/// The longest name.
const MAX_NAME_CHARACTERS: usize = 100;
/// Tokens that a person may have at once.
const MAX_TOKENS: usize = 100;

/// Creates an API token that acts for the caller, with the groups of their last sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateToken {
    /// The name.
    pub name: String,
    /// Days until it expires: from 1 to the configured maximum.
    pub days: u32,
    /// The scope.
    pub scope: TokenScope,
}

impl CreateToken {
    /// Returns what is wrong with the command by these rules.
    #[must_use]
    pub fn problems(&self, rules: &TokenRules) -> Vec<TokenProblem> {
        let name = self.name.trim();
        let longest = rules.longest_days;
        let mut problems = Vec::new();
        if name.is_empty() {
            problems.push(TokenProblem::NoName);
        } else if name.chars().count() > MAX_NAME_CHARACTERS || name.chars().any(char::is_control) {
            problems.push(TokenProblem::BadName {
                most: MAX_NAME_CHARACTERS,
            });
        }
        if !(1..=longest).contains(&self.days) {
            problems.push(TokenProblem::BadDays { longest });
        }
        problems
    }

    /// Makes the token, created at `now`.
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

/// Encodes `random` as the token's secret.
fn secret(random: &[u8; 32]) -> String {
    format!("{}{}", ApiToken::PREFIX, URL_SAFE_NO_PAD.encode(random))
}

impl Portal {
    /// Creates a token. Only the result contains its secret.
    ///
    /// # Errors
    /// [`PortalError::Forbidden`] when the caller uses a token: one that could create tokens would never end.
    /// [`PortalError::Malformed`] for what [`CreateToken::problems`] says, [`PortalError::Conflict`] when there are
    /// too many already; when the database fails.
    pub async fn create_token(&self, caller: Caller<'_>, command: &CreateToken) -> Result<CreatedToken> {
        let viewer = caller.viewer;
        let grant = authz::create_token(viewer).map_err(Attempt::Token.error())?;
        let configuration = self.configuration();
        let rules = &configuration.portal.spec.tokens;
        let problems = command.problems(rules);
        if !problems.is_empty() {
            return Err(PortalError::Malformed(InputError::Token(problems)));
        }
        if self.store().tokens_of(&authz::own_access(viewer)).await?.len() >= MAX_TOKENS {
            return Err(PortalError::Conflict(Conflict::TooManyTokens {
                most: MAX_TOKENS,
            }));
        }
        let token = command.token(&viewer.person().subject, self.new_id(), self.now());
        let secret = secret(&self.random());
        let event = about_token(grant.audit(self.now(), caller.remote), &token);
        self.store().insert_token(&grant, &token, &secret, event).await?;
        Ok(CreatedToken {
            token: row(token, rules),
            secret,
        })
    }
}

pub(super) fn about_token(event: AuditEvent, token: &ApiToken) -> AuditEvent {
    event.about(token.id.to_string()).with_details(json!({
        "token": token.name,
        "scope": token.scope,
        "expiresAt": token.expires_at,
    }))
}

#[cfg(test)]
mod tests {
    use portico_domain::tenancy::Via;

    use super::*;
    use crate::RevokeToken;
    use crate::testing::{TestApp, caller, developer};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_token_is_created_shown_once_and_revoked() {
        let app = TestApp::new().await;
        let dana = developer(0);
        let command = CreateToken {
            name: "ci".to_owned(),
            days: 30,
            scope: TokenScope::Read,
        };
        let created = app.portal.create_token(caller(&dana), &command).await.unwrap();
        assert!(created.secret.starts_with(ApiToken::PREFIX));
        let listed = app.portal.tokens(&dana).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].id, listed[0].name.as_str()), (created.token.id, "ci"));
        let revoke = || RevokeToken { id: created.token.id };
        let by_another = app.portal.revoke_token(caller(&developer(1)), revoke()).await;
        assert!(matches!(by_another, Err(PortalError::NotFound)), "{by_another:?}");
        app.portal.revoke_token(caller(&dana), revoke()).await.unwrap();
        let again = app.portal.revoke_token(caller(&dana), revoke()).await;
        assert!(matches!(again, Err(PortalError::NotFound)), "{again:?}");
        let verbs: Vec<_> = app
            .audited(None)
            .await
            .into_iter()
            .map(|(verb, _)| verb)
            .collect();
        assert_eq!(
            verbs.iter().filter(|verb| verb.starts_with("token.")).count(),
            2,
            "{verbs:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn bad_input_and_tokens_that_create_tokens_are_refused() {
        let app = TestApp::new().await;
        let good = CreateToken {
            name: "ci".to_owned(),
            days: 30,
            scope: TokenScope::Read,
        };
        for (name, days) in [("", 30), ("two\nlines", 30), ("ci", 0), ("ci", 100_000)] {
            let command = CreateToken {
                name: name.to_owned(),
                days,
                ..good
            };
            let refused = app.portal.create_token(caller(&developer(0)), &command).await;
            assert!(
                matches!(refused, Err(PortalError::Malformed(_))),
                "{name:?} {days}: {refused:?}"
            );
        }
        let by_token = developer(0).with_via(Via::Token);
        let refused = app.portal.create_token(caller(&by_token), &good).await;
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
        for number in 0..MAX_TOKENS {
            let created = app.portal.create_token(caller(&developer(0)), &good).await;
            assert!(created.is_ok(), "{number}");
        }
        let refused = app.portal.create_token(caller(&developer(0)), &good).await;
        assert!(
            matches!(
                refused,
                Err(PortalError::Conflict(Conflict::TooManyTokens { .. }))
            ),
            "{refused:?}"
        );
    }

    #[test]
    fn a_token_follows_from_what_it_is_made_of() {
        let command = CreateToken {
            name: " ci ".to_owned(),
            days: 30,
            scope: TokenScope::Read,
        };
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let token = command.token("https://sso.example.com#dana", Uuid::nil(), now);
        assert_eq!((token.id, token.name.as_str()), (Uuid::nil(), "ci"));
        assert_eq!(token.created_at, now);
        assert_eq!(
            token.expires_at,
            Timestamp::from_second(1_700_000_000 + 30 * 86_400).unwrap()
        );
        let forever = CreateToken {
            days: u32::MAX,
            ..command
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
