/// A way in which ID tokens are wrong, so that a relying party's refusals can be tested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Misbehaviour {
    /// None: they are right.
    #[default]
    None,
    /// Another nonce than was sent.
    WrongNonce,
    /// No nonce at all.
    NoNonce,
    /// For another client.
    WrongAudience,
    /// From another issuer.
    WrongIssuer,
    /// Expired an hour ago.
    Expired,
    /// The signature is of something else.
    BadSignature,
    /// `alg: none`, and no signature.
    Unsigned,
    /// Without the `groups` claim.
    NoGroups,
    /// `groups` is a number.
    GroupsOfAnotherType,
    /// The token endpoint answers 500.
    TokenEndpointFails,
    /// The token endpoint answers with what is not JSON.
    TokenEndpointTalksNonsense,
}
