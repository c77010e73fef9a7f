use portico_domain::claim::ClaimRef;
use portico_domain::reason::{FailureReason, WaitingReason};
use portico_domain::request::{Action, Request, State};
use portico_domain::tenancy::Person;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::{Query, Row, Value};
use crate::{Result, StoreError};

/// The beginning of every statement that reads whole requests.
pub(crate) const SELECT: &str = "SELECT id, revision, action, state, tenant, environment, plane, offering, namespace, \
     name, resource, plan, manifest, manifest_hash, schema_hash, previous, uid, placement, requester, requester_name, \
     requester_email, requester_groups, note, approval, decisions, attempts, next_attempt_at, waiting_reason, failure_reason, \
     waiting_for, failure, traceparent, take_over, abandons, created_at, updated_at FROM requests";

/// The states of an open request. A claim has at most one open request.
pub(super) const OPEN: &str = "('submitted', 'awaiting-approval', 'approved', 'applying')";

/// Clears the sentences of older versions, which reasons have replaced.
pub(super) const CLEAR_SENTENCES: &str = ", waiting_for = NULL, failure = NULL";

impl TryFrom<&Row> for Request {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            action: action(&row.text("action")?)?,
            state: state(&row.text("state")?)?,
            tenant: row.parsed("tenant")?,
            environment: row.parsed("environment")?,
            claim: ClaimRef {
                plane: row.parsed("plane")?,
                offering: row.parsed("offering")?,
                namespace: row.text_if_any("namespace")?,
                name: row.parsed("name")?,
            },
            resource: row.json("resource")?,
            plan: row
                .text_if_any("plan")?
                .map(|plan| {
                    plan.parse()
                        .map_err(|error| StoreError::unreadable("plan", error))
                })
                .transpose()?,
            manifest: row.json("manifest")?,
            manifest_hash: row.text("manifest_hash")?,
            schema_hash: row.text_if_any("schema_hash")?,
            previous: row.json_if_any("previous")?,
            uid: row.text_if_any("uid")?,
            take_over: row.json_if_any("take_over")?.unwrap_or_default(),
            abandons: row.json_if_any("abandons")?,
            placement: row.json("placement")?,
            requester: Person {
                subject: row.text("requester")?,
                name: row.text("requester_name")?,
                email: row.text_if_any("requester_email")?,
            },
            requester_groups: row.json("requester_groups")?,
            note: row.text_if_any("note")?,
            approval: row.json_if_any("approval")?,
            decisions: row.json("decisions")?,
            attempts: u32::try_from(row.integer("attempts")?)
                .map_err(|error| StoreError::unreadable("attempts", error))?,
            next_attempt_at: row.time_if_any("next_attempt_at")?,
            waiting_for: reason(row, "waiting_reason", "waiting_for", |text| {
                WaitingReason::Other { text }
            })?,
            failure: reason(row, "failure_reason", "failure", |text| FailureReason::Other {
                text,
            })?,
            traceparent: row.text_if_any("traceparent")?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
            revision: row.integer("revision")?,
        })
    }
}

/// Builds the statement that inserts a request.
pub(super) fn insert(request: &Request) -> Result<Query> {
    let claim = &request.claim;
    let mut query = Query::new(
        "INSERT INTO requests (id, revision, action, state, tenant, environment, plane, offering, namespace, name, \
         resource, plan, manifest, manifest_hash, schema_hash, previous, uid, placement, requester, requester_name, \
         requester_email, requester_groups, note, approval, expires_at, decisions, attempts, next_attempt_at, waiting_reason, \
         failure_reason, traceparent, take_over, abandons, created_at, updated_at) VALUES (",
        [],
    );
    query.bind(request.id.to_string());
    let values: [Value; 34] = [
        request.revision.into(),
        request.action.slug().into(),
        request.state.slug().into(),
        request.tenant.as_str().into(),
        request.environment.as_str().into(),
        claim.plane.as_str().into(),
        claim.offering.as_str().into(),
        claim.namespace.as_deref().into(),
        claim.name.as_str().into(),
        json(&request.resource)?,
        request.plan.as_ref().map(AsRef::as_ref).into(),
        json(&request.manifest)?,
        request.manifest_hash.as_str().into(),
        request.schema_hash.as_deref().into(),
        json_if_any(request.previous.as_ref())?,
        request.uid.as_deref().into(),
        json(&request.placement)?,
        request.requester.subject.as_str().into(),
        request.requester.name.as_str().into(),
        request.requester.email.as_deref().into(),
        json(&request.requester_groups)?,
        request.note.as_deref().into(),
        json_if_any(request.approval.as_ref())?,
        expires_at(request),
        json(&request.decisions)?,
        i64::from(request.attempts).into(),
        request.next_attempt_at.into(),
        json_if_any(request.waiting_for.as_ref())?,
        json_if_any(request.failure.as_ref())?,
        request.traceparent.as_deref().into(),
        json_if_any(Some(&request.take_over).filter(|fields| !fields.is_empty()))?,
        json_if_any(request.abandons.as_ref())?,
        request.created_at.into(),
        request.updated_at.into(),
    ];
    for value in values {
        query.push(", ").bind(value);
    }
    query.push(")");
    Ok(query)
}

/// Builds the statement that updates the mutable columns of a request, if its revision is still the one that was
/// read.
pub(super) fn update(request: &Request) -> Result<Query> {
    let mut query = Query::new("UPDATE requests SET revision = revision + 1, state = ", []);
    query.bind(request.state.slug());
    let changes: [(&'static str, Value); 10] = [
        (", schema_hash = ", request.schema_hash.as_deref().into()),
        (", uid = ", request.uid.as_deref().into()),
        (", approval = ", json_if_any(request.approval.as_ref())?),
        (", expires_at = ", expires_at(request)),
        (", decisions = ", json(&request.decisions)?),
        (", attempts = ", i64::from(request.attempts).into()),
        (", next_attempt_at = ", request.next_attempt_at.into()),
        (", waiting_reason = ", json_if_any(request.waiting_for.as_ref())?),
        (", failure_reason = ", json_if_any(request.failure.as_ref())?),
        (", updated_at = ", request.updated_at.into()),
    ];
    for (column, value) in changes {
        query.push(column).bind(value);
    }
    query.push(CLEAR_SENTENCES);
    if !matches!(request.state, State::Approved | State::Applying) {
        query.push(", lease_owner = NULL, lease_until = NULL");
    }
    query.push(" WHERE id = ").bind(request.id.to_string());
    query.push(" AND revision = ").bind(request.revision);
    query
        .push(" AND manifest_hash = ")
        .bind(request.manifest_hash.as_str());
    Ok(query)
}

/// Decodes a reason: a code with parameters, or a sentence that an older version of Portico, still running beside
/// this one, wrote last.
fn reason<T: DeserializeOwned>(
    row: &Row,
    column: &str,
    sentence: &str,
    other: impl FnOnce(String) -> T,
) -> Result<Option<T>> {
    match row.text_if_any(sentence)? {
        Some(text) => Ok(Some(other(text))),
        // An unknown code is shown as it is.
        None => Ok(row
            .text_if_any(column)?
            .map(|text| serde_json::from_str(&text).unwrap_or_else(|_| other(text)))),
    }
}

/// Encodes a reason for its column.
pub(super) fn reason_value(reason: &impl Serialize) -> Result<Value> {
    json(reason)
}

pub(crate) fn requests(rows: &[Row]) -> Result<Vec<Request>> {
    rows.iter().map(Request::try_from).collect()
}

/// Decodes rows. Skips those that cannot be decoded with a warning, so that one of them does not fail a background
/// task.
pub(crate) fn decode_skipping_invalid(rows: &[Row]) -> Vec<Request> {
    rows.iter()
        .filter_map(|row| {
            Request::try_from(row)
                .inspect_err(|error| {
                    let id = row.text("id").unwrap_or_default();
                    tracing::warn!(request = id, %error, "a request that cannot be read is skipped");
                })
                .ok()
        })
        .collect()
}

pub(super) fn state(slug: &str) -> Result<State> {
    State::from_slug(slug).ok_or_else(|| StoreError::unreadable("state", slug))
}

fn action(slug: &str) -> Result<Action> {
    [
        Action::Create,
        Action::Change,
        Action::Renew,
        Action::Adopt,
        Action::Delete,
    ]
    .into_iter()
    .find(|action| action.slug() == slug)
    .ok_or_else(|| StoreError::unreadable("action", slug))
}

fn expires_at(request: &Request) -> Value {
    request
        .approval
        .as_ref()
        .map(|approval| approval.expires_at)
        .into()
}

fn json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_string(value)
        .map(Value::from)
        .map_err(|error| StoreError::unreadable("a request", error))
}

fn json_if_any(value: Option<&impl Serialize>) -> Result<Value> {
    value.map_or(Ok(Value::Text(None)), json)
}
