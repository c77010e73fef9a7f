//! The sentences that people read. Use cases name typed reasons with their parameters; only this module puts them into
//! words, so that they can be reworded in one place.
//!
//! What is data stays data: messages of control planes, of schemas, and of the policies' rules. The words of the codes
//! that the database stores are beside them, in [`portico_domain::reason`].

mod denial;
mod refusal;

pub use denial::Denial;
pub use refusal::{
    BUSY, Conflict, DATABASE_FAILED, InputError, NOT_FOUND, NotSynced, REASON_REQUIRED, TokenProblem,
    Unavailable,
};

/// The text as a sentence: with a capital letter and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
