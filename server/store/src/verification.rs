//! Verifies the hash chain of the audit log in batches, from a stored checkpoint.

use jiff::Timestamp;
use portico_domain::audit_log::{Event, chain_hash};
use portico_domain::authz::{AcknowledgeBreaks, AuditEvent, AuditLog, Granted};

use crate::audit_log::SELECT;
use crate::backend::{Query, Row, Value};
use crate::{Result, Store, StoreError};

/// Number of events read at a time.
const BATCH: i64 = 1000;
/// Maximum number of breaks reported of one batch.
const MAX_BREAKS: usize = 20;

/// The result of verifying the whole chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainVerdict {
    /// No event was changed or removed.
    Intact {
        /// The number of events.
        events: i64,
        /// The hash of the last event. Kept elsewhere, it shows whether the whole chain was rewritten.
        head: String,
    },
    /// An event was changed or removed.
    Broken {
        /// The first such event.
        sequence: i64,
        /// What is wrong with it.
        why: String,
    },
}

/// The end of a verified part of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEnd {
    /// The sequence number of its last event.
    pub sequence: i64,
    /// The hash of that event.
    pub hash: String,
}

impl ChainEnd {
    /// Returns the position before the first event.
    #[must_use]
    pub fn beginning() -> Self {
        Self {
            sequence: 0,
            hash: "0".repeat(64),
        }
    }
}

/// The progress of verification. It is stored, so that a restarted process or another replica continues from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Progress of the current round over all events.
    pub round: ChainEnd,
    /// When the last complete round ended.
    pub whole_at: Option<Timestamp>,
    /// The last new event that was verified; `None` before the first time.
    pub newest: Option<ChainEnd>,
    /// When new events were last verified.
    pub checked_at: Option<Timestamp>,
}

impl Checkpoint {
    /// Returns the checkpoint before the first verification.
    #[must_use]
    pub fn beginning() -> Self {
        Self {
            round: ChainEnd::beginning(),
            whole_at: None,
            newest: None,
            checked_at: None,
        }
    }
}

/// The result of verifying a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its last event, where the next batch begins.
    pub end: ChainEnd,
    /// The breaks found, with what is wrong.
    pub breaks: Vec<(i64, String)>,
    /// True if this was the last batch.
    pub complete: bool,
}

/// A break of the hash chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The event.
    pub sequence: i64,
    /// What is wrong with it.
    pub why: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// The administrator who acknowledged it, by name, and when.
    pub acknowledged: Option<(String, Timestamp)>,
}

impl Store {
    /// Verifies the whole chain, up to the first break.
    ///
    /// # Errors
    /// When the database fails. A broken chain is a result, not an error.
    pub async fn verify_chain(&self) -> Result<ChainVerdict> {
        let mut end = ChainEnd::beginning();
        loop {
            let part = self.verify_part(&end, BATCH).await?;
            if let Some((sequence, why)) = part.breaks.into_iter().next() {
                return Ok(ChainVerdict::Broken { sequence, why });
            }
            end = part.end;
            if part.complete {
                return Ok(ChainVerdict::Intact {
                    events: end.sequence,
                    head: end.hash,
                });
            }
        }
    }

    /// Verifies at most `limit` events after `from`, also beyond a break.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify_part(&self, from: &ChainEnd, limit: i64) -> Result<Verified> {
        let head = self.audit_log_end().await?;
        let mut verified = Verified {
            end: from.clone(),
            breaks: Vec::new(),
            complete: false,
        };
        if head.sequence < from.sequence {
            verified
                .breaks
                .push((head.sequence + 1, "it is missing".to_owned()));
            verified.end = head;
            verified.complete = true;
            return Ok(verified);
        }
        let mut query = Query::new(SELECT, []);
        query.push(" WHERE sequence > ").bind(from.sequence);
        query.push(" AND sequence <= ").bind(head.sequence);
        query.push(" ORDER BY sequence LIMIT ").bind(limit);
        let rows = self.backend.fetch(query).await?;
        for row in &rows {
            verified.add(row)?;
        }
        let read = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if read < limit || verified.end.sequence == head.sequence {
            verified.complete = true;
            if verified.end.sequence < head.sequence {
                let missing = verified.end.sequence + 1;
                verified.breaks.push((missing, "it is missing".to_owned()));
            } else if verified.end.hash != head.hash {
                let why = "the record should end in another hash".to_owned();
                verified.breaks.push((head.sequence, why));
            }
        }
        Ok(verified)
    }

    /// Returns the end of the chain in the database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_log_end(&self) -> Result<ChainEnd> {
        let select = "SELECT sequence, hash FROM record_head WHERE id = 1";
        let rows = self.backend.fetch(Query::new(select, [])).await?;
        rows.first()
            .map_or_else(|| Ok(ChainEnd::beginning()), ChainEnd::try_from)
    }

    /// Returns the hash of the event with that number, if it exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_hash(&self, sequence: i64) -> Result<Option<String>> {
        let select = Query::new("SELECT hash FROM events WHERE sequence = $1", [sequence.into()]);
        let rows = self.backend.fetch(select).await?;
        rows.first().map(|row| row.text("hash")).transpose()
    }

    /// Reads the checkpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checkpoint(&self) -> Result<Checkpoint> {
        let select = "SELECT sequence, hash, whole_at, newest_sequence, newest_hash, checked_at \
                      FROM record_checkpoint WHERE id = 1";
        let rows = self.backend.fetch(Query::new(select, [])).await?;
        rows.first()
            .map_or_else(|| Ok(Checkpoint::beginning()), Checkpoint::try_from)
    }

    /// Stores the checkpoint. With several processes the last write wins; all verify the same chain.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn store_checkpoint(&self, checkpoint: &Checkpoint) -> Result<()> {
        let update = "UPDATE record_checkpoint SET sequence = $1, hash = $2, whole_at = $3, newest_sequence = $4, \
                      newest_hash = $5, checked_at = $6 WHERE id = 1";
        let newest = checkpoint.newest.as_ref();
        let values = [
            checkpoint.round.sequence.into(),
            checkpoint.round.hash.as_str().into(),
            checkpoint.whole_at.into(),
            Value::Integer(newest.map(|end| end.sequence)),
            newest.map(|end| end.hash.as_str()).into(),
            checkpoint.checked_at.into(),
        ];
        self.write(Query::new(update, values)).await?;
        Ok(())
    }

    /// Stores breaks that are new, each with an event in the audit log, and returns how many were new.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_breaks(
        &self,
        breaks: &[(i64, String)],
        at: Timestamp,
        event: impl Fn(i64, &str) -> AuditEvent + Send + Sync,
    ) -> Result<usize> {
        if breaks.is_empty() {
            return Ok(0);
        }
        let mut transaction = self.backend.begin().await?;
        let mut events = Vec::new();
        for (sequence, why) in breaks.iter().take(MAX_BREAKS) {
            let insert = Query::new(
                "INSERT INTO record_breaks (sequence, why, found_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                [(*sequence).into(), why.as_str().into(), at.into()],
            );
            if transaction.execute(insert).await? > 0 {
                events.push(event(*sequence, why));
            }
        }
        crate::audit_log::append(&mut *transaction, &events).await?;
        transaction.commit().await?;
        Ok(events.len())
    }

    /// Selects all breaks, in the order of their events.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn breaks(&self) -> Result<Vec<Break>> {
        let select = "SELECT sequence, why, found_at, acknowledged_at, acknowledged_name FROM record_breaks \
                      ORDER BY sequence, why LIMIT 1000";
        let rows = self.backend.fetch(Query::new(select, [])).await?;
        rows.iter().map(Break::try_from).collect()
    }

    /// Marks all known breaks as acknowledged, and records it. Returns their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acknowledge_breaks(
        &self,
        grant: &Granted<AuditLog, AcknowledgeBreaks>,
        at: Timestamp,
        event: AuditEvent,
    ) -> Result<u64> {
        let by = grant.person();
        let mut transaction = self.backend.begin().await?;
        let update = Query::new(
            "UPDATE record_breaks SET acknowledged_at = $1, acknowledged_by = $2, acknowledged_name = $3 \
             WHERE acknowledged_at IS NULL",
            [at.into(), by.subject.as_str().into(), by.name.as_str().into()],
        );
        let acknowledged = transaction.execute(update).await?;
        if acknowledged > 0 {
            crate::audit_log::append(&mut *transaction, &[event]).await?;
            transaction.commit().await?;
        }
        Ok(acknowledged)
    }
}

impl Verified {
    fn add(&mut self, row: &Row) -> Result<()> {
        let (sequence, hash) = (row.integer("sequence")?, row.text("hash")?);
        let expected = self.end.sequence + 1;
        let previous = if sequence == expected {
            self.end.hash.clone()
        } else {
            self.breaks.push((expected, "it is missing".to_owned()));
            // The previous event is missing, so only the event itself can be checked.
            row.text("previous_hash")?
        };
        if let Err(why) = follows(row, &previous) {
            self.breaks.push((sequence, why));
        }
        self.end = ChainEnd { sequence, hash };
        Ok(())
    }
}

/// Checks that the row's hash matches its content and the previous hash.
fn follows(row: &Row, previous_hash: &str) -> Result<(), String> {
    let event = Event::try_from(row).map_err(|error| error.to_string())?;
    if event.previous_hash != previous_hash {
        return Err("it does not follow from the event before".to_owned());
    }
    if event.hash != chain_hash(previous_hash, event.sequence, &event.event) {
        return Err("it is not as it was written".to_owned());
    }
    Ok(())
}

impl TryFrom<&Row> for ChainEnd {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            sequence: row.integer("sequence")?,
            hash: row.text("hash")?,
        })
    }
}

impl TryFrom<&Row> for Checkpoint {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        let newest = match row.text_if_any("newest_hash")? {
            Some(hash) => Some(ChainEnd {
                sequence: row.integer("newest_sequence")?,
                hash,
            }),
            None => None,
        };
        Ok(Self {
            round: ChainEnd::try_from(row)?,
            whole_at: row.time_if_any("whole_at")?,
            newest,
            checked_at: row.time_if_any("checked_at")?,
        })
    }
}

impl TryFrom<&Row> for Break {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            sequence: row.integer("sequence")?,
            why: row.text("why")?,
            found_at: row.time("found_at")?,
            acknowledged: row
                .text_if_any("acknowledged_name")?
                .zip(row.time_if_any("acknowledged_at")?),
        })
    }
}
