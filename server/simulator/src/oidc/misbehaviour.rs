use serde_json::{Map, Value, json};

use super::key::{KeyError, SigningKey};

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

/// What a hostile or an odd provider says instead of what it should, so that a relying party can be tested with any
/// trick and with the shapes of any real provider. Members replace those of the same name; `null` in them stays `null`.
#[derive(Debug, Clone, Default)]
pub struct Forgery {
    /// Members of the discovery document.
    pub discovery: Map<String, Value>,
    /// Members of the answer of the token endpoint.
    pub answer: Map<String, Value>,
    /// Members of the ID token's header.
    pub header: Map<String, Value>,
    /// Claims of the ID token.
    pub claims: Map<String, Value>,
    /// Claims that the ID token goes without.
    pub without: Vec<String>,
    /// Claims of userinfo.
    pub userinfo: Map<String, Value>,
    /// Whether userinfo is signed.
    pub signed_userinfo: bool,
    /// What ID tokens are signed with.
    pub signing: Signing,
    /// Who it says that it is when it answers to the browser (RFC 9207).
    pub answers_as: AnswersAs,
}

/// What ID tokens are signed with.
#[derive(Debug, Clone, Default)]
pub enum Signing {
    /// The provider's own key.
    #[default]
    Own,
    /// A key that it does not publish.
    Foreign(std::sync::Arc<SigningKey>),
    /// A secret, by HMAC.
    Secret(Vec<u8>),
    /// Its own public key taken for a secret, by HMAC: the modulus as it stands in its key set.
    PublicKeyAsSecret,
    /// Nothing.
    Nothing,
}

/// Who a provider says that it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AnswersAs {
    /// Itself.
    #[default]
    Itself,
    /// It does not say.
    Nobody,
    /// Another.
    Another(String),
}

impl Forgery {
    /// One of claims alone.
    #[must_use]
    pub fn of_claims(claims: &Value) -> Self {
        Self {
            claims: members(claims),
            ..Self::default()
        }
    }

    /// An ID token with these claims, but for what is forged.
    pub(super) fn token(&self, key: &SigningKey, claims: &Map<String, Value>) -> Result<String, KeyError> {
        let mut claims = claims.clone();
        for name in &self.without {
            claims.shift_remove(name);
        }
        claims.extend(self.claims.clone());
        let claims = Value::Object(claims);
        let mut header = members(&key.header());
        match &self.signing {
            Signing::Own | Signing::Foreign(_) => {}
            Signing::Secret(_) | Signing::PublicKeyAsSecret => {
                header.insert("alg".into(), json!("HS256"));
            }
            Signing::Nothing => {
                header.insert("alg".into(), json!("none"));
            }
        }
        header.extend(self.header.clone());
        let header = Value::Object(header);
        Ok(match &self.signing {
            Signing::Own => key.sign_under(&header, &claims)?,
            Signing::Foreign(other) => other.sign_under(&header, &claims)?,
            Signing::Secret(secret) => SigningKey::sign_with_secret(&header, &claims, secret),
            Signing::PublicKeyAsSecret => {
                let public = key.public()["n"].as_str().unwrap_or_default().to_owned();
                SigningKey::sign_with_secret(&header, &claims, public.as_bytes())
            }
            Signing::Nothing => {
                let signed = key.sign_under(&header, &claims)?;
                let unsigned = signed.rsplit_once('.').map_or("", |(unsigned, _)| unsigned);
                format!("{unsigned}.")
            }
        })
    }
}

/// The members of a JSON object; none of what is no object.
pub(super) fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
