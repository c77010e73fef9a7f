//! The token that shows that a form was filled in on a page of ours.
//!
//! It belongs to the session, and each page shows it under another mask, so that a compressed page
//! does not let anybody guess it bit by bit (BREACH).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The bytes of a token.
const LENGTH: usize = 16;

/// The name of the header that carries it where there is no form.
pub const HEADER: &str = "x-portico-csrf";

/// A new token for a new session.
#[must_use]
pub fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; LENGTH]>())
}

/// The token as one page shows it: a random mask, and the token under that mask.
#[must_use]
pub fn masked(token: &str) -> String {
    let Some(token) = decode::<LENGTH>(token) else {
        return String::new();
    };
    let mask: [u8; LENGTH] = rand::random();
    let mut shown = [0; LENGTH * 2];
    shown[..LENGTH].copy_from_slice(&mask);
    for (index, byte) in token.iter().enumerate() {
        shown[LENGTH + index] = byte ^ mask[index];
    }
    URL_SAFE_NO_PAD.encode(shown)
}

/// Whether what came with a form is the session's token, in a time that tells nothing.
#[must_use]
pub fn matches(token: &str, shown: &str) -> bool {
    let (Some(token), Some(shown)) = (decode::<LENGTH>(token), decode::<{ LENGTH * 2 }>(shown)) else {
        return false;
    };
    let mut unmasked = [0; LENGTH];
    for (index, byte) in unmasked.iter_mut().enumerate() {
        *byte = shown[index] ^ shown[LENGTH + index];
    }
    verify_slices_are_equal(&token, &unmasked).is_ok()
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{masked, matches, new_token};

    #[test]
    fn a_shown_token_is_recognized_and_never_shown_twice_alike() {
        let token = new_token();
        let (one, other) = (masked(&token), masked(&token));
        assert_ne!(one, other);
        assert!(matches(&token, &one) && matches(&token, &other));
    }

    #[test]
    fn no_other_token_is_recognized() {
        let token = new_token();
        assert!(!matches(&token, &masked(&new_token())));
        assert!(!matches(&token, ""));
        assert!(!matches(&token, &token));
        assert!(!matches(&token, "%%%"));
        assert!(!matches("", &masked("")));
    }
}
