//! Claims that do not become ready, and say why.

use serde_json::Value;

use super::conditions::Condition;
use super::connection;
use super::parts::{self, Owner};
use super::recipe::Part;
use super::work::{Work, current, hold, site, wishes_with_secret};
use crate::kube::ApiError;

/// There is no room for a disk.
pub(super) fn no_room(
    changing: bool,
    work: &Work<'_>,
    claim: &Value,
    owner: &Owner,
    part: &Part,
) -> Result<(), ApiError> {
    let why = "quota exceeded in zone b";
    owner.tell(
        work,
        part,
        &[Condition::synced(), Condition::not_ready("Creating", why)],
    )?;
    let message = format!("Waiting for {}: {why}", part.what);
    let reason = if changing { "Updating" } else { "Creating" };
    work.tell(
        claim,
        &[Condition::synced(), Condition::not_ready(reason, message)],
        Value::Null,
    )?;
    let asked = format!(
        "{} GiB asked for, {} GiB free in zone b",
        part.gibibytes, work.manners.largest_disk
    );
    work.objects
        .record_event(claim, "Warning", "QuotaExceeded", &asked)
}

/// All there is of the claim, out of order.
pub(super) fn fail(work: &Work<'_>, claim: &Value, why: &str) -> Result<(), ApiError> {
    hold(work, claim)?;
    parts::bind(work, claim)?;
    let claim = &current(work, claim);
    let wishes = wishes_with_secret(claim);
    let site = site(work, &wishes);
    let parts = (work.recipe.parts)(&site);
    let failing = [
        Condition::not_synced("ReconcileError", why),
        Condition::not_ready("Unavailable", why),
    ];
    if let (Some(owner), Some((last, others))) = (Owner::of(work, claim), parts.split_last()) {
        owner.refer(work, &parts, &owner.references(work))?;
        for part in others {
            owner.make(work, part, "")?;
            owner.tell(work, part, &[Condition::synced(), Condition::ready()])?;
        }
        owner.make(work, last, "")?;
        owner.tell(work, last, &failing)?;
    }
    connection::publish(work, claim, &site)?;
    let mut status = (work.recipe.status)(&site);
    if let Value::Object(phase) = work.phase("Failed") {
        status
            .as_object_mut()
            .into_iter()
            .for_each(|status| status.extend(phase.clone()));
    }
    work.tell(claim, &failing, status)?;
    work.objects.record_event(claim, "Warning", "ReconcileError", why)
}
