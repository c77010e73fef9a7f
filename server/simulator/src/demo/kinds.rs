//! The kinds of the demo's control planes, from the files in `kinds/`.

use portico_domain::xrd;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::StartError;

/// The offered kinds, by file name.
pub(super) const OFFERED: [(&str, &str); 8] = [
    ("postgresql", include_str!("kinds/postgresql.yaml")),
    ("mysql", include_str!("kinds/mysql.yaml")),
    ("cache", include_str!("kinds/cache.yaml")),
    ("topic", include_str!("kinds/topic.yaml")),
    ("queue", include_str!("kinds/queue.yaml")),
    ("bucket", include_str!("kinds/bucket.yaml")),
    ("notebook", include_str!("kinds/notebook.yaml")),
    (
        "kubernetes-cluster",
        include_str!("kinds/kubernetes-cluster.yaml"),
    ),
];
/// The kinds among them that a workspace of kcp gets, and what they are composed of.
const EXPORTED: [&str; 2] = ["cache", "bucket"];
const COMPOSED_OF: [&str; 3] = ["CacheServer", "StorageBucket", "AccessKey"];
const COMPOSED: &str = include_str!("kinds/composed.yaml");
const DRIFT: &str = include_str!("kinds/drift.yaml");

/// The definitions of a control plane, in the order of installation.
///
/// # Errors
/// When an embedded file is invalid.
pub(super) fn definitions(plane: &str) -> Result<Vec<Value>, StartError> {
    let drifts: Vec<Drift> =
        serde_saphyr::from_str(DRIFT).map_err(|error| StartError::embedded("drift.yaml", error))?;
    let drift = drifts.into_iter().find(|drift| drift.plane == plane);
    let mut all = composed()?;
    for (name, text) in OFFERED {
        let mut definition = read(name, text)?;
        if let Some(drift) = &drift {
            if drift.without.iter().any(|without| without == name) {
                continue;
            }
            for change in drift.changes.iter().filter(|change| change.kind == name) {
                change.make(&mut definition)?;
            }
        }
        if definition["kind"] == "CompositeResourceDefinition" {
            all.push(composition(&definition));
        }
        all.push(definition);
    }
    Ok(all)
}

/// What the provisioners of any offered kind need besides its definition: composed kinds and compositions.
///
/// # Errors
/// When an embedded file is invalid.
pub(super) fn foundations() -> Result<Vec<Value>, StartError> {
    let mut all = composed()?;
    for (name, text) in OFFERED {
        let definition = read(name, text)?;
        if definition["kind"] == "CompositeResourceDefinition" {
            all.push(composition(&definition));
        }
    }
    Ok(all)
}

/// The definitions of the kinds that are exported to workspaces of kcp, each a `CustomResourceDefinition`.
///
/// # Errors
/// When an embedded file is invalid.
pub(super) fn exported() -> Result<Vec<Value>, StartError> {
    let mut all = Vec::new();
    for (name, text) in OFFERED.iter().filter(|(name, _)| EXPORTED.contains(name)) {
        let definition = read(name, text)?;
        if definition["kind"] == "CompositeResourceDefinition" {
            all.extend(xrd::definitions(&definition));
        } else {
            all.push(definition);
        }
    }
    let is_composed_of = |definition: &Value| {
        let names = &definition["spec"]["names"];
        definition["spec"]["scope"] == "Namespaced" && COMPOSED_OF.iter().any(|kind| names["kind"] == *kind)
    };
    all.extend(composed()?.into_iter().filter(is_composed_of));
    Ok(all)
}

fn read(name: &str, text: &str) -> Result<Value, StartError> {
    serde_saphyr::from_str(text).map_err(|error| StartError::embedded(name, error))
}

/// How a control plane differs from the files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Drift {
    plane: String,
    without: Vec<String>,
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    kind: String,
    path: String,
    #[serde(default)]
    value: Option<Value>,
}

impl Change {
    fn make(&self, definition: &mut Value) -> Result<(), StartError> {
        let wrong = || {
            StartError::embedded(
                "drift.yaml",
                format!("{} has nothing at {}", self.kind, self.path),
            )
        };
        let (parent, last) = self.path.rsplit_once('/').ok_or_else(wrong)?;
        match (definition.pointer_mut(parent), &self.value) {
            (Some(Value::Object(map)), Some(value)) => {
                map.insert(last.to_owned(), value.clone());
            }
            (Some(Value::Object(map)), None) => {
                map.shift_remove(last).ok_or_else(wrong)?;
            }
            (Some(Value::Array(items)), None) => {
                let index = last
                    .parse()
                    .ok()
                    .filter(|index| *index < items.len())
                    .ok_or_else(wrong)?;
                items.remove(index);
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }
}

/// The definitions of composed resources.
fn composed() -> Result<Vec<Value>, StartError> {
    #[derive(Deserialize)]
    struct Composed {
        kinds: Vec<Names>,
        scopes: Vec<Scope>,
        version: Value,
    }
    #[derive(Deserialize)]
    struct Names {
        kind: String,
        plural: String,
    }
    #[derive(Deserialize)]
    struct Scope {
        group: String,
        scope: String,
    }
    let composed: Composed =
        serde_saphyr::from_str(COMPOSED).map_err(|error| StartError::embedded("composed.yaml", error))?;
    let mut definitions = Vec::new();
    for Scope { group, scope } in &composed.scopes {
        for Names { kind, plural } in &composed.kinds {
            definitions.push(json!({
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": { "name": format!("{plural}.{group}") },
                "spec": {
                    "group": group,
                    "scope": scope,
                    "names": {
                        "kind": kind, "listKind": format!("{kind}List"), "plural": plural,
                        "singular": kind.to_lowercase(), "categories": ["managed"],
                    },
                    "versions": [composed.version],
                },
            }));
        }
    }
    Ok(definitions)
}

/// The name of the composition of a composite kind.
pub(super) fn composition_name(kind: &str) -> String {
    format!("{}-standard", kind.to_lowercase())
}

/// A composition for the definition, so that references to it resolve.
fn composition(definition: &Value) -> Value {
    let spec = &definition["spec"];
    let kind = spec["names"]["kind"].as_str().unwrap_or_default();
    let version = spec["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|version| version["referenceable"] == true)
        .and_then(|version| version["name"].as_str())
        .unwrap_or_default();
    json!({
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "Composition",
        "metadata": { "name": composition_name(kind) },
        "spec": {
            "compositeTypeRef": {
                "apiVersion": format!("{}/{version}", spec["group"].as_str().unwrap_or_default()),
                "kind": kind,
            },
            "mode": "Pipeline",
            "pipeline": [{ "step": "compose", "functionRef": { "name": "function-demo" } }],
        },
    })
}
