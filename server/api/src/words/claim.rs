use jiff::Timestamp;
use portico_domain::documents::{Access, SecretSource};

use crate::time::relative;
use crate::{PlaneState, ReceivedItem};

/// The title of the snippet that is a file of environment variables.
pub const ENVIRONMENT_FILE: &str = "Environment file";

/// The title of the snippets for Kubernetes.
pub const KUBERNETES: &str = "Kubernetes";

/// The purpose of the snippet with environment variables of a container.
pub const KUBERNETES_VARIABLES: &str =
    "For a container in the namespace of the claim: variables that read the Secret.";

/// The purpose of the snippet with the secret as a manifest.
pub const KUBERNETES_SECRET: &str =
    "For a program elsewhere: the Secret as a manifest. Copying includes the secret values.";

/// What the state of a control plane that is a claim means for its tenant, as a sentence.
#[must_use]
pub fn claimed_plane(state: PlaneState, leaving: bool) -> String {
    let text = match (state, leaving) {
        (PlaneState::Ready, false) => "It has joined Portico: claims can be requested on it.",
        (PlaneState::Ready, true) => "It takes no new claims.",
        (PlaneState::Connecting, _) => "Portico is connecting to it.",
        (PlaneState::Unreachable, _) => "It does not answer Portico. Claims on it are shown as they were.",
        (PlaneState::Misconfigured, _) => {
            "Portico cannot use its kubeconfig. A platform administrator can see why."
        }
    };
    text.to_owned()
}

/// Why a claim is no longer there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GoneReason {
    /// It was deleted through the portal.
    #[error("Deleted {} by {by}.", relative(*now, *at))]
    Deleted {
        /// The current time.
        now: Timestamp,
        /// When.
        at: Timestamp,
        /// The requester's name.
        by: String,
    },
    /// The tenant may no longer use its control plane.
    #[error("{plane} is no longer one that your team may use.")]
    PlaneNotUsable {
        /// The control plane's title.
        plane: String,
    },
    /// Its control plane no longer serves the kind.
    #[error("{plane} no longer serves its kind: the definition was deleted there, and what there was of it.")]
    NotServed {
        /// The control plane's title.
        plane: String,
    },
    /// Somebody deleted it on the control plane.
    #[error("It is no longer on {plane}: it was deleted there by other hands than Portico's.")]
    DeletedElsewhere {
        /// The control plane's title.
        plane: String,
    },
}

/// The status of a claim that its control plane does not show yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComingReason {
    /// It is being applied.
    #[error("It is being applied to the control plane.")]
    BeingApplied,
    /// It was applied.
    #[error("The control plane has it, and begins.")]
    Applied,
    /// It could not be applied.
    #[error("{}", format!("It was not made. {why}").trim_end())]
    NotMade {
        /// Why, as a sentence; may be empty.
        why: String,
    },
}

/// Why the composed resources of a claim are missing, old or incomplete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeProblem {
    /// The control plane does not answer.
    #[error("Its control plane does not answer.")]
    Unreachable,
    /// The control plane could not be asked.
    #[error("{error}.")]
    NotAsked {
        /// The error, without a full stop.
        error: String,
    },
    /// The control plane takes longer than the page waits.
    #[error("Its control plane takes long to answer; look again in a moment.")]
    Slow,
    /// The control plane refused.
    #[error("{error}")]
    Refused {
        /// The error.
        error: String,
    },
    /// What is shown was read before.
    #[error("{why} This is what was seen {}.", relative(*now, *read_at))]
    Old {
        /// Why there is nothing newer.
        why: Box<TreeProblem>,
        /// The current time.
        now: Timestamp,
        /// When it was read.
        read_at: Timestamp,
    },
    /// There are more resources than are shown.
    #[error("There is more than is shown.")]
    Truncated,
}

/// Why there is nothing to connect with yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionWait {
    /// The secret is not provably the claim's own. Only platform admins are told.
    #[error("Nobody is shown its keys: {error}.")]
    NotProven {
        /// What the proof lacks.
        error: String,
    },
    /// The secret does not exist, as far as the person may know.
    #[error("Its secret {secret} is not there yet.")]
    NotThere {
        /// The secret's name.
        secret: String,
    },
    /// It is a claim of another tenant's service, which may not hand out connection secrets.
    #[error("Your platform team does not let {publisher} hand out connection secrets of its service.")]
    NotHandedOut {
        /// The publisher's title.
        publisher: String,
    },
    /// The control plane did not do as asked.
    #[error("{error}")]
    Plane {
        /// The error.
        error: String,
    },
    /// The control plane takes longer than the page waits.
    #[error("Its control plane takes long to answer; look again in a moment.")]
    Slow,
    /// The claim is ready and names no secret.
    #[error("It is ready, and names no secret.")]
    NoSecret,
    /// The claim is not ready.
    #[error("There is nothing to connect to before it is ready.")]
    NotReady,
}

impl ReceivedItem {
    /// What a claim provides by these documents: endpoints first, then the keys of its secret.
    #[must_use]
    pub fn all_of(access: &Access) -> Vec<Self> {
        let secret = access.secret.as_ref().map(|source| match source {
            SecretSource::Name(name) => format!("in the secret {name}"),
            SecretSource::Path(path) => format!("in the secret that {path} names"),
        });
        let keys = access.keys.iter().map(|(meaning, key)| Self {
            title: meaning.clone(),
            source: match &secret {
                Some(secret) => format!("key {key} {secret}"),
                None => format!("key {key} of the connection secret"),
            },
        });
        let endpoints = access.endpoints.iter().map(|endpoint| Self {
            title: endpoint.title.clone(),
            source: endpoint.path.clone(),
        });
        endpoints.chain(keys).collect()
    }
}

/// A step in the creation of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProgressTitle<'a> {
    /// Somebody requested it.
    #[error("Requested")]
    Requested,
    /// Who had to approve has approved.
    #[error("Approved")]
    Approved,
    /// It is on its control plane.
    #[error("Applied to {plane}")]
    Applied {
        /// The control plane's title.
        plane: &'a str,
    },
    /// What it is composed of works.
    #[error("{ready} of {all} parts ready")]
    Parts {
        /// The number of parts that are ready.
        ready: usize,
        /// The number of parts that there are so far.
        all: usize,
    },
    /// It can be used.
    #[error("Ready")]
    Ready,
}
