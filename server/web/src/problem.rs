//! The one place where errors become HTTP: a page for people, problem details (RFC 9457) for programs.
//! [`super::error_response`] renders them.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use portico_api::{Text, message};
use portico_app::{Conflict, Denial, NotSynced, PortalError, Unavailable};
use portico_planes::PlaneError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{SignInError, ViewerError};
use crate::problem_types::ProblemType;

/// An error response.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// The reason, for programs.
    pub kind: ProblemType,
    /// What happened, in a few words.
    pub title: Box<Text>,
    /// What it is about and what to do.
    pub detail: Box<Text>,
    /// Why the viewer may not do this.
    pub reason: Option<Box<Denial>>,
    /// Messages for fields.
    pub fields: Box<[portico_api::Problem]>,
    /// The fields of a form that was refused, to show them again.
    pub typed: Box<[(String, String)]>,
    /// When to try again, if that may help.
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// Creates a problem without fields.
    #[must_use]
    pub fn new(kind: ProblemType, title: impl Into<Text>, detail: impl Into<Text>) -> Self {
        Self {
            status: kind.status(),
            kind,
            title: Box::new(title.into()),
            detail: Box::new(detail.into()),
            reason: None,
            fields: Box::default(),
            typed: Box::default(),
            retry_after: None,
        }
    }

    /// It does not exist, or the viewer may not see it: both look alike.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            ProblemType::NotFound,
            message!("not-found-title"),
            message!("not-found"),
        )
    }

    /// The initial sync is not complete, so it is not known whether it exists.
    fn not_synced(missing: &NotSynced, retry_after: Duration) -> Self {
        let mut problem = Self::new(
            ProblemType::NotReadYet,
            message!("not-read-yet-title"),
            message!("not-read-yet", missing = missing.to_string()),
        );
        problem.retry_after = Some(retry_after);
        problem
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn sign_in_needed() -> Self {
        Self::new(
            ProblemType::SignInNeeded,
            message!("sign-in-needed-title"),
            message!("sign-in-needed"),
        )
    }

    /// The viewer may not do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<Text>) -> Self {
        Self::new(ProblemType::Forbidden, message!("forbidden-title"), detail)
    }

    /// The form does not belong to this session.
    #[must_use]
    pub fn foreign_form() -> Self {
        Self::new(
            ProblemType::CsrfTokenInvalid,
            message!("csrf-title"),
            message!("csrf"),
        )
    }

    /// The input cannot be understood.
    #[must_use]
    pub fn bad_request(detail: impl Into<Text>) -> Self {
        Self::new(ProblemType::BadRequest, message!("bad-request-title"), detail)
    }

    /// The body is too large.
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(
            ProblemType::TooLarge,
            message!("too-large-title"),
            message!("too-large"),
        )
    }

    /// Portico itself failed.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            ProblemType::Internal,
            message!("internal-title"),
            message!("internal"),
        )
    }

    /// The database does not answer.
    #[must_use]
    pub fn database() -> Self {
        let mut problem = Self::new(
            ProblemType::DatabaseUnavailable,
            message!("database-title"),
            message!("database"),
        );
        problem.retry_after = Some(Duration::from_secs(5));
        problem
    }

    /// A person or an address sent too many requests.
    #[must_use]
    pub fn too_many(retry_after: Duration) -> Self {
        let seconds = retry_after.as_secs() + 1;
        let mut problem = Self::new(
            ProblemType::TooManyRequests,
            message!("too-many-title"),
            message!("too-many", seconds = seconds),
        );
        problem.retry_after = Some(Duration::from_secs(seconds));
        problem
    }

    /// Converts a bare status that a layer set. `text` is the layer's text.
    pub(super) fn of_status(status: StatusCode, text: &str) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                ProblemType::MethodNotAllowed,
                message!("method-title"),
                message!("method"),
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Self::new(
                ProblemType::Timeout,
                message!("timeout-title"),
                message!("timeout"),
            ),
            status if status.is_client_error() => {
                let text = if text.is_empty() {
                    message!("not-understood")
                } else {
                    text.into()
                };
                let mut problem = Self::bad_request(text);
                problem.status = status;
                problem
            }
            status => {
                let mut problem = Self::internal();
                problem.status = status;
                problem
            }
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let title = message!("not-signed-in-title");
        match &error {
            SignInError::Provider(_) => {
                tracing::error!(%error, "sign-in failed");
                let mut problem = Self::new(
                    ProblemType::SignInService,
                    message!("sign-in-service-title"),
                    message!("sign-in-service"),
                );
                problem.retry_after = Some(Duration::from_secs(5));
                problem
            }
            SignInError::Unknown => Self::new(ProblemType::SignInUnknown, title, message!("sign-in-unknown")),
            SignInError::MixedUp => {
                Self::new(ProblemType::SignInMixedUp, title, message!("sign-in-mixed-up"))
            }
            SignInError::Refused { message, hint } => {
                let hint = hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
                let message = format!("{message}{hint}");
                Self::new(
                    ProblemType::SignInRefused,
                    title,
                    message!("sign-in-refused", message = message),
                )
            }
            SignInError::Invalid(invalid) => Self::new(
                ProblemType::SignInInvalid,
                title,
                message!("sign-in-invalid", invalid = invalid.to_string()),
            ),
            SignInError::Session(error) => error.into(),
        }
    }
}

impl From<&tower_sessions::session::Error> for Problem {
    fn from(error: &tower_sessions::session::Error) -> Self {
        tracing::error!(%error, "a session could not be read or stored");
        Self::database()
    }
}

impl From<tower_sessions::session::Error> for Problem {
    fn from(error: tower_sessions::session::Error) -> Self {
        (&error).into()
    }
}

impl From<ViewerError> for Problem {
    fn from(error: ViewerError) -> Self {
        match error {
            ViewerError::Session(error) => error.into(),
            ViewerError::Store(error) => error.into(),
        }
    }
}

impl From<portico_store::StoreError> for Problem {
    fn from(error: portico_store::StoreError) -> Self {
        tracing::error!(%error, "the database failed");
        Self::database()
    }
}

impl From<PortalError> for Problem {
    fn from(error: PortalError) -> Self {
        match error {
            PortalError::NotFound => Self::not_found(),
            PortalError::NotSynced { missing, retry_after } => Self::not_synced(&missing, retry_after),
            PortalError::Forbidden(denial) => {
                let mut problem = Self::forbidden(denial.to_string());
                problem.reason = Some(Box::new(denial));
                problem
            }
            PortalError::Malformed(error) => Self::bad_request(error.to_string()),
            PortalError::PolicyDenied(why) => {
                Self::new(ProblemType::PolicyDenied, message!("policy-denied-title"), why)
            }
            error @ PortalError::ReasonRequired => {
                let message = error.to_string();
                let mut problem = Self::new(
                    ProblemType::ReasonRequired,
                    message!("reason-required-title"),
                    message!("reason-required"),
                );
                problem.fields = Box::new([portico_api::Problem::new("comment", message)]);
                problem
            }
            PortalError::Conflict(conflict) => Self::new(
                of_conflict(&conflict),
                conflict_title(&conflict),
                conflict.to_string(),
            ),
            PortalError::Unavailable(reason) => Self::new(
                unavailable_type(&reason),
                message!("unavailable-title"),
                reason.to_string(),
            ),
            PortalError::Busy { retry_after } => {
                let mut problem = Self::new(ProblemType::Busy, message!("busy-title"), message!("busy"));
                problem.retry_after = Some(retry_after);
                problem
            }
            PortalError::Plane(error) => error.into(),
            PortalError::Store(error) => error.into(),
        }
    }
}

/// Returns the problem type of a conflict.
pub(super) fn of_conflict(conflict: &Conflict) -> ProblemType {
    match conflict {
        Conflict::Overtaken
        | Conflict::RequestChanged
        | Conflict::ClaimReplaced
        | Conflict::ResidentsChanged
        | Conflict::AskChanged => ProblemType::Changed,
        Conflict::WrongState(_) | Conflict::AlreadyDecided | Conflict::Expired | Conflict::TooLateToUndo => {
            ProblemType::WrongState
        }
        Conflict::NotPermittedNow(_) | Conflict::NotPermittedForConsumer => ProblemType::NotPermittedNow,
        Conflict::ApprovalOutdated => ProblemType::ApprovalOutdated,
        Conflict::RequestInProgress => ProblemType::RequestInProgress,
        Conflict::TooManyTokens { .. } | Conflict::Full { .. } => ProblemType::LimitReached,
        Conflict::DuplicateRequest => ProblemType::DuplicateRequest,
        Conflict::NotRenewable => ProblemType::NotRenewable,
        Conflict::ClaimInvalid { .. } => ProblemType::ClaimInvalid,
        Conflict::ClusterChanged => ProblemType::ClusterChanged,
        Conflict::AlreadyCordoned => ProblemType::AlreadyCordoned,
        Conflict::NotCordoned | Conflict::CordonedByDocument => ProblemType::NotCordoned,
        Conflict::NothingToAcknowledge => ProblemType::NothingToAcknowledge,
    }
}

fn conflict_title(conflict: &Conflict) -> Text {
    match of_conflict(conflict) {
        ProblemType::Changed | ProblemType::ApprovalOutdated | ProblemType::WrongState => {
            message!("changed-title")
        }
        ProblemType::RequestInProgress => message!("request-in-progress-title"),
        ProblemType::LimitReached => message!("limit-reached-title"),
        _ => message!("conflict-title"),
    }
}

fn unavailable_type(reason: &Unavailable) -> ProblemType {
    match reason {
        Unavailable::CheckFailed => ProblemType::CheckFailed,
        Unavailable::CheckTimeout => ProblemType::CheckTimeout,
        Unavailable::PoliciesUnusable { .. } => ProblemType::PoliciesUnusable,
        Unavailable::QuotaUnknown { .. } => ProblemType::QuotaUnknown,
        Unavailable::SecretNotReady => ProblemType::SecretNotReady,
        Unavailable::NamespaceNotReady => ProblemType::NamespaceNotReady,
        Unavailable::AddressNotSafe { .. }
        | Unavailable::NoAgentListener
        | Unavailable::ReachedByAgent { .. } => ProblemType::PlaneMisconfigured,
    }
}

/// Returns the problem type of a control plane's error.
pub(super) fn of_plane_error(error: &PlaneError) -> ProblemType {
    match error {
        PlaneError::Unknown { .. } => ProblemType::PlaneUnknown,
        PlaneError::Misconfigured { .. } => ProblemType::PlaneMisconfigured,
        PlaneError::Unreachable { .. } => ProblemType::PlaneUnreachable,
        PlaneError::Timeout { .. } => ProblemType::PlaneTimeout,
        PlaneError::Forbidden { .. } => ProblemType::PlaneForbidden,
        PlaneError::NotFound { .. } => ProblemType::PlaneNotFound,
        PlaneError::Conflict { managers, .. } if managers.is_empty() => ProblemType::PlaneConflict,
        PlaneError::Conflict { .. } => ProblemType::FieldConflict,
        PlaneError::Contended { .. } => ProblemType::ConcurrentWrite,
        PlaneError::NamespaceTerminating { .. } => ProblemType::NamespaceTerminating,
        PlaneError::AlreadyExists { .. } => ProblemType::AlreadyExists,
        PlaneError::Gone { .. } => ProblemType::ObjectGone,
        PlaneError::Invalid { .. } => ProblemType::PlaneRejected,
        PlaneError::RateLimited { .. } => ProblemType::PlaneOverloaded,
        PlaneError::Refused { .. } => ProblemType::PlaneError,
        PlaneError::InvalidResponse { .. } => ProblemType::PlaneInvalidResponse,
    }
}

impl From<PlaneError> for Problem {
    fn from(error: PlaneError) -> Self {
        let mut problem = Self::new(
            of_plane_error(&error),
            message!("plane-error-title"),
            format!("{error}."),
        );
        match error {
            PlaneError::RateLimited { retry_after, .. } => problem.retry_after = Some(retry_after),
            PlaneError::Invalid { causes, .. } => {
                problem.fields = causes
                    .into_iter()
                    .map(|cause| portico_api::Problem::new(cause.field, cause.message))
                    .collect();
            }
            PlaneError::Conflict { fields, .. } => {
                problem.fields = fields
                    .into_iter()
                    .map(|it| portico_api::Problem::new(it.field, format!("{} manages it.", it.manager)))
                    .collect();
            }
            _ => {}
        }
        problem
    }
}

/// [`super::error_response`] renders it, since it knows whether a person or a program asks.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Problem details, RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemDetails {
    /// `urn:portico:problem:` and a word that never changes. Programs compare it.
    #[serde(rename = "type")]
    #[schema(schema_with = problem_type_schema)]
    pub kind: String,
    /// What happened, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What it is about and what to do.
    pub detail: String,
    /// The path of the request.
    pub instance: String,
    /// For `forbidden`: why, as a code with parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Denial>,
    /// Messages for fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<portico_api::Problem>,
}

/// Builds the schema of `type`: its values with their meanings.
fn problem_type_schema() -> utoipa::openapi::schema::Object {
    let meanings = ProblemType::ALL
        .iter()
        .map(|kind| format!("- `{}`: {}", kind.slug(), kind.meaning()));
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some(format!(
            "`urn:portico:problem:` and a word that does not change: what programs compare.\n\n{}",
            meanings.collect::<Vec<_>>().join("\n")
        )))
        .enum_values(Some(ProblemType::ALL.iter().map(|kind| kind.urn())))
        .build()
}

/// [`Problem::kind`] of the problem that a response was made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProblemKind(pub(super) ProblemType);
