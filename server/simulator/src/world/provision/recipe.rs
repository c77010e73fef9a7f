//! What a provisioner knows of a kind.

use serde_json::{Value, json};

use crate::kube::GroupKind;

/// How claims of a kind are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A claim stands for a cluster-scoped composite resource of this kind (Crossplane 1).
    Claim(&'static str),
    /// The claim is the composite resource (Crossplane 2).
    Composite,
    /// An operator serves it itself.
    Operator,
}

/// What a provisioner knows of a kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) style: Style,
    /// What a claim of this specification is made of, in the order to make it.
    pub(super) parts: fn(&Site<'_>) -> Vec<Part>,
    /// What it tells in its status once it is ready.
    pub(super) status: fn(&Site<'_>) -> Value,
    /// The secret it brings.
    pub(super) connection: fn(&Site<'_>, &Credentials) -> Connection,
}

impl Recipe {
    pub(super) fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.group, self.kind)
    }

    /// The group of its parts, and whether they live in the claim's namespace.
    pub(super) fn cloud(&self) -> (&'static str, bool) {
        match self.style {
            Style::Claim(_) => ("cloud.demo.portico.dev", false),
            Style::Composite | Style::Operator => ("cloud.m.demo.portico.dev", true),
        }
    }

    /// The finalizer by which the provisioner holds a claim until all that belongs to it is gone.
    pub(super) fn finalizer(&self) -> &'static str {
        match self.style {
            Style::Claim(_) => "finalizer.apiextensions.crossplane.io",
            Style::Composite => "composite.apiextensions.crossplane.io",
            Style::Operator => "demo.portico.dev/provisioner",
        }
    }

    /// The field manager that it writes as.
    pub(super) fn manager(&self) -> &'static str {
        match self.style {
            Style::Claim(_) => "apiextensions.crossplane.io/claim",
            Style::Composite => "apiextensions.crossplane.io/composite",
            Style::Operator => "demo-operator",
        }
    }
}

/// A claim and where it is.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub(super) plane: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    /// Its specification.
    pub(super) spec: &'a Value,
}

impl Site<'_> {
    /// A host name below a service's domain.
    pub(super) fn host(&self, service: &str) -> String {
        format!(
            "{}.{}.{}.{service}.demo.internal",
            self.name, self.namespace, self.plane
        )
    }

    /// A text of the specification, or `default`.
    pub(super) fn text(&self, pointer: &str, default: &str) -> String {
        match self.spec.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => default.to_owned(),
        }
    }

    /// A number of the specification, or `default`.
    pub(super) fn number(&self, pointer: &str, default: u64) -> u64 {
        self.spec
            .pointer(pointer)
            .and_then(Value::as_u64)
            .unwrap_or(default)
    }

    /// Gibibytes in the specification: as `20Gi`, `2Ti` or a number of them.
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
    /// What its name ends with.
    pub(super) suffix: String,
    /// Its kind.
    pub(super) kind: &'static str,
    /// What to call it in a sentence.
    pub(super) what: String,
    /// `spec.forProvider`.
    pub(super) settings: Value,
    /// The disk space it takes, in gibibytes.
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

/// What a secret is made with; the same for as long as the claim lives.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) password: String,
    /// A certificate in PEM that the service's own is signed by.
    pub(super) authority: String,
}

/// A connection secret.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) name: String,
    /// `type` of the secret.
    pub(super) kind: &'static str,
    /// Its keys and what they hold.
    pub(super) data: Vec<(&'static str, String)>,
}
