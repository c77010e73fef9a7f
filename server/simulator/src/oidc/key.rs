use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An error of a signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No randomness, or the library failed.
    #[error("the signing key could not be made")]
    Generate,
    /// The stored key is not an RSA key of at least 2048 bits in PKCS #8.
    #[error("what was kept is not a signing key: {0}")]
    Parse(String),
}

/// The provider's signing key: RS256, which every relying party must support (OpenID Connect Core, section
/// 15.1).
#[derive(Debug)]
pub struct SigningKey {
    pair: KeyPair,
    id: String,
}

impl SigningKey {
    /// Generates a key of 2048 bits. Slow in unoptimized builds.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        KeyPair::generate(KeySize::Rsa2048)
            .map(Self::new)
            .map_err(|_| KeyError::Generate)
    }

    /// Decodes a key that [`SigningKey::to_pkcs8`] encoded.
    ///
    /// # Errors
    /// When the bytes are not such a key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        KeyPair::from_pkcs8(der)
            .map(Self::new)
            .map_err(|error| KeyError::Parse(error.to_string()))
    }

    /// Encodes the key, to store it: tokens stay valid after a restart.
    ///
    /// # Errors
    /// When the library fails to encode it.
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

    /// The public key as a JSON Web Key (RFC 7517).
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

    /// Signs `claims` as a JSON Web Token.
    ///
    /// # Errors
    /// When the library fails to sign.
    pub fn sign(&self, claims: &Value) -> Result<String, KeyError> {
        self.sign_under(&self.header(), claims)
    }

    /// The header of a correct token.
    pub(super) fn header(&self) -> Value {
        json!({ "alg": "RS256", "typ": "JWT", "kid": self.id })
    }

    /// Signs `claims` with RS256 under any header.
    pub(super) fn sign_under(&self, header: &Value, claims: &Value) -> Result<String, KeyError> {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
            .map_err(|_| KeyError::Generate)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Signs `claims` with HMAC-SHA-256 under any header.
    pub(super) fn sign_with_secret(header: &Value, claims: &Value, secret: &[u8]) -> String {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        let signature = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Encodes `claims` as an unsigned token (`alg: none`).
    pub(super) fn leave_unsigned(claims: &Value) -> String {
        format!(
            "{}.{}.",
            encoded(&json!({ "alg": "none", "typ": "JWT" })),
            encoded(claims)
        )
    }

    /// The claims of a token that this key signed; `None` for any other token.
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
