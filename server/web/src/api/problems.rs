//! The problems that an operation may answer, for the `OpenAPI` document: one response for each status, with its
//! problem types.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde_json::json;
use utoipa::IntoResponses;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::super::problem_types::ProblemType;

/// A set of problem types.
pub(in super::super) trait ProblemSet {
    /// Returns the problem types of the set.
    fn types() -> Vec<ProblemType>;
}

macro_rules! problem_sets {
    ($($(#[doc = $doc:literal])* $name:ident: [$($kind:ident),* $(,)?];)*) => {
        $($(#[doc = $doc])*
        pub(in super::super) struct $name;

        impl ProblemSet for $name {
            fn types() -> Vec<ProblemType> {
                vec![$(ProblemType::$kind),*]
            }
        })*
    };
}

problem_sets! {
    /// Every operation that needs a viewer.
    Viewing: [
        SignInNeeded, SignInAgain, TokenTooOld, NotFound, TooManyRequests, Internal, DatabaseUnavailable, Timeout,
    ];
    /// Operations that need the initial sync of the control planes.
    Reading: [NotReadYet];
    /// Operations whose parameters are one of a few values.
    Choosing: [BadRequest];
    /// Operations that change something.
    Changing: [BadRequest, TooLarge, CsrfTokenInvalid, ReadOnlyToken, Forbidden];
    /// Operations that submit a request, in addition to the errors of the dry run.
    Submitting: [
        InvalidRequest, NameTaken, QuotaExceeded, NoControlPlane, PolicyDenied, RequestInProgress, Changed, WrongState,
        DuplicateRequest, Busy, CheckFailed, CheckTimeout, PoliciesUnusable,
    ];
    /// Operations that check a request without sending it.
    Checking: [Busy, CheckFailed, CheckTimeout, PoliciesUnusable];
    /// Trying a changed definition, or health rules.
    Trying: [Busy, CheckFailed, CheckTimeout];
    /// Operations that call a control plane.
    AskingPlane: [
        PlaneRejected, PlaneForbidden, PlaneNotFound, FieldConflict, PlaneConflict, ConcurrentWrite,
        NamespaceTerminating, AlreadyExists, ObjectGone, PlaneUnreachable, PlaneOverloaded, PlaneTimeout, PlaneUnknown, PlaneMisconfigured, PlaneError,
        PlaneInvalidResponse,
    ];
    /// Renewals.
    Renewing: [NotRenewable, ClaimInvalid];
    /// Decisions.
    Deciding: [
        Changed, WrongState, NotPermittedNow, ApprovalOutdated, ReasonRequired, PoliciesUnusable, QuotaUnknown,
    ];
    /// Taking a decision back.
    Undoing: [Changed, WrongState];
    /// Withdrawals.
    Withdrawing: [Changed, WrongState];
    /// Creating what is limited in number.
    Limited: [LimitReached];
    /// Revealing a connection secret.
    Revealing: [SecretNotReady];
    /// Fetching a kubeconfig.
    FetchingKubeconfig: [NamespaceNotReady];
    /// Making a token for an agent.
    Enrolling: [PlaneMisconfigured];
    /// Cordoning.
    Cordoning: [AlreadyCordoned];
    /// Accepting a cluster.
    AcceptingCluster: [ClusterChanged];
    /// Deciding on a permission.
    DecidingPermission: [Changed];
    /// Uncordoning.
    Uncordoning: [NotCordoned];
    /// Acknowledging breaks of the audit log.
    Acknowledging: [NothingToAcknowledge];
}

macro_rules! unions {
    ($($set:ident),*) => {
        impl<$($set: ProblemSet),*> ProblemSet for ($($set,)*) {
            fn types() -> Vec<ProblemType> {
                [$($set::types()),*].concat()
            }
        }
    };
}

unions!(A, B);
unions!(A, B, C);
unions!(A, B, C, D);
unions!(A, B, C, D, E);

/// The responses for a set of problem types.
pub(in super::super) struct Problems<S>(PhantomData<S>);

impl<S: ProblemSet> IntoResponses for Problems<S> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<String, Vec<ProblemType>> = BTreeMap::new();
        for kind in S::types() {
            let known = by_status.entry(kind.status().as_u16().to_string()).or_default();
            if !known.contains(&kind) {
                known.push(kind);
            }
        }
        by_status
            .into_iter()
            .map(|(status, types)| (status, RefOr::T(response(&types))))
            .collect()
    }
}

fn response(types: &[ProblemType]) -> Response {
    let lines: Vec<String> = types
        .iter()
        .map(|kind| format!("- `{}`: {}", kind.slug(), kind.meaning()))
        .collect();
    let urns: Vec<String> = types.iter().map(|kind| kind.urn()).collect();
    ResponseBuilder::new()
        .description(lines.join("\n"))
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("ProblemDetails")))
                .build(),
        )
        .extensions(Some(
            ExtensionsBuilder::new()
                .add("x-problem-types", json!(urns))
                .build(),
        ))
        .build()
}
