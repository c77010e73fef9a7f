//! How a kind is provisioned.

use serde_json::{Value, json};

use super::cluster::ClusterAccess;
use crate::kube::GroupKind;

/// How claims of a kind are implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A claim with a cluster-scoped composite resource of this kind (Crossplane 1).
    Claim(&'static str),
    /// A composite resource without a claim (Crossplane 2).
    Composite,
    /// A custom resource of an operator.
    Operator,
}

/// How a kind is provisioned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) style: Style,
    /// The composed resources for a specification, in the order of creation.
    pub(super) parts: fn(&Site<'_>) -> Vec<Part>,
    /// The status once it is ready.
    pub(super) status: fn(&Site<'_>) -> Value,
    /// The connection secret.
    pub(super) connection: fn(&Site<'_>, &Credentials) -> Connection,
}

impl Recipe {
    pub(super) fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.group, self.kind)
    }

    /// Whether its claims are clusters, each with a control plane of its own.
    pub(super) fn is_cluster(&self) -> bool {
        self.kind == "KubernetesCluster"
    }

    /// The API group of composed resources, and whether they are namespaced.
    pub(super) fn cloud(&self) -> (&'static str, bool) {
        match self.style {
            Style::Claim(_) => ("cloud.demo.portico.dev", false),
            Style::Composite | Style::Operator => ("cloud.m.demo.portico.dev", true),
        }
    }

    /// The finalizer that holds a claim until its composed resources are gone.
    pub(super) fn finalizer(&self) -> &'static str {
        match self.style {
            Style::Claim(_) => "finalizer.apiextensions.crossplane.io",
            Style::Composite => "composite.apiextensions.crossplane.io",
            Style::Operator => "demo.portico.dev/provisioner",
        }
    }

    /// The field manager of the provisioner.
    pub(super) fn manager(&self) -> &'static str {
        match self.style {
            Style::Claim(_) => "apiextensions.crossplane.io/claim",
            Style::Composite => "apiextensions.crossplane.io/composite",
            Style::Operator => "demo-operator",
        }
    }
}

/// A claim and its location.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub(super) plane: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    /// The specification.
    pub(super) spec: &'a Value,
    /// How the control plane is reached if the claim is a cluster and its control plane runs.
    pub(super) cluster: Option<ClusterAccess>,
}

impl Site<'_> {
    /// The host name of a service.
    pub(super) fn host(&self, service: &str) -> String {
        format!(
            "{}.{}.{}.{service}.demo.internal",
            self.name, self.namespace, self.plane
        )
    }

    /// A string in the specification, or `default`.
    pub(super) fn text(&self, pointer: &str, default: &str) -> String {
        match self.spec.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => default.to_owned(),
        }
    }

    /// A number in the specification, or `default`.
    pub(super) fn number(&self, pointer: &str, default: u64) -> u64 {
        self.spec
            .pointer(pointer)
            .and_then(Value::as_u64)
            .unwrap_or(default)
    }

    /// A size in the specification in GiB: `20Gi`, `2Ti` or a number.
    pub(super) fn gibibytes(&self, pointer: &str) -> u64 {
        let text = self.text(pointer, "0");
        let number = |text: &str| text.parse::<u64>().unwrap_or(0);
        match (text.strip_suffix("Gi"), text.strip_suffix("Ti")) {
            (Some(text), _) => number(text),
            (_, Some(text)) => number(text).saturating_mul(1024),
            _ => number(&text),
        }
    }
}

/// A composed resource.
#[derive(Debug)]
pub(super) struct Part {
    /// The suffix of its name.
    pub(super) suffix: String,
    /// The kind.
    pub(super) kind: &'static str,
    /// Its name in messages.
    pub(super) what: String,
    /// `spec.forProvider`.
    pub(super) settings: Value,
    /// Its disk space, in GiB.
    pub(super) gibibytes: u64,
}

impl Part {
    pub(super) fn new(
        kind: &'static str,
        suffix: impl Into<String>,
        what: impl Into<String>,
        settings: Value,
    ) -> Self {
        Self {
            suffix: suffix.into(),
            kind,
            what: what.into(),
            settings,
            gibibytes: 0,
        }
    }

    pub(super) fn disk(gibibytes: u64, class: &str) -> Self {
        let settings = json!({ "sizeGiB": gibibytes, "class": class, "zone": "b" });
        Self {
            gibibytes,
            ..Self::new("Disk", "disk", "the disk", settings)
        }
    }
}

/// The values for a connection secret; they stay the same for the lifetime of the claim.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) password: String,
    /// The CA certificate in PEM that signs the service's certificate.
    pub(super) authority: String,
}

/// A connection secret.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) name: String,
    /// The `type` of the secret.
    pub(super) kind: &'static str,
    /// Keys and values.
    pub(super) data: Vec<(&'static str, String)>,
}
