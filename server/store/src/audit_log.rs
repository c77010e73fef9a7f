//! The audit log: append-only, with a hash chain over all events.

use jiff::Timestamp;
use portico_domain::audit_log::{Event, NewEvent, chain_hash};
use portico_domain::authz::AuditEvent;
use portico_domain::names::{RequestId, TenantName};
use portico_domain::tenancy::Scope;

use crate::backend::{Query, Row, Transaction};
use crate::{Listing, Page, Result, Store, StoreError};

pub(crate) const SELECT: &str = "SELECT sequence, at, actor, actor_name, verb, subject, tenant, request_id, remote, details, \
     previous_hash, hash FROM events";

/// Filters audit events. Fields that are not set match all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// The tenant.
    pub tenant: Option<TenantName>,
    /// The request.
    pub request: Option<RequestId>,
    /// The actor.
    pub actor: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The verb; if it ends in a dot, all verbs with that prefix: `request.`.
    pub verb: Option<String>,
    /// The earliest time, inclusive.
    pub since: Option<Timestamp>,
    /// The latest time, exclusive.
    pub until: Option<Timestamp>,
    /// The place in the record after which they are.
    pub after: Option<i64>,
}

impl Store {
    /// Appends an event in a separate transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn append(&self, event: AuditEvent) -> Result<Event> {
        let mut transaction = self.backend.begin().await?;
        let appended = append(&mut *transaction, std::slice::from_ref(&event)).await?;
        transaction.commit().await?;
        appended
            .into_iter()
            .next()
            .ok_or_else(|| StoreError::unreadable("the record", "an event was not appended"))
    }

    /// Selects events, newest first. Those without a tenant need the whole scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events(
        &self,
        scope: &Scope,
        filter: &EventFilter,
        page: &Page<i64>,
    ) -> Result<Listing<Event, i64>> {
        let mut query = Query::new(SELECT, []);
        filter.write(scope, &mut query);
        if let Some(before) = page.before {
            query.push(" AND sequence < ").bind(before);
        }
        query.push(" ORDER BY sequence DESC LIMIT ").bind(page.rows() + 1);
        let found = events(&self.backend.fetch(query).await?)?;
        Ok(Listing::cut(found, page.rows(), |event| event.sequence))
    }

    /// Selects the actors of events that `scope` may read: subject and latest name, ordered by name; the first 500.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actors(&self, scope: &Scope) -> Result<Vec<(String, String)>> {
        let mut query = Query::new("SELECT actor, MAX(name) AS actor_name FROM record_actors", []);
        EventFilter::default().write(scope, &mut query);
        query.push(" GROUP BY actor ORDER BY 2, 1 LIMIT 500");
        let rows = self.backend.fetch(query).await?;
        rows.iter()
            .map(|row| Ok((row.text("actor")?, row.text("actor_name")?)))
            .collect()
    }
}

/// Appends events to the chain in the transaction of the change that they describe. It locks the head of the chain
/// until that transaction ends, so call it last.
pub(crate) async fn append<E: AsRef<NewEvent>>(
    transaction: &mut dyn Transaction,
    events: &[E],
) -> Result<Vec<Event>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    // The update locks the row in both databases; other writers wait here.
    let head = "UPDATE record_head SET sequence = sequence WHERE id = 1 RETURNING sequence, hash";
    let rows = transaction.fetch(Query::new(head, [])).await?;
    let head = rows
        .first()
        .ok_or_else(|| StoreError::unreadable("the record", "the end of the chain is missing"))?;
    let (mut sequence, mut hash) = (head.integer("sequence")?, head.text("hash")?);
    let mut appended = Vec::with_capacity(events.len());
    for event in events {
        sequence += 1;
        let (event, details) = as_stored(event.as_ref())?;
        let previous_hash = std::mem::take(&mut hash);
        hash = chain_hash(&previous_hash, sequence, &event);
        let event = Event {
            sequence,
            event,
            previous_hash,
            hash: hash.clone(),
        };
        transaction.execute(insert(&event, details)).await?;
        transaction.execute(upsert_actor(&event.event)).await?;
        crate::announce(&event.event, true);
        appended.push(event);
    }
    let update = "UPDATE record_head SET sequence = $1, hash = $2 WHERE id = 1";
    transaction
        .execute(Query::new(update, [sequence.into(), hash.into()]))
        .await?;
    Ok(appended)
}

/// Returns the event as it will be read back, with its details as text, because the hash must match the stored row.
/// Times are truncated to microseconds, NULs are removed from texts, and numbers change as JSON text changes them.
fn as_stored(event: &NewEvent) -> Result<(NewEvent, String)> {
    let unreadable = |error: serde_json::Error| StoreError::unreadable("an event's details", error);
    let clean = |text: &str| text.replace('\0', "\u{FFFD}");
    let details = serde_json::to_string(&event.details).map_err(unreadable)?;
    let stored = NewEvent {
        at: Timestamp::from_microsecond(event.at.as_microsecond())
            .map_err(|error| StoreError::unreadable("an event's time", error))?,
        actor: clean(&event.actor),
        actor_name: clean(&event.actor_name),
        verb: clean(&event.verb),
        subject: clean(&event.subject),
        tenant: event.tenant.clone(),
        request: event.request,
        remote: event.remote.as_deref().map(clean),
        details: serde_json::from_str(&details).map_err(unreadable)?,
    };
    Ok((stored, details))
}

fn insert(event: &Event, details: String) -> Query {
    let Event {
        sequence,
        event,
        previous_hash,
        hash,
    } = event;
    Query::new(
        "INSERT INTO events (sequence, at, actor, actor_name, verb, subject, tenant, request_id, remote, details, \
         previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        [
            (*sequence).into(),
            event.at.into(),
            event.actor.as_str().into(),
            event.actor_name.as_str().into(),
            event.verb.as_str().into(),
            event.subject.as_str().into(),
            event.tenant.as_ref().map(AsRef::as_ref).into(),
            event.request.map(|id| id.to_string()).as_deref().into(),
            event.remote.as_deref().into(),
            details.into(),
            previous_hash.as_str().into(),
            hash.as_str().into(),
        ],
    )
}

/// Upserts the actor's latest name, for [`Store::actors`].
fn upsert_actor(event: &NewEvent) -> Query {
    Query::new(
        "INSERT INTO record_actors (tenant, actor, name) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant, actor) DO UPDATE SET name = excluded.name",
        [
            event.tenant.as_ref().map_or("", AsRef::as_ref).into(),
            event.actor.as_str().into(),
            event.actor_name.as_str().into(),
        ],
    )
}

impl EventFilter {
    fn write(&self, scope: &Scope, query: &mut Query) {
        match scope.tenants() {
            None => query.push(" WHERE 1 = 1"),
            Some(tenants) => query
                .push(" WHERE tenant IN ")
                .bind_list(tenants.iter().map(AsRef::<str>::as_ref)),
        };
        if let Some(tenant) = &self.tenant {
            query.push(" AND tenant = ").bind(tenant.as_str());
        }
        if let Some(request) = self.request {
            query.push(" AND request_id = ").bind(request.to_string());
        }
        if let Some(actor) = &self.actor {
            query.push(" AND actor = ").bind(actor.as_str());
        }
        if let Some(subject) = &self.subject {
            query.push(" AND subject = ").bind(subject.as_str());
        }
        match self.verb.as_deref() {
            Some(verb) if verb.ends_with('.') => {
                let length = i64::try_from(verb.chars().count()).unwrap_or(i64::MAX);
                query
                    .push(" AND substr(verb, 1, CAST(")
                    .bind(length)
                    .push(" AS INTEGER)) = ")
                    .bind(verb);
            }
            Some(verb) => {
                query.push(" AND verb = ").bind(verb);
            }
            None => {}
        }
        if let Some(since) = self.since {
            query.push(" AND at >= ").bind(since);
        }
        if let Some(until) = self.until {
            query.push(" AND at < ").bind(until);
        }
        if let Some(after) = self.after {
            query.push(" AND sequence > ").bind(after);
        }
    }
}

fn events(rows: &[Row]) -> Result<Vec<Event>> {
    rows.iter().map(Event::try_from).collect()
}

impl TryFrom<&Row> for Event {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        let parsed = |column: &str, error: &dyn std::fmt::Display| StoreError::unreadable(column, error);
        Ok(Self {
            sequence: row.integer("sequence")?,
            event: NewEvent {
                at: row.time("at")?,
                actor: row.text("actor")?,
                actor_name: row.text("actor_name")?,
                verb: row.text("verb")?,
                subject: row.text("subject")?,
                tenant: row
                    .text_if_any("tenant")?
                    .map(|tenant| tenant.parse().map_err(|error| parsed("tenant", &error)))
                    .transpose()?,
                request: row
                    .text_if_any("request_id")?
                    .map(|id| id.parse().map_err(|error| parsed("request_id", &error)))
                    .transpose()?,
                remote: row.text_if_any("remote")?,
                details: row.json("details")?,
            },
            previous_hash: row.text("previous_hash")?,
            hash: row.text("hash")?,
        })
    }
}
