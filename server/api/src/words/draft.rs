use jiff::Timestamp;
use portico_domain::claim::is_kubectl;
use portico_domain::names::{ClaimName, EnvironmentName, PlanName, TenantName};
use portico_domain::projection::ForbiddenReason;
use serde::Serialize;

use crate::time::relative;
use crate::{DryRunResult, Problem};

/// What is wrong with a request that is being filled in, as a code with parameters.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum DraftProblem {
    /// No control plane can serve it.
    #[error("{reason}")]
    NoControlPlane {
        /// Placement's reason.
        reason: String,
    },
    /// There is no such control plane.
    #[error("There is no control plane {plane:?}.")]
    UnknownControlPlane {
        /// The name as given.
        plane: String,
    },
    /// There is no such plan.
    #[error("There is no plan {plan:?}. Choose one of those shown.")]
    UnknownPlan {
        /// The name as given.
        plan: String,
    },
    /// The claim's plan is no longer offered.
    #[error("Its plan, {plan}, is no longer offered. Choose one of those shown.")]
    PlanGone {
        /// The claim's plan.
        plan: PlanName,
    },
    /// The claim has no plan, and its offering has some.
    #[error("It has no plan yet. Choose one.")]
    NoPlan,
    /// The plan sets the field.
    #[error("The plan {plan} sets this to {value}. Leave it out, or choose another plan.")]
    LockedByPlan {
        /// The plan's title.
        plan: String,
        /// The plan's value.
        value: String,
    },
    /// The schema has no such field.
    #[error("There is no field {path}. Check its spelling, or leave it out.")]
    UnknownField {
        /// The field's path.
        path: String,
    },
    /// People may not set the field.
    #[error("{message}")]
    ForbiddenField {
        /// Why, and what to do.
        message: String,
    },
    /// The schema of the control plane cannot be used.
    #[error("Its schema cannot be used: {error}")]
    SchemaUnusable {
        /// What is wrong with it.
        error: String,
    },
    /// The definition accepts no new object at all.
    #[error(
        "No new {offering} can be made here: {reason}. Whatever is filled in would be refused until the platform team \
         mends the definition."
    )]
    Unsatisfiable {
        /// The offering's title.
        offering: String,
        /// What no object can fulfil.
        reason: String,
    },
    /// The form was made by another schema than the one it is checked by.
    #[error(
        "The form has changed since you opened it: the control plane that would serve it has other fields for it. What \
         you typed is still here; look it over and send it again."
    )]
    FormOutdated,
    /// Others changed the claim since the form was opened.
    #[error(
        "It was changed since you opened this form. What you typed is still here: “What changes” says what would now \
         become of it, what others changed included. Look that over and send it again."
    )]
    ClaimChanged,
    /// A change that changes nothing.
    #[error("Nothing changes: the claim is like this already. Change something, then send it.")]
    NothingChanges,
    /// Others manage the field too, so that it would stay.
    #[error(
        "It would stay as it is, since others than Portico have set it too. Leave it as it is, or have them take it out \
         first."
    )]
    ManagedByOthers,
    /// A policy denies it.
    #[error("Policy refuses it: {reasons}")]
    DeniedByPolicy {
        /// The rules' reasons.
        reasons: String,
    },
    /// It exceeds the tenant's quota.
    #[error("{message}")]
    OverQuota {
        /// What it exceeds, and by how much.
        message: String,
    },
    /// The tenant that is asked for may not be so.
    #[error("{message}")]
    Tenant {
        /// What is wrong with it.
        message: String,
    },
    /// Another request about the claim is open.
    #[error("Another request about it is still under way. Wait for it, or withdraw it.")]
    RequestInProgress,
    /// Something stands against sending it.
    #[error("{message}")]
    Conflict {
        /// What, and what to do.
        message: String,
    },
    /// The control plane's dry run does not accept it, or could not be made.
    #[error("{message}")]
    DryRun {
        /// What came of it, as a sentence.
        message: String,
    },
    /// The control plane would change a value of the claim that is to be adopted.
    #[error(
        "The control plane would change this from {old} to {new}, so it cannot be adopted as it is. Change it there first."
    )]
    AdoptionChanges {
        /// The value now.
        old: String,
        /// The value after.
        new: String,
    },
    /// Another claim has the name of the one that was to be deleted.
    #[error("The claim that you saw is gone, and another stands under its name. Look at that one first.")]
    ClaimReplaced,
    /// The claim is a control plane, and something is on it.
    #[error(
        "It is a control plane with {residents} on it. Delete those first, or say that they are to be abandoned."
    )]
    ControlPlaneInUse {
        /// How much is on it, in words.
        residents: String,
    },
    /// The claim is a control plane, and something else is on it than the person saw.
    #[error(
        "What is on it has changed since you looked: now it is {residents}. Look again, then say it again."
    )]
    ControlPlaneChanged {
        /// How much is on it, in words.
        residents: String,
    },
    /// The deletion is not confirmed by the claim's name.
    #[error("Type the claim’s name, {name}, to delete it.")]
    Unconfirmed {
        /// The claim's name.
        name: ClaimName,
    },
}

impl DraftProblem {
    /// The problem, with this field.
    #[must_use]
    pub fn of_field(self, field: impl Into<String>) -> Problem {
        Problem {
            field: field.into(),
            message: self.to_string(),
            reason: Some(self),
        }
    }

    /// The problem of the request as a whole.
    #[must_use]
    pub fn of_whole(self) -> Problem {
        self.of_field("")
    }
}

/// Why people may not set a field, and what to do.
#[must_use]
pub fn forbidden_field(reason: &ForbiddenReason) -> String {
    match reason {
        ForbiddenReason::Name => "The name is given beside the form, not here. Leave it out.".to_owned(),
        ForbiddenReason::Identity { value: Some(value) } => {
            format!("It is {value} here, whatever is written. Leave it out.")
        }
        ForbiddenReason::Identity { value: None } => {
            "It is not for people to set. Leave it out.".to_owned()
        }
        ForbiddenReason::SetByPortico => "Portico sets this itself. Leave it out.".to_owned(),
        ForbiddenReason::NotOpened { map } => format!(
            "People set no {map} here but those that the offering allows. Leave it out, or ask the platform team to \
             allow it."
        ),
        ForbiddenReason::SetByControllers => {
            "Controllers set this, not people. Leave it out.".to_owned()
        }
        ForbiddenReason::Adoption => {
            "Controllers set this, not people: with it a claim could take what is another’s. Leave it out.".to_owned()
        }
        ForbiddenReason::Machinery => {
            "This belongs to the machinery behind the claim, not to people. Leave it out, or ask the platform team to \
             allow it for this offering."
                .to_owned()
        }
    }
}

/// What a control plane's dry run of a request comes to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DryRunVerdict {
    /// There is no control plane to ask.
    #[error("There is no control plane to ask.")]
    NotAsked,
    /// It would accept the manifest.
    #[error("{plane} would accept it.")]
    Accepted {
        /// The control plane's title.
        plane: String,
    },
    /// Its schema or an admission policy refuses the manifest.
    #[error("{plane} does not accept it: {message}")]
    Refused {
        /// The control plane's title.
        plane: String,
        /// Its message.
        message: String,
    },
    /// The object on it is in the way.
    #[error("{plane} does not accept it: {error}.")]
    Conflict {
        /// The control plane's title.
        plane: String,
        /// The error.
        error: String,
        /// False if trying again may help.
        answered: bool,
    },
    /// It could not be asked, or its response is invalid.
    #[error("{error}.")]
    Failed {
        /// The error, which names the control plane.
        error: String,
        /// False if trying again may help.
        answered: bool,
    },
}

impl From<&DryRunVerdict> for DraftProblem {
    fn from(verdict: &DryRunVerdict) -> Self {
        Self::DryRun {
            message: verdict.to_string(),
        }
    }
}

impl From<DryRunVerdict> for DryRunResult {
    fn from(verdict: DryRunVerdict) -> Self {
        Self {
            accepted: matches!(verdict, DryRunVerdict::Accepted { .. }),
            answered: match verdict {
                DryRunVerdict::NotAsked => false,
                DryRunVerdict::Accepted { .. } | DryRunVerdict::Refused { .. } => true,
                DryRunVerdict::Conflict { answered, .. } | DryRunVerdict::Failed { answered, .. } => answered,
            },
            message: verdict.to_string(),
        }
    }
}

/// Says what follows if a field is taken over from a field manager.
#[must_use]
pub fn takes_back(manager: &str) -> impl std::fmt::Display {
    if is_kubectl(manager) {
        "Whoever applies it with kubectl again sets it back.".to_owned()
    } else {
        format!("If {manager} is still at work, it sets it back.")
    }
}

/// What is wrong with a claim's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// There is none.
    #[error("Give it a name.")]
    Missing,
    /// It breaks the naming rule.
    #[error(
        "Use 1 to 50 lower-case letters, digits and hyphens, beginning and ending with a letter or digit: orders-db."
    )]
    Invalid,
    /// A claim or request has it, about which the person may not know more.
    #[error("There is a {offering} named {name} there already. Choose another name.")]
    Taken {
        /// The offering's title.
        offering: String,
        /// The name.
        name: String,
    },
    /// A claim of the same environment has it.
    #[error("There is a {offering} named {name} in {tenant}/{environment} already{}. Choose another name.", made_ago(*.made))]
    TakenByClaim {
        /// The offering's title.
        offering: String,
        /// The name.
        name: String,
        /// The tenant.
        tenant: TenantName,
        /// The environment.
        environment: EnvironmentName,
        /// The current time, and when the claim was made.
        made: Option<(Timestamp, Timestamp)>,
    },
    /// A request of the same environment has it.
    #[error(
        "{} requested the {offering} {name} in {tenant}/{environment} {}. Choose another name.",
        by.as_deref().unwrap_or("You"),
        relative(*now, *at)
    )]
    TakenByRequest {
        /// The requester's name; `None` if the person made it.
        by: Option<String>,
        /// The offering's title.
        offering: String,
        /// The name.
        name: String,
        /// The tenant.
        tenant: TenantName,
        /// The environment.
        environment: EnvironmentName,
        /// The current time.
        now: Timestamp,
        /// When it was made.
        at: Timestamp,
    },
}

fn made_ago(made: Option<(Timestamp, Timestamp)>) -> String {
    made.map_or_else(String::new, |(now, at)| {
        format!(", made {}", relative(now, at.min(now)))
    })
}

/// Why a claim's object that was written as a whole cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentProblem {
    /// It is no YAML.
    #[error("{error}")]
    Syntax {
        /// The parser's message.
        error: String,
    },
    /// It is no mapping.
    #[error("It must be a mapping, with `spec:` at its top.")]
    NoMapping,
    /// Its `spec` is no mapping.
    #[error("`spec` must be a mapping, as `spec: {{ size: 10Gi }}`.")]
    SpecNoMapping,
}

/// What a person should know of a request that they fill in, and need not act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftNote {
    /// A field that the schema does not have is null.
    #[error("There is no field {path}. It is null, which says nothing, and is left out.")]
    UnknownNull {
        /// The field's path.
        path: String,
    },
    /// Values that were filled in for another control plane.
    #[error(
        "The control plane that is chosen now has no field {}. What you filled in there is not sent; it is back when you \
         choose the other control plane again.",
        paths.join(", ")
    )]
    KeptForAnotherPlane {
        /// The fields' paths.
        paths: Vec<String>,
    },
}

/// What is deleted with a claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Consequence {
    /// The claim, with what it is composed of.
    #[error("The {offering} {claim} is deleted on {plane}, with everything it is composed of.")]
    Deleted {
        /// The offering's title.
        offering: String,
        /// The claim's name.
        claim: ClaimName,
        /// The control plane's title.
        plane: String,
    },
    /// Its connection secret.
    #[error("Its connection secret goes with it: what uses it stops working.")]
    SecretLost,
    /// Its data.
    #[error("Data that is not kept elsewhere is lost.")]
    DataLost,
    /// The control plane that it is.
    #[error(
        "It is the control plane {plane}, which leaves Portico with it. Until it is gone, it takes no new claims."
    )]
    ControlPlaneLeaves {
        /// The control plane's title.
        plane: String,
    },
}
