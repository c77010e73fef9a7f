//! API tokens. The database holds the SHA-256 of a secret; a secret is random and long, so that a
//! slow hash would add nothing.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use portico_domain::record::NewEvent;
use portico_domain::security::SecurityEvent;
use portico_domain::tenancy::{Person, TokenScope};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError};

/// The last use is noted no more often than this: a read must not cost a write each time.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

const SELECT: &str = "SELECT id, name, subject, person_name, person_email, sso_groups, scope, created_at, \
     expires_at, last_used_at FROM api_tokens";

/// A token as it may be shown: without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its identity.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// For whom it speaks.
    pub person: Person,
    /// The person's SSO groups when they made it or signed in last: it can do what these can, as configuration has
    /// it at the time of use.
    pub groups: BTreeSet<String>,
    /// What it is good for.
    pub scope: TokenScope,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiToken {
    /// What every secret begins with, so that one that leaked is known for what it is.
    pub const PREFIX: &str = "portico_";
}

impl Store {
    /// Keeps a new token, whose `secret` must have at least 128 random bits.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when there is one of this identity or secret.
    pub async fn insert_token(&self, token: &ApiToken, secret: &str) -> Result<()> {
        let groups = serde_json::to_string(&token.groups)
            .map_err(|error| StoreError::unreadable("a token's groups", error))?;
        let insert = Query::new(
            "INSERT INTO api_tokens (id, secret_hash, name, subject, person_name, person_email, sso_groups, \
             scope, created_at, expires_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT DO NOTHING",
            [
                token.id.to_string().into(),
                hashed(secret).into(),
                token.name.as_str().into(),
                token.person.subject.as_str().into(),
                token.person.name.as_str().into(),
                token.person.email.as_deref().into(),
                groups.into(),
                token.scope.slug().into(),
                token.created_at.into(),
                token.expires_at.into(),
                token.last_used_at.into(),
            ],
        );
        match self.write(insert).await? {
            0 => Err(StoreError::Duplicate(format!("token {}", token.id))),
            _ => Ok(()),
        }
    }

    /// The token of that secret, unless it has expired; notes that it was used, and records its first use with the
    /// address `remote`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_token(
        &self,
        secret: &str,
        now: Timestamp,
        remote: Option<&str>,
    ) -> Result<Option<ApiToken>> {
        let mut select = Query::new(SELECT, []);
        select
            .push(" WHERE secret_hash = ")
            .bind(hashed(secret))
            .push(" AND expires_at > ")
            .bind(now);
        let Some(token) = tokens(&self.backend.fetch(select).await?)?.pop() else {
            return Ok(None);
        };
        if token
            .last_used_at
            .is_none_or(|used| now.duration_since(used) >= NOTED_EVERY)
        {
            self.note_use(&token, now, remote).await?;
        }
        Ok(Some(token))
    }

    async fn note_use(&self, token: &ApiToken, now: Timestamp, remote: Option<&str>) -> Result<()> {
        let mut transaction = self.backend.begin().await?;
        let id = token.id.to_string();
        // Of two first uses at once, one is the first.
        let first = "UPDATE api_tokens SET last_used_at = $1 WHERE id = $2 AND last_used_at IS NULL";
        if transaction
            .execute(Query::new(first, [now.into(), id.as_str().into()]))
            .await?
            > 0
        {
            crate::record::append(&mut *transaction, &[first_use(token, now, remote)]).await?;
        } else {
            let note = "UPDATE api_tokens SET last_used_at = $1 WHERE id = $2";
            transaction
                .execute(Query::new(note, [now.into(), id.as_str().into()]))
                .await?;
        }
        transaction.commit().await
    }

    /// A person's tokens, the newest first, expired ones included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tokens_of(&self, subject: &str) -> Result<Vec<ApiToken>> {
        let mut select = Query::new(SELECT, []);
        select
            .push(" WHERE subject = ")
            .bind(subject)
            .push(" ORDER BY created_at DESC, id LIMIT 500");
        tokens(&self.backend.fetch(select).await?)
    }

    /// Gives all tokens of a person the groups that they are in now, as their provider just said.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn regroup_tokens(&self, subject: &str, groups: &BTreeSet<String>) -> Result<()> {
        let groups = serde_json::to_string(groups)
            .map_err(|error| StoreError::unreadable("a token's groups", error))?;
        let update = "UPDATE api_tokens SET sso_groups = $1 WHERE subject = $2";
        self.write(Query::new(update, [groups.into(), subject.into()]))
            .await?;
        Ok(())
    }

    /// Removes a token of that person; whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_token(&self, subject: &str, id: Uuid) -> Result<bool> {
        let delete = "DELETE FROM api_tokens WHERE id = $1 AND subject = $2";
        Ok(self
            .write(Query::new(delete, [id.to_string().into(), subject.into()]))
            .await?
            > 0)
    }
}

fn first_use(token: &ApiToken, at: Timestamp, remote: Option<&str>) -> NewEvent {
    NewEvent {
        at,
        actor: token.person.subject.clone(),
        actor_name: token.person.name.clone(),
        verb: SecurityEvent::TokenFirstUsed.name().to_owned(),
        subject: token.id.to_string(),
        tenant: None,
        request: None,
        remote: remote.map(str::to_owned),
        details: json!({ "token": token.name, "scope": token.scope }),
    }
}

fn scope(slug: &str) -> Result<TokenScope> {
    TokenScope::from_slug(slug).ok_or_else(|| StoreError::unreadable("scope", slug))
}

fn hashed(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

fn tokens(rows: &[Row]) -> Result<Vec<ApiToken>> {
    rows.iter()
        .map(|row| {
            Ok(ApiToken {
                id: row.parsed("id")?,
                name: row.text("name")?,
                person: Person {
                    subject: row.text("subject")?,
                    name: row.text("person_name")?,
                    email: row.text_if_any("person_email")?,
                },
                groups: row.json("sso_groups")?,
                scope: scope(&row.text("scope")?)?,
                created_at: row.time("created_at")?,
                expires_at: row.time("expires_at")?,
                last_used_at: row.time_if_any("last_used_at")?,
            })
        })
        .collect()
}
