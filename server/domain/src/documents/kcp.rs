//! What documents say of kcp: workspaces, exports, and the permissions that exports are given.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The workspace of kcp that a control plane is, and where its kinds come from.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Kcp {
    /// The workspace's path: `root:tenants:payments`. It takes the place of the one in the kubeconfig's address
    /// (`https://kcp.example.com/clusters/root`). Without it: the one in that address.
    pub workspace: Option<String>,
    /// The exports that are bound in the workspace and whose kinds it offers, and no others. Portico watches each of them
    /// once for all workspaces that name it. Empty: it offers the kinds of all its bindings and definitions, and is watched
    /// on its own.
    pub exports: Vec<ExportReference>,
}

/// An `APIExport` of kcp.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportReference {
    /// The workspace that has it: `root:platform`.
    pub path: String,
    /// Its name.
    pub name: String,
}

/// An `APIExport` of kcp that Portico binds into workspaces.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedExport {
    /// The workspace that has it: `root:platform`.
    pub path: String,
    /// Its name. The binding has the same.
    pub name: String,
    /// The permission claims of the export that are accepted. All others are rejected, and shown on the control plane's
    /// page until they are named here.
    #[serde(default)]
    pub accept: Vec<AcceptedClaim>,
}

/// What the owner of an export may do with other objects in the workspaces that bind it.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptedClaim {
    /// The API group. Without it: the core group.
    #[serde(default)]
    pub group: String,
    /// The plural name: `secrets`.
    pub resource: String,
    /// The verbs, or `*` for all.
    pub verbs: Vec<String>,
    /// For a resource of another export: that export's `status.identityHash`.
    #[serde(default)]
    pub identity_hash: Option<String>,
}

impl ExportReference {
    /// Returns `root:platform:databases`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}:{}", self.path, self.name)
    }
}

impl PublishedExport {
    /// Returns the reference to it.
    #[must_use]
    pub fn reference(&self) -> ExportReference {
        ExportReference {
            path: self.path.clone(),
            name: self.name.clone(),
        }
    }
}

/// True if the text is the path of a workspace, as kcp's API has them: names of lower-case letters, digits and `-` with
/// `:` between them. The name of a logical cluster is one, too.
#[must_use]
pub fn is_workspace_path(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.split(':').all(|name| {
        !name.is_empty() && name.bytes().all(is_inner) && !name.starts_with('-') && !name.ends_with('-')
    })
}

/// A permission that an export asks for in the workspaces that bind it, and what a document accepts of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExportPermission {
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural name.
    pub resource: String,
    /// The identity of the export whose resource it is; empty for those that kcp has itself.
    pub identity_hash: String,
    /// The verbs that are accepted; empty if none is.
    pub accepted: Vec<String>,
    /// The verbs that the export asks for and that the document does not accept.
    pub waiting: Vec<String>,
}

impl ExportPermission {
    /// Returns `secrets`, or `things.example.org`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }
}

/// Returns what the export asks for (`spec.permissionClaims` of `apis.kcp.io/v1alpha2`), in its order, and what the document
/// accepts of it. A claim on another export's resource is accepted only if the document has that export's identity.
#[must_use]
pub fn export_permissions(export: &Value, accept: &[AcceptedClaim]) -> Vec<ExportPermission> {
    let claims = export.pointer("/spec/permissionClaims").and_then(Value::as_array);
    claims
        .into_iter()
        .flatten()
        .filter_map(|claim| permission(claim, accept))
        .collect()
}

fn permission(claim: &Value, accept: &[AcceptedClaim]) -> Option<ExportPermission> {
    let text = |key: &str| claim.get(key).and_then(Value::as_str).unwrap_or_default();
    let (group, resource, identity_hash) = (text("group"), text("resource"), text("identityHash"));
    if resource.is_empty() {
        return None;
    }
    let requested = claim.get("verbs").and_then(Value::as_array);
    let requested: Vec<&str> = requested
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let given: Vec<&str> = accept
        .iter()
        .filter(|given| {
            given.group == group
                && given.resource == resource
                && given.identity_hash.as_deref().unwrap_or_default() == identity_hash
        })
        .flat_map(|given| given.verbs.iter().map(String::as_str))
        .collect();
    let is_accepted = |verb: &str| given.contains(&"*") || given.contains(&verb);
    let asks_for_all = requested.contains(&"*");
    let accepted: Vec<String> = if asks_for_all {
        // `*` for somebody who is given a few verbs is those verbs.
        given.iter().map(|verb| (*verb).to_owned()).collect()
    } else {
        let accepted = requested.iter().filter(|verb| is_accepted(verb));
        accepted.map(|verb| (*verb).to_owned()).collect()
    };
    let waiting = requested.iter().filter(|verb| !is_accepted(verb));
    Some(ExportPermission {
        group: group.to_owned(),
        resource: resource.to_owned(),
        identity_hash: identity_hash.to_owned(),
        accepted,
        waiting: waiting.map(|verb| (*verb).to_owned()).collect(),
    })
}

/// Returns the `APIBinding` (`apis.kcp.io/v1alpha2`) that binds the export. What is accepted is accepted for all objects of
/// a resource; a permission of which nothing is accepted is rejected.
#[must_use]
pub fn api_binding(export: &ExportReference, permissions: &[ExportPermission]) -> Value {
    let claims: Vec<Value> = permissions
        .iter()
        .map(|permission| {
            let accepted = !permission.accepted.is_empty();
            let verbs = if accepted {
                &permission.accepted
            } else {
                &permission.waiting
            };
            let mut claim = serde_json::json!({
                "group": permission.group,
                "resource": permission.resource,
                "verbs": verbs,
                "selector": { "matchAll": true },
                "state": if accepted { "Accepted" } else { "Rejected" },
            });
            if !permission.identity_hash.is_empty() {
                claim["identityHash"] = permission.identity_hash.as_str().into();
            }
            claim
        })
        .collect();
    let mut binding = serde_json::json!({
        "apiVersion": "apis.kcp.io/v1alpha2",
        "kind": "APIBinding",
        "metadata": { "name": export.name },
        "spec": { "reference": { "export": { "path": export.path, "name": export.name } } },
    });
    if !claims.is_empty() {
        binding["spec"]["permissionClaims"] = claims.into();
    }
    binding
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn accepted(group: &str, resource: &str, verbs: &[&str], identity: Option<&str>) -> AcceptedClaim {
        AcceptedClaim {
            group: group.to_owned(),
            resource: resource.to_owned(),
            verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
            identity_hash: identity.map(str::to_owned),
        }
    }

    fn export(claims: &Value) -> Value {
        json!({ "spec": { "permissionClaims": claims } })
    }

    #[test]
    fn paths_are_those_of_kcp() {
        for path in ["root", "root:tenants:team-a", "yqzkjxmzl9turgsf"] {
            assert!(is_workspace_path(path), "{path}");
        }
        for path in [
            "", "root:", ":root", "Root", "root:-a", "root:a-", "root/a", "*", "root:*", "root::a", "root..a",
        ] {
            assert!(!is_workspace_path(path), "{path}");
        }
    }

    #[test]
    fn what_no_document_names_is_rejected_and_waits() {
        let export = export(&json!([
            { "resource": "secrets", "verbs": ["get", "list"] },
            { "group": "apps", "resource": "deployments", "verbs": ["*"] },
        ]));
        let permissions = export_permissions(&export, &[accepted("", "secrets", &["get"], None)]);
        assert_eq!(permissions[0].accepted, ["get"]);
        assert_eq!(permissions[0].waiting, ["list"]);
        assert!(permissions[1].accepted.is_empty());
        assert_eq!(permissions[1].waiting, ["*"]);
        let reference = ExportReference {
            path: "root:platform".into(),
            name: "databases".into(),
        };
        let binding = api_binding(&reference, &permissions);
        assert_eq!(
            binding["spec"]["permissionClaims"],
            json!([
                { "group": "", "resource": "secrets", "verbs": ["get"], "selector": { "matchAll": true }, "state": "Accepted" },
                { "group": "apps", "resource": "deployments", "verbs": ["*"], "selector": { "matchAll": true }, "state": "Rejected" },
            ])
        );
        assert_eq!(
            binding["spec"]["reference"]["export"],
            json!({ "path": "root:platform", "name": "databases" })
        );
    }

    #[test]
    fn all_verbs_are_only_given_by_name() {
        let export = export(&json!([{ "resource": "configmaps", "verbs": ["*"] }]));
        let some = export_permissions(&export, &[accepted("", "configmaps", &["get", "list"], None)]);
        assert_eq!(
            (some[0].accepted.len(), some[0].waiting.as_slice()),
            (2, ["*".to_owned()].as_slice())
        );
        let all = export_permissions(&export, &[accepted("", "configmaps", &["*"], None)]);
        assert_eq!(
            (all[0].accepted.as_slice(), all[0].waiting.len()),
            (["*".to_owned()].as_slice(), 0)
        );
    }

    #[test]
    fn a_resource_of_another_export_needs_its_identity() {
        let export = export(&json!([
            { "group": "example.org", "resource": "things", "identityHash": "abc", "verbs": ["get"] },
        ]));
        for (identity, is_accepted) in [(None, false), (Some("other"), false), (Some("abc"), true)] {
            let accept = [accepted("example.org", "things", &["get"], identity)];
            let permissions = export_permissions(&export, &accept);
            assert_eq!(!permissions[0].accepted.is_empty(), is_accepted, "{identity:?}");
        }
    }

    #[test]
    fn a_malformed_claim_is_left_out() {
        assert!(export_permissions(&export(&json!([{}, 1, { "verbs": [] }])), &[]).is_empty());
        assert!(export_permissions(&json!(null), &[]).is_empty());
    }
}
