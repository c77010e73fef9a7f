//! Verifies the audit log in the background, a part at a time. A break stays until an administrator acknowledges it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::{SignedDuration, Timestamp};
use metrics::gauge;
use portico_api::{ChainBreak, ChainState};
use portico_domain::audit_log::SignedHead;
use portico_domain::authz::{self, AuditEvent, SecurityActor};
use portico_domain::security::SecurityEvent;
use portico_store::{Break, ChainEnd, Checkpoint};
use serde_json::json;

use super::{Caller, Conflict, Portal, PortalError, Result};
use crate::proof::{Proof, ProofError};

/// The most events verified per step: of the new ones, and of the current round.
const EVENTS_PER_STEP: i64 = 5_000;
/// The fewest of the current round: a short record is verified again every few steps.
const LEAST_OF_ROUND: i64 = 200;
/// In how many steps a round goes over the whole record, within these bounds: in about an hour.
const STEPS_OF_ROUND: i64 = 360;
/// The log names the signed head of a growing audit log this often.
const HEAD_LOG_INTERVAL: SignedDuration = SignedDuration::from_mins(10);
/// Why a break is reported: the event at the signed head is missing or another.
const CUT_OFF: &str = "it was signed as the end of the record, and now it is another or gone";
/// Why a break is reported: the stored signed head was altered.
const FORGED: &str = "the file that keeps the signed end of the record was changed, or its key was";

/// What this process knows of the audit log.
#[derive(Default)]
pub(super) struct AuditVerification {
    proof: OnceLock<Arc<Proof>>,
    progress: tokio::sync::Mutex<Progress>,
    broken: AtomicBool,
    /// The last signed head.
    head: parking_lot::Mutex<Option<SignedHead>>,
}

#[derive(Default)]
struct Progress {
    /// Up to where this process verified new events. Whoever can change the database can change the stored checkpoint,
    /// but not this.
    newest: Option<ChainEnd>,
    told_at: Option<Timestamp>,
}

/// How many events of the current round a step verifies, of so many in the record.
fn events_of_round(recorded: i64) -> i64 {
    (recorded / STEPS_OF_ROUND).clamp(LEAST_OF_ROUND, EVENTS_PER_STEP)
}

impl Portal {
    /// Enables signing of the audit log's head. Call it once; without it nothing is signed.
    pub fn prove_record_with(&self, proof: Proof) {
        // A second proof would be a second key: the first stays.
        let _ = self.shared.chain.proof.set(Arc::new(proof));
    }

    /// True if the audit log has a break that no administrator has acknowledged, as far as this process knows.
    #[must_use]
    pub fn audit_log_is_broken(&self) -> bool {
        self.shared.chain.broken.load(Ordering::Relaxed)
    }

    /// Verifies a part of the record: what is new, a stretch of the present round over all of it, and that its end is
    /// not before the one that was signed last. Notes what is wrong and, when all is well, signs the end anew. To be
    /// called every few seconds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify_audit_log(&self) -> Result<()> {
        let chain = &self.shared.chain;
        let mut progress = chain.progress.lock().await;
        let now = self.now();
        let mut found = self.compare_with_kept().await?;
        let known = self.store().checkpoint().await?;

        let newest = match progress.newest.clone().or(known.newest) {
            Some(newest) => newest,
            None => self.store().audit_log_end().await?,
        };
        let new = self.store().verify_part(&newest, EVENTS_PER_STEP).await?;
        found.extend(new.breaks);
        let of_round = events_of_round(new.end.sequence);
        let old = self.store().verify_part(&known.round, of_round).await?;
        found.extend(old.breaks);

        found.sort();
        found.dedup();
        self.store()
            .note_breaks(&found, now, |sequence, why| broken(sequence, why, now))
            .await?;
        // After the breaks: whoever stops in between finds them again.
        let checkpoint = Checkpoint {
            whole_at: if old.complete { Some(now) } else { known.whole_at },
            round: if old.complete {
                ChainEnd::beginning()
            } else {
                old.end
            },
            newest: Some(new.end.clone()),
            checked_at: Some(now),
        };
        self.store().store_checkpoint(&checkpoint).await?;
        let breaks = self.store().breaks().await?;
        let alarms = breaks.iter().filter(|found| found.acknowledged.is_none()).count();
        chain.broken.store(alarms > 0, Ordering::Relaxed);
        // What nobody has taken note of must not be signed as if it were the end.
        if alarms == 0 {
            self.sign_end(&new.end, now, &mut progress.told_at).await;
        }
        progress.newest = Some(new.end.clone());
        measure(&new.end, checkpoint.whole_at, alarms);
        Ok(())
    }

    /// Acknowledges all breaks of the audit log. They no longer raise an alarm, but stay on the page.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins; [`PortalError::Conflict`] when there is none; when
    /// the database fails.
    pub async fn acknowledge_breaks(&self, caller: Caller<'_>) -> Result<()> {
        let grant = authz::acknowledge_breaks(caller.viewer).map_err(|_| PortalError::NotFound)?;
        let now = self.now();
        let breaks = self.store().breaks().await?;
        let open = breaks.iter().filter(|found| found.acknowledged.is_none());
        let details = json!({ "events": open.map(|found| found.sequence).collect::<Vec<_>>() });
        let event = grant.audit(now, caller.remote).with_details(details);
        if self.store().acknowledge_breaks(&grant, now, event).await? == 0 {
            return Err(PortalError::Conflict(Conflict::NothingToAcknowledge));
        }
        self.shared.chain.broken.store(false, Ordering::Relaxed);
        Ok(())
    }

    pub(super) async fn chain(&self) -> Result<ChainState> {
        let breaks = self.store().breaks().await?;
        let open = breaks.iter().find(|found| found.acknowledged.is_none());
        let checkpoint = self.store().checkpoint().await?;
        Ok(ChainState {
            holds: open.is_none(),
            verified: checkpoint.newest.map_or(0, |end| end.sequence),
            checked_at: checkpoint.checked_at,
            verified_at: checkpoint.whole_at,
            breaks_at: open.map(|found| found.sequence),
            head: self.shared.chain.head.lock().clone(),
            breaks: breaks.into_iter().map(shown_break).collect(),
        })
    }

    /// Signs a head of the audit log; `None` if signing is off.
    pub(super) fn signed(&self, end: &ChainEnd) -> Option<SignedHead> {
        let proof = self.shared.chain.proof.get()?;
        Some(proof.sign(end, self.now()))
    }

    /// Returns what is wrong with the audit log compared with the last signed head.
    async fn compare_with_kept(&self) -> Result<Vec<(i64, String)>> {
        let Some(proof) = self.shared.chain.proof.get().cloned() else {
            return Ok(Vec::new());
        };
        let kept = match on_files(move || proof.kept()).await {
            Ok(kept) => kept,
            Err(error @ ProofError::Forged { .. }) => {
                tracing::error!(%error, "the kept end of the record does not hold");
                return Ok(vec![(0, FORGED.to_owned())]);
            }
            Err(error) => {
                tracing::error!(%error, "the kept end of the record cannot be read");
                return Ok(Vec::new());
            }
        };
        let Some(kept) = kept.filter(|kept| kept.sequence > 0) else {
            return Ok(Vec::new());
        };
        let there = self.store().event_hash(kept.sequence).await?;
        Ok(if there.as_deref() == Some(&*kept.hash) {
            Vec::new()
        } else {
            vec![(kept.sequence, CUT_OFF.to_owned())]
        })
    }

    /// Signs the head unless it is signed already.
    async fn sign_end(&self, end: &ChainEnd, now: Timestamp, told_at: &mut Option<Timestamp>) {
        let chain = &self.shared.chain;
        let Some(proof) = chain.proof.get().cloned() else {
            return;
        };
        let is_same = |head: &SignedHead| head.sequence == end.sequence && head.hash == end.hash;
        if chain.head.lock().as_ref().is_some_and(is_same) {
            return;
        }
        let head = proof.sign(end, now);
        let keep = head.clone();
        if let Err(error) = on_files(move || proof.keep(&keep)).await {
            tracing::error!(%error, "the signed end of the record could not be kept");
        }
        if told_at.is_none_or(|at| now.duration_since(at) >= HEAD_LOG_INTERVAL) {
            *told_at = Some(now);
            tracing::info!(
                event = "record.signed",
                sequence = head.sequence,
                hash = head.hash,
                at = %head.at,
                signature = head.signature,
                public_key = head.public_key,
                "the signed end of the record"
            );
        }
        *chain.head.lock() = Some(head);
    }
}

/// Reads or writes files on a blocking thread.
async fn on_files<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProofError> + Send + 'static,
) -> Result<T, ProofError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(ProofError::File {
            what: "using",
            path: std::path::PathBuf::new(),
            why: std::io::Error::other(error),
        }),
    }
}

fn broken(sequence: i64, why: &str, at: Timestamp) -> AuditEvent {
    AuditEvent::security(
        SecurityEvent::RecordBroken,
        SecurityActor::Portico,
        "record".to_owned(),
        at,
        None,
    )
    .with_details(json!({ "event": sequence, "why": why }))
}

fn shown_break(found: Break) -> ChainBreak {
    ChainBreak {
        sequence: found.sequence,
        why: found.why,
        found_at: found.found_at,
        acknowledged_by: found.acknowledged.map(|(name, _)| name),
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn measure(end: &ChainEnd, whole_at: Option<Timestamp>, alarms: usize) {
    gauge!("portico_record_verified_events").set(end.sequence as f64);
    gauge!("portico_record_breaks").set(alarms as f64);
    if let Some(at) = whole_at {
        gauge!("portico_record_verified_timestamp_seconds").set(at.as_duration().as_secs_f64());
    }
}
