use super::claims::InvalidClaim;
use super::provider::ProviderError;

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The provider cannot be used.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The callback belongs to no sign-in of this browser.
    #[error("this sign-in was begun in another browser, or too long ago")]
    Unknown,
    /// Another provider answered than the one asked (RFC 9207).
    #[error("another sign-in service answered than was asked")]
    MixedUp,
    /// The provider refused.
    #[error("the sign-in service refused: {message}")]
    Refused {
        /// The provider's message.
        message: String,
        /// The setting of Portico to check, if known.
        hint: Option<String>,
    },
    /// The provider's response is invalid.
    #[error("what the sign-in service sent does not hold: {0}")]
    Invalid(#[from] InvalidClaim),
    /// The session could not be stored.
    #[error("the session could not be stored")]
    Session(#[from] tower_sessions::session::Error),
}
