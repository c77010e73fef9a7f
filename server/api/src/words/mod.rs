//! The sentences that people read. Use cases name typed reasons with their parameters; only this module puts them into
//! words, so that they can be reworded in one place.
//!
//! What is data stays data: messages of control planes, of schemas, and of the policies' rules. The words of the codes
//! that the database stores are beside them, in [`portico_domain::reason`].

mod admin;
mod claim;
mod definition;
mod denial;
mod draft;
mod kubeconfig;
mod lifecycle;
mod placement;
mod price;
mod publication;
mod quota;
mod record;
mod refusal;
mod request;
mod several;

pub use admin::{
    GROUP_NOT_KNOWN, export_interrupted, health_rule_too_long, home_not_read, plane_kind_title, repeated,
    role_title,
};
pub use claim::{
    ComingReason, ConnectionWait, ENVIRONMENT_FILE, GoneReason, KUBERNETES, KUBERNETES_SECRET,
    KUBERNETES_VARIABLES, ProgressTitle, TreeProblem, claimed_plane,
};
pub use definition::{TrialProblem, document_error};
pub use denial::Denial;
pub use draft::{
    Consequence, DocumentProblem, DraftNote, DraftProblem, DryRunVerdict, NameProblem, forbidden_field,
    takes_back,
};
pub use kubeconfig::{about_kubeconfigs, install_kubelogin, own_rights};
pub use lifecycle::{day, lifecycle_text};
pub use placement::{comparison, exclusion, placement_reason};
pub use price::{PriceWords, grouped, money, money_in};
pub use publication::{
    another_approver, approvers_of, closed_in_words, not_in_namespaces, not_ready_for_publisher,
    permission_consequences, permission_state, permission_title, publication_not_in_force, somebody_of,
};
pub use quota::over_quota;
pub use record::event_sentence;
pub use refusal::{
    BUSY, Conflict, DATABASE_FAILED, InputError, NOT_FOUND, NotSynced, REASON_REQUIRED, TokenProblem,
    Unavailable,
};

pub use several::{SeveralFollows, SeveralRefusal, sent_state, type_the_number};

pub use request::{Baseline, CannotApply, RequestSentence, Step, request_status, track_record};

/// The text as a sentence: with a capital letter and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
