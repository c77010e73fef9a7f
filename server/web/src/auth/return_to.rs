//! Where to go after sign-in: only within the portal.

use std::fmt;

/// A path of the portal with its query, valid in a `Location` header. Anything else becomes `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

/// Maximum length in bytes.
const MAX_BYTES: usize = 2_000;

impl ReturnTo {
    /// Parses a path. Returns `/` for anything that leads elsewhere: browsers read `//host`, `/\host` and tabs or
    /// line breaks between the slashes as another site.
    #[must_use]
    pub fn parse(given: &str) -> Self {
        let inside = given.starts_with('/')
            && !given.starts_with("//")
            && given.len() <= MAX_BYTES
            && given.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            // Returning there would loop, or sign out at once.
            && !["/auth/", "/sign-in"].iter().any(|prefix| given.starts_with(prefix));
        if inside {
            Self(given.to_owned())
        } else {
            Self::home()
        }
    }

    /// Returns `/`.
    #[must_use]
    pub fn home() -> Self {
        Self("/".to_owned())
    }

    /// Returns the path and query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns it percent-encoded for a query.
    #[must_use]
    pub fn encoded(&self) -> String {
        url::form_urlencoded::byte_serialize(self.0.as_bytes()).collect()
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ReturnTo;

    #[test]
    fn a_path_of_the_portal_is_kept() {
        for path in [
            "/",
            "/catalog?q=a%20b&page=2",
            "/claims/eu/x.y/ns/name",
            "/requests/1#top",
            "/a//b",
        ] {
            assert_eq!(ReturnTo::parse(path).as_str(), path);
        }
    }

    #[test]
    fn anything_that_leads_elsewhere_becomes_home() {
        let long = format!("/{}", "x".repeat(3_000));
        for path in [
            "",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\u{1}//evil.example",
            "javascript:alert(1)",
            "catalog",
            "/caf\u{e9}",
            "/a\r\nSet-Cookie: x=y",
            "/auth/logout",
            "/sign-in?return=/",
            &long,
        ] {
            assert_eq!(ReturnTo::parse(path), ReturnTo::home(), "{path:?}");
        }
    }
}
