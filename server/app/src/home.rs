//! The home page: claims that need attention, and requests that wait for the viewer.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use portico_api::{
    ApprovalRow, CatalogCard, DeprecatedClaims, HealthChange, HealthChanges, HomePage, OfferingLifecycle,
    PlatformState,
};
use portico_domain::claim::{Claim, Health};
use portico_domain::documents::{Configuration, Phase, Stage};
use portico_domain::names::OfferingName;
use portico_domain::placement::may_use;
use portico_domain::request::{Request, State};
use portico_domain::tenancy::Viewer;
use portico_planes::{Catalog, ClaimFilter, PlaneState, PlaneSummary};
use portico_store::{Page, RequestFilter};

use super::claims::{ran_out, urgency};
use super::index::{Entry, Wanted};
use super::names::{choice, title};
use super::{Portal, Result, Workspace, rows};
use crate::configuration::Severity;

/// Rows of each list at most.
const MAX_ROWS: usize = 5;
/// Requests that changed last, read at most.
const MAX_RECENT_REQUESTS: u32 = 50;
/// Groups of claims that became ready or broke, and claims of each group, at most.
const MAX_HEALTH_CHANGES: usize = 10;
/// How long before its end a claim's lifetime is announced.
const EXPIRY_NOTICE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long an unsuccessful request stays on the page.
const FAILURE_RETENTION: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Offerings suggested to a newcomer at most.
const MAX_SUGGESTIONS: usize = 3;

/// The requests of the home page.
struct HomeRequests {
    /// The viewer's open requests, the newest five.
    waiting_on_others: Vec<Request>,
    /// The number of all of them.
    waiting_on_others_count: u64,
    /// The viewer's requests that ended without being applied.
    unsuccessful: Vec<Request>,
    /// Other requests of the last day.
    today: Vec<Request>,
}

impl Portal {
    /// Returns the home page.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn home(&self, viewer: &Viewer, workspace: Option<&Workspace>) -> Result<HomePage> {
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let scope = viewer.scope();
        let tenant = workspace.and_then(|workspace| configuration.tenants.get(&workspace.tenant));

        let mut claims = match workspace {
            Some(workspace) => self
                .planes()
                .claims(&scope, &ClaimFilter::of_tenant(workspace.tenant.clone())),
            None => Vec::new(),
        };
        let all = claims.len();
        let now = self.now();
        let since = now - SignedDuration::from_hours(24);
        let health_changes = health_changes(&configuration, &catalog, &claims, since);
        let mut ending: Vec<_> = claims
            .iter()
            .filter_map(|claim| Some((claim.expires_at?, claim.clone())))
            .filter(|(at, claim)| *at > now && *at <= now + EXPIRY_NOTICE && !is_on_its_way_out(claim))
            .collect();
        ending.sort_by_key(|(at, _)| *at);
        ending.truncate(MAX_ROWS);
        let deprecated = self.deprecated(viewer, workspace, &catalog, &claims, now);
        let needs_action = claims
            .iter()
            .filter(|claim| {
                claim.status.health == Health::Degraded
                    || ran_out(claim, now)
                    || ends_soon(&catalog, claim, now)
            })
            .count();
        claims.retain(|claim| claim.status.health != Health::Ready || ran_out(claim, now));
        let ready = all - claims.len();
        claims
            .sort_by(|a, b| (urgency(a, now), &a.reference.name).cmp(&(urgency(b, now), &b.reference.name)));
        claims.truncate(10);

        let waiting_on_me = self.longest_waiting(viewer, &catalog).await?;
        let requests = self.home_requests(viewer, workspace, now).await?;
        let suggestions = if all == 0 && requests.waiting_on_others.is_empty() {
            self.suggestions(viewer, workspace, &configuration)?
        } else {
            Vec::new()
        };
        let unreachable_planes = self
            .planes()
            .summaries()
            .iter()
            .filter(|status| status.state != PlaneState::Ready && status.state != PlaneState::Connecting)
            .filter(|status| {
                viewer.is_platform_admin() || tenant.is_some_and(|tenant| may_use(tenant, &status.document))
            })
            .map(|status| title(&status.document).to_owned())
            .collect();
        let platform = if viewer.is_platform_admin() {
            Some(self.platform_state(viewer, &configuration, &catalog).await?)
        } else {
            None
        };
        let request_rows = |requests: &[Request]| {
            let rows = requests.iter().map(|request| rows::request(&catalog, request));
            rows.collect::<Vec<_>>()
        };
        Ok(HomePage {
            unhealthy_claims: claims
                .iter()
                .map(|claim| rows::claim(&configuration, &catalog, claim))
                .collect(),
            claims: all,
            ready,
            needs_action,
            ending_soon: ending
                .iter()
                .map(|(_, claim)| rows::claim(&configuration, &catalog, claim))
                .collect(),
            deprecated,
            waiting_on_me,
            waiting_on_others: request_rows(&requests.waiting_on_others),
            waiting_on_others_count: requests.waiting_on_others_count,
            unsuccessful: request_rows(&requests.unsuccessful),
            today: request_rows(&requests.today),
            health_changes,
            suggestions,
            unreachable_planes,
            platform,
        })
    }

    /// The requests that the home page shows.
    async fn home_requests(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        now: Timestamp,
    ) -> Result<HomeRequests> {
        let scope = viewer.scope();
        let mine = |filter| RequestFilter {
            requester: Some(viewer.person().subject.clone()),
            ..filter
        };
        let open = mine(RequestFilter::open());
        let waiting_on_others = self
            .store()
            .requests(
                &scope,
                &open,
                &Page::first(u32::try_from(MAX_ROWS).unwrap_or(u32::MAX)),
            )
            .await?
            .items;
        // All of them are here already, unless the page is full.
        let waiting_on_others_count = if waiting_on_others.len() < MAX_ROWS {
            waiting_on_others.len() as u64
        } else {
            self.store().count_requests(&scope, &open).await?.values().sum()
        };
        let recent = RequestFilter {
            tenant: workspace.map(|workspace| workspace.tenant.clone()),
            ..RequestFilter::default()
        };
        let recent = self
            .store()
            .requests(&scope, &recent, &Page::first(MAX_RECENT_REQUESTS))
            .await?
            .items;
        let ended = RequestFilter {
            states: vec![State::Rejected, State::Failed, State::Expired],
            ..RequestFilter::default()
        };
        let mut unsuccessful = self
            .store()
            .requests(&scope, &mine(ended), &Page::first(20))
            .await?
            .items;
        let again = |ended: &Request| {
            let others = recent.iter().chain(&waiting_on_others);
            others
                .filter(|other| other.claim == ended.claim)
                .any(|other| other.created_at > ended.created_at)
        };
        unsuccessful.retain(|request| request.updated_at >= now - FAILURE_RETENTION && !again(request));
        unsuccessful.truncate(MAX_ROWS);
        let since = now - SignedDuration::from_hours(24);
        let mut today = recent;
        // What one waits for or was refused stands above already.
        let above = |request: &Request| {
            let shown = |of: &[Request]| of.iter().any(|shown| shown.id == request.id);
            shown(&waiting_on_others)
                || shown(&unsuccessful)
                || (!request.state.is_end() && request.requester.subject == viewer.person().subject)
        };
        today.retain(|request| request.updated_at >= since && !above(request));
        today.sort_by_key(|request| std::cmp::Reverse(request.updated_at));
        Ok(HomeRequests {
            waiting_on_others,
            waiting_on_others_count,
            unsuccessful,
            today,
        })
    }

    /// Returns the offerings with a sunset date that these claims are of, the soonest first.
    fn deprecated(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        catalog: &Catalog,
        claims: &[Arc<Claim>],
        now: Timestamp,
    ) -> Vec<DeprecatedClaims> {
        let mut counts: BTreeMap<&OfferingName, usize> = BTreeMap::new();
        for claim in claims.iter().filter(|claim| !is_on_its_way_out(claim)) {
            *counts.entry(&claim.reference.offering).or_default() += 1;
        }
        let mut ending: Vec<_> = counts
            .into_iter()
            .filter_map(|(name, count)| {
                let offered = catalog.get(name)?;
                let sunset = offered.lifecycle.deprecation()?.sunset?;
                Some((sunset, offered, count))
            })
            .collect();
        ending.sort_by(|a, b| (a.0, &a.1.title, &a.1.name).cmp(&(b.0, &b.1.title, &b.1.name)));
        ending.truncate(MAX_ROWS);
        if ending.is_empty() {
            return Vec::new();
        }
        let index = self.index(viewer.audience(), workspace);
        ending
            .into_iter()
            .map(|(_, offered, count)| {
                let display = rows::display(catalog, &offered.name);
                let replacement = index.replacement(&offered.lifecycle);
                DeprecatedClaims {
                    offering: offered.name.clone(),
                    offering_title: display.title,
                    icon: display.icon,
                    category: display.category,
                    lifecycle: OfferingLifecycle::new(&offered.lifecycle, replacement, now),
                    count,
                }
            })
            .collect()
    }

    /// Returns offerings of different categories, for a viewer without claims.
    fn suggestions(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        configuration: &Configuration,
    ) -> Result<Vec<CatalogCard>> {
        let policies = self.policies()?;
        let index = self.index(viewer.audience(), workspace);
        let now = self.now();
        let dead = self.unreachable_planes();
        let mut different: Vec<_> = Vec::new();
        let published = |entry: &&Entry| entry.offered().lifecycle.stage == Stage::Published;
        for entry in index
            .find(Wanted::default())
            .entries
            .into_iter()
            .filter(published)
        {
            let category = entry.offered().category;
            if different.len() < MAX_SUGGESTIONS && !different.iter().any(|(known, _)| *known == category) {
                different.push((
                    category,
                    entry.card(workspace, configuration, &policies.1, &dead, now),
                ));
            }
        }
        Ok(different.into_iter().map(|(_, card)| card).collect())
    }

    /// Returns what needs a platform admin.
    async fn platform_state(
        &self,
        viewer: &Viewer,
        configuration: &Configuration,
        catalog: &Catalog,
    ) -> Result<PlatformState> {
        let planes = self.planes().summaries();
        let unwell =
            |status: &&PlaneSummary| !matches!(status.state, PlaneState::Ready | PlaneState::Connecting);
        let mut usage = self
            .usage_within(configuration, configuration.tenants.keys())
            .await?;
        let over_quota = configuration
            .tenants
            .values()
            .filter(|tenant| {
                let used = usage
                    .remove(&tenant.name)
                    .map(|usage| usage.total())
                    .unwrap_or_default();
                let of = |resource| used.get(resource).copied().unwrap_or(0);
                tenant
                    .spec
                    .quota
                    .0
                    .iter()
                    .any(|(resource, limit)| of(resource) > *limit)
            })
            .map(|tenant| tenant.title().to_owned())
            .collect();
        let oldest = self.store().oldest_pending_approval(&viewer.scope()).await?;
        Ok(PlatformState {
            planes: planes.len(),
            unwell_planes: planes
                .iter()
                .filter(unwell)
                .map(|status| choice(&status.document))
                .collect(),
            configuration_errors: {
                let report = self.shared.configuration.report();
                let of_home = report.home.iter().flat_map(|home| &home.problems);
                let problems = report.problems.iter().chain(of_home);
                problems
                    .filter(|problem| problem.severity == Severity::Error)
                    .count()
            },
            over_quota,
            waiting_publications: self.waiting_publications(configuration, catalog),
            oldest_approval: oldest.map(|request| rows::request(catalog, &request)),
        })
    }

    /// Returns the request that has waited longest for the viewer.
    async fn longest_waiting(&self, viewer: &Viewer, catalog: &Catalog) -> Result<Vec<ApprovalRow>> {
        let waiting = self.waiting_for(viewer, 0, MAX_ROWS).await?;
        self.approval_rows(viewer, catalog, &waiting).await
    }
}

/// True if the claim's offering ends within 30 days or has ended.
fn ends_soon(catalog: &Catalog, claim: &Claim, now: Timestamp) -> bool {
    let offered = catalog.get(&claim.reference.offering);
    !is_on_its_way_out(claim)
        && offered
            .and_then(|offered| offered.lifecycle.deprecation())
            .is_some_and(|deprecation| deprecation.phase(now) >= Phase::Ending)
}

/// True if the claim is being deleted, so that its expiry does not matter.
fn is_on_its_way_out(claim: &Claim) -> bool {
    matches!(claim.status.health, Health::Deleting | Health::Gone)
}

/// Returns the claims that became ready or broke, grouped by offering and environment, newest first.
fn health_changes(
    configuration: &Configuration,
    catalog: &Catalog,
    claims: &[Arc<Claim>],
    since: Timestamp,
) -> Vec<HealthChanges> {
    let mut changed: Vec<_> = claims
        .iter()
        .filter(|claim| matches!(claim.status.health, Health::Ready | Health::Degraded))
        .filter_map(|claim| Some((claim.status.since().filter(|at| *at >= since)?, claim)))
        .collect();
    changed.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut groups: Vec<HealthChanges> = Vec::new();
    let mut index = BTreeMap::new();
    for (at, claim) in changed {
        let key = (
            &claim.reference.offering,
            &claim.tenant,
            &claim.environment,
            claim.status.health,
        );
        let place = *index.entry(key).or_insert(groups.len());
        if place == groups.len() {
            let display = rows::display(catalog, &claim.reference.offering);
            groups.push(HealthChanges {
                offering_title: display.title,
                icon: display.icon,
                category: display.category,
                tenant: claim.tenant.clone(),
                environment: claim.environment.clone(),
                health: claim.status.health,
                count: 0,
                at,
                claims: Vec::new(),
            });
        }
        if let Some(group) = groups.get_mut(place) {
            group.count += 1;
            if group.claims.len() < MAX_HEALTH_CHANGES {
                let claim = rows::claim(configuration, catalog, claim);
                group.claims.push(HealthChange { claim, at });
            }
        }
    }
    groups.truncate(MAX_HEALTH_CHANGES);
    groups
}
