//! The query string of a list, which holds the whole filter.

/// A path with query parameters, without empty ones.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    path: &'static str,
    pairs: Vec<(&'static str, String)>,
}

impl Query {
    pub(crate) fn new(path: &'static str) -> Self {
        Self {
            path,
            pairs: Vec::new(),
        }
    }

    /// The same parameters for another path.
    pub(crate) fn at(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// Sets `key`. An empty value removes it.
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.pairs.retain(|(other, _)| *other != key);
        if !value.is_empty() {
            self.pairs.push((key, value));
        }
        self
    }

    /// Removes `key`.
    pub(crate) fn without(self, key: &'static str) -> Self {
        self.with(key, "")
    }

    /// The parameters other than `keys`, for the hidden inputs of a form that sets `keys` itself.
    pub(crate) fn besides(&self, keys: &[&str]) -> Vec<(&'static str, String)> {
        self.pairs
            .iter()
            .filter(|(key, _)| !keys.contains(key))
            .cloned()
            .collect()
    }

    /// The URL.
    pub(crate) fn href(&self) -> String {
        let mut href = String::from(self.path);
        for (index, (key, value)) in self.pairs.iter().enumerate() {
            href.push(if index == 0 { '?' } else { '&' });
            href.push_str(key);
            href.push('=');
            push_encoded(&mut href, value);
        }
        href
    }
}

fn push_encoded(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_kept_and_escaped() {
        let query = Query::new("/claims")
            .with("q", "a b&c=ü")
            .with("plane", "eu")
            .with("plane", "");
        assert_eq!(query.href(), "/claims?q=a+b%26c%3D%C3%BC");
        assert_eq!(query.with("page", "2").without("q").href(), "/claims?page=2");
    }
}
