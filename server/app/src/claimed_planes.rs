//! Control planes that are themselves claims: they join when the claim is ready, get the definitions that the platform
//! publishes to them, take nothing new while they leave, and leave with the claim.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use portico_api::{ClaimedPlane, Link, words};
use portico_domain::authz::{self, SystemAuthority};
use portico_domain::claim::{Claim, ClaimRef, Health};
use portico_domain::claimed_plane::{PlaneClaim, claimed_plane, definition_resource, plane_name};
use portico_domain::documents::{Configuration, ControlPlane, Offering, PublishedExport};
use portico_domain::names::{OfferingName, PlaneName};
use portico_domain::request::Action;
use portico_domain::tenancy::{Scope, Viewer};
use portico_planes::{Change, ClaimFilter, PlaneState, ReadExports};
use portico_store::{Page, RequestChange, RequestFilter};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::admin::plane_state;
use super::configuration::Report;
use super::{Portal, Result};

/// How long changes are collected before they are followed.
const SETTLE: Duration = Duration::from_millis(150);
/// How often everything is looked at without a change, and how often what failed is tried again.
const INTERVAL: Duration = Duration::from_secs(15);
/// Control planes that are claims at most. Each takes connections and a part of the memory for caches.
const MAX_CLAIMED_PLANES: usize = 500;
/// Deletions that are looked at.
const MAX_DELETIONS: u32 = 1_000;
/// Longest file of definitions, in bytes.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// What is remembered between two looks.
#[derive(Default)]
struct Known {
    /// The definitions that were applied, by control plane.
    published: BTreeMap<PlaneName, Vec<Value>>,
    /// When the definitions were last read.
    read_at: Option<Instant>,
    /// The bindings of exports of kcp that were applied, by control plane and export.
    bindings: BTreeMap<(PlaneName, String), Value>,
    /// When the exports were last read.
    exports_read_at: Option<Instant>,
}

/// What the follower listens to.
struct Sources {
    changes: broadcast::Receiver<Change>,
    requests: broadcast::Receiver<RequestChange>,
    reports: watch::Receiver<Report>,
}

impl Portal {
    /// Keeps the control planes that are claims in the configuration. Runs until it is dropped.
    pub async fn follow_claimed_planes(&self, authority: &SystemAuthority) {
        let mut sources = Sources {
            changes: self.planes().subscribe(),
            requests: self.store().subscribe(),
            reports: self.shared.configuration.subscribe(),
        };
        let mut known = Known::default();
        loop {
            if let Err(error) = self.update_claimed_planes(authority).await {
                tracing::warn!(%error, "the control planes that are claims could not be looked up");
            }
            self.publish_definitions(authority, &mut known).await;
            self.publish_exports(authority, &mut known).await;
            self.until_concerned(&mut sources).await;
            tokio::time::sleep(SETTLE).await;
        }
    }

    /// Waits for a change that may concern control planes that are claims, or for a while.
    async fn until_concerned(&self, sources: &mut Sources) {
        let Sources {
            changes,
            requests,
            reports,
        } = sources;
        let pause = tokio::time::sleep(INTERVAL);
        tokio::pin!(pause);
        loop {
            let concerned = tokio::select! {
                () = &mut pause => true,
                Ok(()) = reports.changed() => true,
                Ok(_) | Err(RecvError::Lagged(_)) = requests.recv() => true,
                // A source that has ended is not listened to any more.
                change = next(changes) => change.is_none_or(|change| self.concerns_claimed_planes(&change)),
            };
            if concerned {
                return;
            }
        }
    }

    fn concerns_claimed_planes(&self, change: &Change) -> bool {
        let configuration = self.configuration();
        match change {
            Change::Claim { reference, .. } => makes_planes(&configuration, &reference.offering),
            Change::Plane(name) => configuration.control_planes.contains_key(name),
            Change::Catalog { .. } => false,
        }
    }

    /// Looks up the claims that are control planes. One that has joined stays while its claim exists, however the claim
    /// is doing: the database has those that have joined.
    pub(crate) async fn update_claimed_planes(&self, authority: &SystemAuthority) -> Result<()> {
        let configuration = self.configuration();
        let mut joined: BTreeMap<String, PlaneClaim> = self
            .store()
            .claimed_planes(authority)
            .await?
            .into_iter()
            .map(|joined| (joined.uid.clone(), joined))
            .collect();
        let mut planes = Vec::new();
        let mut listed = BTreeSet::new();
        for offering in declared(&configuration) {
            let deletions = self.deletions(&authority.scope(), Some(&offering.name)).await?;
            let of_offering = ClaimFilter {
                offering: Some(offering.name.clone()),
                ..ClaimFilter::default()
            };
            for claim in self.planes().claims(&authority.scope(), &of_offering) {
                listed.insert(claim.uid.clone());
                let leaving = claim.status.health == Health::Deleting || deletions.contains(&claim.reference);
                let Some((origin, plane)) = plane_claim(&configuration, offering, &claim, leaving) else {
                    continue;
                };
                // Its owner may have changed with the configuration.
                if joined.remove(&claim.uid).is_none() {
                    if planes.len() >= MAX_CLAIMED_PLANES {
                        tracing::warn!(claim = %claim.reference, most = MAX_CLAIMED_PLANES, "a claim does not join as a control plane: there are too many");
                        continue;
                    }
                    if !self.may_join(authority, &claim, &plane).await {
                        continue;
                    }
                    self.note_joined(authority, &origin, &plane).await?;
                }
                planes.push(plane);
            }
        }
        for lost in joined.into_values() {
            let is_listed = listed.contains(&lost.uid);
            planes.extend(self.lost(authority, &configuration, &lost, is_listed).await?);
        }
        planes.sort_by(|one, other| one.name.cmp(&other.name));
        self.shared.configuration.set_claimed_planes(planes);
        Ok(())
    }

    /// True if the claim can join: it is ready, or was before Portico knew of it, since it has its kubeconfig.
    async fn may_join(&self, authority: &SystemAuthority, claim: &Claim, plane: &ControlPlane) -> bool {
        match claim.status.health {
            Health::Ready => true,
            Health::Pending | Health::Gone | Health::Unknown => false,
            Health::Degraded | Health::Paused | Health::Deleting | Health::Unreachable => {
                let connection = &plane.spec.connection;
                self.planes().has_kubeconfig(authority, connection).await
            }
        }
    }

    async fn note_joined(
        &self,
        authority: &SystemAuthority,
        claim: &PlaneClaim,
        plane: &ControlPlane,
    ) -> Result<()> {
        let now = self.now();
        let event = authority
            .audit_plane("plane.joined", &plane.name, &claim.tenant, now)
            .with_details(json!({ "providedBy": claim.claim.to_string() }));
        let joined = self
            .store()
            .insert_claimed_plane(authority, claim, now, &[event])
            .await?;
        if joined {
            tracing::info!(plane = %plane.name, claim = %claim.claim, "a claim joins as a control plane");
        }
        Ok(())
    }

    /// The control plane of a claim that makes none now: it stays while the control plane that serves the claim has not
    /// been read, and leaves when the claim is gone, or is none any more by the configuration. In the first case its cluster
    /// is forgotten, since neither the uid nor the name that follows from it comes back. In the second it stays on record:
    /// the document may return, and then the cluster that answers is compared.
    async fn lost(
        &self,
        authority: &SystemAuthority,
        configuration: &Configuration,
        claim: &PlaneClaim,
        is_listed: bool,
    ) -> Result<Option<ControlPlane>> {
        let offering = configuration.offerings.get(&claim.claim.offering);
        let plane = offering.and_then(|offering| document(configuration, offering, claim, false));
        if plane.is_some() && !self.planes().claim_synced(&claim.claim) {
            return Ok(plane);
        }
        // Its offering, tenant or control plane may be a document that is not read yet.
        if !self.shared.configuration.is_complete() {
            return Ok(plane);
        }
        let name = plane_name(claim);
        let event = name.as_ref().map(|name| {
            authority
                .audit_plane("plane.left", name, &claim.tenant, self.now())
                .with_details(json!({ "providedBy": claim.claim.to_string() }))
        });
        let events: Vec<_> = event.into_iter().collect();
        let is_gone = plane.is_some() && !is_listed;
        let forgotten = name.as_ref().filter(|_| is_gone);
        let left = self
            .store()
            .delete_claimed_plane(authority, &claim.uid, forgotten, &events)
            .await?;
        if left {
            tracing::info!(claim = %claim.claim, "a control plane that was a claim leaves");
        }
        Ok(None)
    }

    /// The claims, of the offering if there is one, whose deletion is requested and not done.
    pub(crate) async fn deletions(
        &self,
        scope: &Scope,
        offering: Option<&OfferingName>,
    ) -> Result<BTreeSet<ClaimRef>> {
        let filter = RequestFilter {
            action: Some(Action::Delete),
            offering: offering.cloned(),
            ..RequestFilter::open()
        };
        let found = self
            .store()
            .requests(scope, &filter, &Page::first(MAX_DELETIONS))
            .await?;
        Ok(found.items.into_iter().map(|request| request.claim).collect())
    }

    /// Applies the definitions of the offerings to control planes that are ready and do not have them yet.
    async fn publish_definitions(&self, authority: &SystemAuthority, known: &mut Known) {
        let configuration = self.configuration();
        let ready: Vec<(&PlaneName, &[String])> = configuration
            .control_planes
            .values()
            .filter(|plane| !plane.spec.cordoned && self.is_ready(&plane.name))
            .filter_map(|plane| Some((&plane.name, definitions_of(&configuration, plane)?)))
            .collect();
        known
            .published
            .retain(|name, _| configuration.control_planes.contains_key(name));
        let complete = ready.iter().all(|(name, _)| known.published.contains_key(*name));
        if complete && known.read_at.is_some_and(|at| at.elapsed() < INTERVAL) {
            return;
        }
        known.read_at = Some(Instant::now());
        for (name, files) in ready {
            match read_definitions(files.to_vec()).await {
                Ok(definitions) if known.published.get(name) == Some(&definitions) => {}
                Ok(definitions) => {
                    if self.apply_definitions(authority, name, &definitions).await {
                        known.published.insert(name.clone(), definitions);
                    }
                }
                Err(problem) => {
                    tracing::warn!(%problem, "definitions for control planes that are claims cannot be read");
                }
            }
        }
    }

    /// Binds the exports of the offerings in workspaces of kcp that are ready. An export that asks for other permissions than
    /// before is bound again, with what the document accepts.
    async fn publish_exports(&self, authority: &SystemAuthority, known: &mut Known) {
        let configuration = self.configuration();
        let ready: Vec<(&PlaneName, &PublishedExport)> = configuration
            .control_planes
            .values()
            .filter(|plane| !plane.spec.cordoned && self.is_ready(&plane.name))
            .flat_map(|plane| {
                exports_of(&configuration, plane)
                    .iter()
                    .map(|export| (&plane.name, export))
            })
            .collect();
        let key = |(plane, export): &(&PlaneName, &PublishedExport)| {
            ((*plane).clone(), export.reference().full_name())
        };
        known
            .bindings
            .retain(|(plane, _), _| configuration.control_planes.contains_key(plane));
        let complete = ready.iter().all(|one| known.bindings.contains_key(&key(one)));
        if complete && known.exports_read_at.is_some_and(|at| at.elapsed() < INTERVAL) {
            return;
        }
        known.exports_read_at = Some(Instant::now());
        let mut read = ReadExports::default();
        for one in ready {
            let (plane, export) = one;
            let key = key(&one);
            let before = known.bindings.get(&key);
            match self
                .planes()
                .bind_export(authority, plane, export, before, &mut read)
                .await
            {
                Ok(binding) => {
                    if before != Some(&binding) {
                        tracing::info!(%plane, export = key.1, "bound an export in a workspace of kcp");
                    }
                    known.bindings.insert(key, binding);
                }
                Err(error) => {
                    tracing::warn!(%plane, export = key.1, error = error.admin_message(), "an export could not be bound in a workspace of kcp");
                }
            }
        }
    }

    /// Applies all that can be applied, and returns true if that is everything.
    async fn apply_definitions(
        &self,
        authority: &SystemAuthority,
        plane: &PlaneName,
        definitions: &[Value],
    ) -> bool {
        let mut complete = true;
        for definition in definitions {
            match self.planes().apply_definition(authority, plane, definition).await {
                Ok(()) => {}
                // The next one would fail, too.
                Err(error) if error.is_retryable() => return false,
                Err(_) => complete = false,
            }
        }
        if complete {
            tracing::info!(%plane, definitions = definitions.len(), "published definitions to a control plane");
        }
        complete
    }

    pub(crate) fn is_ready(&self, plane: &PlaneName) -> bool {
        let summary = self.planes().summary(plane);
        summary.is_some_and(|summary| summary.state == PlaneState::Ready)
    }

    /// The control plane that this claim is, for the claim's page; `None` if it is none or has not joined.
    pub(crate) fn claimed_plane(&self, viewer: &Viewer, claim: &Claim) -> Option<ClaimedPlane> {
        let configuration = self.configuration();
        let plane = plane_of(&configuration, claim)?;
        let summary = self.planes().summary(&plane.name)?;
        let catalog = self.planes().catalog();
        let mut offerings: Vec<(OfferingName, String)> = catalog
            .offerings
            .values()
            .filter(|offered| {
                offered
                    .served
                    .get(&plane.name)
                    .is_some_and(|served| !served.retired)
            })
            .filter(|offered| offered.is_listed_for(viewer.audience()))
            .map(|offered| (offered.name.clone(), offered.title.clone()))
            .collect();
        offerings.sort_by(|(_, one), (_, other)| one.cmp(other));
        let state = plane_state(&summary.state);
        Some(ClaimedPlane {
            name: plane.name.clone(),
            title: plane.title().to_owned(),
            state,
            message: words::claimed_plane(state, plane.spec.cordoned),
            cordoned: plane.spec.cordoned,
            claims: summary.claims,
            offerings,
            may_request: claim
                .tenant
                .as_ref()
                .is_some_and(|tenant| authz::may_create(viewer, tenant).is_ok()),
            href: viewer
                .is_platform_admin()
                .then(|| Link::ControlPlane(plane.name.clone())),
        })
    }
}

/// The next change; `None` if some were missed. Never ends once there are no more.
async fn next(changes: &mut broadcast::Receiver<Change>) -> Option<Change> {
    match changes.recv().await {
        Ok(change) => Some(change),
        Err(RecvError::Lagged(_)) => None,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// The control plane that this claim is, once it has joined.
pub(crate) fn plane_of<'c>(configuration: &'c Configuration, claim: &Claim) -> Option<&'c ControlPlane> {
    let is_it = |plane: &&ControlPlane| plane.claim().is_some_and(|at| at.uid == claim.uid);
    configuration.control_planes.values().find(is_it)
}

/// The offerings whose claims are control planes.
fn declared(configuration: &Configuration) -> Vec<&Offering> {
    let offerings = configuration.offerings.values();
    offerings
        .filter(|offering| offering.spec.control_plane.is_some())
        .collect()
}

/// The claim with its owner, and the control plane that it is. `None` if nobody owns it.
fn plane_claim(
    configuration: &Configuration,
    offering: &Offering,
    claim: &Claim,
    leaving: bool,
) -> Option<(PlaneClaim, ControlPlane)> {
    let origin = PlaneClaim::of(claim)?;
    let plane = document(configuration, offering, &origin, leaving)?;
    Some((origin, plane))
}

fn document(
    configuration: &Configuration,
    offering: &Offering,
    claim: &PlaneClaim,
    leaving: bool,
) -> Option<ControlPlane> {
    let declared = offering.spec.control_plane.as_ref()?;
    let host = configuration.control_planes.get(&claim.claim.plane)?;
    let key = offering.spec.access.keys.get("kubeconfig").map(String::as_str);
    claimed_plane(declared, key, claim, host, leaving)
}

/// The files with the definitions that the platform publishes to a control plane; `None` if it is no claim, or there are
/// none.
fn definitions_of<'c>(configuration: &'c Configuration, plane: &ControlPlane) -> Option<&'c [String]> {
    let offering = configuration.offerings.get(&plane.claim()?.claim.offering)?;
    let files = &offering.spec.control_plane.as_ref()?.definitions;
    (!files.is_empty()).then_some(files)
}

/// The exports of kcp that the platform publishes to a control plane; empty if it is no claim.
fn exports_of<'c>(configuration: &'c Configuration, plane: &ControlPlane) -> &'c [PublishedExport] {
    let declared = plane
        .claim()
        .filter(|claim| claim.workspace.is_some())
        .and_then(|claim| configuration.offerings.get(&claim.claim.offering))
        .and_then(|offering| offering.spec.control_plane.as_ref());
    declared.map_or(&[], |declared| &declared.exports)
}

/// Reads files of definitions, on a thread that may block.
async fn read_definitions(files: Vec<String>) -> std::result::Result<Vec<Value>, String> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut definitions = Vec::new();
        for file in &files {
            definitions.extend(definitions_in(Path::new(file))?);
        }
        Ok(definitions)
    });
    reading.await.unwrap_or_else(|error| Err(error.to_string()))
}

/// Reads a file of definitions: CRDs, XRDs, compositions.
///
/// # Errors
/// In words, with the file's name, if it cannot be read or has anything else.
pub fn definitions_in(file: &Path) -> std::result::Result<Vec<Value>, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
    let length = std::fs::metadata(file).map_err(|error| wrong(&error))?.len();
    if length > MAX_FILE_BYTES {
        return Err(wrong(&format!("is larger than {MAX_FILE_BYTES} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    let mut definitions = Vec::new();
    for document in kube_schema::yaml::parse_file(&text).map_err(|error| wrong(&error))? {
        let document = document.map_err(|error| wrong(&error))?;
        definition_resource(&document.value)
            .map_err(|problem| wrong(&format!("line {}: {problem}", document.line)))?;
        definitions.push(document.value);
    }
    Ok(definitions)
}

/// True if the offering's claims are control planes; for lists of them.
#[must_use]
pub(crate) fn makes_planes(configuration: &Configuration, offering: &OfferingName) -> bool {
    let offering = configuration.offerings.get(offering);
    offering.is_some_and(|offering| offering.spec.control_plane.is_some())
}
