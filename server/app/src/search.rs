//! Search everywhere: offerings, claims, requests, actions and pages.

use std::collections::HashMap;
use std::sync::Arc;

use portico_api::{ClientAction, Link, SearchResult};
use portico_domain::claim::Claim;
use portico_domain::documents::{NewClaims, Tenant};
use portico_domain::names::{EnvironmentName, OfferingName};
use portico_domain::tenancy::{Role, Viewer};
use portico_planes::ClaimFilter;
use portico_store::{Page, RequestFilter};

use super::index::Wanted;
use super::navigation::{decides, is_tenant_admin, may_use_kubectl};
use super::{Portal, Result, Workspace, rows};

/// Results of one kind at most.
const MAX_RESULTS_PER_KIND: usize = 6;
/// Offerings that can be requested from the results, at most.
const MAX_REQUEST_RESULTS: usize = 3;
/// Words of a search, at most.
const MAX_WORDS: usize = 8;
/// Words that mean that somebody wants to request something.
const VERBS: [&str; 5] = ["request", "new", "create", "add", "get"];

impl Portal {
    /// Returns the results, matches in names first, then by kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn search(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        words: &str,
    ) -> Result<Vec<SearchResult>> {
        let index = self.index(viewer.audience(), workspace);
        let text = words.trim().to_lowercase();
        let asks = workspace.is_some_and(|workspace| viewer.may(&workspace.tenant, Role::Developer));
        // `new postgres` says what to do with what is found.
        let requested = VERBS
            .iter()
            .find_map(|verb| text.strip_prefix(verb)?.strip_prefix(' '))
            .filter(|_| asks);
        let wanted = Wanted {
            words: requested.unwrap_or(words),
            ..Wanted::default()
        };
        let now = self.now();
        let offerings = index.find(wanted).entries;
        let requests = offerings
            .iter()
            .filter(|entry| asks && !text.is_empty() && entry.lifecycle(now).new_claims == NewClaims::Allowed)
            .take(MAX_REQUEST_RESULTS);
        let place = workspace.map(|workspace| (&workspace.tenant, &workspace.environment));
        let requests: Vec<SearchResult> = requests
            .map(|entry| SearchResult::of_new_request(entry.offered().name.clone(), entry.title(), place))
            .collect();
        if requested.is_some() && !requests.is_empty() {
            return Ok(requests);
        }
        let mut hits: Vec<SearchResult> = offerings
            .iter()
            .take(MAX_RESULTS_PER_KIND)
            .map(|entry| {
                let offered = entry.offered();
                SearchResult::of_offering(
                    offered.name.clone(),
                    entry.title(),
                    offered.summary.as_deref(),
                    offered.lifecycle.stage,
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
            hits.extend(self.workspaces(viewer, workspace, &text));
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
        let catalog = self.planes().catalog();
        let words: Vec<&str> = text.split_whitespace().take(MAX_WORDS).collect();
        // Several words describe a claim. Its name has no blanks.
        let named = ClaimFilter {
            name: (words.len() < 2).then(|| text.to_owned()),
            ..ClaimFilter::default()
        };
        let titles: HashMap<&OfferingName, String> = catalog
            .offerings
            .iter()
            .map(|(name, offered)| (name, offered.title.to_lowercase()))
            .collect();
        let wanted = |claim: &Claim| words.len() < 2 || is_described_by(&titles, claim, &words);
        let mut claims = self.planes().claims_where(&viewer.scope(), &named, &wanted);
        let order = |one: &Arc<Claim>, other: &Arc<Claim>| {
            let key = |claim: &'_ Arc<Claim>| !claim.reference.name.as_str().starts_with(text);
            (key(one), &one.reference.name).cmp(&(key(other), &other.reference.name))
        };
        if MAX_RESULTS_PER_KIND < claims.len() {
            claims.select_nth_unstable_by(MAX_RESULTS_PER_KIND, order);
            claims.truncate(MAX_RESULTS_PER_KIND);
        }
        claims.sort_by(order);
        let hit = |claim: &Arc<Claim>| {
            SearchResult::of_claim(
                &claim.reference,
                claim.tenant.as_ref(),
                claim.environment.as_ref(),
                &rows::display(&catalog, &claim.reference.offering).title,
                claim.status.health,
            )
        };
        claims.iter().take(MAX_RESULTS_PER_KIND).map(hit).collect()
    }

    /// Returns the other workspaces of the viewer.
    fn workspaces(&self, viewer: &Viewer, workspace: Option<&Workspace>, text: &str) -> Vec<SearchResult> {
        let configuration = self.configuration();
        let is_current = |tenant: &Tenant, environment: &EnvironmentName| {
            workspace.is_some_and(|workspace| {
                workspace.tenant == tenant.name && workspace.environment == *environment
            })
        };
        configuration
            .tenants
            .values()
            .filter(|tenant| viewer.roles().contains_key(&tenant.name))
            .flat_map(|tenant| {
                tenant
                    .spec
                    .environments
                    .iter()
                    .map(move |each| (tenant, &each.name))
            })
            .filter(|(tenant, environment)| !is_current(tenant, environment))
            .map(|(tenant, environment)| {
                SearchResult::of_workspace(&tenant.name, tenant.title(), environment)
            })
            .filter(|hit| {
                let title = format!("{} {}", hit.title, hit.detail).to_lowercase();
                text.split_whitespace().all(|word| title.contains(word))
            })
            .take(MAX_RESULTS_PER_KIND)
            .collect()
    }

    /// Returns requests about claims or offerings of such a name, newest first.
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
        let most = u32::try_from(MAX_RESULTS_PER_KIND).unwrap_or(u32::MAX);
        let found = self
            .store()
            .requests(&viewer.scope(), &filter, &Page::first(most))
            .await?;
        let catalog = self.planes().catalog();
        let hit = |request| SearchResult::of_request(&rows::request(&catalog, request));
        Ok(found.items.iter().map(hit).collect())
    }

    /// Returns the viewer's pages, and actions that are possible everywhere.
    fn places(&self, viewer: &Viewer, text: &str) -> Vec<SearchResult> {
        let approver = decides(viewer, &self.configuration());
        let tenant_admin = viewer.is_platform_admin() || is_tenant_admin(viewer);
        let member = viewer.is_platform_admin() || !viewer.roles().is_empty();
        let pages = [
            (true, Link::Home),
            (true, Link::Catalog),
            (true, Link::Claims),
            (true, Link::Requests),
            (approver, Link::Approvals),
            (member, Link::Usage),
            (may_use_kubectl(viewer, &self.configuration()), Link::Kubectl),
            (true, Link::Tokens),
            (true, Link::Sessions),
            (viewer.is_platform_admin(), Link::ControlPlanes),
            (viewer.is_platform_admin(), Link::TryDefinition),
            (tenant_admin, Link::Tenants),
            (tenant_admin, Link::Record),
            (viewer.is_platform_admin(), Link::People),
            (viewer.is_platform_admin(), Link::Configuration),
        ];
        let pages = pages
            .into_iter()
            .filter(|(theirs, _)| *theirs)
            .filter_map(|(_, page)| SearchResult::of_page(page));
        let actions = [ClientAction::Theme, ClientAction::SignOut];
        let actions = actions.into_iter().map(SearchResult::of_action);
        let named = |hit: &SearchResult| {
            format!("{} {}", hit.title, hit.detail)
                .to_lowercase()
                .contains(text)
        };
        actions.chain(pages).filter(named).collect()
    }
}

/// True if each word is in the claim's name, offering, tenant, environment or health: `orders production`. `titles` are
/// those of offerings, in lower case.
fn is_described_by(titles: &HashMap<&OfferingName, String>, claim: &Claim, words: &[&str]) -> bool {
    let title = titles.get(&claim.reference.offering);
    let offering = title.map_or(claim.reference.offering.as_str(), String::as_str);
    let health = claim.status.health.title().to_lowercase();
    let parts = [
        claim.reference.name.as_str(),
        offering,
        claim.tenant.as_ref().map_or("", AsRef::as_ref),
        claim.environment.as_ref().map_or("", AsRef::as_ref),
        &health,
    ];
    words
        .iter()
        .all(|word| parts.iter().any(|part| part.contains(word)))
}
