//! Derives labels from property names: `storageSizeGB` becomes `Storage size GB`.

/// Words in capital letters.
const CAPITALS: [&str; 52] = [
    "acl", "ai", "amqp", "api", "arn", "aws", "az", "ca", "cel", "cidr", "cors", "cpu", "crd", "csv", "dns",
    "gcp", "gpu", "html", "http", "https", "iam", "id", "iops", "ip", "json", "jvm", "kms", "mqtt", "oidc",
    "os", "pki", "pvc", "rbac", "s3", "san", "sni", "sql", "ssh", "ssl", "sso", "tcp", "tls", "ttl", "udp",
    "ui", "uri", "url", "uuid", "vm", "vpc", "xml", "yaml",
];

/// The label for a property name.
pub fn label(name: &str) -> String {
    let mut out = String::new();
    for (index, word) in words(name).iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        let lower = word.to_lowercase();
        let plural = lower.strip_suffix('s').filter(|bare| CAPITALS.contains(bare));
        if CAPITALS.contains(&lower.as_str()) {
            out.push_str(&lower.to_uppercase());
        } else if let Some(bare) = plural {
            out.push_str(&bare.to_uppercase());
            out.push('s');
        } else if index == 0 {
            let mut chars = word.chars();
            out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
            out.push_str(chars.as_str());
        } else if word.chars().skip(1).any(char::is_uppercase) {
            out.push_str(word);
        } else {
            out.push_str(&lower);
        }
    }
    if out.is_empty() { name.to_owned() } else { out }
}

/// The name of one item of a list: `user` for `users`.
pub(super) fn item(label: &str) -> String {
    let mut lower: String = label.to_owned();
    if label.chars().nth(1).is_some_and(char::is_lowercase) {
        let mut chars = label.chars();
        lower = chars
            .next()
            .into_iter()
            .flat_map(char::to_lowercase)
            .chain(chars)
            .collect();
    }
    if let Some(bare) = lower.strip_suffix("ies") {
        return format!("{bare}y");
    }
    for end in ["sses", "xes", "ches", "shes"] {
        if lower.ends_with(end) {
            return lower[..lower.len() - 2].to_owned();
        }
    }
    match lower.strip_suffix('s') {
        Some(bare) if !bare.ends_with('s') && bare.len() > 1 => bare.to_owned(),
        _ => lower,
    }
}

fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (index, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            if matches!(c, '-' | '_' | '.' | '/' | ' ' | ':') {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            } else {
                word.push(*c);
            }
            continue;
        }
        let before = index.checked_sub(1).and_then(|index| chars.get(index));
        let after = chars.get(index + 1);
        let is_number = word.chars().all(char::is_numeric);
        let ends_capitals = before.is_some_and(|before| before.is_uppercase())
            && after.is_some_and(|after| after.is_lowercase() && *after != 's');
        let begins = c.is_uppercase()
            && !is_number
            && (before.is_some_and(|before| before.is_lowercase() || before.is_numeric()) || ends_capitals);
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(*c);
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Truncates a description to what fits beside a field.
pub(super) fn help(description: &str) -> Option<String> {
    const MAX_HELP_BYTES: usize = 320;
    let text = description.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return None;
    }
    if text.chars().count() <= MAX_HELP_BYTES {
        return Some(text);
    }
    let cut: String = text.chars().take(MAX_HELP_BYTES).collect();
    let end = cut
        .rfind(". ")
        .filter(|at| *at > MAX_HELP_BYTES / 3)
        .map(|at| at + 1);
    match end {
        Some(end) => Some(cut[..end].to_owned()),
        None => Some(format!("{}…", &cut[..cut.rfind(' ').unwrap_or(cut.len())])),
    }
}

/// The label of a reference to a secret: `Password secret` for `passwordSecretRef`.
pub(super) fn reference(label: String) -> String {
    let bare = [" ref", " reference", " key ref"]
        .iter()
        .filter_map(|end| label.strip_suffix(end));
    bare.min_by_key(|bare| bare.len())
        .map(str::to_owned)
        .unwrap_or(label)
}

/// The labels of the fields of a secret reference.
pub(super) fn of_secret(name: &str) -> Option<&'static str> {
    Some(match name {
        "name" => "Name of the secret",
        "key" => "Key in it",
        "namespace" => "Namespace of the secret",
        "optional" => "May be missing",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_derived_from_names() {
        for (name, expected) in [
            ("storageSize", "Storage size"),
            ("dnsNames", "DNS names"),
            ("allowedIPs", "Allowed IPs"),
            ("TLSSecret", "TLS secret"),
            ("max-connections", "Max connections"),
            ("instanceID", "Instance ID"),
            ("hugepages-1Gi", "Hugepages 1Gi"),
            ("-Xmx", "Xmx"),
            ("url", "URL"),
            ("ipSans", "IP SANs"),
            ("cors", "CORS"),
        ] {
            assert_eq!(label(name), expected);
        }
        assert_eq!(item("Users"), "user");
        assert_eq!(item("Policies"), "policy");
        assert_eq!(item("DNS names"), "DNS name");
        assert_eq!(item("Addresses"), "address");
        assert_eq!(item("CORS"), "CORS");
    }
}
