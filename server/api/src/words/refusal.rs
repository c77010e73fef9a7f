use portico_domain::definition_change::DocumentError;
use portico_domain::names::{ClaimName, TenantName};
use portico_domain::obstacle::Obstacle;
use portico_domain::request::InvalidTransition;

use super::definition::document_error;
use super::sentence;

/// There is no such thing for the viewer, whether it exists or not.
pub const NOT_FOUND: &str = "There is no such thing, or it is not for you to see.";
/// A rejection has no comment.
pub const REASON_REQUIRED: &str = "Say why you reject it: the requester reads this.";
/// Portico has too much to do.
pub const BUSY: &str = "Portico has too much to do just now. Try again in a moment.";
/// The database failed.
pub const DATABASE_FAILED: &str = "Portico’s database failed. Nothing was changed; try again in a moment.";

/// What was not read since Portico started, so that it is not known whether something exists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSynced {
    /// What these control planes offer, by their titles.
    #[error(
        "Nothing of that name is in the catalog, but since Portico was started it could not yet read what is offered \
         on {}.",
        planes.join(", ")
    )]
    Offerings {
        /// The titles of the control planes.
        planes: Vec<String>,
    },
    /// The claims of a control plane.
    #[error(
        "Since Portico was started it could not yet read what runs on {plane}, so it does not know of {claim}."
    )]
    Claims {
        /// The title of the control plane.
        plane: String,
        /// The claim that was asked for.
        claim: ClaimName,
    },
}

/// What is wrong with an input that is read as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// A comment without text.
    #[error("Write something to send.")]
    EmptyComment,
    /// A comment is too long.
    #[error("A comment has at most {most} characters, and this one has {length}. Go back and shorten it.")]
    LongComment {
        /// Its number of characters.
        length: usize,
        /// The maximum.
        most: usize,
    },
    /// A claim has more values than are checked.
    #[error(
        "It holds more than {most} values, which is more than Portico checks. Make it smaller; nothing of it was kept."
    )]
    TooManyValues {
        /// The maximum.
        most: usize,
    },
    /// A document is no definition that could be tried.
    #[error("{}", document_error(.0))]
    Definition(DocumentError),
    /// A token cannot be created like this.
    #[error("{}", in_a_row(.0))]
    Token(Vec<TokenProblem>),
    /// A saved view has no name, or one that is too long.
    #[error("Give the view a name of at most {most} characters, all on one line.")]
    ViewName {
        /// The maximum.
        most: usize,
    },
    /// A period that usage is not shown for.
    #[error("Usage is shown for the last 7, 30 or 90 days: days is one of these numbers.")]
    UsagePeriod,
}

/// What is wrong with the inputs for a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenProblem {
    /// It has no name.
    #[error("Give it a name by which you will know what uses it.")]
    NoName,
    /// Its name is too long, or has line breaks or other control characters.
    #[error("A name has at most {most} characters, all on one line.")]
    BadName {
        /// The maximum number of characters.
        most: usize,
    },
    /// It would be valid for too long, or for no time.
    #[error("It is good for 1 to {longest} days.")]
    BadDays {
        /// The maximum number of days.
        longest: u32,
    },
}

impl TokenProblem {
    /// The API's name of the field.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::NoName | Self::BadName { .. } => "name",
            Self::BadDays { .. } => "days",
        }
    }
}

impl From<TokenProblem> for crate::Problem {
    fn from(problem: TokenProblem) -> Self {
        Self::new(problem.field(), problem.to_string())
    }
}

/// What stands against a use case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another replica or person changed the request between reading and writing it.
    #[error("Somebody else was faster: the request has changed since you opened it. Look at it again.")]
    Overtaken,
    /// The request has another revision than the one that was decided on.
    #[error("The request has changed since you opened it. Look at it again, then decide.")]
    RequestChanged,
    /// Another claim has the name of the one that was to be deleted.
    #[error("It was deleted and created again just now. Check it, then try again.")]
    ClaimReplaced,
    /// What is on the control plane that a claim is has changed.
    #[error("What is on the control plane has changed meanwhile. Look again.")]
    ResidentsChanged,
    /// The request's state does not allow the action.
    #[error("{}", sentence(&.0.to_string()))]
    WrongState(InvalidTransition),
    /// The request does not await a decision.
    #[error("It is already decided.")]
    AlreadyDecided,
    /// The request has expired.
    #[error("It has expired: nobody decided in time.")]
    Expired,
    /// The decision cannot be undone any more.
    #[error("It is too late to undo the decision: it has taken effect, or somebody else has decided since.")]
    TooLateToUndo,
    /// The request may not be applied as things are.
    #[error("It cannot be approved now. {0}")]
    NotPermittedNow(Obstacle),
    /// It cannot be approved now, for a reason that the publisher who decides may not know.
    #[error("{}", super::not_ready_for_publisher())]
    NotPermittedForConsumer,
    /// What a publication asks for has changed since the platform admin saw it.
    #[error("What the publication asks for has changed since you saw it. Look at it again, then decide.")]
    AskChanged,
    /// What approvers must agree to has changed.
    #[error(
        "What needs approval has changed since it was requested: the policy or the definition is another now. Look at \
         it again, then decide."
    )]
    ApprovalOutdated,
    /// Another request about the same claim is open.
    #[error("Another request about this claim is still under way. Wait for it, or withdraw it.")]
    RequestInProgress,
    /// The person has as many tokens as they may have.
    #[error("You have {most} tokens, and may have no more. Revoke those that you do not need.")]
    TooManyTokens {
        /// The maximum.
        most: usize,
    },
    /// The database takes no more of it.
    #[error("There is room for no more: {what}.")]
    Full {
        /// What there is already.
        what: String,
    },
    /// Another person's request has this id.
    #[error("This form was already sent. Open a new one to request another.")]
    DuplicateRequest,
    /// The offering sets no end to its claims.
    #[error("It needs no renewing: its offering sets no end to it.")]
    NotRenewable,
    /// The claim as it is does not pass today's checks. Without problems, they are those of its fields.
    #[error("{}", claim_invalid(.problems))]
    ClaimInvalid {
        /// The problems that belong to no field of the form.
        problems: Vec<crate::Problem>,
    },
    /// The control plane is cordoned.
    #[error("It is cordoned already. Reload the page to see by whom.")]
    AlreadyCordoned,
    /// The control plane is not cordoned.
    #[error("It is not cordoned. Reload the page.")]
    NotCordoned,
    /// The control plane is cordoned by its document.
    #[error("Its document says cordoned: true. Take that line out of the configuration.")]
    CordonedByDocument,
    /// Another cluster answers for the control plane, or is on record, than the platform admin saw.
    #[error("Which cluster answers has changed since you saw it. Look at it again, then decide.")]
    ClusterChanged,
    /// No break of the audit log is open.
    #[error("There is no break that waits for anybody. Reload the page.")]
    NothingToAcknowledge,
}

/// Why a use case cannot run now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// A check panicked.
    #[error("Portico failed to check it. Try again; if it keeps failing, tell your platform team.")]
    CheckFailed,
    /// A check took longer than its deadline.
    #[error(
        "Checking it takes too long. Make it smaller, or ask your platform team to look at the rules of its schema."
    )]
    CheckTimeout,
    /// The approval policies do not compile.
    #[error("The approval policies cannot be used: {errors}")]
    PoliciesUnusable {
        /// The errors of their rules.
        errors: String,
    },
    /// The quota's usage is not known.
    #[error("What {tenant} uses of its quota is not known.")]
    QuotaUnknown {
        /// The tenant.
        tenant: TenantName,
    },
    /// The claim has no connection secret that is provably its own.
    #[error("It has no connection secret yet.")]
    SecretNotReady,
    /// The namespace or its service account is not there yet.
    #[error("Portico has not set up the namespace yet. Try again in a minute.")]
    NamespaceNotReady,
    /// Portico does not listen for agents.
    #[error("Portico does not listen for agents here. The platform team can set spec.agents of the Portal.")]
    NoAgentListener,
    /// The control plane is reached through an agent, which people cannot use.
    #[error(
        "{plane} is reached through an agent, whose way is not open to people. The platform team can set publicAddress."
    )]
    ReachedByAgent {
        /// The control plane.
        plane: String,
    },
    /// Where people reach the control plane is not known, or its certificate is not checked.
    #[error(
        "Portico does not check the certificate of {plane}, so it hands out no kubeconfig for it. The platform team can set publicAddress."
    )]
    AddressNotSafe {
        /// The control plane's title.
        plane: String,
    },
}

fn in_a_row(problems: &[TokenProblem]) -> String {
    let sentences: Vec<String> = problems.iter().map(ToString::to_string).collect();
    sentences.join(" ")
}

fn claim_invalid(problems: &[crate::Problem]) -> String {
    if problems.is_empty() {
        return "It does not hold as it is: open its form by Change to see what is wrong with it.".to_owned();
    }
    let sentences: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    sentences.join(" ")
}
