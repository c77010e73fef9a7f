//! The record: who did what to what. Appended to, never changed; each event bound to the one
//! before by its hash.

use jiff::Timestamp;
use portico_domain::names::{RequestId, TenantName};
use portico_domain::record::{Event, NewEvent, chain_hash};
use portico_domain::tenancy::Scope;

use crate::backend::{Query, Row, Transaction};
use crate::{Listing, Page, Result, Store, StoreError};

/// How many events are judged at a time.
const BATCH: i64 = 1000;

const SELECT: &str = "SELECT sequence, at, actor, actor_name, verb, subject, tenant, request_id, remote, details, \
     previous_hash, hash FROM events";

/// Which events. What is empty does not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this tenant.
    pub tenant: Option<TenantName>,
    /// Of this request.
    pub request: Option<RequestId>,
    /// By this actor.
    pub actor: Option<String>,
    /// To this subject.
    pub subject: Option<String>,
    /// With this verb; when it ends in a dot, with all that begin so: `request.`.
    pub verb: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// What became of judging the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainVerdict {
    /// Every event is as it was written, and none is missing.
    Intact {
        /// How many there are.
        events: i64,
        /// The hash of the last. Whoever keeps it elsewhere can tell whether the whole chain was made anew.
        head: String,
    },
    /// Somebody changed the record.
    Broken {
        /// The first event that is not as it was written, or is missing.
        sequence: i64,
        /// What is wrong with it.
        why: String,
    },
}

/// The end of a part of the chain that was judged and held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEnd {
    /// The place of its last event.
    pub sequence: i64,
    /// The hash of that.
    pub hash: String,
}

impl ChainEnd {
    /// Before the first event.
    #[must_use]
    pub fn beginning() -> Self {
        Self {
            sequence: 0,
            hash: "0".repeat(64),
        }
    }
}

impl Store {
    /// Appends an event by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn append(&self, event: NewEvent) -> Result<Event> {
        let mut transaction = self.backend.begin().await?;
        let appended = append(&mut *transaction, std::slice::from_ref(&event)).await?;
        transaction.commit().await?;
        appended
            .into_iter()
            .next()
            .ok_or_else(|| StoreError::unreadable("the record", "an event was not appended"))
    }

    /// Events, the newest first. What belongs to no tenant is for those alone who may read everything.
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

    /// Who did something that `scope` may read: subject and the last name they went by, by name. The first 500.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actors(&self, scope: &Scope) -> Result<Vec<(String, String)>> {
        let mut query = Query::new("SELECT actor, MAX(actor_name) AS actor_name FROM events", []);
        EventFilter::default().write(scope, &mut query);
        query.push(" GROUP BY actor ORDER BY 2, 1 LIMIT 500");
        let rows = self.backend.fetch(query).await?;
        rows.iter()
            .map(|row| Ok((row.text("actor")?, row.text("actor_name")?)))
            .collect()
    }

    /// Judges the whole chain, from its first event to the last that was there when it began.
    ///
    /// # Errors
    /// When the database fails. A chain that is broken is no error but a verdict.
    pub async fn verify_chain(&self) -> Result<ChainVerdict> {
        self.verify_chain_after(ChainEnd::beginning()).await
    }

    /// Judges what follows a part of the chain that held when it was judged. What was changed in that part since is
    /// not found.
    ///
    /// # Errors
    /// When the database fails. A chain that is broken is no error but a verdict.
    pub async fn verify_chain_after(&self, known: ChainEnd) -> Result<ChainVerdict> {
        let head = self
            .backend
            .fetch(Query::new(
                "SELECT sequence, hash FROM record_head WHERE id = 1",
                [],
            ))
            .await?;
        let Some(head) = head.first() else {
            return Ok(ChainVerdict::Broken {
                sequence: 1,
                why: "the end of the chain is not known".to_owned(),
            });
        };
        let (last, last_hash) = (head.integer("sequence")?, head.text("hash")?);
        let ChainEnd {
            mut sequence,
            mut hash,
        } = known;
        if last < sequence {
            return Ok(ChainVerdict::Broken {
                sequence: last + 1,
                why: "it is missing".to_owned(),
            });
        }
        while sequence < last {
            let mut query = Query::new(SELECT, []);
            query
                .push(" WHERE sequence > ")
                .bind(sequence)
                .push(" AND sequence <= ")
                .bind(last);
            query.push(" ORDER BY sequence LIMIT ").bind(BATCH);
            let rows = self.backend.fetch(query).await?;
            if rows.is_empty() {
                return Ok(ChainVerdict::Broken {
                    sequence: sequence + 1,
                    why: "it is missing".to_owned(),
                });
            }
            for row in &rows {
                if let Err(why) = follows(row, sequence + 1, &hash) {
                    return Ok(ChainVerdict::Broken {
                        sequence: sequence + 1,
                        why,
                    });
                }
                sequence += 1;
                hash = row.text("hash")?;
            }
        }
        if hash != last_hash {
            return Ok(ChainVerdict::Broken {
                sequence,
                why: "the chain should end in another hash".to_owned(),
            });
        }
        Ok(ChainVerdict::Intact {
            events: last,
            head: last_hash,
        })
    }
}

/// Appends to the chain within the transaction of the change that the events speak of. It holds
/// the end of the chain until that transaction ends, so it comes last in it.
pub(crate) async fn append(transaction: &mut dyn Transaction, events: &[NewEvent]) -> Result<Vec<Event>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    // Touching the row locks it on both databases; others who append wait here.
    let head = "UPDATE record_head SET sequence = sequence WHERE id = 1 RETURNING sequence, hash";
    let rows = transaction.fetch(Query::new(head, [])).await?;
    let head = rows
        .first()
        .ok_or_else(|| StoreError::unreadable("the record", "the end of the chain is missing"))?;
    let (mut sequence, mut hash) = (head.integer("sequence")?, head.text("hash")?);
    let mut appended = Vec::with_capacity(events.len());
    for event in events {
        sequence += 1;
        let (event, details) = as_kept(event)?;
        let previous_hash = std::mem::take(&mut hash);
        hash = chain_hash(&previous_hash, sequence, &event);
        let event = Event {
            sequence,
            event,
            previous_hash,
            hash: hash.clone(),
        };
        transaction.execute(insert(&event, details)).await?;
        appended.push(event);
    }
    let save = "UPDATE record_head SET sequence = $1, hash = $2 WHERE id = 1";
    transaction
        .execute(Query::new(save, [sequence.into(), hash.into()]))
        .await?;
    Ok(appended)
}

/// The event as it will be read back, and its details as text: the hash is taken over what is
/// kept, not over what was meant. Times lose what is below a microsecond, texts their NULs, and
/// numbers whatever a trip through text costs them.
fn as_kept(event: &NewEvent) -> Result<(NewEvent, String)> {
    let unreadable = |error: serde_json::Error| StoreError::unreadable("an event's details", error);
    let clean = |text: &str| text.replace('\0', "\u{FFFD}");
    let details = serde_json::to_string(&event.details).map_err(unreadable)?;
    let kept = NewEvent {
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
    Ok((kept, details))
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

/// Whether the row holds the event of that place, as it was written after the one of that hash.
fn follows(row: &Row, sequence: i64, previous_hash: &str) -> Result<(), String> {
    let event = Event::try_from(row).map_err(|error| error.to_string())?;
    if event.sequence != sequence {
        return Err("it is missing".to_owned());
    }
    if event.previous_hash != previous_hash {
        return Err("it does not follow from the event before".to_owned());
    }
    if event.hash != chain_hash(previous_hash, sequence, &event.event) {
        return Err("it is not as it was written".to_owned());
    }
    Ok(())
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
