//! A definition as it is held: compressed, and parsed when somebody asks for it.
//!
//! A control plane may offer thousands of kinds, and a parsed schema takes ten times the memory of its compressed text.
//! What lists need is read from it once and kept beside it. Its text is kept, and not read from the control plane again,
//! so that a form opens and a request is checked while the control plane is away.

use std::collections::HashMap;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Weak};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use kube_schema::{Definition, ParseError, Schema, Scope, Version, canonical_json};
use parking_lot::Mutex;
use portico_domain::documents::ResourceRef;
use portico_domain::text::sanitize;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::kind::Kind;
use crate::column::Column;

/// Bytes that the parsed definitions of all control planes take at most besides those in use, by an estimate.
const MAX_RECENT_BYTES: usize = 16 << 20;
/// Bytes that a byte of a definition's text takes when parsed. Measured with the definitions of `portico-bench definitions`.
const PARSED_BYTES_PER_BYTE: usize = 5;
/// The level at which definitions are compressed; higher ones take longer and save little.
const COMPRESSION: u32 = 3;

/// The SHA-256 of a definition's text.
pub(super) type DefinitionKey = [u8; 32];

/// A definition of a control plane, parsed when asked for.
pub struct HeldDefinition {
    name: String,
    pub(super) is_misnamed: bool,
    pub(super) categories: Vec<String>,
    pub(super) versions: Vec<HeldVersion>,
    key: DefinitionKey,
    /// The compressed text.
    text: Box<[u8]>,
    text_bytes: usize,
    /// The parsed definition, while it is in use or was recently.
    parsed: Mutex<Weak<Definition>>,
    /// Held while it is parsed, so that many who ask at once wait for one.
    turn: tokio::sync::Mutex<()>,
    recent: Arc<Recent>,
    /// Kinds that were made from it: control planes with equal ones share them.
    kinds: Mutex<Vec<Weak<Kind>>>,
}

/// What is held of a version besides the text.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what a definition says, each on its own"
)]
pub(super) struct HeldVersion {
    pub(super) resource: Arc<ResourceRef>,
    pub(super) served: bool,
    pub(super) storage: bool,
    /// Its deprecation warning, if it is deprecated.
    pub(super) deprecated: Option<String>,
    /// Why its schema cannot be used.
    pub(super) schema_error: Option<String>,
    /// A hash that is equal for equal schemas, on every machine and in every version of Portico.
    pub(super) schema_hash: String,
    pub(super) columns: Vec<Column>,
    /// Its objects never report a state.
    pub(super) has_no_status: bool,
    /// Its objects have `spec.claimRef`.
    pub(super) has_claim_ref: bool,
}

impl HeldDefinition {
    /// Holds what the CRD was parsed to.
    pub(super) fn new(crd: &Value, text: &DefinitionText, parsed: &Definition, recent: &Arc<Recent>) -> Self {
        Self {
            is_misnamed: parsed.name != format!("{}.{}", parsed.plural, parsed.group),
            name: parsed.name.clone(),
            categories: parsed.categories.clone(),
            versions: parsed
                .versions
                .iter()
                .map(|version| HeldVersion::of(parsed, version, crd))
                .collect(),
            key: text.key(),
            text: compress(&text.0).into(),
            text_bytes: text.0.len(),
            parsed: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            recent: recent.clone(),
            kinds: Mutex::default(),
        }
    }

    /// The parsed definition, without labels and annotations. It is parsed once for all who ask at the same time, off the
    /// threads that serve requests, since it may be huge or slow to parse on purpose.
    ///
    /// # Errors
    /// If its text can no longer be parsed, which does not happen.
    pub async fn parsed(self: &Arc<Self>) -> Result<Arc<Definition>, ParseError> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let _turn = self.turn.lock().await;
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let this = self.clone();
        match tokio::task::spawn_blocking(move || this.parse()).await {
            Ok(parsed) => parsed,
            // The runtime is ending.
            Err(_) => self.parse(),
        }
    }

    /// As [`HeldDefinition::parsed`], on this thread. May take long.
    ///
    /// # Errors
    /// As [`HeldDefinition::parsed`].
    pub fn parse(&self) -> Result<Arc<Definition>, ParseError> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let parsed = Arc::new(Definition::parse(&decompress(&self.text)?)?);
        *self.parsed.lock() = Arc::downgrade(&parsed);
        self.recent.insert(self.key, &parsed, self.text_bytes);
        Ok(parsed)
    }

    /// The parsed definition, if it is in memory.
    fn known(&self) -> Option<Arc<Definition>> {
        let known = self.parsed.lock().upgrade()?;
        self.recent.insert(self.key, &known, self.text_bytes);
        Some(known)
    }

    /// An equal kind that was made from it before, else this one.
    pub(super) fn share(&self, kind: Kind) -> Arc<Kind> {
        let mut kinds = self.kinds.lock();
        kinds.retain(|known| known.strong_count() > 0);
        if let Some(same) = kinds
            .iter()
            .filter_map(Weak::upgrade)
            .find(|known| **known == kind)
        {
            return same;
        }
        let kind = Arc::new(kind);
        kinds.push(Arc::downgrade(&kind));
        kind
    }
}

impl fmt::Debug for HeldDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldDefinition")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl HeldVersion {
    fn of(definition: &Definition, version: &Version, crd: &Value) -> Self {
        let raw = crd.pointer("/spec/versions").and_then(Value::as_array);
        let raw = raw
            .into_iter()
            .flatten()
            .find(|raw| raw.get("name").and_then(Value::as_str) == Some(version.name.as_str()));
        let warning = version.deprecation_warning.as_deref().map(sanitize);
        Self {
            resource: Arc::new(ResourceRef {
                group: definition.group.clone(),
                version: version.name.clone(),
                kind: definition.kind.clone(),
                plural: definition.plural.clone(),
                namespaced: definition.scope == Scope::Namespaced,
            }),
            served: version.served,
            storage: version.storage,
            deprecated: version
                .deprecated
                .then(|| warning.unwrap_or_else(|| format!("version {} is deprecated", version.name))),
            schema_error: version.schema.as_ref().err().map(ToString::to_string),
            schema_hash: schema_hash(raw.and_then(|raw| raw.pointer("/schema/openAPIV3Schema"))),
            columns: columns(version),
            has_no_status: has_no_status(version),
            has_claim_ref: version
                .schema
                .as_ref()
                .is_ok_and(|schema| schema.node_at("spec.claimRef").is_some()),
        }
    }
}

/// The usable schema of a version of a definition, parsed when asked for.
#[derive(Debug, Clone)]
pub struct HeldSchema {
    pub(super) definition: Arc<HeldDefinition>,
    /// The version's place in the definition.
    pub(super) version: usize,
}

impl HeldSchema {
    /// The parsed schema; `None` only if it can no longer be parsed, which does not happen. As
    /// [`HeldDefinition::parsed`].
    pub async fn parsed(&self) -> Option<Arc<Schema>> {
        let definition = self.definition.parsed().await.ok()?;
        definition.versions.get(self.version)?.schema.clone().ok()
    }
}

/// Equal if they are of the same reading.
impl PartialEq for HeldSchema {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.definition, &other.definition) && self.version == other.version
    }
}

/// True if the version has no status.
fn has_no_status(version: &Version) -> bool {
    let declares =
        |schema: &Arc<Schema>| schema.node_at("status").is_some() || schema.root().allows_undeclared();
    !version.has_status && version.schema.as_ref().is_ok_and(|schema| !declares(schema))
}

/// The hash of [`HeldVersion::schema_hash`].
pub(super) fn schema_hash(schema: Option<&Value>) -> String {
    let digest = Sha256::digest(schema.map(canonical_json).unwrap_or_default());
    hex::encode(&digest[..16])
}

/// Printer columns with simple paths. The others would need a `JSONPath` engine.
fn columns(version: &Version) -> Vec<Column> {
    let columns = version.printer_columns.iter().filter_map(|column| {
        let path = column.json_path.strip_prefix('.')?;
        let is_plain = !path.contains(['?', '*', '@', '\'']);
        is_plain.then(|| Column {
            name: sanitize(&column.name),
            path: path.to_owned(),
        })
    });
    columns.take(12).collect()
}

/// What is kept of a CRD, as JSON: not its labels, annotations, uid, versions and status, in which equal ones differ, nor
/// its conversion, which only the API server needs.
pub(super) struct DefinitionText(Vec<u8>);

impl DefinitionText {
    pub(super) fn of(crd: &Value) -> Self {
        let spec = &crd["spec"];
        let kept = Kept {
            api_version: &crd["apiVersion"],
            kind: &crd["kind"],
            metadata: KeptMetadata {
                name: &crd["metadata"]["name"],
            },
            spec: KeptSpec {
                group: &spec["group"],
                names: &spec["names"],
                scope: &spec["scope"],
                versions: &spec["versions"],
            },
        };
        // JSON values have no keys that are not texts, so they can be written.
        Self(serde_json::to_vec(&kept).unwrap_or_default())
    }

    pub(super) fn key(&self) -> DefinitionKey {
        Sha256::digest(&self.0).into()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    api_version: &'a Value,
    kind: &'a Value,
    metadata: KeptMetadata<'a>,
    spec: KeptSpec<'a>,
}

#[derive(Serialize)]
struct KeptMetadata<'a> {
    name: &'a Value,
}

#[derive(Serialize)]
struct KeptSpec<'a> {
    group: &'a Value,
    names: &'a Value,
    scope: &'a Value,
    versions: &'a Value,
}

fn compress(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(text.len() / 4), Compression::new(COMPRESSION));
    // Writing to memory does not fail.
    let _ = encoder.write_all(text);
    encoder.finish().unwrap_or_default()
}

fn decompress(compressed: &[u8]) -> Result<Value, ParseError> {
    let mut text = Vec::new();
    let read = DeflateDecoder::new(compressed).read_to_end(&mut text);
    let unreadable = |problem: String| ParseError::Malformed {
        path: "the definition as Portico holds it".to_owned(),
        problem,
    };
    read.map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))
}

/// The definitions that were asked for last, so that a form that is open is not parsed with each of its requests.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<RecentDefinitions>);

#[derive(Debug, Default)]
struct RecentDefinitions {
    definitions: HashMap<DefinitionKey, Used>,
    bytes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Used {
    _parsed: Arc<Definition>,
    bytes: usize,
    last: u64,
}

impl Recent {
    /// Keeps a definition, and forgets those that nobody has asked for longest if there are too many bytes.
    fn insert(&self, key: DefinitionKey, parsed: &Arc<Definition>, text_bytes: usize) {
        let mut forgotten = Vec::new();
        {
            let mut recent = self.0.lock();
            recent.uses += 1;
            let last = recent.uses;
            if let Some(known) = recent.definitions.get_mut(&key) {
                known.last = last;
                return;
            }
            let bytes = text_bytes.saturating_mul(PARSED_BYTES_PER_BYTE);
            recent.bytes = recent.bytes.saturating_add(bytes);
            let used = Used {
                _parsed: parsed.clone(),
                bytes,
                last,
            };
            recent.definitions.insert(key, used);
            // The one that was just asked for stays, whatever its size.
            while recent.bytes > MAX_RECENT_BYTES && recent.definitions.len() > 1 {
                let oldest = recent.definitions.iter().min_by_key(|(_, used)| used.last);
                let Some(oldest) = oldest.map(|(key, _)| *key) else {
                    break;
                };
                if let Some(used) = recent.definitions.remove(&oldest) {
                    recent.bytes = recent.bytes.saturating_sub(used.bytes);
                    forgotten.push(used);
                }
            }
        }
        // Freed without the lock.
        drop(forgotten);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().definitions.len()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_hash_ignores_the_order_of_keys() {
        let one = json!({ "type": "object", "properties": { "a": {}, "b": {} } });
        let other = json!({ "properties": { "b": {}, "a": {} }, "type": "object" });
        assert_eq!(schema_hash(Some(&one)), schema_hash(Some(&other)));
    }
}
