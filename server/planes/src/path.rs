//! Paths of resources in the Kubernetes API.

use portico_domain::documents::ResourceRef;

/// The path of a collection or of one object in it.
pub(crate) fn resource_path(resource: &ResourceRef, namespace: Option<&str>, name: Option<&str>) -> String {
    let mut path = if resource.group.is_empty() {
        format!("/api/{}", escape_segment(&resource.version))
    } else {
        format!(
            "/apis/{}/{}",
            escape_segment(&resource.group),
            escape_segment(&resource.version)
        )
    };
    if let Some(namespace) = namespace.filter(|_| resource.namespaced) {
        path.push_str("/namespaces/");
        path.push_str(&escape_segment(namespace));
    }
    path.push('/');
    path.push_str(&escape_segment(&resource.plural));
    if let Some(name) = name {
        path.push('/');
        path.push_str(&escape_segment(name));
    }
    path
}

/// Escapes a text as one path segment or query value.
pub(crate) fn escape_segment(text: &str) -> String {
    use std::fmt::Write as _;
    if matches!(text, "" | "." | "..") {
        return "%00".to_owned();
    }
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                out.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_within_its_path_segment() {
        let secrets = ResourceRef {
            group: String::new(),
            version: "v1".into(),
            kind: "Secret".into(),
            plural: "secrets".into(),
            namespaced: true,
        };
        let path = resource_path(
            &secrets,
            Some("payments"),
            Some("../../kube-system/secrets/root?x=1"),
        );
        assert_eq!(
            path,
            "/api/v1/namespaces/payments/secrets/..%2F..%2Fkube-system%2Fsecrets%2Froot%3Fx%3D1"
        );
        assert_eq!(
            resource_path(&secrets, Some(".."), Some("x")),
            "/api/v1/namespaces/%00/secrets/x"
        );
    }
}
