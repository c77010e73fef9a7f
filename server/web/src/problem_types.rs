//! Every `type` of problem details (RFC 9457) that Portico answers, with its HTTP status and meaning. Programs rely on
//! these words: one that was released keeps its meaning. `deploy/docs/reference/problems.md` is written from this list.

use http::StatusCode;

/// What `type` begins with.
pub(super) const PREFIX: &str = "urn:portico:problem:";

macro_rules! problem_types {
    ($($(#[doc = $doc:literal])* $variant:ident = $slug:literal, $status:ident;)*) => {
        /// Why a request was not answered as asked.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemType {
            $($(#[doc = $doc])* $variant,)*
        }

        impl ProblemType {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The last part of `type`, which is also the word in logs and in the audit log.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)* }
            }

            /// The HTTP status that it has in the API.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// What it means and what a program can do, for the documentation.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

problem_types! {
    /// A parameter, a header or the body cannot be read. `detail` says which and what would do.
    BadRequest = "bad-request", BAD_REQUEST;
    /// The body is larger than 1 MB.
    TooLarge = "too-large", PAYLOAD_TOO_LARGE;
    /// The path exists, but not with this method.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED;
    /// There is no valid session or API token.
    SignInNeeded = "sign-in-needed", UNAUTHORIZED;
    /// The token is suspended until its owner signs in with a browser.
    SignInAgain = "sign-in-again", UNAUTHORIZED;
    /// The token is older than the configuration allows. Create another.
    TokenTooOld = "token-too-old", UNAUTHORIZED;
    /// The token only reads. Create one with scope `full`.
    ReadOnlyToken = "read-only-token", FORBIDDEN;
    /// The viewer's role does not allow it. `detail` says whose does.
    Forbidden = "forbidden", FORBIDDEN;
    /// An approval policy refuses the request. `detail` has the rule's reason.
    PolicyDenied = "policy-denied", UNPROCESSABLE_ENTITY;
    /// The CSRF token is missing or belongs to another session.
    CsrfTokenInvalid = "csrf-token-invalid", FORBIDDEN;
    /// It does not exist, or the viewer may not see it.
    NotFound = "not-found", NOT_FOUND;
    /// It changed since it was read. Read it again, then repeat the call.
    Changed = "changed", CONFLICT;
    /// Its state does not allow the action, for example a decision on a request that was withdrawn.
    WrongState = "wrong-state", CONFLICT;
    /// The request cannot be approved as things are: a role, a quota or the policy changed since it was submitted.
    NotPermittedNow = "not-permitted-now", CONFLICT;
    /// What approvers must agree to changed since they were asked. Read the request again.
    ApprovalOutdated = "approval-outdated", CONFLICT;
    /// Another request about the same claim is open. Wait for it, or withdraw it.
    RequestInProgress = "request-in-progress", CONFLICT;
    /// A limit on how many there may be is reached: tokens of a person, comments on a request.
    LimitReached = "limit-reached", CONFLICT;
    /// The request was sent before under this `requestId`, by somebody else.
    DuplicateRequest = "duplicate-request", CONFLICT;
    /// The offering sets no end to the claim, so there is nothing to renew.
    NotRenewable = "not-renewable", CONFLICT;
    /// The claim as it is does not pass today's checks. Send a change instead of a renewal.
    ClaimInvalid = "claim-invalid", CONFLICT;
    /// The control plane is cordoned already.
    AlreadyCordoned = "already-cordoned", CONFLICT;
    /// The control plane is not cordoned, or only by its document.
    NotCordoned = "not-cordoned", CONFLICT;
    /// Another cluster answers for the control plane, or is on record, than the caller saw.
    ClusterChanged = "cluster-changed", CONFLICT;
    /// No break of the audit log waits for an acknowledgement.
    NothingToAcknowledge = "nothing-to-acknowledge", CONFLICT;
    /// The request is not valid. `errors` has a message for each field.
    InvalidRequest = "invalid-request", UNPROCESSABLE_ENTITY;
    /// A rejection has no `comment`. `errors` names the field.
    ReasonRequired = "reason-required", UNPROCESSABLE_ENTITY;
    /// The name is used by another claim or request. Choose another.
    NameTaken = "name-taken", UNPROCESSABLE_ENTITY;
    /// The tenant's quota does not allow it. `errors` names each resource that is exceeded.
    QuotaExceeded = "quota-exceeded", UNPROCESSABLE_ENTITY;
    /// No control plane fits: `errors` says what rules out each.
    NoControlPlane = "no-control-plane", UNPROCESSABLE_ENTITY;
    /// More calls than the configuration allows. Wait for `Retry-After`.
    TooManyRequests = "too-many-requests", TOO_MANY_REQUESTS;
    /// Portico failed. Report it with the response's `x-request-id`.
    Internal = "internal", INTERNAL_SERVER_ERROR;
    /// The database does not answer. Nothing was changed.
    DatabaseUnavailable = "database-unavailable", SERVICE_UNAVAILABLE;
    /// The answer took longer than 30 seconds. The action may have been carried out.
    Timeout = "timeout", GATEWAY_TIMEOUT;
    /// Portico started and has not read the control plane yet. Try again after `Retry-After`.
    NotReadYet = "not-read-yet", SERVICE_UNAVAILABLE;
    /// Too many checks run at the moment. Try again after `Retry-After`.
    Busy = "busy", SERVICE_UNAVAILABLE;
    /// The request could not be checked. Try again; if it lasts, tell the platform team.
    CheckFailed = "check-failed", SERVICE_UNAVAILABLE;
    /// Checking the request took too long: it is too large, or the rules of its schema are too expensive.
    CheckTimeout = "check-timeout", SERVICE_UNAVAILABLE;
    /// The approval policies cannot be evaluated. Tell the platform team.
    PoliciesUnusable = "policies-unusable", SERVICE_UNAVAILABLE;
    /// What the tenant uses of its quota is not known yet.
    QuotaUnknown = "quota-unknown", SERVICE_UNAVAILABLE;
    /// The claim has no connection secret yet.
    SecretNotReady = "secret-not-ready", SERVICE_UNAVAILABLE;
    /// Portico has not set up the tenant's namespace on the control plane yet.
    NamespaceNotReady = "namespace-not-ready", SERVICE_UNAVAILABLE;
    /// The control plane refused the object: its schema or an admission policy. `errors` has the fields it named.
    PlaneRejected = "control-plane-rejected", UNPROCESSABLE_ENTITY;
    /// Portico, or the person it acts as, lacks a right on the control plane.
    PlaneForbidden = "control-plane-forbidden", FORBIDDEN;
    /// The control plane has no such object or kind.
    PlaneNotFound = "control-plane-not-found", NOT_FOUND;
    /// Other field managers own fields that the request would change. `detail` names them.
    FieldConflict = "field-conflict", CONFLICT;
    /// The control plane refuses because of the object's state, for example while it is in use.
    PlaneConflict = "control-plane-conflict", CONFLICT;
    /// Another write came between. Try again.
    ConcurrentWrite = "concurrent-write", CONFLICT;
    /// The claim's namespace is being deleted on the control plane. Try again once it is gone.
    NamespaceTerminating = "namespace-terminating", CONFLICT;
    /// The control plane has an object of that name that Portico did not create.
    AlreadyExists = "already-exists", CONFLICT;
    /// The object was deleted, or deleted and created again under the same name.
    ObjectGone = "object-gone", GONE;
    /// The control plane cannot be reached.
    PlaneUnreachable = "control-plane-unreachable", SERVICE_UNAVAILABLE;
    /// The control plane asks for fewer calls. Try again after `Retry-After`.
    PlaneOverloaded = "control-plane-overloaded", SERVICE_UNAVAILABLE;
    /// The control plane did not answer in time. The action may have been carried out.
    PlaneTimeout = "control-plane-timeout", GATEWAY_TIMEOUT;
    /// No control plane of that name is configured.
    PlaneUnknown = "control-plane-unknown", BAD_GATEWAY;
    /// The control plane's document or credentials are wrong. Tell the platform team.
    PlaneMisconfigured = "control-plane-misconfigured", BAD_GATEWAY;
    /// The control plane failed or refused for another reason. `detail` has its status and message.
    PlaneError = "control-plane-error", BAD_GATEWAY;
    /// The control plane sent an invalid response.
    PlaneInvalidResponse = "control-plane-invalid-response", BAD_GATEWAY;
    /// The identity provider does not answer. Only pages.
    SignInService = "sign-in-service", SERVICE_UNAVAILABLE;
    /// The sign-in was begun in another browser, or too long ago. Only pages.
    SignInUnknown = "sign-in-unknown", BAD_REQUEST;
    /// Another identity provider answered than the one asked (RFC 9207). Only pages.
    SignInMixedUp = "sign-in-mixed-up", BAD_REQUEST;
    /// The identity provider refused the sign-in. Only pages.
    SignInRefused = "sign-in-refused", FORBIDDEN;
    /// The identity provider's answer does not hold: a signature, a claim or a time. Only pages.
    SignInInvalid = "sign-in-invalid", BAD_GATEWAY;
}

impl ProblemType {
    /// `type` as it is answered.
    #[must_use]
    pub fn urn(self) -> String {
        format!("{PREFIX}{}", self.slug())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    use super::ProblemType;

    const HEAD: &str = "\
# Problem types

The API answers errors as problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) of media type
`application/problem+json`. `type` is `urn:portico:problem:` and one of the words below: programs compare it. `title` and
`detail` are for people and may be reworded. `errors` lists fields with messages. Where `Retry-After` is set, trying again
later may help.

This page is written by `cargo xtask docs` from the program.

| `type` | status | meaning |
|---|---|---|
";

    #[test]
    fn every_type_has_its_own_slug_and_a_meaning() {
        let slugs: BTreeSet<&str> = ProblemType::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), ProblemType::ALL.len());
        for kind in ProblemType::ALL {
            let word = |letter: char| letter.is_ascii_lowercase() || letter == '-';
            assert!(kind.slug().chars().all(word), "{kind:?}");
            assert!(kind.meaning().ends_with('.'), "{kind:?}");
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
        }
    }

    #[test]
    fn the_reference_of_problem_types_is_up_to_date() {
        let mut page = HEAD.to_owned();
        for kind in ProblemType::ALL {
            let status = kind.status().as_u16();
            writeln!(page, "| `{}` | {status} | {} |", kind.slug(), kind.meaning()).unwrap();
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/docs/reference/problems.md");
        if std::env::var_os("PORTICO_WRITE_DOCS").is_some() {
            fs::write(&file, page).unwrap();
        } else {
            assert!(
                fs::read_to_string(&file).unwrap_or_default() == page,
                "run cargo xtask docs: {}",
                file.display()
            );
        }
    }
}
