//! Parses URL paths.

/// The target of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::kube) enum Target {
    /// `/healthz` and its like.
    Health,
    /// `/version`.
    Version,
    /// `/api`.
    CoreVersions,
    /// `/apis`.
    Groups,
    /// `/apis/<group>`.
    Group(String),
    /// `/api/v1`, `/apis/<group>/<version>`.
    Resources(String, String),
    /// `/openapi/v2`.
    OpenApiV2,
    /// `/openapi/v3` and the paths below it.
    OpenApiV3(String),
    /// Objects.
    Objects(Objects),
    /// An unknown path.
    Unknown,
}

/// The objects that a path names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::kube) struct Objects {
    pub(in crate::kube) group: String,
    pub(in crate::kube) version: String,
    pub(in crate::kube) plural: String,
    /// Empty for all namespaces and for cluster-scoped kinds.
    pub(in crate::kube) namespace: String,
    /// Empty for a collection.
    pub(in crate::kube) name: String,
    pub(in crate::kube) subresource: String,
}

impl Target {
    /// Parses a path.
    pub(in crate::kube) fn parse(path: &str) -> Self {
        let parts: Option<Vec<String>> = path.trim_matches('/').split('/').map(decode).collect();
        let Some(parts) = parts else { return Self::Unknown };
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["healthz" | "livez" | "readyz", ..] => Self::Health,
            ["version"] => Self::Version,
            ["api"] => Self::CoreVersions,
            ["apis"] => Self::Groups,
            ["apis", group] => Self::Group((*group).into()),
            ["api", version] => Self::Resources(String::new(), (*version).into()),
            ["apis", group, version] => Self::Resources((*group).into(), (*version).into()),
            ["openapi", "v2"] => Self::OpenApiV2,
            ["openapi", "v3", rest @ ..] => Self::OpenApiV3(rest.join("/")),
            ["api", version, rest @ ..] => objects("", version, rest),
            ["apis", group, version, rest @ ..] => objects(group, version, rest),
            _ => Self::Unknown,
        }
    }
}

fn objects(group: &str, version: &str, rest: &[&str]) -> Target {
    let base = Objects {
        group: group.into(),
        version: version.into(),
        ..Objects::default()
    };
    let found = match rest {
        // `/namespaces/x/status` is a subresource, `/namespaces/x/secrets` a collection in the namespace.
        ["namespaces", name, subresource @ ("status" | "finalize")] => Objects {
            plural: "namespaces".into(),
            namespace: (*name).into(),
            name: (*name).into(),
            subresource: (*subresource).into(),
            ..base
        },
        ["namespaces", name] => Objects {
            plural: "namespaces".into(),
            name: (*name).into(),
            namespace: (*name).into(),
            ..base
        },
        ["namespaces", namespace, plural, rest @ ..] if rest.len() <= 2 => Objects {
            plural: (*plural).into(),
            namespace: (*namespace).into(),
            name: rest.first().copied().unwrap_or_default().into(),
            subresource: rest.get(1).copied().unwrap_or_default().into(),
            ..base
        },
        [plural, rest @ ..] if rest.len() <= 2 => Objects {
            plural: (*plural).into(),
            name: rest.first().copied().unwrap_or_default().into(),
            subresource: rest.get(1).copied().unwrap_or_default().into(),
            ..base
        },
        _ => return Target::Unknown,
    };
    Target::Objects(found)
}

/// Percent-decodes; `None` when the result is not UTF-8 or contains `/` or NUL.
pub(in crate::kube) fn decode(part: &str) -> Option<String> {
    if !part.contains('%') {
        return Some(part.to_owned());
    }
    let bytes = part.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] == b'%' {
            let hex = part.get(i + 1..i + 3)?;
            decoded.push(u8::from_str_radix(hex, 16).ok()?);
            i += 3;
        } else {
            decoded.push(bytes[i]);
            i += 1;
        }
    }
    String::from_utf8(decoded)
        .ok()
        .filter(|text| !text.contains('/') && !text.contains('\0'))
}
