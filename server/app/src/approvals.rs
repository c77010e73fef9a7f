//! The approval queue.

use kube_schema::yaml;
use portico_api::{ApprovalRow, ApprovalsPage, Closed, InboxPage, Paged, Text};
use portico_domain::approver::Approver;
use portico_domain::authz;
use portico_domain::documents::Configuration;
use portico_domain::names::RequestId;
use portico_domain::request::{Comment, Request, State};
use portico_domain::tenancy::Viewer;
use portico_planes::{Catalog, ClaimFilter};

use super::cut::Cut;
use super::lookups::{Counts, Lookups};
use super::permissions::Attempt;
use super::request::{may_decide, price_of, quota_lines, sentence_of, track};
use super::review_diff::review_diff;
use super::usage::cost;
use super::{Portal, Result, rows};

/// Requests on a page.
const PER_PAGE: usize = 25;

impl Portal {
    /// Returns the requests that wait for the viewer, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approvals(&self, viewer: &Viewer, page: usize) -> Result<ApprovalsPage> {
        let page = page.max(1);
        let total = self
            .store()
            .count_pending_approvals(&Approver::of(viewer))
            .await?;
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        let before = (page - 1).saturating_mul(PER_PAGE);
        let waiting = self.waiting_for(viewer, before, PER_PAGE).await?;
        let items = self
            .approval_rows(viewer, &self.planes().catalog(), &waiting)
            .await?;
        Ok(ApprovalsPage {
            rows: Paged {
                items,
                total: Some(total),
                page,
                per_page: PER_PAGE,
                more: page.saturating_mul(PER_PAGE) < total,
            },
        })
    }

    /// The approval queue with one request open: the one named, which need not wait for the viewer any more, else the
    /// first.
    ///
    /// # Errors
    /// [`crate::PortalError::NotFound`] when the viewer may not see the named request; when the database fails.
    pub async fn inbox(&self, viewer: &Viewer, page: usize, named: Option<RequestId>) -> Result<InboxPage> {
        let ApprovalsPage { rows } = self.approvals(viewer, page).await?;
        let listed = |id| rows.items.iter().find(|row| row.row.id == id).cloned();
        let (opened, closed, may_comment) = match named {
            None => (rows.items.first().cloned(), None, true),
            Some(id) => {
                if let Some(row) = listed(id) {
                    (Some(row), None, true)
                } else {
                    let request = self.visible_request(viewer, id).await?;
                    let catalog = self.planes().catalog();
                    let row = self
                        .approval_rows(viewer, &catalog, std::slice::from_ref(&*request))
                        .await?
                        .pop();
                    let may_comment = authz::may_comment(viewer, &request).is_ok();
                    let configuration = self.configuration();
                    let cut = Cut::of(viewer, &configuration, &request);
                    (row, closed(viewer, &request, &cut.request), may_comment)
                }
            }
        };
        Ok(InboxPage {
            rows,
            opened,
            closed,
            may_comment,
            chosen: named.is_some(),
        })
    }

    /// Returns the requests that the viewer may decide on, oldest first: at most `limit`, after skipping `skip`.
    pub(super) async fn waiting_for(
        &self,
        viewer: &Viewer,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<Request>> {
        let mut found = self
            .store()
            .pending_approvals(&Approver::of(viewer), skip, limit)
            .await?;
        // The request itself has the last word.
        found.retain(|request| may_decide(viewer, request).0);
        Ok(found)
    }

    /// Returns the rows of these requests with a fixed number of statements.
    pub(super) async fn approval_rows(
        &self,
        viewer: &Viewer,
        catalog: &Catalog,
        requests: &[Request],
    ) -> Result<Vec<ApprovalRow>> {
        let configuration = self.configuration();
        let lookups = self.lookups(&configuration, requests).await?;
        let visible: Vec<_> = requests
            .iter()
            .filter_map(|request| authz::visible_request(viewer, request))
            .collect();
        let mut comments = self.store().comments_on(&visible).await?;
        let requesters = requests.iter().map(requester).collect();
        let counts = self.store().count_requests_of(&requesters).await?;
        requests
            .iter()
            .map(|request| {
                let comments = comments.remove(&request.id).unwrap_or_default();
                let inputs = RowInputs {
                    viewer,
                    configuration: &configuration,
                    catalog,
                    lookups: &lookups,
                    counts: &counts,
                };
                self.approval_row(&inputs, request, comments)
            })
            .collect()
    }

    fn approval_row(
        &self,
        inputs: &RowInputs<'_>,
        whole: &Request,
        comments: Vec<Comment>,
    ) -> Result<ApprovalRow> {
        let RowInputs {
            viewer,
            configuration,
            catalog,
            lookups,
            counts,
        } = *inputs;
        let in_the_way = self.in_the_way(configuration, lookups, whole)?;
        let cut = Cut::of(viewer, configuration, whole);
        let comments = cut.comments(comments, viewer);
        let request = &*cut.request;
        // Within the tenant of the request that is to be judged.
        let scope = self.rules().of_tenant(&request.tenant);
        let theirs = ClaimFilter {
            requester: Some(request.requester.subject.clone()),
            ..ClaimFilter::of_tenant(request.tenant.clone())
        };
        let claims = self.planes().claims(&scope, &theirs);
        let (diff, against) = review_diff(catalog, lookups, request);
        let of_requester = counts.get(&requester(request)).cloned().unwrap_or_default();
        let price = price_of(catalog, request);
        Ok(ApprovalRow {
            row: rows::request(catalog, request),
            sentence: sentence_of(configuration, catalog, request),
            why: in_the_way
                .map(|obstacle| Text::from(cut.conflict(obstacle).to_string()))
                .into_iter()
                .chain(self.deprecation_of(catalog, request))
                .chain(
                    request
                        .approval
                        .iter()
                        .flat_map(|need| &need.rules)
                        .map(|rule| Text::from(&rule.reason)),
                )
                .collect(),
            quota: if cut.is_whole() {
                quota_lines(configuration, catalog, lookups, request)
            } else {
                Vec::new()
            },
            cost: cost(price.as_ref()),
            price,
            diff,
            against: against.text(),
            manifest: yaml::print(&request.manifest),
            expires_at: request.approval.as_ref().map(|need| need.expires_at),
            note: request.note.clone(),
            comments: comments.into_iter().map(Into::into).collect(),
            history: if cut.is_whole() {
                track(&request.requester.name, &of_requester, &claims)
            } else {
                Text::default()
            },
            revision: request.revision,
        })
    }
}

/// What the rows of a page are made from.
#[derive(Clone, Copy)]
struct RowInputs<'a> {
    viewer: &'a Viewer,
    configuration: &'a Configuration,
    catalog: &'a Catalog,
    lookups: &'a Lookups,
    counts: &'a Counts,
}

/// Why the viewer cannot decide on the request; `None` if they can.
fn closed(viewer: &Viewer, whole: &Request, request: &Request) -> Option<Closed> {
    let last = |approved| {
        let decision = request
            .decisions
            .iter()
            .rev()
            .find(|decision| decision.approved == approved && !decision.void)?;
        Some((decision.by.subject != viewer.person().subject).then(|| decision.by.name.clone()))
    };
    match request.state {
        State::AwaitingApproval => match authz::may_decide(viewer, whole) {
            Ok(_) => None,
            Err(denied) => Some(Closed::Denied(
                Attempt::Request(&request.requester.name).denial(denied),
            )),
        },
        State::Withdrawn => Some(Closed::Withdrawn),
        State::Expired => Some(Closed::Expired),
        State::Rejected => Some(last(false).map_or(Closed::Refused, Closed::Rejected)),
        State::Draft | State::Submitted => Some(Closed::NoneNeeded),
        State::Approved | State::Applying | State::Fulfilled | State::Failed => {
            Some(last(true).map_or(Closed::NoneNeeded, Closed::Approved))
        }
    }
}

fn requester(request: &Request) -> (portico_domain::names::TenantName, String) {
    (request.tenant.clone(), request.requester.subject.clone())
}
