//! The one place where errors become HTTP: a page for people, problem details (RFC 9457) for programs.
//! [`super::error_response`] renders them.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
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
    pub title: String,
    /// What it is about and what to do.
    pub detail: String,
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
    pub fn new(kind: ProblemType, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            status: kind.status(),
            kind,
            title: title.into(),
            detail: detail.into(),
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
            "Page not found",
            "There is nothing at this address, or you may not see it. Check the address, or start from the home page.",
        )
    }

    /// The initial sync is not complete, so it is not known whether it exists.
    fn not_synced(missing: &NotSynced, retry_after: Duration) -> Self {
        let mut problem = Self::new(
            ProblemType::NotReadYet,
            "Portico is still looking",
            format!("{missing} It goes on trying; look again in a moment."),
        );
        problem.retry_after = Some(retry_after);
        problem
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn sign_in_needed() -> Self {
        Self::new(
            ProblemType::SignInNeeded,
            "Please sign in again",
            "You are not signed in, or your session has ended. Nothing was sent.",
        )
    }

    /// The viewer may not do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ProblemType::Forbidden, "You may not do this", detail)
    }

    /// The form does not belong to this session.
    #[must_use]
    pub fn foreign_form() -> Self {
        Self::new(
            ProblemType::CsrfTokenInvalid,
            "This form is out of date",
            "It does not belong to your present session. Go back, reload the page and send again.",
        )
    }

    /// The input cannot be understood.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            ProblemType::BadRequest,
            "This request cannot be understood",
            detail,
        )
    }

    /// The body is too large.
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(
            ProblemType::TooLarge,
            "This is too large",
            "Portico takes at most 1 MB at once. Make what you send smaller; nothing of it was kept.",
        )
    }

    /// Portico itself failed.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            ProblemType::Internal,
            "Something went wrong here",
            "Portico failed to answer. Try again; if it keeps failing, tell your platform team and quote the request id.",
        )
    }

    /// The database does not answer.
    #[must_use]
    pub fn database() -> Self {
        let mut problem = Self::new(
            ProblemType::DatabaseUnavailable,
            "Portico's database does not answer",
            "Nothing was changed. Try again in a moment; if it lasts, tell your platform team.",
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
            "Too many requests",
            format!("You ask more often than Portico takes. Try again in {seconds} seconds."),
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
                "This address does not take that",
                "It exists, but not for this method.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Self::new(
                ProblemType::Timeout,
                "This took too long",
                "Portico gave up waiting. What you sent may still be carried out: look before you send again.",
            ),
            status if status.is_client_error() => {
                let text = if text.is_empty() {
                    "Portico does not understand what was sent."
                } else {
                    text
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
        let title = "You could not be signed in";
        match &error {
            SignInError::Provider(_) => {
                tracing::error!(%error, "sign-in failed");
                let mut problem = Self::new(
                    ProblemType::SignInService,
                    "The sign-in service does not answer",
                    "Portico cannot reach your company's sign-in service. Try again in a moment; if it lasts, tell your platform team.",
                );
                problem.retry_after = Some(Duration::from_secs(5));
                problem
            }
            SignInError::Unknown => Self::new(
                ProblemType::SignInUnknown,
                title,
                "This sign-in was begun in another browser, or too long ago. Go to the home page and sign in once more.",
            ),
            SignInError::MixedUp => Self::new(
                ProblemType::SignInMixedUp,
                title,
                "Another sign-in service answered than you were sent to (`iss`). If you did not expect that, somebody may \
                 be trying to take over your sign-in: tell your platform team.",
            ),
            SignInError::Refused { message, hint } => {
                let hint = hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
                Self::new(
                    ProblemType::SignInRefused,
                    title,
                    format!("Your sign-in service said: {message}{hint}"),
                )
            }
            SignInError::Invalid(invalid) => Self::new(
                ProblemType::SignInInvalid,
                title,
                format!(
                    "What the sign-in service sent does not hold: {invalid}. Try once more; if it happens again, tell your \
                     platform team."
                ),
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
                Self::new(ProblemType::PolicyDenied, "A policy does not allow this", why)
            }
            error @ PortalError::ReasonRequired => {
                let message = error.to_string();
                let mut problem = Self::new(
                    ProblemType::ReasonRequired,
                    "A rejection needs a reason",
                    message.clone(),
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
                "It cannot be done just now",
                reason.to_string(),
            ),
            PortalError::Busy { retry_after } => {
                let mut problem = Self::new(
                    ProblemType::Busy,
                    "Portico is busy",
                    "It has too much to check just now. Nothing was sent; try again in a moment.",
                );
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

fn conflict_title(conflict: &Conflict) -> &'static str {
    match of_conflict(conflict) {
        ProblemType::Changed | ProblemType::ApprovalOutdated | ProblemType::WrongState => {
            "It is no longer as you saw it"
        }
        ProblemType::RequestInProgress => "Another request is under way",
        ProblemType::LimitReached => "The limit is reached",
        _ => "This conflicts with the current state",
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
            "The control plane did not do it",
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
