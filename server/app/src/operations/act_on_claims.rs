//! Renews or deletes several claims: one request for each, as if each were sent by itself.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use portico_api::words::{SeveralFollows, SeveralRefusal, sent_state, type_the_number};
use portico_api::{
    Problem, SeveralAction, SeveralOutcome, SeveralPage, SeveralRow, Submission, names as field,
};
use portico_domain::authz;
use portico_domain::claim::{Claim, ClaimRef};
use portico_domain::lifetime::end_of_life;
use portico_domain::names::RequestId;
use portico_domain::tenancy::Viewer;

use super::delete_claim::DeleteClaim;
use super::renew_claim::RenewClaim;
use super::submit_request::SubmitOutcome;
use crate::permissions::Attempt;
use crate::{Caller, Portal, PortalError, Result, rows};

/// Claims that something is done with at once.
const MAX_CLAIMS: usize = 50;
/// How many are looked at, or sent, at a time. Each may wait for a control plane.
const CONCURRENT: usize = 8;

/// Renews or deletes several claims.
#[derive(Debug, Clone)]
pub struct ActOnClaims {
    /// What is done.
    pub action: SeveralAction,
    /// The claims.
    pub claims: Vec<SelectedClaim>,
    /// Their number, typed to confirm a deletion.
    pub confirmation: String,
    /// A note for the approvers of each request.
    pub note: String,
}

/// One of several claims.
#[derive(Debug, Clone)]
pub struct SelectedClaim {
    /// The claim.
    pub reference: ClaimRef,
    /// The id of its request, chosen by the sender: sending it twice makes one request.
    pub id: Option<RequestId>,
    /// The uid of the claim that the sender saw.
    pub uid: Option<String>,
}

impl SelectedClaim {
    /// A claim that was selected in a list.
    #[must_use]
    pub fn new(reference: ClaimRef) -> Self {
        Self {
            reference,
            id: None,
            uid: None,
        }
    }
}

impl Portal {
    /// The page that asks before something is done with several claims. Claims beyond the fiftieth are left out, which the
    /// page says.
    ///
    /// # Errors
    /// When the database fails. What is wrong with a claim is on the page.
    pub async fn several_page(&self, viewer: &Viewer, command: &ActOnClaims) -> Result<SeveralPage> {
        let mut selected: Vec<SelectedClaim> = Vec::new();
        for claim in &command.claims {
            if selected.iter().all(|known| known.reference != claim.reference) {
                selected.push(claim.clone());
            }
        }
        let beyond = selected.len().saturating_sub(MAX_CLAIMS);
        selected.truncate(MAX_CLAIMS);
        let looked_at: Vec<Option<SeveralRow>> = stream::iter(selected)
            .map(|selected| async move { self.several_row(viewer, command.action, &selected).await })
            .buffered(CONCURRENT)
            .try_collect()
            .await?;
        let missing = looked_at.iter().filter(|row| row.is_none()).count();
        Ok(SeveralPage {
            action: command.action,
            rows: looked_at.into_iter().flatten().collect(),
            missing,
            beyond,
            typed: command.confirmation.clone(),
            note: command.note.clone(),
            problems: Vec::new(),
            sent: false,
        })
    }

    /// Sends a request for each claim with which it can be done. What cannot be sent is on the page, and the rest is sent
    /// all the same. The requests of claims that were sent before, by the same page, are not made again.
    ///
    /// # Errors
    /// As [`Portal::several_page`]. A wrong confirmation is no error: it comes back with the page, and nothing is sent.
    pub async fn act_on_claims(&self, caller: Caller<'_>, command: &ActOnClaims) -> Result<SeveralPage> {
        let mut page = self.several_page(caller.viewer, command).await?;
        let known = self.known_submissions(caller.viewer, &mut page, command).await?;
        // Who sends the page again has confirmed it already.
        let confirms = command.action == SeveralAction::Delete && known == 0;
        if confirms && command.confirmation.trim() != page.possible().to_string() {
            let message = type_the_number(page.possible());
            page.problems.push(Problem::new(field::CONFIRM, message));
            return Ok(page);
        }
        page.sent = true;
        page.rows = stream::iter(page.rows)
            .map(|row| self.send_one(caller, command, row))
            .buffered(CONCURRENT)
            .collect()
            .await;
        Ok(page)
    }

    /// A selected claim and what would come of it. `None` if the viewer sees no such claim.
    async fn several_row(
        &self,
        viewer: &Viewer,
        action: SeveralAction,
        selected: &SelectedClaim,
    ) -> Result<Option<SeveralRow>> {
        let claim = match self.visible_claim(viewer, &selected.reference) {
            Ok(claim) => claim,
            Err(PortalError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let outcome = match action {
            SeveralAction::Delete => self.may_delete(viewer, &selected.reference).await,
            SeveralAction::Renew => self.may_renew(viewer, &claim).await,
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(PortalError::NotFound) => return Ok(None),
            Err(refusal @ (PortalError::Forbidden(_) | PortalError::Conflict(_))) => refused(&refusal),
            Err(error) => return Err(error),
        };
        Ok(Some(SeveralRow {
            row: rows::claim(&self.configuration(), &self.planes().catalog(), &claim),
            request_id: selected.id.unwrap_or_else(|| self.new_request_id()),
            uid: selected.uid.clone().unwrap_or_else(|| claim.uid.clone()),
            outcome,
        }))
    }

    async fn may_delete(&self, viewer: &Viewer, claim: &ClaimRef) -> Result<SeveralOutcome> {
        let page = self.delete_page(viewer, &DeleteClaim::of(claim)).await?;
        if page.in_the_way.is_some() {
            return Ok(refused(&SeveralRefusal::InProgress));
        }
        if let Some(residents) = page.residents {
            let residents = residents.summary();
            return Ok(refused(&SeveralRefusal::ControlPlaneInUse { residents }));
        }
        if let Some(why) = page.approval.denied.or(page.refused) {
            return Ok(SeveralOutcome::Refused { why });
        }
        let approval = !page.approval.needed.is_empty();
        let needed_by = page.needed_by.into_iter().map(|claim| claim.name).collect();
        Ok(possible(&SeveralFollows::Deleted { approval, needed_by }))
    }

    async fn may_renew(
        &self,
        viewer: &Viewer,
        claim: &authz::Visible<std::sync::Arc<Claim>>,
    ) -> Result<SeveralOutcome> {
        let configuration = self.configuration();
        authz::may_change(viewer, claim).map_err(Attempt::Change(&configuration).error())?;
        let catalog = self.planes().catalog();
        let offered = catalog.get(&claim.reference.offering);
        let Some(until) = offered.and_then(|offered| end_of_life(self.now(), offered.lifetime_days)) else {
            return Ok(refused(&SeveralRefusal::NoLifetime));
        };
        let scope = self.rules().of_all_tenants();
        if self
            .store()
            .open_request_of(&scope, &claim.reference)
            .await?
            .is_some()
        {
            return Ok(refused(&SeveralRefusal::InProgress));
        }
        Ok(possible(&SeveralFollows::Renewed { until }))
    }

    /// Marks the rows whose request this page has sent before, and returns their number.
    async fn known_submissions(
        &self,
        viewer: &Viewer,
        page: &mut SeveralPage,
        command: &ActOnClaims,
    ) -> Result<usize> {
        let mut known = 0;
        for row in &mut page.rows {
            let selected = command.claims.iter().find(|it| it.reference == row.row.reference);
            let Some(id) = selected.and_then(|selected| selected.id) else {
                continue;
            };
            if let Some(submission) = self.sent_before(viewer, Some(id)).await? {
                row.outcome = sent(submission);
                known += 1;
            }
        }
        Ok(known)
    }

    async fn send_one(&self, caller: Caller<'_>, command: &ActOnClaims, mut row: SeveralRow) -> SeveralRow {
        if !matches!(row.outcome, SeveralOutcome::Possible { .. }) {
            return row;
        }
        let claim = row.row.reference.clone();
        let (id, note) = (Some(row.request_id), command.note.clone());
        row.outcome = match command.action {
            SeveralAction::Renew => {
                let renewal = RenewClaim {
                    claim: &claim,
                    id,
                    note,
                };
                match self.renew(caller, renewal).await {
                    Ok(submission) => sent(submission),
                    Err(error) => refused(&error),
                }
            }
            SeveralAction::Delete => {
                let deletion = DeleteClaim {
                    claim: &claim,
                    id,
                    // The number of all of them was typed.
                    confirmation: claim.name.to_string(),
                    note,
                    uid: Some(row.uid.clone()),
                    abandon: false,
                    seen: None,
                };
                match self.submit_delete(caller, &deletion).await {
                    Ok(SubmitOutcome::Created(submission)) => sent(submission),
                    Ok(SubmitOutcome::Invalid(page)) => SeveralOutcome::Refused {
                        why: page
                            .problems
                            .iter()
                            .map(|it| it.message.as_str())
                            .collect::<Vec<_>>()
                            .join(" "),
                    },
                    Ok(SubmitOutcome::Conflict(_, conflict)) => refused(&conflict),
                    Ok(SubmitOutcome::DryRunFailed(_, error)) => refused(&error),
                    Err(error) => refused(&error),
                }
            }
        };
        row
    }
}

fn possible(follows: &SeveralFollows) -> SeveralOutcome {
    SeveralOutcome::Possible {
        follows: follows.to_string(),
    }
}

fn refused(why: &dyn std::fmt::Display) -> SeveralOutcome {
    SeveralOutcome::Refused { why: why.to_string() }
}

fn sent(submission: Submission) -> SeveralOutcome {
    SeveralOutcome::Sent {
        href: submission.href,
        state: sent_state(submission.state).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use portico_domain::request::Action;

    use super::*;
    use crate::testing::{TestApp, caller, developer, member};
    use portico_domain::tenancy::Role;

    fn selected(action: SeveralAction, claims: &[&ClaimRef], confirmation: &str) -> ActOnClaims {
        ActOnClaims {
            action,
            claims: claims
                .iter()
                .map(|claim| SelectedClaim::new((*claim).clone()))
                .collect(),
            confirmation: confirmation.to_owned(),
            note: "Not needed any more.".to_owned(),
        }
    }

    /// The command that the page's form sends.
    fn of_page(page: &SeveralPage, confirmation: &str) -> ActOnClaims {
        ActOnClaims {
            action: page.action,
            claims: page
                .rows
                .iter()
                .map(|row| SelectedClaim {
                    reference: row.row.reference.clone(),
                    id: Some(row.request_id),
                    uid: Some(row.uid.clone()),
                })
                .collect(),
            confirmation: confirmation.to_owned(),
            note: String::new(),
        }
    }

    fn kinds(page: &SeveralPage) -> Vec<&'static str> {
        let kind = |row: &SeveralRow| match row.outcome {
            SeveralOutcome::Possible { .. } => "possible",
            SeveralOutcome::Refused { .. } => "refused",
            SeveralOutcome::Sent { .. } => "sent",
        };
        page.rows.iter().map(kind).collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn each_claim_gets_a_request_of_its_own_once() {
        let app = TestApp::new().await;
        let dev = developer(0);
        let first = app.bucket("t0-sandbox", "first").await;
        let second = app.bucket("t0-sandbox", "second").await;
        let command = selected(SeveralAction::Delete, &[&first, &second, &first], "");
        let page = app.portal.several_page(&dev, &command).await.unwrap();
        assert_eq!(kinds(&page), ["possible", "possible"], "{page:?}");

        // Nothing is sent before the number is typed.
        let refused = app
            .portal
            .act_on_claims(caller(&dev), &of_page(&page, "1"))
            .await
            .unwrap();
        assert!(!refused.sent);
        assert_eq!(refused.problems[0].message, "Type 2 to delete them.");
        let sent = app
            .portal
            .act_on_claims(caller(&dev), &of_page(&page, " 2 "))
            .await
            .unwrap();
        assert_eq!(kinds(&sent), ["sent", "sent"], "{sent:?}");
        for row in &sent.rows {
            let request = app.portal.request(&dev, row.request_id).await.unwrap();
            assert_eq!(request.row.action, Action::Delete);
            assert_eq!(request.row.claim, row.row.reference);
        }
        // The same page sent again makes nothing new; a new page says that it is under way.
        let again = app
            .portal
            .act_on_claims(caller(&dev), &of_page(&page, "2"))
            .await
            .unwrap();
        assert_eq!(kinds(&again), ["sent", "sent"]);
        let later = app.portal.several_page(&dev, &command).await.unwrap();
        assert_eq!(kinds(&later), ["refused", "refused"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_cannot_be_done_is_said_and_the_rest_is_done() {
        let app = TestApp::new().await;
        let dev = developer(0);
        let mine = app.bucket("t0-sandbox", "mine").await;
        let foreign = app.bucket("t1-sandbox", "theirs").await;
        let command = selected(SeveralAction::Renew, &[&foreign, &mine], "");
        let page = app.portal.act_on_claims(caller(&dev), &command).await.unwrap();
        assert_eq!((kinds(&page), page.missing), (vec!["sent"], 1), "{page:?}");

        // Who may only look may do nothing.
        let other = app.bucket("t0-sandbox", "other").await;
        for action in SeveralAction::ALL {
            let command = selected(action, &[&other], "1");
            let page = app
                .portal
                .act_on_claims(caller(&member(Role::Viewer)), &command)
                .await
                .unwrap();
            assert_eq!(kinds(&page), ["refused"], "{page:?}");
        }
        // Another claim of the name that was selected is not deleted.
        let page = app
            .portal
            .several_page(&dev, &selected(SeveralAction::Delete, &[&other], ""))
            .await
            .unwrap();
        let mut command = of_page(&page, "1");
        command.claims[0].uid = Some("another".to_owned());
        let page = app.portal.act_on_claims(caller(&dev), &command).await.unwrap();
        assert_eq!(kinds(&page), ["refused"], "{page:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn there_is_a_limit_which_the_page_states() {
        let app = TestApp::new().await;
        let claim = app.bucket("t0-sandbox", "files").await;
        let mut command = selected(SeveralAction::Renew, &[&claim], "");
        for number in 0..60 {
            let name = format!("missing-{number}").parse().unwrap();
            command.claims.push(SelectedClaim::new(ClaimRef {
                name,
                ..claim.clone()
            }));
        }
        let page = app.portal.several_page(&developer(0), &command).await.unwrap();
        assert_eq!((page.rows.len(), page.missing, page.beyond), (1, 49, 11));
    }
}
