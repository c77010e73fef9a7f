//! Decides who may do what. Each `may_*` returns the reason for a permission, for pages that show what can be done;
//! the function of the same name without `may_` makes the grant.

use std::sync::Arc;

use serde::Serialize;

use super::audit::AuditEvent;
use super::basis::Basis;
use super::grant::sealed::Sealed;
use super::grant::{Granted, Operation, Recorded, Target};
use super::visible::{Visible, requested_as};
use crate::claim::{Claim, ClaimRef, Health, Manager};
use crate::documents::{Configuration, ControlPlane, Permission};
use crate::names::{EnvironmentName, OfferingName, PlaneName, RequestId, TenantName};
use crate::policy::{may_approve, unmet};
use crate::request::{Action, Request, State};
use crate::tenancy::{KnownPerson, Role, Scope, Via, Viewer};

/// Defines operations, each with its verb in the audit log if it has only one.
macro_rules! operations {
    ($( $(#[$doc:meta])* $name:ident $(= $verb:literal)?; )+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name(());

        impl Sealed for $name {}
        impl Operation for $name {}
        $( impl Recorded for $name { const VERB: &'static str = $verb; } )?
    )+};
}

operations! {
    /// Submit a request for a new claim, or about a claim.
    Submit = "request.submitted";
    /// Approve or reject a request.
    Decide;
    /// Take one's own decision on a request back.
    UndoDecision = "request.decision-undone";
    /// Withdraw a request.
    Withdraw = "request.withdrawn";
    /// Comment on a request.
    Comment = "request.commented";
    /// Reveal a claim's connection secret.
    RevealSecret = "secret.revealed";
    /// Fetch a kubeconfig for a namespace of a tenant.
    FetchKubeconfig = "kubeconfig.issued";
    /// Close a control plane to new claims.
    Cordon = "plane.cordoned";
    /// Open a control plane to new claims again.
    Uncordon = "plane.uncordoned";
    /// Accept that another cluster answers for a control plane from now on.
    AcceptCluster = "plane.cluster-accepted";
    /// Make a token with which an agent of a control plane enrols.
    EnrolAgent = "agent.token-created";
    /// Revoke an agent of a control plane.
    RevokeAgent = "agent.revoked";
    /// Accept or refuse a permission that a publication asks for.
    DecidePermission;
    /// Try a changed definition against the claims of all control planes.
    TryDefinition = "definition.tried";
    /// Create an API token.
    CreateToken = "token.created";
    /// Revoke an API token.
    RevokeToken = "token.deleted";
    /// End sessions and tokens of a person.
    EndAccess = "access.ended";
    /// Export the audit log.
    ExportAuditLog = "record.exported";
    /// Acknowledge the breaks of the audit log's hash chain.
    AcknowledgeBreaks = "record.acknowledged";
}

/// Why a permission is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "camelCase")]
pub enum Denied {
    /// For this viewer it does not exist.
    NotVisible,
    /// The viewer is not a signed-in person, but Portico evaluating in somebody's name.
    NotAPerson,
    /// The claim belongs to no tenant.
    NoTenant,
    /// The viewer is not a developer of the tenant.
    NotADeveloper {
        /// The tenant.
        tenant: TenantName,
    },
    /// The claim is being deleted.
    BeingDeleted,
    /// The claim is gone.
    Gone,
    /// Something else manages the claim and would undo the change.
    ManagedElsewhere {
        /// Who.
        manager: Manager,
    },
    /// Portico manages the claim already.
    ManagedByPortico,
    /// No rule of the request waits for the viewer, or the request does not await approval.
    NotAnApprover,
    /// The viewer made the request.
    OwnRequest,
    /// The viewer has already decided on the request.
    HasDecided,
    /// The request is neither the viewer's nor of a tenant that they administer.
    NotTheRequester,
    /// The request can no longer be withdrawn.
    TooLate,
    /// The viewer is not involved in the request.
    NoPartInRequest,
    /// It needs a browser session, and the viewer uses an API token.
    NeedsSession,
    /// The claim is of a service whose publisher may not have connection secrets handed out.
    NotHandedOut {
        /// The publisher, by title.
        publisher: String,
    },
}

/// What is submitted: a request for a new claim in an environment, or for an existing claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The request's id.
    pub id: RequestId,
    /// The action.
    pub action: Action,
    /// The tenant.
    pub tenant: TenantName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The existing claim; `None` for a new one.
    pub claim: Option<ClaimRef>,
}

/// The API tokens of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTokens {
    /// The owner, as [`crate::tenancy::Person::subject`].
    pub subject: String,
}

/// One API token of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnToken {
    /// The owner, as [`crate::tenancy::Person::subject`].
    pub subject: String,
    /// The token's id.
    pub id: uuid::Uuid,
}

/// The sessions and tokens of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessOf {
    /// The person, as [`crate::tenancy::Person::subject`].
    pub subject: String,
}

/// The audit log, or the part of it that belongs to a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLog {
    /// The part that may be read.
    pub scope: Scope,
    /// The requested tenant.
    pub tenant: Option<TenantName>,
}

/// The outcome of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionOutcome {
    /// The request is approved.
    Approved,
    /// The person approved; others must approve, too.
    Agreed,
    /// The request is rejected.
    Rejected,
    /// The rules have changed, so the request awaits approval by other rules.
    AwaitsOthers,
}

impl Target for Submission {
    fn subject(&self) -> String {
        self.id.to_string()
    }

    fn tenant(&self) -> Option<TenantName> {
        Some(self.tenant.clone())
    }

    fn request(&self) -> Option<RequestId> {
        Some(self.id)
    }
}

impl Target for OwnTokens {
    fn subject(&self) -> String {
        self.subject.clone()
    }
}

impl Target for OwnToken {
    fn subject(&self) -> String {
        self.id.to_string()
    }
}

impl Target for AccessOf {
    fn subject(&self) -> String {
        self.subject.clone()
    }
}

impl Target for AuditLog {
    fn subject(&self) -> String {
        "record".to_owned()
    }

    fn tenant(&self) -> Option<TenantName> {
        self.tenant.clone()
    }
}

impl Granted<Request, Decide> {
    /// Creates the audit event of the decision's outcome.
    #[must_use]
    pub fn audit(&self, outcome: DecisionOutcome, at: jiff::Timestamp, remote: Option<&str>) -> AuditEvent {
        let verb = match outcome {
            DecisionOutcome::Approved => "request.approved",
            DecisionOutcome::Agreed => "request.agreed",
            DecisionOutcome::Rejected => "request.rejected",
            DecisionOutcome::AwaitsOthers => "request.awaiting",
        };
        self.audit_as(verb, at, remote)
    }
}

/// Refuses viewers that Portico creates to evaluate rules: nothing is done in their name.
pub(super) fn person(viewer: &Viewer) -> Result<(), Denied> {
    match viewer.via() {
        Via::Session | Via::Token => Ok(()),
        Via::System => Err(Denied::NotAPerson),
    }
}

fn role(viewer: &Viewer, tenant: &TenantName, required: Role) -> Option<Basis> {
    viewer.role_for(tenant, required).map(|role| Basis::Role {
        role,
        tenant: tenant.clone(),
    })
}

/// Checks whether the viewer may request new claims in the tenant: its developers may.
///
/// # Errors
/// [`Denied::NotADeveloper`].
pub fn may_create(viewer: &Viewer, tenant: &TenantName) -> Result<Basis, Denied> {
    role(viewer, tenant, Role::Developer).ok_or_else(|| Denied::NotADeveloper {
        tenant: tenant.clone(),
    })
}

/// Grants a request for a new claim in an environment, under the id that the request will have.
///
/// # Errors
/// As [`may_create`].
pub fn create_claim(
    viewer: &Viewer,
    tenant: &TenantName,
    environment: &EnvironmentName,
    id: RequestId,
) -> Result<Granted<Submission, Submit>, Denied> {
    person(viewer)?;
    let basis = may_create(viewer, tenant)?;
    let submission = Submission {
        id,
        action: Action::Create,
        tenant: tenant.clone(),
        environment: environment.clone(),
        claim: None,
    };
    Ok(Granted::new(viewer, submission, basis))
}

/// Checks whether the viewer may change, renew and delete the claim: developers of its tenant may, while it exists and
/// nothing else manages it that would undo it.
///
/// # Errors
/// [`Denied::NoTenant`], [`Denied::NotADeveloper`], [`Denied::BeingDeleted`], [`Denied::Gone`],
/// [`Denied::ManagedElsewhere`].
pub fn may_change(viewer: &Viewer, claim: &Claim) -> Result<Basis, Denied> {
    let tenant = claim.tenant.as_ref().ok_or(Denied::NoTenant)?;
    let basis = may_create(viewer, tenant)?;
    match claim.status.health {
        Health::Deleting => Err(Denied::BeingDeleted),
        Health::Gone => Err(Denied::Gone),
        _ => match claim.manager.as_deref().filter(|manager| manager.undoes()) {
            Some(manager) => Err(Denied::ManagedElsewhere {
                manager: manager.clone(),
            }),
            None => Ok(basis),
        },
    }
}

/// Checks whether the viewer may adopt the claim: who may change it, while Portico does not manage it.
///
/// # Errors
/// As [`may_change`]; [`Denied::ManagedByPortico`].
pub fn may_adopt(viewer: &Viewer, claim: &Claim) -> Result<Basis, Denied> {
    let basis = may_change(viewer, claim)?;
    if claim.manager.is_some() {
        Ok(basis)
    } else {
        Err(Denied::ManagedByPortico)
    }
}

/// Grants a request for an existing claim, under the id that the request will have.
///
/// # Errors
/// As [`may_change`], for an adoption as [`may_adopt`]; [`Denied::NoTenant`] also if the claim belongs to no environment.
pub fn submit_about(
    viewer: &Viewer,
    claim: &Visible<Arc<Claim>>,
    action: Action,
    id: RequestId,
) -> Result<Granted<Submission, Submit>, Denied> {
    person(viewer)?;
    let basis = match action {
        Action::Adopt => may_adopt(viewer, claim)?,
        _ => may_change(viewer, claim)?,
    };
    let (Some(tenant), Some(environment)) = (claim.tenant.clone(), claim.environment.clone()) else {
        return Err(Denied::NoTenant);
    };
    let submission = Submission {
        id,
        action,
        tenant,
        environment,
        claim: Some(claim.reference.clone()),
    };
    Ok(Granted::new(viewer, submission, basis))
}

/// Checks whether the viewer may reveal the claim's connection secret: developers of its tenant may. Its viewers and
/// platform admins may not. That of a claim of another tenant's service is handed out only while that is accepted.
///
/// # Errors
/// [`Denied::NoTenant`], [`Denied::NotADeveloper`], [`Denied::NotHandedOut`].
pub fn may_reveal(viewer: &Viewer, configuration: &Configuration, claim: &Claim) -> Result<Basis, Denied> {
    let tenant = claim.tenant.as_ref().ok_or(Denied::NoTenant)?;
    let basis = may_create(viewer, tenant)?;
    match configuration.service_of(&claim.reference) {
        Some(service) if !service.holds(Permission::HandOutSecrets, tenant) => Err(Denied::NotHandedOut {
            publisher: service.publisher.title().to_owned(),
        }),
        _ => Ok(basis),
    }
}

/// Grants revealing the claim's connection secret.
///
/// # Errors
/// As [`may_reveal`].
pub fn reveal_secret(
    viewer: &Viewer,
    configuration: &Configuration,
    claim: Visible<Arc<Claim>>,
) -> Result<Granted<Arc<Claim>, RevealSecret>, Denied> {
    person(viewer)?;
    let basis = may_reveal(viewer, configuration, &claim)?;
    Ok(Granted::new(viewer, claim.into_inner(), basis))
}

/// Checks whether the viewer may decide on the request: those whose approval is missing may, unless they made it or
/// have already decided.
///
/// # Errors
/// [`Denied::NotAnApprover`], [`Denied::OwnRequest`], [`Denied::HasDecided`].
pub fn may_decide(viewer: &Viewer, request: &Request) -> Result<Basis, Denied> {
    let need = request
        .approval
        .as_ref()
        .filter(|_| request.state == State::AwaitingApproval);
    let rule = need.and_then(|need| {
        unmet(&need.rules, &request.decisions)
            .into_iter()
            .find(|rule| may_approve(viewer, &request.tenant, rule))
    });
    let rule = rule.ok_or(Denied::NotAnApprover)?;
    if request.requester.is_same_human(viewer.person()) {
        return Err(Denied::OwnRequest);
    }
    if request
        .decisions
        .iter()
        .any(|decision| !decision.void && decision.by.is_same_human(viewer.person()))
    {
        return Err(Denied::HasDecided);
    }
    Ok(Basis::ApprovalRule {
        policy: rule.policy.clone(),
        rule: rule.rule.clone(),
    })
}

/// Grants a decision on the request, at the revision that was read.
///
/// # Errors
/// As [`may_decide`].
pub fn decide(viewer: &Viewer, request: Visible<Request>) -> Result<Granted<Request, Decide>, Denied> {
    person(viewer)?;
    let basis = may_decide(viewer, &request)?;
    Ok(Granted::new(viewer, request.into_inner(), basis))
}

/// Grants taking back the viewer's own decision on the request, at the revision that was read, as
/// [`Request::undoable_decision`] allows it.
///
/// # Errors
/// [`Denied::TooLate`] if there is none.
pub fn undo_decision(
    viewer: &Viewer,
    request: Visible<Request>,
    now: jiff::Timestamp,
    window: jiff::SignedDuration,
) -> Result<Granted<Request, UndoDecision>, Denied> {
    person(viewer)?;
    request
        .undoable_decision(&viewer.person().subject, now, window)
        .ok_or(Denied::TooLate)?;
    Ok(Granted::new(viewer, request.into_inner(), Basis::Own))
}

/// Checks whether the viewer may withdraw the request: its requester and admins of its tenant may, while its state
/// allows it.
///
/// # Errors
/// [`Denied::TooLate`], [`Denied::NotTheRequester`].
pub fn may_withdraw(viewer: &Viewer, request: &Request) -> Result<Basis, Denied> {
    if request.cancel_transition().is_none() {
        return Err(Denied::TooLate);
    }
    if request.requester.subject == viewer.person().subject && viewer.sees(&request.tenant) {
        return Ok(Basis::Requester);
    }
    role(viewer, &request.tenant, Role::TenantAdmin).ok_or(Denied::NotTheRequester)
}

/// Grants withdrawing the request, at the revision that was read.
///
/// # Errors
/// As [`may_withdraw`].
pub fn withdraw(viewer: &Viewer, request: Visible<Request>) -> Result<Granted<Request, Withdraw>, Denied> {
    person(viewer)?;
    let basis = may_withdraw(viewer, &request)?;
    Ok(Granted::new(viewer, request.into_inner(), basis))
}

/// Checks whether the viewer may comment on the request: its requester, the approvers of its rules and the approvers
/// of its tenant may.
///
/// # Errors
/// [`Denied::NoPartInRequest`].
pub fn may_comment(viewer: &Viewer, request: &Request) -> Result<Basis, Denied> {
    if request.requester.subject == viewer.person().subject && viewer.sees(&request.tenant) {
        return Ok(Basis::Requester);
    }
    requested_as(viewer, request)
        .or_else(|| role(viewer, &request.tenant, Role::Approver))
        .ok_or(Denied::NoPartInRequest)
}

/// Grants commenting on the request.
///
/// # Errors
/// As [`may_comment`].
pub fn comment(viewer: &Viewer, request: Visible<Request>) -> Result<Granted<Request, Comment>, Denied> {
    person(viewer)?;
    let basis = may_comment(viewer, &request)?;
    Ok(Granted::new(viewer, request.into_inner(), basis))
}

/// Checks whether the viewer is a platform admin. For others, what platform admins administer does not exist.
///
/// # Errors
/// [`Denied::NotVisible`].
pub fn platform_admin(viewer: &Viewer) -> Result<Basis, Denied> {
    if viewer.is_platform_admin() {
        Ok(Basis::PlatformAdmin)
    } else {
        Err(Denied::NotVisible)
    }
}

fn configured_plane(
    viewer: &Viewer,
    configuration: &Configuration,
    plane: &PlaneName,
) -> Result<Basis, Denied> {
    person(viewer)?;
    let basis = platform_admin(viewer)?;
    if configuration.control_planes.contains_key(plane) {
        Ok(basis)
    } else {
        Err(Denied::NotVisible)
    }
}

/// Grants closing a control plane to new claims.
///
/// # Errors
/// [`Denied::NotVisible`] unless the viewer is a platform admin and the control plane exists.
pub fn cordon(
    viewer: &Viewer,
    configuration: &Configuration,
    plane: &PlaneName,
) -> Result<Granted<PlaneName, Cordon>, Denied> {
    let basis = configured_plane(viewer, configuration, plane)?;
    Ok(Granted::new(viewer, plane.clone(), basis))
}

/// Grants opening a control plane to new claims again.
///
/// # Errors
/// As [`cordon`].
pub fn uncordon(
    viewer: &Viewer,
    configuration: &Configuration,
    plane: &PlaneName,
) -> Result<Granted<PlaneName, Uncordon>, Denied> {
    let basis = configured_plane(viewer, configuration, plane)?;
    Ok(Granted::new(viewer, plane.clone(), basis))
}

/// Grants accepting that another cluster answers for a control plane.
///
/// # Errors
/// As [`cordon`].
pub fn accept_cluster(
    viewer: &Viewer,
    configuration: &Configuration,
    plane: &PlaneName,
) -> Result<Granted<PlaneName, AcceptCluster>, Denied> {
    let basis = configured_plane(viewer, configuration, plane)?;
    Ok(Granted::new(viewer, plane.clone(), basis))
}

/// Grants making a token with which an agent of the control plane enrols.
///
/// # Errors
/// As [`cordon`], and [`Denied::NotVisible`] if the control plane is not reached through an agent.
pub fn enrol_agent(
    viewer: &Viewer,
    configuration: &Configuration,
    plane: &PlaneName,
) -> Result<Granted<PlaneName, EnrolAgent>, Denied> {
    let basis = configured_plane(viewer, configuration, plane)?;
    let has_agent = configuration
        .control_planes
        .get(plane)
        .is_some_and(ControlPlane::has_agent);
    if has_agent {
        Ok(Granted::new(viewer, plane.clone(), basis))
    } else {
        Err(Denied::NotVisible)
    }
}

/// Grants revoking an agent of the control plane.
///
/// # Errors
/// As [`cordon`].
pub fn revoke_agent(
    viewer: &Viewer,
    configuration: &Configuration,
    plane: &PlaneName,
) -> Result<Granted<PlaneName, RevokeAgent>, Denied> {
    let basis = configured_plane(viewer, configuration, plane)?;
    Ok(Granted::new(viewer, plane.clone(), basis))
}

/// Grants reading all claims of an offering, to try a changed definition against them.
///
/// # Errors
/// [`Denied::NotVisible`] unless the viewer is a platform admin.
pub fn try_definition(
    viewer: &Viewer,
    offering: OfferingName,
) -> Result<Granted<OfferingName, TryDefinition>, Denied> {
    person(viewer)?;
    let basis = platform_admin(viewer)?;
    Ok(Granted::new(viewer, offering, basis))
}

/// Grants creating an API token that acts for the viewer. Not to viewers with a token: access could then outlive
/// every expiry.
///
/// # Errors
/// [`Denied::NeedsSession`].
pub fn create_token(viewer: &Viewer) -> Result<Granted<OwnTokens, CreateToken>, Denied> {
    if viewer.via() != Via::Session {
        return Err(Denied::NeedsSession);
    }
    let tokens = OwnTokens {
        subject: viewer.person().subject.clone(),
    };
    Ok(Granted::new(viewer, tokens, Basis::Own))
}

/// Grants revoking the viewer's API token with this id, if there is one.
///
/// # Errors
/// [`Denied::NotAPerson`].
pub fn revoke_token(viewer: &Viewer, id: uuid::Uuid) -> Result<Granted<OwnToken, RevokeToken>, Denied> {
    person(viewer)?;
    let token = OwnToken {
        subject: viewer.person().subject.clone(),
        id,
    };
    Ok(Granted::new(viewer, token, Basis::Own))
}

/// Grants ending the viewer's own sessions and tokens.
///
/// # Errors
/// [`Denied::NotAPerson`].
pub fn end_own_access(viewer: &Viewer) -> Result<Granted<AccessOf, EndAccess>, Denied> {
    person(viewer)?;
    let access = AccessOf {
        subject: viewer.person().subject.clone(),
    };
    Ok(Granted::new(viewer, access, Basis::Own))
}

/// Grants ending another person's sessions and tokens to platform admins.
///
/// # Errors
/// [`Denied::NotVisible`].
pub fn end_access(viewer: &Viewer, target: &KnownPerson) -> Result<Granted<AccessOf, EndAccess>, Denied> {
    person(viewer)?;
    let basis = platform_admin(viewer)?;
    let access = AccessOf {
        subject: target.person.subject.clone(),
    };
    Ok(Granted::new(viewer, access, basis))
}

/// Returns the part of the audit log that the viewer may read: all of it for platform admins, a tenant's part for its
/// admins. Without a `tenant`, admins of tenants get the first of theirs.
///
/// # Errors
/// [`Denied::NotVisible`].
pub fn may_read_audit_log(viewer: &Viewer, tenant: Option<&TenantName>) -> Result<(Scope, Basis), Denied> {
    if let Ok(basis) = platform_admin(viewer) {
        return Ok((viewer.scope(), basis));
    }
    let administers = |tenant: &&TenantName| viewer.may(tenant, Role::TenantAdmin);
    let target = tenant
        .or_else(|| viewer.roles().keys().find(administers))
        .filter(administers)
        .ok_or(Denied::NotVisible)?;
    let basis = role(viewer, target, Role::TenantAdmin).ok_or(Denied::NotVisible)?;
    Ok((viewer.scope().narrow(target), basis))
}

/// Grants exporting the part of the audit log that the viewer may read.
///
/// # Errors
/// As [`may_read_audit_log`].
pub fn export_audit_log(
    viewer: &Viewer,
    tenant: Option<&TenantName>,
) -> Result<Granted<AuditLog, ExportAuditLog>, Denied> {
    person(viewer)?;
    let (scope, basis) = may_read_audit_log(viewer, tenant)?;
    let log = AuditLog {
        scope,
        tenant: tenant.cloned(),
    };
    Ok(Granted::new(viewer, log, basis))
}

/// Grants acknowledging the breaks of the hash chain to platform admins.
///
/// # Errors
/// [`Denied::NotVisible`].
pub fn acknowledge_breaks(viewer: &Viewer) -> Result<Granted<AuditLog, AcknowledgeBreaks>, Denied> {
    person(viewer)?;
    let basis = platform_admin(viewer)?;
    let log = AuditLog {
        scope: viewer.scope(),
        tenant: None,
    };
    Ok(Granted::new(viewer, log, basis))
}
