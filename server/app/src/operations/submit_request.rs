//! Submits a request for a new claim or a change to one.

use jiff::SignedDuration;
use portico_api::{Link, RequestFormPage, Submission};
use portico_domain::names::RequestId;
use portico_domain::policy::PolicyDecision;
use portico_domain::request::{Action, ApprovalNeed, Request, State, Transition};
use portico_domain::tenancy::{Person, Scope, Viewer};
use portico_planes::PlaneError;
use portico_store::StoreError;
use serde_json::json;

use crate::draft::input::{RequestInput, RequestTarget};
use crate::draft::stages::{Frozen, Purpose};
use crate::{Caller, Conflict, Portal, PortalError, Result, Workspace};

/// Submits a request for a new claim or a change to one.
#[derive(Debug)]
pub struct SubmitRequest<'a> {
    /// What it is about.
    pub target: RequestTarget<'a>,
    /// The workspace that the caller is in.
    pub workspace: Option<&'a Workspace>,
    /// What is asked for.
    pub input: RequestInput,
}

/// Outcome of a submission.
#[derive(Debug)]
pub enum SubmitOutcome<Page> {
    /// The request was created.
    Created(Submission),
    /// It was not created: the form with the input and its problems.
    Invalid(Box<Page>),
    /// It was not created, perhaps not because of the input: the control plane rejected the dry run or did not answer.
    DryRunFailed(Box<Page>, PlaneError),
    /// It was not created because of a conflict: the form, and why.
    Conflict(Box<Page>, Conflict),
}

impl Portal {
    /// Submits a request: freezes its manifest, asks the policies, and hands it to the worker or to approvers.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when the offering or the claim does not exist for the caller,
    /// [`PortalError::Forbidden`] when they may not request it; when the database fails. Problems with the input are
    /// no error: they come back with the form.
    #[tracing::instrument(skip_all)]
    pub async fn submit(
        &self,
        caller: Caller<'_>,
        command: SubmitRequest<'_>,
    ) -> Result<SubmitOutcome<RequestFormPage>> {
        let (viewer, input) = (caller.viewer, &command.input);
        if let Some(known) = self.sent_before(viewer, input.id).await? {
            return Ok(SubmitOutcome::Created(known));
        }
        let purpose = Purpose::Submit;
        let filled = self
            .fill(viewer, command.workspace, command.target, input, purpose)
            .await?;
        let checked = self.check(viewer, filled, input, purpose).await?;
        let mut tried = self.dry_run(checked).await;
        if let Some(error) = tried.take_failure() {
            return Ok(SubmitOutcome::DryRunFailed(
                Box::new(tried.page(self, false)?),
                error,
            ));
        }
        // Of two that are sent at once, the second sees what the first takes: quota and name. Tenants below one may take
        // of its quota at once, so all of them wait for each other. Nobody waits here for a control plane.
        let tenant = self.configuration().outermost(&tried.workspace().tenant).clone();
        let _one_at_a_time = self.shared.submitting.lock(&tenant).await;
        let _of_all_replicas = self.store().lock(tenant.as_str()).await?;
        let Some(frozen) = self.freeze(&mut tried, viewer).await? else {
            return Ok(SubmitOutcome::Invalid(Box::new(tried.page(self, false)?)));
        };
        match self.send(caller, frozen).await {
            Ok(submission) => Ok(SubmitOutcome::Created(submission)),
            Err(PortalError::Conflict(conflict)) => {
                tried.add_conflict(&conflict);
                let page = Box::new(tried.page(self, false)?);
                Ok(SubmitOutcome::Conflict(page, conflict))
            }
            Err(error) => Err(error),
        }
    }

    /// Stores a frozen request: approved for the worker, or awaiting approval.
    pub(crate) async fn send(&self, caller: Caller<'_>, frozen: Frozen<'_>) -> Result<Submission> {
        let Frozen {
            mut request,
            grant,
            decision,
            ..
        } = frozen;
        let step = |state: State, step: Transition| {
            state
                .apply(step)
                .map_err(|error| PortalError::Conflict(Conflict::WrongState(error)))
        };
        request.state = step(request.state, Transition::Submit)?;
        match decision {
            PolicyDecision::Deny(reasons) => return Err(PortalError::PolicyDenied(reasons.join(" "))),
            PolicyDecision::Allow => request.state = step(request.state, Transition::Approve)?,
            PolicyDecision::RequireApproval {
                rules,
                expires_after_hours,
            } => {
                request.state = step(request.state, Transition::RequireApproval)?;
                let expires_at = self.now() + SignedDuration::from_hours(i64::from(*expires_after_hours));
                request.approval = Some(ApprovalNeed {
                    rules: rules.clone(),
                    expires_at,
                });
            }
        }
        let event = grant.audit(self.now(), caller.remote).with_details(json!({
            "action": request.action.slug(),
            "claim": request.claim.to_string(),
            "manifestHash": request.manifest_hash,
            "state": request.state.slug(),
        }));
        let submission = submission(&request);
        match self.store().insert_request(grant, &request, &[event]).await {
            Ok(()) => {}
            // The same form, sent twice at once.
            Err(StoreError::Duplicate(_)) => {
                let scope = self.rules().of_tenant(&grant.target().tenant);
                let sent = self.sent_as(&scope, grant.person(), request.id).await?;
                return sent.ok_or(PortalError::Conflict(Conflict::DuplicateRequest));
            }
            Err(error) => return Err(error.into()),
        }
        let (id, claim, state) = (&request.id, &request.claim, request.state.slug());
        tracing::info!(request = %id, %claim, state, "a request was submitted");
        if request.state == State::Approved {
            self.work_to_do();
        }
        Ok(submission)
    }

    /// Returns the request that this id created before, if the viewer sent it. Check this first: the request may have
    /// changed what it is about.
    pub(crate) async fn sent_before(
        &self,
        viewer: &Viewer,
        id: Option<RequestId>,
    ) -> Result<Option<Submission>> {
        match id {
            Some(id) => self.sent_as(&viewer.scope(), viewer.person(), id).await,
            None => Ok(None),
        }
    }

    async fn sent_as(&self, scope: &Scope, person: &Person, id: RequestId) -> Result<Option<Submission>> {
        let known = self.store().request(scope, id).await?;
        Ok(known
            .filter(|request| request.requester.subject == person.subject)
            .map(|request| submission(&request)))
    }
}

/// Returns the request's page and where to see its result.
fn submission(request: &Request) -> Submission {
    let goes_on = matches!(
        request.state,
        State::Approved | State::Applying | State::Fulfilled
    );
    let at_once = request.approval.is_none() && request.action != Action::Delete;
    Submission {
        id: request.id,
        href: Link::Request(request.id),
        claim_href: (goes_on && at_once).then(|| Link::Claim(request.claim.clone())),
        state: request.state,
    }
}

#[cfg(test)]
mod tests {
    use portico_api::words::DraftProblem;
    use portico_domain::names::RequestId;
    use portico_domain::request::State;
    use portico_domain::tenancy::Role;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::draft::input::{Content, FormState};
    use crate::testing::{TestApp, caller, developer, everyone, lead, member, sandbox, workspace};

    fn bucket(name: &str, size: impl Into<Value>) -> RequestInput {
        let size: Value = size.into();
        RequestInput {
            name: name.to_owned(),
            content: Content::Object(json!({"spec": {"sizeGb": size}})),
            ..RequestInput::default()
        }
    }

    /// The form of an invalid request.
    async fn invalid(app: &TestApp, input: RequestInput) -> RequestFormPage {
        match app.submit_input(&developer(0), &sandbox(), input).await.unwrap() {
            SubmitOutcome::Invalid(page) => *page,
            other => panic!("{other:?}"),
        }
    }

    /// What is said about an invalid request.
    async fn problems(app: &TestApp, input: RequestInput) -> String {
        let page = invalid(app, input).await;
        let form = page.form.iter().flat_map(|form| &form.main);
        let fields = form.flat_map(|field| field.problems.clone());
        let mut said = page.name_problems;
        said.extend(page.problems.into_iter().map(|problem| problem.message));
        said.extend(page.yaml_problem);
        said.extend(fields);
        said.join("\n")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn without_approval_it_goes_to_the_worker_at_once() {
        let app = TestApp::new().await;
        let input = RequestInput {
            note: "  For the invoices. ".to_owned(),
            ..bucket("files", 10)
        };
        let sent = app.submit_input(&developer(0), &sandbox(), input).await.unwrap();
        let SubmitOutcome::Created(submission) = sent else {
            panic!("{sent:?}");
        };
        assert_eq!(submission.state, State::Approved);
        assert!(submission.claim_href.is_some(), "one looks at the claim");
        let page = app.portal.request(&developer(0), submission.id).await.unwrap();
        assert_eq!(page.note.as_deref(), Some("For the invoices."));
        assert!(page.manifest.contains("sizeGb: 10"), "{}", page.manifest);
        let audited = app.audited(Some(submission.id)).await;
        assert_eq!(audited.len(), 1, "{audited:?}");
        assert_eq!(audited[0].0, "request.submitted");
        assert!(
            !audited[0].1.is_null(),
            "the record says what granted it: {audited:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn where_policy_says_so_it_waits_for_approvers() {
        let app = TestApp::new().await;
        let sent = app.submit(&developer(0), &workspace(0), "files").await.unwrap();
        let SubmitOutcome::Created(submission) = sent else {
            panic!("{sent:?}");
        };
        assert_eq!(submission.state, State::AwaitingApproval);
        assert_eq!(submission.claim_href, None, "one looks at the request");
        assert_eq!(
            app.portal.approvals(&lead(), 1).await.unwrap().rows.items.len(),
            1
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sent_twice_it_is_one_request() {
        let app = TestApp::new().await;
        let id = RequestId(Uuid::now_v7());
        let input = RequestInput {
            id: Some(id),
            ..bucket("files", 10)
        };
        for _ in 0..2 {
            let sent = app
                .submit_input(&developer(0), &sandbox(), input.clone())
                .await
                .unwrap();
            let SubmitOutcome::Created(submission) = sent else {
                panic!("{sent:?}");
            };
            assert_eq!(submission.id, id);
        }
        assert_eq!(app.audited(Some(id)).await.len(), 1);
        // Nobody else gets the request of that id.
        let other = member(Role::Developer);
        let sent = app.submit_input(&other, &sandbox(), input).await;
        assert!(!matches!(sent, Ok(SubmitOutcome::Created(_))), "{sent:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_wrong_is_said_and_nothing_is_saved() {
        let app = TestApp::new().await;
        for (input, said) in [
            (bucket("", 10), "Give it a name."),
            (bucket("Not A Name", 10), "Use 1 to 50 lower-case letters"),
            (bucket("files", "ten"), "Must be a whole number"),
            (
                RequestInput {
                    content: Content::Object(json!({"spec": 3})),
                    ..bucket("files", 10)
                },
                "`spec` must be a mapping",
            ),
            (
                RequestInput {
                    content: Content::Yaml("spec: [".to_owned()),
                    ..bucket("files", 10)
                },
                "line 1",
            ),
            (
                RequestInput {
                    plane: Some("nowhere".to_owned()),
                    ..bucket("files", 10)
                },
                "No control plane can serve Bucket here",
            ),
        ] {
            let found = problems(&app, input).await;
            assert!(found.contains(said), "{said:?} is not in {found:?}");
        }
        for (input, reason) in [
            (
                bucket("files", 500),
                DraftProblem::DeniedByPolicy {
                    reasons: "Buckets over 100 GB are not for self-service.".to_owned(),
                },
            ),
            (
                RequestInput {
                    content: Content::Object(json!({"spec": {"sizeGB": 10}})),
                    ..bucket("files", 10)
                },
                DraftProblem::UnknownField {
                    path: "spec.sizeGB".to_owned(),
                },
            ),
            (
                RequestInput {
                    form: FormState {
                        schema_hash: Some("another".to_owned()),
                        ..FormState::default()
                    },
                    ..bucket("files", 10)
                },
                DraftProblem::FormOutdated,
            ),
        ] {
            let found = invalid(&app, input).await.problems;
            let is_found = found
                .iter()
                .any(|problem| problem.reason.as_ref() == Some(&reason));
            assert!(is_found, "{reason:?} is not in {found:?}");
        }
        assert_eq!(
            app.audited(None)
                .await
                .iter()
                .filter(|(verb, _)| verb == "request.submitted")
                .count(),
            0
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_name_is_taken_by_claims_and_by_open_requests() {
        let app = TestApp::new().await;
        app.bucket("t0-sandbox", "there").await;
        let _ = app.submit(&developer(0), &sandbox(), "coming").await.unwrap();
        for name in ["there", "coming"] {
            let found = problems(&app, bucket(name, 10)).await;
            assert!(found.contains(name), "{name}: {found:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn developers_of_the_tenant_may_and_nobody_else() {
        let app = TestApp::new().await;
        for (who, viewer) in everyone() {
            let name = who.replace(' ', "-");
            let sent = app.submit(&viewer, &sandbox(), &name).await;
            match who {
                "developer" | "tenant admin" => {
                    assert!(matches!(sent, Ok(SubmitOutcome::Created(_))), "{who}: {sent:?}");
                }
                _ => assert!(
                    matches!(sent, Err(PortalError::Forbidden(_) | PortalError::NotFound)),
                    "{who}: {sent:?}"
                ),
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_change_is_about_the_claim_that_was_seen() {
        let app = TestApp::new().await;
        let claim = app.bucket("t0-sandbox", "files").await;
        let change = async |versioned: Option<bool>, base_hash: Option<String>| {
            let content = match versioned {
                Some(versioned) => json!({"spec": {"sizeGb": 5, "versioned": versioned}}),
                None => json!({"spec": {"sizeGb": 5}}),
            };
            let command = SubmitRequest {
                target: RequestTarget::Change(&claim),
                workspace: None,
                input: RequestInput {
                    base_hash,
                    content: Content::Object(content),
                    ..RequestInput::default()
                },
            };
            app.portal.submit(caller(&developer(0)), command).await.unwrap()
        };
        let same = change(None, None).await;
        assert!(
            matches!(same, SubmitOutcome::Invalid(_)),
            "nothing changes: {same:?}"
        );
        let stale = change(Some(true), Some("another".to_owned())).await;
        assert!(
            matches!(stale, SubmitOutcome::Invalid(_)),
            "others changed it: {stale:?}"
        );
        let seen = app.portal.claim(&developer(0), &claim).await.unwrap().live_hash;
        let sent = change(Some(true), Some(seen)).await;
        assert!(matches!(sent, SubmitOutcome::Created(_)), "{sent:?}");
        let second = change(Some(false), None).await;
        assert!(
            matches!(second, SubmitOutcome::Invalid(_)),
            "one at a time: {second:?}"
        );
        // A field that somebody else manages is theirs.
        let claim = app.bucket("t0-sandbox", "theirs").await;
        let command = SubmitRequest {
            target: RequestTarget::Change(&claim),
            workspace: None,
            input: bucket("", 7),
        };
        let theirs = app.portal.submit(caller(&developer(0)), command).await.unwrap();
        assert!(
            matches!(
                theirs,
                SubmitOutcome::DryRunFailed(_, PlaneError::Conflict { .. })
            ),
            "{theirs:?}"
        );
    }
}
