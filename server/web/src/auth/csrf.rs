//! CSRF tokens: proof that a form comes from a page of this session.
//!
//! Each session has one token. Each page shows it under a random mask, so that compression does not leak it (BREACH).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The length of a token in bytes.
const LENGTH: usize = 16;

/// The header that carries the token where there is no form.
pub const HEADER: &str = "x-portico-csrf";

/// Creates a token for a new session.
#[must_use]
pub fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; LENGTH]>())
}

/// Masks the token for one page: a random mask, then the token XOR the mask.
#[must_use]
pub fn masked(token: &str) -> String {
    let Some(token) = decode::<LENGTH>(token) else {
        return String::new();
    };
    let mask: [u8; LENGTH] = rand::random();
    let mut masked_token = [0; LENGTH * 2];
    masked_token[..LENGTH].copy_from_slice(&mask);
    for (index, byte) in token.iter().enumerate() {
        masked_token[LENGTH + index] = byte ^ mask[index];
    }
    URL_SAFE_NO_PAD.encode(masked_token)
}

/// True if `masked_token` is the session's token under any mask. Compares in constant time.
#[must_use]
pub fn matches(token: &str, masked_token: &str) -> bool {
    let (Some(token), Some(masked_token)) = (decode::<LENGTH>(token), decode::<{ LENGTH * 2 }>(masked_token))
    else {
        return false;
    };
    let mut unmasked = [0; LENGTH];
    for (index, byte) in unmasked.iter_mut().enumerate() {
        *byte = masked_token[index] ^ masked_token[LENGTH + index];
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
    fn a_masked_token_matches_and_each_mask_differs() {
        let token = new_token();
        let (one, other) = (masked(&token), masked(&token));
        assert_ne!(one, other);
        assert!(matches(&token, &one) && matches(&token, &other));
    }

    #[test]
    fn no_other_token_matches() {
        let token = new_token();
        assert!(!matches(&token, &masked(&new_token())));
        assert!(!matches(&token, ""));
        assert!(!matches(&token, &token));
        assert!(!matches(&token, "%%%"));
        assert!(!matches("", &masked("")));
    }
}
