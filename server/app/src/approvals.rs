//! The approval queue: should I say yes?

use kube_schema::yaml;
use portico_domain::request::Request;
use portico_domain::tenancy::{Scope, Viewer};
use portico_domain::view::{ApprovalRow, ApprovalsPage, Paged};
use portico_planes::{Catalog, ClaimFilter};
use portico_store::{RequestFilter, Undecided};

use super::judged::to_judge;
use super::request::{cost_of, may_decide, track, waits_for, wish};
use super::{Portal, Result, rows};

/// Requests on a page.
const PER_PAGE: usize = 25;

impl Portal {
    /// What waits for the viewer, the longest waiting first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approvals(&self, viewer: &Viewer, page: usize) -> Result<ApprovalsPage> {
        let waiting = self.waiting_for(viewer).await?;
        let page = Paged::cut(waiting, page, PER_PAGE);
        let catalog = self.planes().catalog();
        let mut items = Vec::with_capacity(page.items.len());
        for request in self.still_waiting(viewer, &page.items).await? {
            items.push(self.approval_row(&catalog, &request).await?);
        }
        Ok(ApprovalsPage {
            rows: Paged {
                items,
                total: page.total,
                page: page.page,
                per_page: page.per_page,
                more: page.more,
            },
        })
    }

    /// What the viewer may decide on, the longest waiting first.
    pub(super) async fn waiting_for(&self, viewer: &Viewer) -> Result<Vec<Undecided>> {
        // Whose agreement is needed stands in the request, and may be a group outside its tenant: all that wait
        // are looked at, and only what this viewer is asked for is kept.
        let mut found = self
            .store()
            .undecided(&Scope::system(), &viewer.person.subject)
            .await?;
        found.retain(|request| waits_for(viewer, request));
        Ok(found)
    }

    /// The same whole; without those that somebody decided on meanwhile.
    pub(super) async fn still_waiting(&self, viewer: &Viewer, found: &[Undecided]) -> Result<Vec<Request>> {
        let mut whole = Vec::with_capacity(found.len());
        for known in found {
            let request = self.store().request(&Scope::system(), known.id).await?;
            whole.extend(request.filter(|request| may_decide(viewer, request).0));
        }
        Ok(whole)
    }

    pub(super) async fn approval_row(&self, catalog: &Catalog, request: &Request) -> Result<ApprovalRow> {
        let configuration = self.configuration();
        let by_requester = RequestFilter {
            requester: Some(request.requester.subject.clone()),
            tenant: Some(request.tenant.clone()),
            ..RequestFilter::default()
        };
        // Within the tenant of the request that is to be judged.
        let scope = Scope::system().narrow(&request.tenant);
        let counts = self.store().count_requests(&scope, &by_requester).await?;
        let theirs = ClaimFilter {
            requester: Some(request.requester.subject.clone()),
            ..ClaimFilter::of_tenant(request.tenant.clone())
        };
        let claims = self.planes().claims(&scope, &theirs);
        let (diff, against) = to_judge(catalog, request);
        let in_the_way = self.in_the_way(request).await?;
        Ok(ApprovalRow {
            row: rows::request(catalog, request),
            sentence: wish(&configuration, catalog, request),
            why: in_the_way
                .map(|why| format!("It cannot be approved now. {why}"))
                .into_iter()
                .chain(
                    request
                        .approval
                        .iter()
                        .flat_map(|need| &need.rules)
                        .map(|rule| rule.reason.clone()),
                )
                .collect(),
            quota: self.quota_lines(&configuration, catalog, request).await?,
            cost: cost_of(catalog, request),
            diff,
            against,
            manifest: yaml::print(&request.manifest),
            expires_at: request.approval.as_ref().map(|need| need.expires_at),
            note: request.note.clone(),
            comments: self
                .store()
                .comments_of(request.id)
                .await?
                .into_iter()
                .map(Into::into)
                .collect(),
            history: track(&counts, &claims),
            revision: request.revision,
        })
    }
}
