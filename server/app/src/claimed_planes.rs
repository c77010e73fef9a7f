//! Control planes that are themselves claims: they join when the claim is ready, get the definitions that the platform
//! publishes to them, take nothing new while they leave, and leave with the claim.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portico_api::{ClaimedPlane, Link, PlaneResidents, words};
use portico_domain::authz::SystemAuthority;
use portico_domain::claim::{Claim, ClaimRef, Health};
use portico_domain::claimed_plane::{claimed_plane, definition_resource};
use portico_domain::documents::{Configuration, ControlPlane, Offering};
use portico_domain::names::{OfferingName, PlaneName};
use portico_domain::request::Action;
use portico_domain::tenancy::Viewer;
use portico_planes::{Change, ClaimFilter, PlaneState};
use portico_store::{Page, RequestChange, RequestFilter};
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::configuration::Report;
use super::{Portal, Result, rows};

/// How long changes are collected before they are followed.
const SETTLE: Duration = Duration::from_millis(150);
/// How often everything is looked at without a change, and how often what failed is tried again.
const INTERVAL: Duration = Duration::from_secs(15);
/// Claims that the page of a deletion lists.
const MAX_RESIDENTS: usize = 20;
/// Deletions of an offering's claims that are looked at.
const MAX_DELETIONS: u32 = 1_000;
/// Longest file of definitions, in bytes.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// What is remembered between two looks.
#[derive(Default)]
struct Known {
    /// The uids of claims whose control planes have joined. Such a control plane stays while its claim exists, however
    /// the claim is doing.
    joined: BTreeSet<String>,
    /// The definitions that were applied, by control plane.
    published: BTreeMap<PlaneName, Vec<Value>>,
    /// When the definitions were last read.
    read_at: Option<Instant>,
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
            if let Err(error) = self.update_claimed_planes(authority, &mut known).await {
                tracing::warn!(%error, "the control planes that are claims could not be looked up");
            }
            self.publish_definitions(authority, &mut known).await;
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
                changed = reports.changed() => changed.is_ok(),
                changed = requests.recv() => !matches!(changed, Err(RecvError::Closed)),
                change = changes.recv() => match change {
                    Ok(change) => self.concerns_claimed_planes(&change),
                    Err(RecvError::Lagged(_)) => true,
                    Err(RecvError::Closed) => false,
                },
            };
            if concerned {
                return;
            }
            // So that a source that has ended does not keep this busy.
            tokio::time::sleep(SETTLE).await;
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

    async fn update_claimed_planes(&self, authority: &SystemAuthority, known: &mut Known) -> Result<()> {
        let configuration = self.configuration();
        let offerings = declared(&configuration);
        if offerings.is_empty() && known.joined.is_empty() {
            return Ok(());
        }
        let mut planes = Vec::new();
        let mut present = BTreeSet::new();
        for offering in offerings {
            let leaving = self.deletions(authority, &offering.name).await?;
            let of_offering = ClaimFilter {
                offering: Some(offering.name.clone()),
                ..ClaimFilter::default()
            };
            for claim in self.planes().claims(&authority.scope(), &of_offering) {
                let leaving = claim.status.health == Health::Deleting || leaving.contains(&claim.reference);
                let Some(plane) = document(&configuration, offering, &claim, leaving) else {
                    continue;
                };
                if !known.joined.contains(&claim.uid) && !self.may_join(authority, &claim, &plane).await {
                    continue;
                }
                if !known.joined.contains(&claim.uid) {
                    tracing::info!(plane = %plane.name, claim = %claim.reference, "a claim joins as a control plane");
                }
                present.insert(claim.uid.clone());
                planes.push(plane);
            }
        }
        // What a host that does not answer serves is not gone.
        for plane in self.lost_from_view(&configuration, known, &present) {
            if let Some(connection) = plane.claim() {
                present.insert(connection.uid.clone());
            }
            planes.push(plane);
        }
        known.joined = present;
        planes.sort_by(|one, other| one.name.cmp(&other.name));
        self.shared.configuration.set_claimed_planes(planes);
        Ok(())
    }

    /// True if the claim can join: it is ready, or it was once, since it has its kubeconfig.
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

    /// The control planes that have joined and whose claims are not listed although nothing says that they are gone:
    /// their host has not been read again.
    fn lost_from_view(
        &self,
        configuration: &Configuration,
        known: &Known,
        present: &BTreeSet<String>,
    ) -> Vec<ControlPlane> {
        configuration
            .control_planes
            .values()
            .filter(|plane| {
                plane.claim().is_some_and(|at| {
                    known.joined.contains(&at.uid)
                        && !present.contains(&at.uid)
                        && configuration.control_planes.contains_key(&at.claim.plane)
                        && !self.planes().claim_synced(&at.claim)
                })
            })
            .cloned()
            .collect()
    }

    /// The claims of the offering whose deletion is requested and not done.
    async fn deletions(
        &self,
        authority: &SystemAuthority,
        offering: &OfferingName,
    ) -> Result<BTreeSet<ClaimRef>> {
        let filter = RequestFilter {
            action: Some(Action::Delete),
            offering: Some(offering.clone()),
            ..RequestFilter::open()
        };
        let found = self
            .store()
            .requests(&authority.scope(), &filter, &Page::first(MAX_DELETIONS))
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

    fn is_ready(&self, plane: &PlaneName) -> bool {
        let summary = self.planes().summary(plane);
        summary.is_some_and(|summary| summary.state == PlaneState::Ready)
    }

    /// What is on the control plane that this claim is; `None` if it is none, or nothing is on it.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn plane_residents(
        &self,
        viewer: &Viewer,
        claim: &Claim,
    ) -> Result<Option<PlaneResidents>> {
        let configuration = self.configuration();
        let Some(plane) = plane_of(&configuration, claim) else {
            return Ok(None);
        };
        let catalog = self.planes().catalog();
        let there = ClaimFilter {
            plane: Some(plane.name.clone()),
            ..ClaimFilter::default()
        };
        // The control plane is the tenant's own, so whoever may delete it sees them all.
        let claims = self.planes().claims(&viewer.scope(), &there);
        let open = RequestFilter {
            plane: Some(plane.name.clone()),
            action: Some(Action::Create),
            ..RequestFilter::open()
        };
        let rules = self.rules().of_all_tenants();
        let requested = self.store().count_requests(&rules, &open).await?.values().sum();
        if claims.is_empty() && requested == 0 {
            return Ok(None);
        }
        let shown = claims.iter().take(MAX_RESIDENTS);
        Ok(Some(PlaneResidents {
            plane_title: plane.title().to_owned(),
            claims: claims.len(),
            rows: shown
                .map(|claim| rows::claim(&configuration, &catalog, claim))
                .collect(),
            requested,
        }))
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
        let state = match summary.state {
            PlaneState::Connecting => portico_api::PlaneState::Connecting,
            PlaneState::Ready => portico_api::PlaneState::Ready,
            PlaneState::Unreachable => portico_api::PlaneState::Unreachable,
            PlaneState::Misconfigured(_) => portico_api::PlaneState::Misconfigured,
        };
        Some(ClaimedPlane {
            name: plane.name.clone(),
            title: plane.title().to_owned(),
            state,
            message: words::claimed_plane(state, plane.spec.cordoned),
            cordoned: plane.spec.cordoned,
            claims: summary.claims,
            offerings,
            href: viewer
                .is_platform_admin()
                .then(|| Link::ControlPlane(plane.name.clone())),
        })
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

fn document(
    configuration: &Configuration,
    offering: &Offering,
    claim: &Arc<Claim>,
    leaving: bool,
) -> Option<ControlPlane> {
    let declared = offering.spec.control_plane.as_ref()?;
    let host = configuration.control_planes.get(&claim.reference.plane)?;
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
