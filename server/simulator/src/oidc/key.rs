use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What went wrong with a signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The machine gave no randomness, or the library refused.
    #[error("the signing key could not be made")]
    Generate,
    /// What was kept is no RSA key of 2048 bits or more in PKCS #8.
    #[error("what was kept is not a signing key: {0}")]
    Parse(String),
}

/// The provider's signing key: RS256, which every relying party must understand (OpenID Connect
/// Core, section 15.1).
#[derive(Debug)]
pub struct SigningKey {
    pair: KeyPair,
    id: String,
}

impl SigningKey {
    /// A new one, of 2048 bits. Takes a moment.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        KeyPair::generate(KeySize::Rsa2048)
            .map(Self::new)
            .map_err(|_| KeyError::Generate)
    }

    /// The one that [`SigningKey::to_pkcs8`] gave.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        KeyPair::from_pkcs8(der)
            .map(Self::new)
            .map_err(|error| KeyError::Parse(error.to_string()))
    }

    /// The key, to be kept: tokens stay valid over a restart.
    ///
    /// # Errors
    /// When the library refuses to encode it.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, KeyError> {
        self.pair
            .as_der()
            .map(|der| der.as_ref().to_vec())
            .map_err(|_| KeyError::Generate)
    }

    fn new(pair: KeyPair) -> Self {
        let thumbprint = Sha256::digest(pair.public_key().as_ref());
        let id = URL_SAFE_NO_PAD.encode(&thumbprint[..12]);
        Self { pair, id }
    }

    /// The public half, as a JSON Web Key (RFC 7517).
    pub(super) fn public(&self) -> Value {
        let public = self.pair.public_key();
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.id,
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        })
    }

    /// `claims` as a signed JSON Web Token.
    ///
    /// # Errors
    /// When the library refuses to sign.
    pub fn sign(&self, claims: &Value) -> Result<String, KeyError> {
        self.sign_under(&self.header(), claims)
    }

    /// What the header of a right token says.
    pub(super) fn header(&self) -> Value {
        json!({ "alg": "RS256", "typ": "JWT", "kid": self.id })
    }

    /// `claims` under any header, signed by RS256 whatever that says.
    pub(super) fn sign_under(&self, header: &Value, claims: &Value) -> Result<String, KeyError> {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
            .map_err(|_| KeyError::Generate)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// `claims` under any header, with an HMAC by SHA-256.
    pub(super) fn sign_with_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        let signature = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// `claims` as a token that says of itself that nobody signed it.
    pub(super) fn leave_unsigned(claims: &Value) -> String {
        format!(
            "{}.{}.",
            encoded(&json!({ "alg": "none", "typ": "JWT" })),
            encoded(claims)
        )
    }

    /// The claims of a token that this key signed; `None` for any other.
    pub(super) fn open(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key().as_ref())
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
