//! Search everywhere: offerings, claims, requests, actions and pages.

use portico_domain::names::OfferingName;
use portico_domain::tenancy::{Role, Viewer};
use portico_planes::ClaimFilter;
use portico_store::{Page, RequestFilter};
use serde::Serialize;

use super::index::Wanted;
use super::names::{claim_href, request_href};
use super::navigation::{decides, is_tenant_admin};
use super::{Portal, Result, Workspace, rows};

/// Hits of one kind at most.
const MOST: usize = 6;
/// Offerings that can be asked for at once.
const ASKED_FOR: usize = 3;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchResult {
    /// What it is.
    pub kind: SearchResultKind,
    /// Its name.
    pub title: String,
    /// What tells it from others of that name.
    pub detail: String,
    /// Where it leads; empty for what is done on the spot.
    pub href: String,
    /// What is done on the spot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<ClientAction>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SearchResultKind {
    /// Something to do.
    Action,
    /// An offering.
    Offering,
    /// A claim.
    Claim,
    /// A request.
    Request,
    /// A page.
    Page,
}

/// What a browser does on the spot, without going anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClientAction {
    /// Goes on to the next theme.
    Theme,
    /// Ends the session.
    SignOut,
}

impl SearchResult {
    fn new(
        kind: SearchResultKind,
        title: impl Into<String>,
        detail: impl Into<String>,
        href: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            title: title.into(),
            detail: detail.into(),
            href: href.into(),
            action: None,
        }
    }
}

impl Portal {
    /// What the words find: what is called so first, and then by kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        &self,
        viewer: &Viewer,
        work: Option<&Workspace>,
        words: &str,
    ) -> Result<Vec<SearchResult>> {
        let index = self.index(work);
        let text = words.trim().to_lowercase();
        let asks = work.is_some_and(|work| viewer.may(&work.tenant, Role::Developer));
        // "request post": it is known already what is to be done with what is found.
        let wish = text.strip_prefix("request ").filter(|_| asks);
        let wanted = Wanted {
            words: wish.unwrap_or(words),
            ..Wanted::default()
        };
        let offerings = index.find(wanted).entries;
        let requests = offerings
            .iter()
            .filter(|_| asks && !text.is_empty())
            .take(ASKED_FOR);
        let requests = requests.map(|entry| {
            SearchResult::new(
                SearchResultKind::Action,
                format!("Request {}", entry.title()),
                work.map(|work| format!("in {}/{}", work.tenant, work.environment))
                    .unwrap_or_default(),
                format!("/catalog/{}/request", entry.offered().name),
            )
        });
        if wish.is_some() {
            return Ok(requests.collect());
        }
        let mut hits: Vec<SearchResult> = offerings
            .iter()
            .take(MOST)
            .map(|entry| {
                let offered = entry.offered();
                let detail = offered.summary.clone().unwrap_or_default();
                SearchResult::new(
                    SearchResultKind::Offering,
                    entry.title(),
                    detail,
                    format!("/catalog/{}", offered.name),
                )
            })
            .collect();
        hits.extend(requests);
        if !text.is_empty() {
            hits.extend(self.claims_named(viewer, &text));
            let offerings = offerings
                .iter()
                .map(|entry| entry.offered().name.clone())
                .collect();
            hits.extend(self.requests_named(viewer, &text, offerings).await?);
            hits.extend(self.places(viewer, &text));
            // What is called so comes before what only speaks of it.
            hits.sort_by_key(|hit| {
                let title = hit.title.to_lowercase();
                (!title.starts_with(&text), !title.contains(&text))
            });
        }
        Ok(hits)
    }

    fn claims_named(&self, viewer: &Viewer, text: &str) -> Vec<SearchResult> {
        let mut claims = self.planes().claims(&viewer.scope(), &ClaimFilter::default());
        claims.retain(|claim| claim.reference.name.as_str().contains(text));
        claims.sort_by_key(|claim| {
            (
                !claim.reference.name.as_str().starts_with(text),
                claim.reference.name.clone(),
            )
        });
        let hit = |claim: &std::sync::Arc<portico_domain::claim::Claim>| {
            // What tells two of one name apart comes first: the rest may not fit.
            let detail = format!(
                "{}/{} · {} · {}",
                claim.tenant.as_ref().map_or("-", AsRef::as_ref),
                claim.environment.as_ref().map_or("-", AsRef::as_ref),
                claim.resource.kind,
                claim.status.health.title()
            );
            let reference = &claim.reference;
            SearchResult::new(
                SearchResultKind::Claim,
                reference.name.to_string(),
                detail,
                claim_href(reference),
            )
        };
        claims.iter().take(MOST).map(hit).collect()
    }

    /// Requests about claims of such a name or for such offerings, the newest first.
    async fn requests_named(
        &self,
        viewer: &Viewer,
        text: &str,
        offerings: Vec<OfferingName>,
    ) -> Result<Vec<SearchResult>> {
        let filter = RequestFilter {
            named: Some((text.to_owned(), offerings)),
            ..RequestFilter::default()
        };
        let most = u32::try_from(MOST).unwrap_or(u32::MAX);
        let found = self
            .store()
            .requests(&viewer.scope(), &filter, &Page::first(most))
            .await?;
        let catalog = self.planes().catalog();
        let hit = |request| {
            let row = rows::request(&catalog, request);
            let detail = format!(
                "{}/{} · {} · {} · {}",
                row.tenant,
                row.environment,
                row.action.slug(),
                row.offering_title,
                row.state.title()
            );
            SearchResult::new(
                SearchResultKind::Request,
                row.claim.name.to_string(),
                detail,
                request_href(row.id),
            )
        };
        Ok(found.items.iter().map(hit).collect())
    }

    /// Pages that the viewer has, and what can be done from everywhere.
    fn places(&self, viewer: &Viewer, text: &str) -> Vec<SearchResult> {
        let approver = decides(viewer, &self.configuration());
        let tenant_admin = viewer.platform_admin || is_tenant_admin(viewer);
        let pages = [
            (true, "Home", "/"),
            (true, "Catalog", "/catalog"),
            (true, "My claims", "/claims"),
            (true, "Requests", "/requests"),
            (approver, "Approvals", "/approvals"),
            (true, "API tokens", "/tokens"),
            (true, "Sessions", "/sessions"),
            (
                viewer.platform_admin,
                "Admin: control planes",
                "/admin/control-planes",
            ),
            (tenant_admin, "Admin: tenants", "/admin/tenants"),
            (tenant_admin, "Admin: record", "/admin/record"),
            (viewer.platform_admin, "Admin: people", "/admin/people"),
            (
                viewer.platform_admin,
                "Admin: configuration",
                "/admin/configuration",
            ),
        ];
        let pages = pages
            .into_iter()
            .filter(|(theirs, ..)| *theirs)
            .map(|(_, title, href)| SearchResult::new(SearchResultKind::Page, title, "", href));
        let actions = [
            (
                "Switch theme",
                "light, dark, as the system has it",
                ClientAction::Theme,
            ),
            ("Sign out", "", ClientAction::SignOut),
        ];
        let actions = actions.into_iter().map(|(title, detail, action)| SearchResult {
            action: Some(action),
            ..SearchResult::new(SearchResultKind::Action, title, detail, "")
        });
        let named = |hit: &SearchResult| {
            format!("{} {}", hit.title, hit.detail)
                .to_lowercase()
                .contains(text)
        };
        actions.chain(pages).filter(named).collect()
    }
}
