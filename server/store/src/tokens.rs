//! API tokens. The database contains the SHA-256 of a secret. A slow hash would add nothing, because secrets are long
//! and random.

use jiff::{SignedDuration, Timestamp};
use portico_domain::audit_log::NewEvent;
use portico_domain::authz::{
    AccessScope, AuditEvent, CreateToken, Granted, OwnToken, OwnTokens, RevokeToken,
};
use portico_domain::security::SecurityEvent;
use portico_domain::tenancy::{KnownPerson, Person, TokenScope};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError, people};

/// How often the last use is stored: a read must not cost a write each time.
const USE_STORE_INTERVAL: SignedDuration = SignedDuration::from_mins(1);

const COLUMNS: &str = "api_tokens.id, api_tokens.name, api_tokens.subject, api_tokens.scope, api_tokens.created_at, \
     api_tokens.expires_at, api_tokens.last_used_at";

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its owner, as [`portico_domain::tenancy::Person::subject`].
    pub subject: String,
    /// Its scope.
    pub scope: TokenScope,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl ApiToken {
    /// The prefix of every secret, so that a leaked one can be recognized.
    pub const PREFIX: &str = "portico_";
}

impl Store {
    /// Inserts a token of the person that the grant names, and records it. `secret` must have at least 128 random
    /// bits.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the id or the secret exists.
    pub async fn insert_token(
        &self,
        grant: &Granted<OwnTokens, CreateToken>,
        token: &ApiToken,
        secret: &str,
        event: AuditEvent,
    ) -> Result<()> {
        self.insert_token_row(&grant.target().subject, token, secret, &[event])
            .await
    }

    /// Inserts a token, for tests of other things than grants.
    ///
    /// # Errors
    /// As [`Store::insert_token`].
    #[cfg(feature = "testing")]
    pub async fn insert_token_for_tests(&self, token: &ApiToken, secret: &str) -> Result<()> {
        self.insert_token_row(&token.subject, token, secret, &[]).await
    }

    async fn insert_token_row(
        &self,
        subject: &str,
        token: &ApiToken,
        secret: &str,
        events: &[AuditEvent],
    ) -> Result<()> {
        let insert = Query::new(
            "INSERT INTO api_tokens (id, secret_hash, name, subject, scope, created_at, expires_at, last_used_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            [
                token.id.to_string().into(),
                hashed(secret).into(),
                token.name.as_str().into(),
                subject.into(),
                token.scope.slug().into(),
                token.created_at.into(),
                token.expires_at.into(),
                token.last_used_at.into(),
            ],
        );
        let mut transaction = self.backend.begin().await?;
        if transaction.execute(insert).await? == 0 {
            return Err(StoreError::Duplicate(format!("token {}", token.id)));
        }
        crate::audit_log::append(&mut *transaction, events).await?;
        transaction.commit().await
    }

    /// Selects the token with that secret, unless it has expired, and its owner as currently known.
    /// [`KnownPerson::lapse`] says whether the token may act for them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn authenticate_token(
        &self,
        secret: &str,
        now: Timestamp,
    ) -> Result<Option<(ApiToken, KnownPerson)>> {
        let mut select = Query::new("SELECT ", []);
        select
            .push(COLUMNS)
            .push(", ")
            .push(people::COLUMNS)
            .push(" FROM api_tokens JOIN people ON people.subject = api_tokens.subject WHERE secret_hash = ")
            .bind(hashed(secret))
            .push(" AND expires_at > ")
            .bind(now);
        let rows = self.backend.fetch(select).await?;
        rows.first()
            .map(|row| Ok((row.try_into()?, row.try_into()?)))
            .transpose()
    }

    /// Stores that a token of `person` was used, to the minute, and records its first use with the client's address
    /// `remote`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_token_use(
        &self,
        token: &ApiToken,
        person: &Person,
        now: Timestamp,
        remote: Option<&str>,
    ) -> Result<()> {
        let is_recent = token
            .last_used_at
            .is_some_and(|used| now.duration_since(used) < USE_STORE_INTERVAL);
        if !is_recent {
            self.note_use(token, person, now, remote).await?;
        }
        Ok(())
    }

    async fn note_use(
        &self,
        token: &ApiToken,
        person: &Person,
        now: Timestamp,
        remote: Option<&str>,
    ) -> Result<()> {
        let mut transaction = self.backend.begin().await?;
        let id = token.id.to_string();
        // Of two concurrent first uses, only one is recorded.
        let first = "UPDATE api_tokens SET last_used_at = $1 WHERE id = $2 AND last_used_at IS NULL";
        if transaction
            .execute(Query::new(first, [now.into(), id.as_str().into()]))
            .await?
            > 0
        {
            crate::audit_log::append(&mut *transaction, &[first_use(token, person, now, remote)]).await?;
        } else {
            let update = "UPDATE api_tokens SET last_used_at = $1 WHERE id = $2";
            transaction
                .execute(Query::new(update, [now.into(), id.as_str().into()]))
                .await?;
        }
        transaction.commit().await
    }

    /// Selects a person's tokens, newest first, including expired ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tokens_of(&self, scope: &AccessScope) -> Result<Vec<ApiToken>> {
        let mut select = Query::new("SELECT ", []);
        select
            .push(COLUMNS)
            .push(" FROM api_tokens WHERE subject = ")
            .bind(scope.subject())
            .push(" ORDER BY created_at DESC, id LIMIT 500");
        let rows = self.backend.fetch(select).await?;
        rows.iter().map(ApiToken::try_from).collect()
    }

    /// Deletes the token that the grant names, and records it. False if there was none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_token(
        &self,
        grant: &Granted<OwnToken, RevokeToken>,
        event: AuditEvent,
    ) -> Result<bool> {
        let OwnToken { subject, id } = grant.target();
        let delete = "DELETE FROM api_tokens WHERE id = $1 AND subject = $2";
        let mut transaction = self.backend.begin().await?;
        let delete = Query::new(delete, [id.to_string().into(), subject.as_str().into()]);
        if transaction.execute(delete).await? == 0 {
            return Ok(false);
        }
        crate::audit_log::append(&mut *transaction, &[event]).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

fn first_use(token: &ApiToken, person: &Person, at: Timestamp, remote: Option<&str>) -> NewEvent {
    NewEvent {
        at,
        actor: person.subject.clone(),
        actor_name: person.name.clone(),
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

impl TryFrom<&Row> for ApiToken {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            name: row.text("name")?,
            subject: row.text("subject")?,
            scope: scope(&row.text("scope")?)?,
            created_at: row.time("created_at")?,
            expires_at: row.time("expires_at")?,
            last_used_at: row.time_if_any("last_used_at")?,
        })
    }
}
