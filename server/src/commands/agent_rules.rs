//! The rules of an agent's document that let through what Portico needs.

use std::collections::{BTreeMap, BTreeSet};

use portico_planes::RequiredRight;
use serde_json::{Value, json};

/// Verbs of RBAC that are no calls: what they allow is part of a call with another verb.
const NO_CALLS: [&str; 3] = ["impersonate", "bind", "escalate"];

/// `impersonate` and `allow` of the document. Rights on single objects become rights on their kind: rules of agents name
/// no objects.
pub(super) fn agent_rules(rights: &[RequiredRight]) -> Value {
    let mut rules: BTreeMap<(&str, &str, BTreeSet<&str>), BTreeSet<&str>> = BTreeMap::new();
    for right in rights.iter().filter(|right| !NO_CALLS.contains(&right.verb)) {
        let namespaces = right.namespaces.iter().flatten().map(String::as_str).collect();
        let key = (right.group.as_str(), right.resource.as_str(), namespaces);
        rules.entry(key).or_default().insert(right.verb);
    }
    let allow: Vec<Value> = rules
        .into_iter()
        .map(|((group, resource, namespaces), verbs)| {
            let mut rule = json!({ "apiGroups": [group], "resources": [resource], "verbs": verbs });
            if !namespaces.is_empty() {
                rule["namespaces"] = json!(namespaces);
            }
            rule
        })
        .collect();
    let impersonate = rights.iter().any(|right| right.verb == "impersonate");
    json!({ "impersonate": impersonate, "allow": allow })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_become_rules_and_impersonation_a_switch() {
        let right = |verb, group: &str, resource: &str, namespaces: &[&str]| RequiredRight {
            verb,
            group: group.to_owned(),
            resource: resource.to_owned(),
            name: None,
            namespaces: (!namespaces.is_empty())
                .then(|| namespaces.iter().map(|name| (*name).to_owned()).collect()),
        };
        let rights = [
            right("list", "example.org", "databases", &["a", "b"]),
            right("get", "example.org", "databases", &["a", "b"]),
            right("impersonate", "", "users", &[]),
            right("bind", "rbac.authorization.k8s.io", "clusterroles", &[]),
        ];
        let expected = json!({
            "impersonate": true,
            "allow": [{
                "apiGroups": ["example.org"], "resources": ["databases"], "verbs": ["get", "list"], "namespaces": ["a", "b"],
            }],
        });
        assert_eq!(agent_rules(&rights), expected);
        assert_eq!(agent_rules(&rights[..1])["impersonate"], false);
    }
}
