//! The claims of a control plane in memory: an index fed by apply, delete and retain. Independent of connections.

mod claim_reader;
mod composite_events;
mod composites;
mod limits;
mod rebuild;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use parking_lot::RwLock;
use portico_domain::authz::Visible;
use portico_domain::claim::{Claim, ClaimRef, ClaimStatus, Health};
use portico_domain::names::{OfferingName, TenantName};
use portico_domain::ownership::Ownership;
use portico_domain::tenancy::Scope;
use serde_json::{Value, json};

use crate::claims::{ClaimFilter, allows};
use crate::object::drop_managed_fields;
pub(crate) use claim_reader::{ClaimReader, DocumentRules, SharedFields};
use composites::Composites;
pub(crate) use limits::{CacheLimits, LimitExceeded, Pool};

/// The result of applying a watch event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ApplyResult {
    /// New or changed. Lists who must hear of it, including a tenant that lost the claim.
    Changed(Vec<ClaimChange>),
    /// Unchanged.
    Unchanged,
    /// There is no room for the object. An older version of it is dropped, if there was one.
    NoRoom(LimitExceeded, Option<ClaimChange>),
    /// The object lacks required metadata.
    Malformed,
}

/// A claim that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimChange {
    pub(crate) reference: ClaimRef,
    pub(crate) tenant: Option<TenantName>,
    pub(crate) deleted: bool,
}

impl ClaimChange {
    fn of(claim: &Claim, deleted: bool) -> Self {
        Self {
            reference: claim.reference.clone(),
            tenant: claim.tenant.clone(),
            deleted,
        }
    }

    /// For a tenant that lost the claim: to them it is deleted.
    fn lost(was: &Claim, is: &Claim) -> Option<Self> {
        (was.tenant != is.tenant).then(|| Self::of(was, true))
    }

    /// For the tenant that lost the claim and the one that gained it.
    fn moved(was: &Claim, is: &Claim) -> impl Iterator<Item = Self> + use<> {
        let lost = Self::lost(was, is);
        let gained = lost.is_some().then(|| Self::of(is, false));
        lost.into_iter().chain(gained)
    }
}

struct Entry {
    claim: Arc<Claim>,
    /// The object as JSON, which takes a tenth of the memory of a parsed value.
    object: Arc<str>,
    /// False if only a row is kept, because the claim has no owner.
    whole: bool,
    /// Approximate memory use in bytes.
    bytes: usize,
    /// The status derived from the object alone.
    own: Arc<ClaimStatus>,
    /// The last generation at which the object was seen ready.
    ready_at: Option<i64>,
    /// The name of the composite that a legacy claim refers to.
    composite: Option<String>,
    /// The status derived from the object and its composite, whether or not the control plane is reachable.
    known: Arc<ClaimStatus>,
    version: String,
    stream: Arc<str>,
    reader: Arc<ClaimReader>,
}

impl Entry {
    fn object(&self) -> Value {
        serde_json::from_str(&self.object).unwrap_or_default()
    }
}

/// Deleted claims that are remembered of a control plane.
const MAX_DELETED: usize = 100;

/// Claims by tenant and key.
type ByTenant = HashMap<Option<TenantName>, BTreeMap<Arc<str>, Arc<Claim>>>;

#[derive(Default)]
struct Inner {
    composites: Composites,
    entries: BTreeMap<Arc<str>, Entry>,
    /// The claims of each tenant, by the same keys.
    by_tenant: ByTenant,
    stale: HashSet<Arc<str>>,
    /// Streams to list again, because a claim of which only a row was kept got an owner.
    relist: HashSet<Arc<str>>,
    /// Approximate memory use of all entries in bytes.
    bytes: Arc<AtomicUsize>,
    /// The uids of claims that were deleted, the newest last.
    deleted: VecDeque<String>,
}

/// The claims of one control plane.
#[derive(Default)]
pub(crate) struct Index(RwLock<Inner>);

/// The key of an offering's object.
pub(crate) fn key(offering: &OfferingName, namespace: Option<&str>, name: &str) -> Arc<str> {
    format!("{offering}/{}/{name}", namespace.unwrap_or("-")).into()
}

fn key_of_claim(claim: &ClaimRef) -> Arc<str> {
    key(&claim.offering, claim.namespace.as_deref(), claim.name.as_str())
}

fn key_of(object: &Value, reader: &ClaimReader) -> Option<Arc<str>> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let namespace = if reader.kind.resource.namespaced {
        Some(text("/metadata/namespace")?)
    } else {
        None
    };
    Some(key(&reader.offering, namespace, text("/metadata/name")?))
}

impl Index {
    /// Applies an object from a stream and returns its key. `ownership` is called under the lock, so that no object
    /// misses a change of it.
    pub(crate) fn apply(
        &self,
        mut object: Value,
        reader: &Arc<ClaimReader>,
        stream: &Arc<str>,
        ownership: impl Fn() -> Ownership,
        limits: &CacheLimits<'_>,
        now: Timestamp,
    ) -> (Option<Arc<str>>, ApplyResult) {
        let Some(key) = key_of(&object, reader) else {
            return (None, ApplyResult::Malformed);
        };
        let version = object
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        {
            let mut inner = self.0.write();
            let is_stale = inner.stale.contains(stream);
            let full = inner.entries.len() >= limits.objects;
            match inner.entries.get_mut(&key) {
                Some(entry)
                    if entry.version == version
                        && !version.is_empty()
                        && !is_stale
                        && Arc::ptr_eq(&entry.reader, reader) =>
                {
                    entry.stream = stream.clone();
                    return (Some(key), ApplyResult::Unchanged);
                }
                None if full => return (None, ApplyResult::NoRoom(LimitExceeded::Objects, None)),
                _ => {}
            }
        }
        let Some(mut claim) = reader.read(&object, now) else {
            return (None, ApplyResult::Malformed);
        };
        drop_managed_fields(&mut object);
        let generation = generation_of(&object);
        let composite = composites::named_by(&object, &reader.kind);
        set_owner(&mut claim, &ownership());
        let whole = claim.tenant.is_some();
        if !whole {
            Arc::make_mut(&mut claim.status).conditions.clear();
            object = row_of(&object);
        }
        let object: Arc<str> = object.to_string().into();
        let bytes =
            limits::ROW_BYTES + object.len() + limits::CONDITION_BYTES * claim.status.conditions.len();
        let mut inner = self.0.write();
        // Again under the lock, so that a change of ownership since is not missed.
        set_owner(&mut claim, &ownership());
        let previous_bytes = inner.entries.get(&key).map_or(0, |entry| entry.bytes);
        let total_bytes = (inner.bytes.load(Ordering::Relaxed) - previous_bytes).saturating_add(bytes);
        if let Err(full) = limits.admits(&inner.bytes, total_bytes) {
            let removed = inner
                .remove(&key)
                .map(|entry| ClaimChange::of(&entry.claim, true));
            return (None, ApplyResult::NoRoom(full, removed));
        }
        let before = inner
            .entries
            .get(&key)
            .filter(|entry| entry.claim.uid == claim.uid);
        let ready_at = match (claim.status.health, before.and_then(|entry| entry.ready_at)) {
            (Health::Ready, _) => Some(generation),
            (_, known) => known.filter(|at| *at == generation),
        };
        let own = claim.status.clone();
        claim.status = combined_status(&own, ready_at, inner.composites.get(&key, composite.as_deref()));
        let same = inner
            .entries
            .get(&key)
            .is_some_and(|entry| entry.version == version && entry.claim.status == claim.status);
        let lost = inner
            .entries
            .get(&key)
            .and_then(|entry| ClaimChange::lost(&entry.claim, &claim));
        let changes = lost.into_iter().chain([ClaimChange::of(&claim, false)]).collect();
        let entry = Entry {
            own,
            ready_at,
            composite,
            known: claim.status.clone(),
            claim: Arc::new(claim),
            object,
            whole,
            bytes,
            version,
            stream: stream.clone(),
            reader: reader.clone(),
        };
        inner.insert(key.clone(), entry);
        (
            Some(key),
            if same {
                ApplyResult::Unchanged
            } else {
                ApplyResult::Changed(changes)
            },
        )
    }

    /// Removes an object.
    pub(crate) fn delete(&self, object: &Value, reader: &ClaimReader) -> Option<ClaimChange> {
        let key = key_of(object, reader)?;
        let mut inner = self.0.write();
        let entry = inner.remove(&key)?;
        inner.note_deleted(&entry);
        Some(ClaimChange::of(&entry.claim, true))
    }

    /// True if the claim with this uid was seen, and its deletion too, as far as is remembered.
    pub(crate) fn has_seen_deleted(&self, uid: &str) -> bool {
        self.0.read().deleted.iter().any(|deleted| deleted == uid)
    }

    /// Removes what came from this stream and is not in `keys`.
    pub(crate) fn retain(&self, stream: &Arc<str>, keys: &HashSet<String>) -> Vec<ClaimChange> {
        self.remove_where(true, |key, entry| entry.stream == *stream && !keys.contains(key))
    }

    /// Removes the claims of all other offerings.
    pub(crate) fn retain_offerings(&self, offerings: &BTreeSet<&OfferingName>) -> Vec<ClaimChange> {
        self.remove_where(false, |_, entry| {
            !offerings.contains(&entry.claim.reference.offering)
        })
    }

    /// Removes claims, which `are_deleted` or merely not watched any more.
    fn remove_where(&self, are_deleted: bool, is_removed: impl Fn(&str, &Entry) -> bool) -> Vec<ClaimChange> {
        let mut inner = self.0.write();
        let removed: Vec<Arc<str>> = inner
            .entries
            .iter()
            .filter(|(key, entry)| is_removed(key, entry))
            .map(|(key, _)| key.clone())
            .collect();
        let mut changes = Vec::with_capacity(removed.len());
        for entry in removed
            .iter()
            .filter_map(|key| inner.remove(key))
            .collect::<Vec<_>>()
        {
            if are_deleted {
                inner.note_deleted(&entry);
            }
            changes.push(ClaimChange::of(&entry.claim, true));
        }
        changes
    }

    /// Marks the claims of a stream as stale; they were last up to date at `seen`. Returns true if they were not
    /// stale before.
    pub(crate) fn mark_stale(
        &self,
        stream: &Arc<str>,
        seen: Option<Timestamp>,
        as_last_known: impl Fn(&ClaimStatus) -> ClaimStatus,
    ) -> bool {
        let mut inner = self.0.write();
        if !inner.stale.insert(stream.clone()) {
            return false;
        }
        inner.update_stream(stream, |entry| {
            let observed_at = entry.claim.observed_at;
            Claim {
                status: Arc::new(as_last_known(&entry.known)),
                observed_at: observed_at.max(seen.unwrap_or(observed_at)),
                ..Claim::clone(&entry.claim)
            }
        });
        true
    }

    /// Marks the claims of a stream as fresh. Returns true if they were stale.
    pub(crate) fn mark_fresh(&self, stream: &Arc<str>, now: Timestamp) -> bool {
        // Called with every bookmark: check with a read lock first.
        if !self.0.read().stale.contains(stream) {
            return false;
        }
        let mut inner = self.0.write();
        inner.stale.remove(stream);
        inner.update_stream(stream, |entry| Claim {
            status: entry.known.clone(),
            observed_at: now,
            ..Claim::clone(&entry.claim)
        });
        true
    }

    /// Determines the owners of these claims again, since the audit log has more about them.
    pub(crate) fn update_owners<'c>(
        &self,
        ownership: &Ownership,
        claims: impl IntoIterator<Item = &'c ClaimRef>,
    ) -> Vec<ClaimChange> {
        let mut moved = Vec::new();
        let mut inner = self.0.write();
        for reference in claims {
            let key = key_of_claim(reference);
            let Some(mut entry) = inner.remove(&key) else {
                continue;
            };
            let mut claim = Claim::clone(&entry.claim);
            set_owner(&mut claim, ownership);
            moved.extend(ClaimChange::moved(&entry.claim, &claim));
            entry.claim = Arc::new(claim);
            inner.insert(key, entry);
        }
        moved
    }

    /// Removes everything, because the control plane is no longer configured.
    pub(crate) fn clear(&self) -> Vec<ClaimChange> {
        let mut inner = self.0.write();
        inner.by_tenant.clear();
        inner.bytes.store(0, Ordering::Relaxed);
        let entries = std::mem::take(&mut inner.entries);
        entries
            .values()
            .map(|entry| ClaimChange::of(&entry.claim, true))
            .collect()
    }

    /// The claim with its object, if `scope` may read it.
    pub(crate) fn get(&self, scope: &Scope, reference: &ClaimRef) -> Option<Visible<Arc<Claim>>> {
        let claim = self.find(reference)?;
        let tenant = claim.tenant.clone();
        scope.show(tenant.as_ref(), claim)
    }

    /// The claim with its object, for work that serves nobody.
    pub(crate) fn find(&self, reference: &ClaimRef) -> Option<Arc<Claim>> {
        let key = key_of_claim(reference);
        let inner = self.0.read();
        let entry = inner.entries.get(&key)?;
        let object = Arc::new(entry.object());
        Some(Arc::new(Claim {
            object,
            ..Claim::clone(&entry.claim)
        }))
    }

    /// Adds the claims that `scope` may read, that match the filter and that are `wanted`, by offering, namespace and
    /// name.
    pub(crate) fn select(
        &self,
        scope: &Scope,
        filter: &ClaimFilter,
        wanted: &dyn Fn(&Claim) -> bool,
        found: &mut Vec<Arc<Claim>>,
    ) {
        let inner = self.0.read();
        let only = scope
            .tenants()
            .and_then(|tenants| tenants.iter().next().filter(|_| tenants.len() == 1));
        // A key begins with the offering, and ends with the name.
        let prefix = filter.offering.as_ref().map(|offering| format!("{offering}/"));
        let prefix = prefix.as_deref().unwrap_or_default();
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let is_of_offering = |key: &str| key.starts_with(prefix);
        let may_be_named = |key: &str| filter.name.as_deref().is_none_or(|part| key.contains(part));
        let mut take = |claim: &Arc<Claim>| {
            if allows(scope, claim) && filter.matches(claim) && wanted(claim) {
                found.push(claim.clone());
            }
        };
        if let Some(tenant) = filter.tenant.as_ref().or(only) {
            let Some(claims) = inner.by_tenant.get(&Some(tenant.clone())) else {
                return;
            };
            claims
                .range::<str, _>(from)
                .take_while(|(key, _)| is_of_offering(key))
                .filter(|(key, _)| may_be_named(key))
                .for_each(|(_, claim)| take(claim));
        } else {
            let entries = inner.entries.range::<str, _>(from);
            entries
                .take_while(|(key, _)| is_of_offering(key))
                .filter(|(key, _)| may_be_named(key))
                .for_each(|(_, entry)| take(&entry.claim));
        }
    }

    /// True if there are streams that must be listed again.
    pub(crate) fn has_relists(&self) -> bool {
        !self.0.read().relist.is_empty()
    }

    /// True if the stream must be listed again. Resets the flag.
    pub(crate) fn take_relist(&self, stream: &Arc<str>) -> bool {
        self.0.write().relist.remove(stream)
    }

    /// The approximate memory use in bytes, updated as it changes.
    pub(crate) fn bytes(&self) -> Arc<AtomicUsize> {
        self.0.read().bytes.clone()
    }

    /// True if there are claims of the offering.
    pub(crate) fn has_claims_of(&self, offering: &OfferingName) -> bool {
        let inner = self.0.read();
        let from = format!("{offering}/");
        inner
            .entries
            .range::<str, _>((Bound::Included(from.as_str()), Bound::Unbounded))
            .next()
            .is_some_and(|(key, _)| key.starts_with(&from))
    }

    /// The number of claims.
    pub(crate) fn len(&self) -> usize {
        self.0.read().entries.len()
    }
}

/// `metadata.generation`, or 0.
fn generation_of(object: &Value) -> i64 {
    object
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// Combines the status derived from an object with what is known besides: the generation at which it was ready, and
/// its composite's status.
fn combined_status(
    own: &Arc<ClaimStatus>,
    ready_at: Option<i64>,
    composite: Option<&ClaimStatus>,
) -> Arc<ClaimStatus> {
    let mut status = own.clone();
    // It was ready at this generation, so it broke.
    if own.health == Health::Pending && ready_at.is_some() {
        Arc::make_mut(&mut status).health = Health::Degraded;
    }
    match composite {
        Some(composite) => Arc::new(composites::with_composite(ClaimStatus::clone(&status), composite)),
        None => status,
    }
}

/// Sets the claim's owner.
fn set_owner(claim: &mut Claim, ownership: &Ownership) {
    let owner = ownership.owner(&claim.reference, &claim.uid);
    claim.tenant = owner.map(|owner| owner.tenant.clone());
    claim.environment = owner.map(|owner| owner.environment.clone());
}

impl Inner {
    /// Puts other claims in the place of those of a stream. They have the same owners.
    fn update_stream(&mut self, stream: &Arc<str>, update: impl Fn(&Entry) -> Claim) {
        for (key, entry) in &mut self.entries {
            if entry.stream == *stream {
                entry.claim = Arc::new(update(entry));
                set_of_tenant(&mut self.by_tenant, key, &entry.claim);
            }
        }
    }

    fn insert(&mut self, key: Arc<str>, mut entry: Entry) {
        self.remove(&key);
        if entry.claim.tenant.is_some() && !entry.whole {
            // It had no owner before, so the whole object is needed now.
            entry.version.clear();
            self.relist.insert(entry.stream.clone());
        }
        set_of_tenant(&mut self.by_tenant, &key, &entry.claim);
        self.bytes.fetch_add(entry.bytes, Ordering::Relaxed);
        self.entries.insert(key, entry);
    }

    fn note_deleted(&mut self, entry: &Entry) {
        if self.deleted.len() == MAX_DELETED {
            self.deleted.pop_front();
        }
        self.deleted.push_back(entry.claim.uid.clone());
    }

    fn remove(&mut self, key: &str) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.bytes.fetch_sub(entry.bytes, Ordering::Relaxed);
        if let Some(claims) = self.by_tenant.get_mut(&entry.claim.tenant) {
            claims.remove(key);
            if claims.is_empty() {
                self.by_tenant.remove(&entry.claim.tenant);
            }
        }
        Some(entry)
    }
}

/// Puts the claim among those of its tenant.
fn set_of_tenant(by_tenant: &mut ByTenant, key: &Arc<str>, claim: &Arc<Claim>) {
    let claims = by_tenant.entry(claim.tenant.clone()).or_default();
    claims.insert(key.clone(), claim.clone());
}

/// What is kept of an object without an owner: its name, and what shows whether it gets one.
fn row_of(object: &Value) -> Value {
    const MAX_LENGTH: usize = 256;
    let text = |value: &Value| value.as_str().is_some_and(|text| text.len() <= MAX_LENGTH);
    let metadata = object.get("metadata");
    let own = |key: &str| -> serde_json::Map<String, Value> {
        let all = metadata
            .and_then(|metadata| metadata.get(key))
            .and_then(Value::as_object);
        all.into_iter()
            .flatten()
            .filter(|(name, value)| {
                name.starts_with(PORTICO_PREFIX) && name.len() <= MAX_LENGTH && text(value)
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let mut fields = serde_json::Map::new();
    for key in ["namespace", "name", "uid", "creationTimestamp"] {
        if let Some(value) = metadata
            .and_then(|metadata| metadata.get(key))
            .filter(|value| text(value))
        {
            fields.insert(key.to_owned(), value.clone());
        }
    }
    fields.insert("labels".to_owned(), own("labels").into());
    fields.insert("annotations".to_owned(), own("annotations").into());
    json!({ "metadata": fields })
}

/// Prefix of Portico's labels and annotations.
const PORTICO_PREFIX: &str = "portico.dev/";

#[cfg(test)]
mod tests;
