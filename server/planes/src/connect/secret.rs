//! A token or password.

use http::HeaderValue;

/// A credential as a header value. `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Secret {
    /// The token or pair, without the scheme.
    pub(super) text: String,
    /// The value of `Authorization`.
    pub(super) header: HeaderValue,
}

impl Secret {
    /// Creates a credential; `None` if it is not a valid header value.
    pub(super) fn new(scheme: &str, text: &str) -> Option<Self> {
        let mut header = HeaderValue::from_str(&format!("{scheme} {text}")).ok()?;
        header.set_sensitive(true);
        Some(Self {
            text: text.to_owned(),
            header,
        })
    }

    /// Creates a bearer token, without surrounding white space; `None` if it is not a token.
    pub(super) fn bearer(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && !text.contains(' ')).then(|| Self::new("Bearer", text))?
    }
}
