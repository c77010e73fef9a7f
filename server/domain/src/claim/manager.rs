//! Who manages a claim: Portico, a `GitOps` tool, Helm, a controller, or whoever wrote its fields.
//!
//! Everything here can be written by anybody with access to the control plane. It decides what is shown and what is
//! refused, never what is permitted.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::labels;
use crate::projection::MACHINERY;
use crate::text::sanitize;

/// Longest name that is taken from an annotation. Kubernetes names have at most 253 characters; Argo CD puts two into
/// one.
const MAX_NAME: usize = 510;
/// Field managers that are named.
const MAX_NAMED: usize = 3;

/// Who manages a claim that Portico does not manage.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "tool", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Manager {
    /// An Argo CD application.
    ArgoCd {
        /// Its name.
        application: String,
        /// Its namespace, if it is not Argo CD's own.
        namespace: Option<String>,
    },
    /// A Flux `Kustomization`.
    FluxKustomization {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: Option<String>,
    },
    /// A Flux `HelmRelease`.
    FluxHelmRelease {
        /// Its name.
        name: String,
        /// Its namespace.
        namespace: Option<String>,
    },
    /// A Helm release.
    Helm {
        /// Its name.
        release: String,
        /// Its namespace.
        namespace: Option<String>,
    },
    /// Another object whose controller made the claim.
    Controller {
        /// The object's kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Another Portico that works on the same control plane.
    Portal {
        /// The name of its `Portal` document.
        name: String,
    },
    /// No tool that keeps it as it is: the field managers that wrote its fields.
    FieldManagers {
        /// Their names, at most three; `kubectl` for all of kubectl's. Empty if they are not known.
        names: Vec<String>,
    },
}

impl Manager {
    /// Returns who manages the object, as its labels, annotations, `ownerReferences` and `managedFields` say. `None`:
    /// this Portico, whose `Portal` document has the name `portal`. Without that name no claim is another portal's.
    ///
    /// An object that a controller made may have its owner's labels, and an annotation may be a copy of another
    /// object's: so controllers come first, and Argo CD's annotation counts only on the object that it names.
    #[must_use]
    pub fn of(object: &Value, portal: Option<&str>) -> Option<Self> {
        let facts = ManagedObject(object);
        facts
            .controller()
            .or_else(|| facts.kro())
            .or_else(|| facts.flux_helm_release())
            .or_else(|| facts.flux_kustomization())
            .or_else(|| facts.argo_cd())
            .or_else(|| facts.helm())
            .or_else(|| Self::other_portal(object, portal))
            .or_else(|| facts.field_managers())
    }

    /// Returns the other Portico that the object names as its own, see [`labels::PORTAL`].
    ///
    /// All of them are the same field manager, so that the API server would let each change what another applied.
    #[must_use]
    pub fn other_portal(object: &Value, portal: Option<&str>) -> Option<Self> {
        let named = ManagedObject(object).annotation(labels::PORTAL)?;
        (named != portal?).then(|| Self::Portal {
            name: sanitize(named),
        })
    }

    /// True if it undoes what others change or delete: nothing is done about such a claim in the portal.
    #[must_use]
    pub fn undoes(&self) -> bool {
        !matches!(self, Self::FieldManagers { .. })
    }

    /// Returns the word that marks the claim in lists.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::ArgoCd { .. } => "Argo CD",
            Self::FluxKustomization { .. } | Self::FluxHelmRelease { .. } => "Flux",
            Self::Helm { .. } => "Helm",
            Self::Controller { kind, .. } => kind,
            Self::Portal { .. } => "Another portal",
            Self::FieldManagers { names } => names.first().map_or("Not Portico’s", String::as_str),
        }
    }

    /// Returns the sentence that says who manages the claim, and what follows.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Helm { .. } => {
                format!("Managed by {self}; its next upgrade would undo changes made here.")
            }
            Self::Portal { .. } => format!("Managed by {self}."),
            Self::FieldManagers { names } if names.is_empty() => "Not made through Portico.".to_owned(),
            Self::FieldManagers { .. } => format!("Made with {self}, not through Portico."),
            _ => format!("Managed by {self}; changes here would be undone by it."),
        }
    }

    /// Returns what to do to change the claim where it is managed.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::ArgoCd { .. } => "Change it in the application’s source.",
            Self::FluxKustomization { .. } => "Change it in the kustomization’s source.",
            Self::FluxHelmRelease { .. } | Self::Helm { .. } => "Change the chart’s values instead.",
            Self::Controller { .. } => "Change that instead.",
            Self::Portal { .. } => "Change it there.",
            Self::FieldManagers { .. } => "",
        }
    }

    /// Returns how the tool lets go of the claim without deleting it, so that it can be adopted; empty if nothing holds
    /// it.
    #[must_use]
    pub fn release(&self) -> &'static str {
        match self {
            Self::ArgoCd { .. } => {
                "To manage it here, take it out of the application without pruning it (annotate it with \
                 argocd.argoproj.io/sync-options: Prune=false first), then remove its argocd.argoproj.io/tracking-id \
                 annotation and argocd.argoproj.io/instance label."
            }
            Self::FluxKustomization { .. } => {
                "To manage it here, take it out of the kustomization without pruning it (annotate it with \
                 kustomize.toolkit.fluxcd.io/prune: disabled first), then remove its kustomize.toolkit.fluxcd.io \
                 labels."
            }
            Self::FluxHelmRelease { .. } => {
                "To manage it here, take it out of the chart without deleting it (annotate it in the chart with \
                 helm.sh/resource-policy: keep first), then remove its helm.toolkit.fluxcd.io labels and its \
                 meta.helm.sh annotations."
            }
            Self::Helm { .. } => {
                "To manage it here, take it out of the chart without deleting it (annotate it in the chart with \
                 helm.sh/resource-policy: keep first), then remove its meta.helm.sh annotations."
            }
            Self::Portal { .. } => {
                "To manage it here, agree with whoever runs that one, then set the claim’s portico.dev/portal annotation \
                 to the name of this one’s Portal document."
            }
            Self::Controller { .. } | Self::FieldManagers { .. } => "",
        }
    }
}

/// Who it is, within a sentence: `the Argo CD application payments-apps`.
impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, name, namespace) = match self {
            Self::ArgoCd {
                application,
                namespace,
            } => ("the Argo CD application", application, namespace),
            Self::FluxKustomization { name, namespace } => ("the Flux kustomization", name, namespace),
            Self::FluxHelmRelease { name, namespace } => ("the Flux Helm release", name, namespace),
            Self::Helm { release, namespace } => ("the Helm release", release, namespace),
            Self::Controller { kind, name } => return write!(f, "the {kind} {name}"),
            Self::Portal { name } => return write!(f, "another Portico, {name}"),
            Self::FieldManagers { names } => {
                return match names.as_slice() {
                    [] => f.write_str("somebody outside Portico"),
                    [one] => f.write_str(one),
                    [first @ .., last] => write!(f, "{} and {last}", first.join(", ")),
                };
            }
        };
        write!(f, "{what} {name}")?;
        match namespace {
            Some(namespace) => write!(f, " in {namespace}"),
            None => Ok(()),
        }
    }
}

/// True if this field manager is kubectl, whichever of its commands.
#[must_use]
pub fn is_kubectl(manager: &str) -> bool {
    manager == "kubectl" || manager.starts_with("kubectl-")
}

/// True if this field manager gives up its fields when Portico adopts an object: kubectl, and the `GitOps` tools. An
/// object that still has the marks of such a tool cannot be adopted, so the tool has let go of it.
#[must_use]
pub fn gives_up(manager: &str) -> bool {
    is_kubectl(manager)
        || matches!(
            manager,
            "kustomize-controller" | "helm-controller" | "flux" | "argocd-controller" | "helm"
        )
}

/// What an object says about itself.
struct ManagedObject<'a>(&'a Value);

impl<'a> ManagedObject<'a> {
    fn metadata(&self, map: &str, key: &str) -> Option<&'a str> {
        let text = self.0.get("metadata")?.get(map)?.get(key)?.as_str()?;
        (!text.is_empty() && text.len() <= MAX_NAME).then_some(text)
    }

    fn label(&self, key: &str) -> Option<&'a str> {
        self.metadata("labels", key)
    }

    fn annotation(&self, key: &str) -> Option<&'a str> {
        self.metadata("annotations", key)
    }

    fn own(&self, pointer: &str) -> &'a str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The `ownerReference` with `controller: true`; Kubernetes allows one.
    fn controller(&self) -> Option<Manager> {
        let owners = self.0.pointer("/metadata/ownerReferences")?.as_array()?;
        let owner = owners
            .iter()
            .find(|owner| owner.get("controller") == Some(&Value::Bool(true)))?;
        Some(Manager::Controller {
            kind: sanitize(owner.get("kind")?.as_str()?),
            name: sanitize(owner.get("name")?.as_str()?),
        })
    }

    /// kro's labels name the instance whose resource graph made the object (kro, `pkg/metadata/labels.go`).
    fn kro(&self) -> Option<Manager> {
        let label = |key: &str| {
            self.label(&format!("kro.run/{key}"))
                .or_else(|| self.label(&format!("internal.kro.run/{key}")))
        };
        let (kind, name) = (label("instance-kind")?, label("instance-name")?);
        let is_itself = kind == self.own("/kind") && name == self.own("/metadata/name");
        (!is_itself).then(|| Manager::Controller {
            kind: sanitize(kind),
            name: sanitize(name),
        })
    }

    fn flux_helm_release(&self) -> Option<Manager> {
        Some(Manager::FluxHelmRelease {
            name: sanitize(self.label("helm.toolkit.fluxcd.io/name")?),
            namespace: self.label("helm.toolkit.fluxcd.io/namespace").map(sanitize),
        })
    }

    fn flux_kustomization(&self) -> Option<Manager> {
        Some(Manager::FluxKustomization {
            name: sanitize(self.label("kustomize.toolkit.fluxcd.io/name")?),
            namespace: self.label("kustomize.toolkit.fluxcd.io/namespace").map(sanitize),
        })
    }

    /// By annotation (the default), or by a label that Argo CD alone uses. `app.kubernetes.io/instance` is set by many
    /// tools, so it proves nothing.
    fn argo_cd(&self) -> Option<Manager> {
        const INSTANCE: &str = "argocd.argoproj.io/instance";
        let tracked = self
            .annotation("argocd.argoproj.io/tracking-id")
            .and_then(|id| self.tracked_by(id));
        let application = tracked
            .or_else(|| self.label(INSTANCE))
            .or_else(|| self.annotation(INSTANCE))?;
        // An application outside Argo CD's namespace is named `<namespace>_<name>`.
        let (namespace, application) = match application.split_once('_') {
            Some((namespace, name)) => (Some(sanitize(namespace)), name),
            None => (None, application),
        };
        Some(Manager::ArgoCd {
            application: sanitize(application),
            namespace,
        })
    }

    /// The application in a tracking id `<application>:<group>/<kind>:<namespace>/<name>`, if the id is this object's.
    fn tracked_by(&self, id: &'a str) -> Option<&'a str> {
        let mut parts = id.split(':');
        let (application, kind, name) = (parts.next()?, parts.next()?, parts.next_back()?);
        let (group, kind) = kind.rsplit_once('/')?;
        let (namespace, name) = name.split_once('/')?;
        let (own_group, _) = self.own("/apiVersion").split_once('/').unwrap_or_default();
        let own_namespace = self.own("/metadata/namespace");
        let is_own = !application.is_empty()
            && group == own_group
            && kind == self.own("/kind")
            && name == self.own("/metadata/name")
            && (own_namespace.is_empty() || namespace == own_namespace);
        is_own.then_some(application)
    }

    /// The two annotations and the label by which Helm knows what is its own.
    fn helm(&self) -> Option<Manager> {
        self.label("app.kubernetes.io/managed-by")
            .filter(|by| *by == "Helm")?;
        Some(Manager::Helm {
            release: sanitize(self.annotation("meta.helm.sh/release-name")?),
            namespace: Some(sanitize(self.annotation("meta.helm.sh/release-namespace")?)),
        })
    }

    /// Who wrote its fields; `None` if Portico is among them. Without `managedFields`, the label of a request is taken
    /// for it.
    fn field_managers(&self) -> Option<Manager> {
        let entries = self
            .0
            .pointer("/metadata/managedFields")
            .and_then(Value::as_array)
            .filter(|entries| !entries.is_empty());
        let Some(entries) = entries else {
            let names = Vec::new();
            return self
                .label(labels::REQUEST)
                .is_none()
                .then_some(Manager::FieldManagers { names });
        };
        let mut names: Vec<String> = Vec::new();
        for entry in entries.iter().filter(|entry| entry.get("subresource").is_none()) {
            let manager = entry.get("manager").and_then(Value::as_str).unwrap_or_default();
            if manager == labels::FIELD_MANAGER {
                return None;
            }
            let spec = entry.pointer("/fieldsV1/f:spec").and_then(Value::as_object);
            let is_content = spec.is_some_and(|spec| {
                spec.keys()
                    .filter_map(|key| key.strip_prefix("f:"))
                    .any(|name| !MACHINERY.contains(&name))
            });
            let name = if is_kubectl(manager) { "kubectl" } else { manager };
            let name = sanitize(name);
            if is_content && !name.is_empty() && !names.contains(&name) && names.len() < MAX_NAMED {
                names.push(name);
            }
        }
        Some(Manager::FieldManagers { names })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A bucket with this metadata, made by kubectl.
    fn bucket(metadata: &Value) -> Value {
        let mut object = json!({
            "apiVersion": "storage.example.org/v1", "kind": "Bucket",
            "metadata": {
                "name": "files", "namespace": "payments-dev",
                "managedFields": [{
                    "manager": "kubectl-client-side-apply", "operation": "Update",
                    "fieldsV1": { "f:spec": { "f:sizeGb": {} } },
                }],
            },
            "spec": { "sizeGb": 5 },
        });
        for (key, value) in metadata.as_object().unwrap() {
            object["metadata"][key] = value.clone();
        }
        object
    }

    #[track_caller]
    fn says(metadata: &Value, expected: &str) {
        let said = Manager::of(&bucket(metadata), Some("main"))
            .map_or("Portico".to_owned(), |manager| manager.to_string());
        assert_eq!(said, expected, "{metadata}");
    }

    #[test]
    fn who_manages_it_is_read_from_the_marks_of_each_tool() {
        let tracking = |id: &str| json!({ "annotations": { "argocd.argoproj.io/tracking-id": id } });
        let own = "storage.example.org/Bucket:payments-dev/files";
        let labels = |labels: Value| json!({ "labels": labels });
        for (metadata, expected) in [
            (json!({}), "kubectl"),
            // Argo CD
            (tracking(&format!("apps:{own}")), "the Argo CD application apps"),
            (
                tracking(&format!("team-a_apps:{own}")),
                "the Argo CD application apps in team-a",
            ),
            (
                tracking("apps:storage.example.org/Bucket:payments-dev/other"),
                "kubectl",
            ),
            (tracking("apps:apps/Deployment:payments-dev/files"), "kubectl"),
            (
                tracking("apps:storage.example.org/Bucket:elsewhere/files"),
                "kubectl",
            ),
            (tracking("apps"), "kubectl"),
            (tracking(&format!(":{own}")), "kubectl"),
            (
                labels(json!({ "argocd.argoproj.io/instance": "apps" })),
                "the Argo CD application apps",
            ),
            (
                json!({ "annotations": { "argocd.argoproj.io/instance": "apps" } }),
                "the Argo CD application apps",
            ),
            (labels(json!({ "app.kubernetes.io/instance": "apps" })), "kubectl"),
            // Flux
            (
                labels(json!({
                    "kustomize.toolkit.fluxcd.io/name": "apps",
                    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
                })),
                "the Flux kustomization apps in flux-system",
            ),
            (
                labels(json!({
                    "helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "apps",
                    "app.kubernetes.io/managed-by": "Helm",
                })),
                "the Flux Helm release web in apps",
            ),
            // Helm
            (
                json!({
                    "labels": { "app.kubernetes.io/managed-by": "Helm" },
                    "annotations": {
                        "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "apps",
                    },
                }),
                "the Helm release web in apps",
            ),
            (
                labels(
                    json!({ "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "web" }),
                ),
                "kubectl",
            ),
            // Controllers
            (
                json!({
                    "ownerReferences": [
                        { "kind": "Team", "name": "payments" },
                        { "kind": "Website", "name": "shop", "controller": true },
                    ],
                    "labels": { "kustomize.toolkit.fluxcd.io/name": "inherited" },
                }),
                "the Website shop",
            ),
            (
                json!({ "ownerReferences": [{ "kind": "Team", "name": "payments", "controller": false }] }),
                "kubectl",
            ),
            (
                labels(json!({ "kro.run/instance-kind": "Website", "kro.run/instance-name": "shop" })),
                "the Website shop",
            ),
            (
                labels(json!({
                    "internal.kro.run/instance-kind": "Website", "internal.kro.run/instance-name": "shop",
                })),
                "the Website shop",
            ),
            (
                labels(json!({ "kro.run/instance-kind": "Bucket", "kro.run/instance-name": "files" })),
                "kubectl",
            ),
        ] {
            says(&metadata, expected);
        }
    }

    #[test]
    fn a_claim_is_of_the_portal_that_it_names() {
        let of = |portal: &str| {
            json!({
                "annotations": { labels::PORTAL: portal },
                "managedFields": [{ "manager": "portico", "operation": "Apply", "fieldsV1": {} }],
            })
        };
        says(&of("main"), "Portico");
        says(&of("staging"), "another Portico, staging");
        says(&of(""), "Portico");
        // A copy of the annotation on what a tool manages changes nothing about that.
        let mut by_flux = of("staging");
        by_flux["labels"] = json!({ "helm.toolkit.fluxcd.io/name": "apps" });
        says(&by_flux, "the Flux Helm release apps");
        let other = Manager::of(&bucket(&of("staging")), Some("main")).unwrap();
        assert!(other.undoes());
        assert_eq!(other.sentence(), "Managed by another Portico, staging.");
        assert_eq!(
            Manager::of(&bucket(&of("staging")), None),
            None,
            "who has no name tells none apart"
        );
    }

    #[test]
    fn field_managers_are_named_when_no_tool_is() {
        let entry = |manager: &str, operation: &str, fields: Value| json!({ "manager": manager, "operation": operation, "fieldsV1": fields });
        let spec = || json!({ "f:spec": { "f:sizeGb": {} } });
        let fields = |entries: Value| json!({ "managedFields": entries });
        for (entries, expected) in [
            (json!([entry("portico", "Apply", spec())]), "Portico"),
            (
                json!([
                    entry("kubectl-patch", "Update", spec()),
                    entry("portico", "Apply", spec())
                ]),
                "Portico",
            ),
            (
                json!([
                    entry("kubectl-create", "Update", spec()),
                    entry("kubectl-edit", "Update", spec()),
                    entry("k9s", "Update", spec()),
                ]),
                "kubectl and k9s",
            ),
            (
                // The status and what a control plane adds say nothing about who wants it.
                json!([
                    entry("kubectl-create", "Update", spec()),
                    entry("crossplane", "Update", json!({ "f:spec": { "f:resourceRef": {} } })),
                    { "manager": "provider", "operation": "Update", "subresource": "status", "fieldsV1": spec() },
                    entry("labeller", "Update", json!({ "f:metadata": { "f:labels": {} } })),
                ]),
                "kubectl",
            ),
            (json!([]), "somebody outside Portico"),
            (Value::Null, "somebody outside Portico"),
        ] {
            says(&fields(entries), expected);
        }
        let forged = json!({ "labels": { labels::REQUEST: "0190a6a0-0000-7000-8000-000000000000" } });
        says(&forged, "kubectl");
        let mut unknown = forged;
        unknown["managedFields"] = Value::Null;
        says(&unknown, "Portico");
    }

    #[test]
    fn sentences_say_what_follows_and_what_to_do() {
        let argo = Manager::ArgoCd {
            application: "payments-apps".to_owned(),
            namespace: None,
        };
        assert!(argo.undoes());
        assert_eq!(
            argo.sentence(),
            "Managed by the Argo CD application payments-apps; changes here would be undone by it."
        );
        let kubectl = Manager::FieldManagers {
            names: vec!["kubectl".to_owned()],
        };
        assert!(!kubectl.undoes());
        assert_eq!(kubectl.sentence(), "Made with kubectl, not through Portico.");
        assert_eq!(kubectl.word(), "kubectl");
    }

    #[test]
    fn names_are_made_safe_and_bounded() {
        let long = json!({ "labels": { "argocd.argoproj.io/instance": "x".repeat(MAX_NAME + 1) } });
        says(&long, "kubectl");
        let odd = json!({ "labels": { "argocd.argoproj.io/instance": "a\u{202e}b\n" } });
        says(&odd, "the Argo CD application a b");
    }
}
