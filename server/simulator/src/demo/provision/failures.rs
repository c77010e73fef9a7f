//! Claims that fail to become ready.

use serde_json::Value;

use super::cluster;
use super::conditions::Condition;
use super::connection;
use super::context::{ClaimContext, add_finalizer, current, site, user_spec_with_secret};
use super::parts::{self, Owner};
use super::recipe::Part;
use crate::kube::ApiError;

/// Reports that there is no room for a disk.
pub(super) fn report_quota_exceeded(
    changing: bool,
    context: &ClaimContext<'_>,
    claim: &Value,
    owner: &Owner,
    part: &Part,
) -> Result<(), ApiError> {
    let why = "quota exceeded in zone b";
    owner.set_status(
        context,
        part,
        &[Condition::synced(), Condition::not_ready("Creating", why)],
    )?;
    let message = format!("Waiting for {}: {why}", part.what);
    let reason = if changing { "Updating" } else { "Creating" };
    context.set_status(
        claim,
        &[Condition::synced(), Condition::not_ready(reason, message)],
        Value::Null,
    )?;
    let asked = format!(
        "{} GiB asked for, {} GiB free in zone b",
        part.gibibytes, context.options.largest_disk
    );
    context
        .objects
        .record_event(claim, "Warning", "QuotaExceeded", &asked)
}

/// Creates everything of the claim, with the last part failing.
pub(super) fn fail(context: &ClaimContext<'_>, claim: &Value, why: &str) -> Result<(), ApiError> {
    add_finalizer(context, claim)?;
    parts::bind(context, claim)?;
    let claim = &current(context, claim);
    let user_spec = user_spec_with_secret(claim);
    let mut site = site(context, &user_spec);
    let parts = (context.recipe.parts)(&site);
    let failing = [
        Condition::not_synced("ReconcileError", why),
        Condition::not_ready("Unavailable", why),
    ];
    if let (Some(owner), Some((last, others))) = (Owner::of(context, claim), parts.split_last()) {
        owner.refer(context, &parts, &owner.references(context))?;
        for part in others {
            owner.make(context, part, "")?;
            owner.set_status(context, part, &[Condition::synced(), Condition::ready()])?;
        }
        owner.make(context, last, "")?;
        owner.set_status(context, last, &failing)?;
    }
    // A cluster without a control plane has nothing to publish.
    if let Ok(access) = cluster::ensure(context, claim) {
        site.cluster = access;
        connection::publish(context, claim, &site)?;
    }
    let mut status = (context.recipe.status)(&site);
    if let Value::Object(phase) = context.phase("Failed") {
        status
            .as_object_mut()
            .into_iter()
            .for_each(|status| status.extend(phase.clone()));
    }
    context.set_status(claim, &failing, status)?;
    context
        .objects
        .record_event(claim, "Warning", "ReconcileError", why)
}
