use serde_json::{Map, Value, json};

use super::key::{KeyError, SigningKey};

/// A defect of ID tokens or of the token endpoint, to test how a relying party refuses it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Misbehaviour {
    /// No defect.
    #[default]
    None,
    /// A wrong nonce.
    WrongNonce,
    /// No nonce.
    NoNonce,
    /// The audience is another client.
    WrongAudience,
    /// The issuer is another one.
    WrongIssuer,
    /// Expired an hour ago.
    Expired,
    /// The signature is of other content.
    BadSignature,
    /// `alg: none`, without a signature.
    Unsigned,
    /// No `groups` claim.
    NoGroups,
    /// `groups` is a number.
    GroupsOfAnotherType,
    /// The token endpoint answers 500.
    TokenEndpointFails,
    /// The token endpoint answers with a body that is not JSON.
    TokenEndpointTalksNonsense,
}

/// Overrides of what the provider answers, to test a relying party with attacks and with the quirks of real
/// providers. Members replace those of the same name; `null` stays `null`.
#[derive(Debug, Clone, Default)]
pub struct Forgery {
    /// Members of the discovery document.
    pub discovery: Map<String, Value>,
    /// Members of the token response.
    pub answer: Map<String, Value>,
    /// Members of the ID token's header.
    pub header: Map<String, Value>,
    /// Claims of the ID token.
    pub claims: Map<String, Value>,
    /// Claims to leave out of the ID token.
    pub without: Vec<String>,
    /// Claims of userinfo.
    pub userinfo: Map<String, Value>,
    /// Whether userinfo is signed.
    pub signed_userinfo: bool,
    /// How ID tokens are signed.
    pub signing: Signing,
    /// The `iss` of the authorization response (RFC 9207).
    pub answers_as: AnswersAs,
}

/// How ID tokens are signed.
#[derive(Debug, Clone, Default)]
pub enum Signing {
    /// With the provider's key.
    #[default]
    Own,
    /// With a key that it does not publish.
    Foreign(std::sync::Arc<SigningKey>),
    /// With HMAC and this secret.
    Secret(Vec<u8>),
    /// With HMAC and the provider's public key as the secret: the modulus as in its JWKS.
    PublicKeyAsSecret,
    /// Not at all.
    Nothing,
}

/// The issuer that a provider claims to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AnswersAs {
    /// The real one.
    #[default]
    Itself,
    /// None.
    Nobody,
    /// Another one.
    Another(String),
}

impl Forgery {
    /// A forgery that only overrides claims of the ID token.
    #[must_use]
    pub fn of_claims(claims: &Value) -> Self {
        Self {
            claims: members(claims),
            ..Self::default()
        }
    }

    /// The ID token with these claims after the overrides.
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

/// The members of a JSON object; none for other values.
pub(super) fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
