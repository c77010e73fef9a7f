//! A kind that a control plane serves, according to its CRD.

use std::sync::Arc;

use kube_schema::{ParseError, yaml};
use portico_domain::claim::{ClaimKind, labels};
use portico_domain::documents::{ExportReference, ResourceRef};
use portico_domain::text::sanitize;
use portico_form::FormHints;
use serde_json::Value;

use super::definitions::Definitions;
use super::held::{HeldDefinition, HeldSchema};
use crate::column::Column;

/// Annotations on a CRD or XRD that describe an offering.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct OfferingAnnotations {
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) documentation: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) icon: Option<String>,
    /// The form layout, or why it cannot be parsed.
    pub(crate) form: Option<Result<FormHints, String>>,
}

impl OfferingAnnotations {
    /// Reads the annotations of an object.
    pub(crate) fn of(object: &Value) -> Self {
        let annotations = object.pointer("/metadata/annotations");
        let read = |key: &str| {
            let text = annotations?.get(key)?.as_str()?;
            (!text.trim().is_empty()).then(|| text.to_owned())
        };
        Self {
            title: read(labels::TITLE).map(|text| sanitize(&text)),
            summary: read(labels::SUMMARY).map(|text| sanitize(&text)),
            category: read(labels::CATEGORY),
            documentation: read(labels::DOCUMENTATION),
            owner: read(labels::OWNER).map(|text| sanitize(&text)),
            icon: read(labels::ICON),
            form: read(labels::FORM).map(|text| form_hints(&text)),
        }
    }

    /// What is wrong with the form annotation.
    pub(crate) fn form_problem(&self) -> Option<String> {
        let problem = self.form.as_ref()?.as_ref().err()?;
        Some(sanitize(&format!(
            "the annotation {} is not valid: {problem}",
            labels::FORM
        )))
    }

    /// These annotations, completed by others.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            title: self.title.or(other.title),
            summary: self.summary.or(other.summary),
            category: self.category.or(other.category),
            documentation: self.documentation.or(other.documentation),
            owner: self.owner.or(other.owner),
            icon: self.icon.or(other.icon),
            form: self.form.or(other.form),
        }
    }
}

fn form_hints(text: &str) -> Result<FormHints, String> {
    let read = yaml::parse(text).map_err(|error| error.to_string())?;
    serde_json::from_value(read).map_err(|error| error.to_string())
}

/// True if the object has the label that offers it.
pub(crate) fn is_offered(object: &Value) -> bool {
    let label = object
        .pointer("/metadata/labels")
        .and_then(|labels| labels.get(labels::OFFERED));
    label.and_then(Value::as_str) == Some("true")
}

/// The export of kcp that a kind comes from, where it is watched for all workspaces at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ExportOrigin {
    /// The kcp and the credentials, see [`crate::connect::WorkspaceAddress::source`].
    pub(crate) source: Arc<str>,
    pub(crate) export: ExportReference,
}

/// A kind, ready for the catalog.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) resource: Arc<ResourceRef>,
    pub(crate) definition: Arc<HeldDefinition>,
    /// The schema of the version to use; `None` if it is unusable, see `problem`.
    pub(crate) schema: Option<HeldSchema>,
    #[expect(clippy::struct_field_names, reason = "the name that it has everywhere")]
    pub(crate) claim_kind: ClaimKind,
    pub(crate) annotations: OfferingAnnotations,
    pub(crate) schema_hash: String,
    pub(crate) problem: Option<String>,
    /// Not offered any more, but there are claims of it.
    pub(crate) retired: bool,
    /// The kind of the composites behind its claims, if the XRD can be read.
    pub(crate) composite: Option<ResourceRef>,
    pub(crate) deprecated: Option<String>,
    pub(crate) columns: Vec<Column>,
    /// The kind has no status, so its objects never report a state.
    pub(crate) has_no_status: bool,
    /// Its objects have `spec.claimRef`, as composites with claims have.
    pub(crate) has_claim_ref: bool,
    /// The export of kcp that it comes from.
    pub(crate) origin: Option<Arc<ExportOrigin>>,
}

/// Why a CRD cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidCrd {
    #[error(transparent)]
    Malformed(#[from] ParseError),
    #[error("its name is not <plural>.<group>")]
    Misnamed,
    #[error("it serves no version")]
    Unserved,
}

impl Kind {
    /// Reads a CRD. `wanted` is the version that the offering's document names. Without it, the storage version is
    /// used, or the first served one. `claim_kind` comes from the XRD, if there is one.
    ///
    /// # Errors
    ///
    /// If required fields are missing. An unusable schema is not an error but a [`Kind::problem`].
    pub(crate) fn read(
        crd: &Value,
        wanted: Option<&str>,
        claim_kind: Option<ClaimKind>,
    ) -> Result<Self, InvalidCrd> {
        Self::of(&Definitions::default().hold(crd)?, crd, wanted, claim_kind)
    }

    /// As [`Kind::read`], with what is held of the CRD.
    pub(crate) fn of(
        definition: &Arc<HeldDefinition>,
        crd: &Value,
        wanted: Option<&str>,
        claim_kind: Option<ClaimKind>,
    ) -> Result<Self, InvalidCrd> {
        if definition.is_misnamed {
            return Err(InvalidCrd::Misnamed);
        }
        let served = || {
            let versions = definition.versions.iter().enumerate();
            versions.filter(|(_, version)| version.served)
        };
        let requested =
            wanted.and_then(|wanted| served().find(|(_, version)| version.resource.version == wanted));
        let stored = served().find(|(_, version)| version.storage);
        let (index, version) = requested
            .or(stored)
            .or(served().next())
            .ok_or(InvalidCrd::Unserved)?;
        let mut problem = version
            .schema_error
            .as_ref()
            .map(|error| sanitize(&format!("its schema cannot be used: {error}")));
        if is_being_deleted(crd) {
            problem = Some("its definition is being deleted there, and its claims with it".to_owned());
        } else if let Some(wanted) = wanted.filter(|_| requested.is_none()) {
            problem = Some(format!("version {wanted} is not served there"));
        } else if !is_established(crd) {
            problem = Some("the control plane does not serve it yet".to_owned());
        }
        Ok(Self {
            resource: version.resource.clone(),
            schema: version.schema_error.is_none().then(|| HeldSchema {
                definition: definition.clone(),
                version: index,
            }),
            claim_kind: claim_kind.unwrap_or_else(|| guess_claim_kind(crd, &definition.categories)),
            annotations: OfferingAnnotations::of(crd),
            schema_hash: version.schema_hash.clone(),
            problem,
            retired: false,
            composite: None,
            deprecated: version.deprecated.clone(),
            columns: version.columns.clone(),
            has_no_status: version.has_no_status,
            has_claim_ref: version.has_claim_ref,
            definition: definition.clone(),
            origin: None,
        })
    }
}

impl Kind {
    /// True if it is a composite that people do not ask for, because it has claims.
    pub(crate) fn is_behind_a_claim(&self) -> bool {
        self.claim_kind == ClaimKind::Composite && self.has_claim_ref
    }
}

/// Equal if they come from the same reading of equal CRDs.
impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.definition, &other.definition)
            && self.resource == other.resource
            && self.claim_kind == other.claim_kind
            && self.annotations == other.annotations
            && self.problem == other.problem
            && self.retired == other.retired
            && self.composite == other.composite
            && self.origin == other.origin
    }
}

/// Guesses the claim kind of a CRD: by the label that kro sets on the definitions of its graphs, or, if its XRD may not be
/// read, by the categories that Crossplane sets.
fn guess_claim_kind(crd: &Value, categories: &[String]) -> ClaimKind {
    let has = |wanted: &str| categories.iter().any(|category| category == wanted);
    if has("claim") {
        ClaimKind::LegacyClaim
    } else if has("composite") {
        ClaimKind::Composite
    } else if has_graph(crd) {
        ClaimKind::ResourceGraph
    } else {
        ClaimKind::Plain
    }
}

/// True if kro says that a resource graph defines the object: a CRD, or an instance.
pub(crate) fn has_graph(object: &Value) -> bool {
    let labels = object.pointer("/metadata/labels");
    labels.is_some_and(|labels| labels.get("kro.run/resource-graph-definition-name").is_some())
}

fn is_established(crd: &Value) -> bool {
    has_condition(crd, "Established")
}

/// True if the CRD is being deleted. It is served for reading and deleting until its last object is gone
/// (apiextensions-apiserver, "finalizer").
fn is_being_deleted(crd: &Value) -> bool {
    let deletion = crd.pointer("/metadata/deletionTimestamp");
    deletion.is_some_and(|at| !at.is_null()) || has_condition(crd, "Terminating")
}

fn has_condition(crd: &Value, kind: &str) -> bool {
    let conditions = crd.pointer("/status/conditions").and_then(Value::as_array);
    let text = |condition: &Value, key: &str| condition.get(key).and_then(Value::as_str).map(str::to_owned);
    conditions.into_iter().flatten().any(|condition| {
        text(condition, "type").as_deref() == Some(kind)
            && text(condition, "status").as_deref() == Some("True")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_the_form_layout_from_annotations() {
        let mut crd = crd();
        crd["metadata"]["annotations"][labels::FORM] =
            json!("order: [spec.size]\nfields:\n  spec.size: { label: How large, section: Size }\n");
        let kind = Kind::read(&crd, None, None).unwrap();
        let form = kind.annotations.form.unwrap().unwrap();
        assert_eq!(form.order, ["spec.size"]);
        assert_eq!(form.fields["spec.size"].section.as_deref(), Some("Size"));
        crd["metadata"]["annotations"][labels::FORM] = json!("fields: { spec.size: { lable: x } }");
        let problem = Kind::read(&crd, None, None)
            .unwrap()
            .annotations
            .form_problem()
            .unwrap();
        assert!(problem.contains("lable"), "{problem}");
    }

    fn crd() -> Value {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": "buckets.storage.example.org", "annotations": { "portico.dev/title": "Object bucket" } },
            "spec": {
                "group": "storage.example.org",
                "names": { "kind": "Bucket", "plural": "buckets" },
                "scope": "Namespaced",
                "versions": [
                    { "name": "v1beta1", "served": true, "deprecated": true, "schema": { "openAPIV3Schema": { "type": "object" } } },
                    {
                        "name": "v1", "served": true, "storage": true,
                        "schema": { "openAPIV3Schema": { "type": "object" } },
                        "additionalPrinterColumns": [
                            { "name": "Size", "type": "integer", "jsonPath": ".spec.size" },
                            { "name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].status" },
                        ]
                    },
                ]
            },
            "status": { "conditions": [{ "type": "Established", "status": "True" }] }
        })
    }

    #[test]
    fn uses_the_storage_version_unless_the_document_names_another() {
        let kind = Kind::read(&crd(), None, None).unwrap();
        assert_eq!(kind.resource.version, "v1");
        assert_eq!((kind.problem, kind.deprecated), (None, None));
        assert_eq!(
            kind.columns,
            [Column {
                name: "Size".into(),
                path: "spec.size".into()
            }]
        );
        assert_eq!(kind.annotations.title.as_deref(), Some("Object bucket"));
        let kind = Kind::read(&crd(), Some("v1beta1"), None).unwrap();
        assert_eq!(kind.resource.version, "v1beta1");
        assert!(kind.deprecated.is_some());
        let kind = Kind::read(&crd(), Some("v2"), None).unwrap();
        assert_eq!(kind.problem.as_deref(), Some("version v2 is not served there"));
    }

    #[test]
    fn a_crd_that_is_being_deleted_has_a_problem() {
        let mut going = crd();
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        let problem = Kind::read(&going, None, None).unwrap().problem.unwrap();
        assert!(problem.contains("is being deleted"), "{problem}");
        let mut terminating = crd();
        terminating["status"]["conditions"] = json!([
            { "type": "Established", "status": "True" },
            { "type": "Terminating", "status": "True" },
        ]);
        assert!(Kind::read(&terminating, None, None).unwrap().problem.is_some());
    }

    #[test]
    fn detects_kinds_without_a_status() {
        assert!(Kind::read(&crd(), None, None).unwrap().has_no_status);
        let mut with = crd();
        with["spec"]["versions"][1]["subresources"] = json!({ "status": {} });
        assert!(!Kind::read(&with, None, None).unwrap().has_no_status);
        let mut open = crd();
        open["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] =
            json!(true);
        assert!(!Kind::read(&open, None, None).unwrap().has_no_status);
    }

    #[test]
    fn an_unusable_schema_is_a_problem_and_the_kind_stays() {
        let mut bad = crd();
        bad["spec"]["versions"][1]["schema"]["openAPIV3Schema"] = json!({ "$ref": "#/definitions/itself" });
        let kind = Kind::read(&bad, None, None).unwrap();
        assert!(kind.schema.is_none());
        assert!(
            kind.problem
                .is_some_and(|problem| problem.starts_with("its schema cannot be used"))
        );
        assert!(
            Kind::read(&bad, Some("v1beta1"), None).unwrap().schema.is_some(),
            "the other version has no problem"
        );
    }

    #[test]
    fn categories_replace_an_xrd_that_cannot_be_read() {
        let mut crd = crd();
        crd["spec"]["names"]["categories"] = json!(["claim"]);
        assert_eq!(
            Kind::read(&crd, None, None).unwrap().claim_kind,
            ClaimKind::LegacyClaim
        );
        assert_eq!(
            Kind::read(&crd, None, Some(ClaimKind::Composite))
                .unwrap()
                .claim_kind,
            ClaimKind::Composite
        );
    }

    #[test]
    fn a_resource_graph_is_recognised_in_any_group() {
        let mut crd = crd();
        crd["metadata"]["labels"] = json!({ "kro.run/resource-graph-definition-name": "sites" });
        assert_eq!(
            Kind::read(&crd, None, None).unwrap().claim_kind,
            ClaimKind::ResourceGraph
        );
    }

    #[test]
    fn rejects_what_is_not_a_crd_without_a_panic() {
        for crd in [
            json!(null),
            json!({ "spec": [] }),
            json!({ "metadata": { "name": "a.b" }, "spec": { "group": 1 } }),
        ] {
            assert!(Kind::read(&crd, None, None).is_err());
        }
        let mut misnamed = crd();
        misnamed["metadata"]["name"] = json!("secrets.core.example.org");
        assert!(Kind::read(&misnamed, None, None).is_err());
        let mut unserved = crd();
        unserved["spec"]["versions"] = json!([{ "name": "v1", "served": false }]);
        assert!(Kind::read(&unserved, None, None).is_err());
    }
}
