//! The problems that an operation may answer, as responses of the `OpenAPI` document: a response for each status, with
//! the problem types that it may have.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde_json::json;
use utoipa::IntoResponses;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::super::problem_types::ProblemType;

/// A set of problem types.
pub(in super::super) trait ProblemSet {
    /// Its types.
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
    /// What every operation may answer that needs a viewer.
    Viewing: [
        SignInNeeded, SignInAgain, TokenTooOld, NotFound, TooManyRequests, Internal, DatabaseUnavailable, Timeout,
    ];
    /// What needs the control planes to have been read once.
    Reading: [NotReadYet];
    /// What changes something.
    Changing: [BadRequest, TooLarge, CsrfTokenInvalid, ReadOnlyToken, Forbidden];
    /// What an operation that submits a request may answer, besides what the control plane's dry run answers.
    Submitting: [
        InvalidRequest, NameTaken, QuotaExceeded, NoControlPlane, PolicyDenied, RequestInProgress, Changed, WrongState,
        DuplicateRequest, Busy, CheckFailed, CheckTimeout, PoliciesUnusable,
    ];
    /// What an operation that checks a request without sending it may answer.
    Checking: [Busy, CheckFailed, CheckTimeout, PoliciesUnusable];
    /// What a control plane may answer.
    AskingPlane: [
        PlaneRejected, PlaneForbidden, PlaneNotFound, FieldConflict, PlaneConflict, ConcurrentWrite, AlreadyExists,
        ObjectGone, PlaneUnreachable, PlaneOverloaded, PlaneTimeout, PlaneUnknown, PlaneMisconfigured, PlaneError,
        PlaneInvalidResponse,
    ];
    /// A renewal.
    Renewing: [NotRenewable, ClaimInvalid];
    /// A decision.
    Deciding: [Changed, WrongState, NotPermittedNow, ApprovalOutdated, PoliciesUnusable, QuotaUnknown];
    /// A withdrawal.
    Withdrawing: [Changed, WrongState];
    /// What there may be only so many of.
    Limited: [LimitReached];
    /// Revealing a key.
    Revealing: [SecretNotReady];
    /// Cordoning.
    Cordoning: [AlreadyCordoned];
    /// Uncordoning.
    Uncordoning: [NotCordoned];
    /// Acknowledging breaks.
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
