//! The home page: claims that need attention, and requests that wait for the viewer.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use portico_api::{ApprovalRow, HealthChange, HomePage};
use portico_domain::claim::{Claim, Health};
use portico_domain::placement::may_use;
use portico_domain::tenancy::Viewer;
use portico_planes::{Catalog, ClaimFilter, PlaneState};
use portico_store::{Page, RequestFilter};

use super::claims::{ran_out, urgency};
use super::index::Wanted;
use super::names::title;
use super::{Portal, Result, Workspace, rows};

/// Requests shown of those that wait for the viewer.
const WAITING: usize = 5;
/// Claims shown that became ready or broke.
const TURNED: usize = 10;
/// What a newcomer is shown.
const SUGGESTIONS: usize = 3;

impl Portal {
    /// The first page after signing in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn home(&self, viewer: &Viewer, work: Option<&Workspace>) -> Result<HomePage> {
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let scope = viewer.scope();
        let tenant = work.and_then(|work| configuration.tenants.get(&work.tenant));

        let mut claims = match work {
            Some(work) => self
                .planes()
                .claims(&scope, &ClaimFilter::of_tenant(work.tenant.clone())),
            None => Vec::new(),
        };
        let all = claims.len();
        let since = self.now() - SignedDuration::from_hours(24);
        let turned = turned(&claims, since);
        let now = self.now();
        claims.retain(|claim| claim.status.health != Health::Ready || ran_out(claim, now));
        let ready = all - claims.len();
        claims
            .sort_by(|a, b| (urgency(a, now), &a.reference.name).cmp(&(urgency(b, now), &b.reference.name)));
        claims.truncate(10);

        let waiting_on_me = self.longest_waiting(viewer, &catalog).await?;
        let mine = RequestFilter {
            requester: Some(viewer.person().subject.clone()),
            ..RequestFilter::open()
        };
        let waiting_on_others = self
            .store()
            .requests(&scope, &mine, &Page::first(10))
            .await?
            .items;
        let recent = RequestFilter {
            tenant: work.map(|work| work.tenant.clone()),
            ..RequestFilter::default()
        };
        let mut today = self
            .store()
            .requests(&scope, &recent, &Page::first(50))
            .await?
            .items;
        // What one waits for stands above already.
        let above = |id| waiting_on_others.iter().any(|request| request.id == id);
        today.retain(|request| request.updated_at >= since && !above(request.id));
        today.sort_by_key(|request| std::cmp::Reverse(request.updated_at));
        today.truncate(10);

        let suggestions = if all == 0 && waiting_on_others.is_empty() {
            let policies = self.policies()?;
            let index = self.index(work);
            let found = index.find(Wanted::default()).entries;
            let dead = self.unreachable_planes();
            let mut different: Vec<_> = Vec::new();
            for entry in found {
                let category = entry.offered().category;
                if different.len() < SUGGESTIONS && !different.iter().any(|(known, _)| *known == category) {
                    different.push((category, entry.card(work, &configuration, &policies.1, &dead)));
                }
            }
            different.into_iter().map(|(_, card)| card).collect()
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
        Ok(HomePage {
            unhealthy_claims: claims
                .iter()
                .map(|claim| rows::claim(&configuration, &catalog, claim))
                .collect(),
            claims: all,
            ready,
            waiting_on_me,
            waiting_on_others: waiting_on_others
                .iter()
                .map(|request| rows::request(&catalog, request))
                .collect(),
            today: today
                .iter()
                .map(|request| rows::request(&catalog, request))
                .collect(),
            health_changes: turned
                .into_iter()
                .map(|(at, claim)| HealthChange {
                    claim: rows::claim(&configuration, &catalog, &claim),
                    at,
                })
                .collect(),
            suggestions,
            unreachable_planes,
        })
    }

    /// What has waited for the viewer the longest.
    async fn longest_waiting(&self, viewer: &Viewer, catalog: &Catalog) -> Result<Vec<ApprovalRow>> {
        let waiting = self.waiting_for(viewer, 0, WAITING).await?;
        self.approval_rows(viewer, catalog, &waiting).await
    }
}

/// The claims that became ready or broke, the latest first.
fn turned(claims: &[Arc<Claim>], since: Timestamp) -> Vec<(Timestamp, Arc<Claim>)> {
    let mut turned: Vec<_> = claims
        .iter()
        .filter(|claim| matches!(claim.status.health, Health::Ready | Health::Degraded))
        .filter_map(|claim| Some((claim.status.since().filter(|at| *at >= since)?, claim.clone())))
        .collect();
    turned.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    turned.truncate(TURNED);
    turned
}
