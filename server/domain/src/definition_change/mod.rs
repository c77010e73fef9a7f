//! Effects of a changed definition on objects that exist: which of them the API server would refuse, default otherwise,
//! or prune.
//!
//! The verdicts are those of `kube_schema`, with the definition that the control plane serves now and with the changed
//! one. What both refuse is not an effect of the change.

mod document;
#[cfg(test)]
mod tests;
mod values;

pub use document::{ChangedDefinition, DocumentError, MAX_DOCUMENT_BYTES};

use std::collections::BTreeSet;
use std::sync::Arc;

use kube_schema::{Check, Definition, Node, ParseError, Reason, Schema, SchemaType, Scope, Violation};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A definition that a control plane serves, and the one that would replace it.
#[derive(Debug, Clone)]
pub struct DefinitionChange {
    current: Arc<Definition>,
    changed: Arc<Definition>,
    read_version: String,
    tried_version: String,
    ratcheting: bool,
}

/// Why objects cannot be tried against a changed definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CannotTry {
    /// It serves no version.
    NothingServed,
    /// Its schema cannot be used.
    Schema(ParseError),
    /// The version in which the objects are read is no longer served, and only a webhook can convert them.
    Conversion {
        /// The version that is no longer served.
        version: String,
    },
}

/// The effect of the change on one object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Effect {
    /// Writes that would be refused.
    pub refusals: Vec<Refusal>,
    /// Fields that would get other defaults.
    pub defaults: Vec<DefaultChange>,
    /// Paths of fields that would be pruned.
    pub pruned: Vec<String>,
    /// True if a rule could not be evaluated, so that more writes may be refused.
    pub indeterminate: bool,
}

/// A reason for which the API server would refuse a write.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The updates that are refused.
    pub update: RefusedUpdate,
    /// True if an equal object could not be created.
    pub create: bool,
    /// The field, as the API server names it: `spec.users[0].name`; `<nil>` if it names none.
    pub path: String,
    /// The API server's message without the field's value.
    pub message: String,
}

/// The updates that the API server refuses for one reason. It does not report errors of values that an update leaves
/// unchanged (validation ratcheting, KEP-4008), from Kubernetes 1.30 on.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RefusedUpdate {
    /// Every update, also one that changes only a label or removes a finalizer.
    Every,
    /// Updates that change anything in `spec`.
    OfSpec,
    /// Updates that change this field, or the object or list around it that a rule covers.
    OfField,
    /// None: the field cannot be changed.
    Never,
}

/// A field that gets another default.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DefaultChange {
    /// The field.
    pub path: String,
    /// The default that it has now; `None` if it has no value.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub from: Option<Value>,
    /// The default that it would have; `None` if it would have no value.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub to: Option<Value>,
    /// When the field changes.
    pub when: DefaultedWhen,
}

/// When a field gets another default.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DefaultedWhen {
    /// As soon as the definition is changed: the object has no value there, and the API server applies defaults to
    /// what it reads.
    Read,
    /// When the object is created again without the field. At once, too, if the field was never stored, because the
    /// object is older than its default.
    Created,
}

impl Effect {
    /// True if nothing happens to the object.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.refusals.is_empty() && self.defaults.is_empty() && self.pruned.is_empty() && !self.indeterminate
    }
}

impl DefinitionChange {
    /// Prepares trying objects that are read in `read_version` of the `current` definition. They are tried in the same
    /// version if it stays served, else in the storage version.
    ///
    /// `ratcheting` is true if the control plane ratchets, see [`ratchets`].
    ///
    /// # Errors
    /// [`CannotTry`].
    pub fn new(
        current: Arc<Definition>,
        changed: &ChangedDefinition,
        read_version: &str,
        ratcheting: bool,
    ) -> Result<Self, CannotTry> {
        let definition = &changed.definition;
        let same = definition.version(read_version).filter(|version| version.served);
        let tried = same
            .or(definition.storage_version().filter(|version| version.served))
            .or(definition.versions.iter().find(|version| version.served))
            .ok_or(CannotTry::NothingServed)?;
        if let Err(error) = &tried.schema {
            return Err(CannotTry::Schema(error.clone()));
        }
        if same.is_none() && changed.converts_by_webhook {
            return Err(CannotTry::Conversion {
                version: read_version.to_owned(),
            });
        }
        Ok(Self {
            tried_version: tried.name.clone(),
            changed: Arc::clone(definition),
            current,
            read_version: read_version.to_owned(),
            ratcheting,
        })
    }

    /// Returns the version in which objects are tried.
    #[must_use]
    pub fn tried_version(&self) -> &str {
        &self.tried_version
    }

    /// Returns the effect of the change on an object as the control plane returns it.
    ///
    /// # Errors
    /// If the changed schema cannot be used.
    pub fn effect_on(&self, object: &Value) -> Result<Effect, ParseError> {
        let before = readable(object);
        let mut after = before.clone();
        if let Some(object) = after.as_object_mut() {
            let api_version = format!("{}/{}", self.changed.group, self.tried_version);
            object.insert("apiVersion".to_owned(), json!(api_version));
        }
        let updated = self.changed.validate(&self.tried_version, &after, Some(&after))?;
        let created = self
            .changed
            .validate(&self.tried_version, &as_new(&after), None)?;
        let mut effect = Effect::default();
        if !(updated.is_valid() && created.is_valid()) {
            let verdicts = Verdicts {
                updated: updated.api_server_violations(),
                created: created.api_server_violations(),
            };
            effect.indeterminate = verdicts.are_indeterminate();
            effect.refusals = self.refusals(&before, &after, &verdicts);
        }
        effect.pruned = updated.pruned;
        effect.defaults = values::added(&after, &updated.object);
        if let Ok(schema) = self.current.require_version(&self.read_version)?.schema() {
            let changed = self.changed.require_version(&self.tried_version)?.schema()?;
            effect.defaults.extend(values::redefaulted(
                &as_new(&after),
                schema,
                changed,
                &effect.pruned,
            ));
        }
        Ok(effect)
    }

    /// The refusals that the current definition does not cause as well.
    fn refusals(&self, before: &Value, after: &Value, verdicts: &Verdicts) -> Vec<Refusal> {
        let known = self.verdicts_of_today(before);
        let is_new = |violation: &&Violation, known: &[Violation]| {
            violation.reason != Reason::Indeterminate
                && !violation.is_skipped_rules()
                && !known.iter().any(|other| is_same(violation, other))
        };
        let created: Vec<&Violation> = verdicts
            .created
            .iter()
            .filter(|violation| is_new(violation, &known.created))
            .collect();
        let of_spec = self.when_spec_changes(after, &created);
        let mut refusals = BTreeSet::new();
        for violation in &created {
            let is_metadata = violation.check == Check::Metadata;
            let every = verdicts.updated.iter().any(|other| is_same(violation, other));
            let update = if every || (!self.ratcheting && !is_metadata) {
                RefusedUpdate::Every
            } else if is_metadata {
                RefusedUpdate::Never
            } else if of_spec.iter().any(|other| is_same(violation, other)) {
                RefusedUpdate::OfSpec
            } else {
                RefusedUpdate::OfField
            };
            refusals.insert(refusal(violation, update, true));
        }
        for violation in verdicts
            .updated
            .iter()
            .filter(|violation| is_new(violation, &known.updated))
        {
            if !verdicts.created.iter().any(|other| is_same(violation, other)) {
                refusals.insert(refusal(violation, RefusedUpdate::Every, false));
            }
        }
        refusals.into_iter().collect()
    }

    /// What the current definition says of the object.
    fn verdicts_of_today(&self, before: &Value) -> Verdicts {
        let verdict = |object: &Value, old: Option<&Value>| {
            let result = self.current.validate(&self.read_version, object, old);
            result.map_or_else(|_| Vec::new(), |result| result.api_server_violations())
        };
        Verdicts {
            updated: verdict(before, Some(before)),
            created: verdict(&as_new(before), None),
        }
    }

    /// The errors of an update that changes something in `spec` but none of the faulty fields.
    fn when_spec_changes(&self, object: &Value, created: &[&Violation]) -> Vec<Violation> {
        if created.is_empty() || !self.ratcheting {
            return Vec::new();
        }
        let Ok(schema) = self
            .changed
            .require_version(&self.tried_version)
            .and_then(kube_schema::Version::schema)
        else {
            return Vec::new();
        };
        let Some(old) = with_another_spec(object, schema, created) else {
            return Vec::new();
        };
        let result = self.changed.validate(&self.tried_version, object, Some(&old));
        result.map_or_else(|_| Vec::new(), |result| result.api_server_violations())
    }

    /// Returns the served versions that the changed definition no longer serves.
    #[must_use]
    pub fn removed_versions(current: &Definition, changed: &Definition) -> Vec<String> {
        let stays = |name: &str| changed.version(name).is_some_and(|version| version.served);
        let served = current.versions.iter().filter(|version| version.served);
        served
            .filter(|version| !stays(&version.name))
            .map(|version| version.name.clone())
            .collect()
    }

    /// Returns the errors of fields that the API server lets nobody change in an established definition
    /// (`ValidateCustomResourceDefinitionUpdate`).
    #[must_use]
    pub fn immutable_fields(current: &Definition, changed: &Definition) -> Vec<String> {
        let scope = |scope: Scope| match scope {
            Scope::Namespaced => "Namespaced",
            Scope::Cluster => "Cluster",
        };
        let fields = [
            ("spec.scope", scope(current.scope), scope(changed.scope)),
            ("spec.names.kind", &current.kind, &changed.kind),
        ];
        fields
            .into_iter()
            .filter(|(_, before, after)| before != after)
            .map(|(path, _, after)| format!("{path}: Invalid value: {after:?}: field is immutable"))
            .collect()
    }
}

/// True if an API server of this version ratchets: from 1.30 on (the feature gate `CRDValidationRatcheting` is on by
/// default). An unknown version counts as a new one.
#[must_use]
pub fn ratchets(version: Option<&str>) -> bool {
    let parsed = version.and_then(|version| {
        let mut parts = version.trim_start_matches('v').split('.');
        let number = |part: Option<&str>| {
            let part = part?;
            let digits = part
                .find(|letter: char| !letter.is_ascii_digit())
                .map_or(part, |end| &part[..end]);
            digits.parse::<u32>().ok()
        };
        Some((number(parts.next())?, number(parts.next())?))
    });
    parsed.is_none_or(|parsed| parsed >= (1, 30))
}

/// The errors of an update that changes nothing, and of creating an equal object.
struct Verdicts {
    updated: Vec<Violation>,
    created: Vec<Violation>,
}

impl Verdicts {
    fn are_indeterminate(&self) -> bool {
        let mut all = self.updated.iter().chain(&self.created);
        all.any(|violation| violation.reason == Reason::Indeterminate)
    }
}

fn is_same(one: &Violation, other: &Violation) -> bool {
    one.pointer == other.pointer && one.message == other.message
}

fn refusal(violation: &Violation, update: RefusedUpdate, create: bool) -> Refusal {
    Refusal {
        update,
        create,
        path: violation.field().to_owned(),
        message: message_without_value(violation),
    }
}

/// The API server's message without the value: a report is passed on to others than those who may see the claim.
fn message_without_value(violation: &Violation) -> String {
    let kind = violation.message.split(':').next().unwrap_or_default();
    match violation.reason {
        Reason::Required if violation.message == kind => kind.to_owned(),
        Reason::Duplicate => kind.to_owned(),
        _ => format!("{kind}: {}", violation.detail),
    }
}

/// The object without `metadata.managedFields`, which are large and play no part.
fn readable(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
    object
}

/// The object as somebody would create it again: without what the API server sets.
fn as_new(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| {
            matches!(
                name.as_str(),
                "name"
                    | "generateName"
                    | "namespace"
                    | "labels"
                    | "annotations"
                    | "finalizers"
                    | "ownerReferences"
            )
        });
    }
    object
}

/// The object with another `spec`: one field less, or one more. No field that has an error or a default differs, so
/// the errors of an update from it are those that any change of `spec` brings up.
fn with_another_spec(object: &Value, schema: &Schema, errors: &[&Violation]) -> Option<Value> {
    let node = schema.root().property("spec")?;
    let spec = object.get("spec")?.as_object()?;
    let is_free = |name: &str| {
        let pointer = kube_schema::path::Path::ROOT
            .property("spec")
            .property(name)
            .pointer();
        let has_default = node
            .property(name)
            .is_some_and(|node| node.default_value().is_some());
        !has_default
            && !errors.iter().any(|error| {
                let rest = error.pointer.strip_prefix(&pointer);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    };
    let mut other: Map<String, Value> = spec.clone();
    if let Some(name) = spec
        .keys()
        .find(|name| node.child(name).is_some() && is_free(name))
    {
        other.shift_remove(name);
    } else {
        let (name, node) = node
            .properties()
            .find(|(name, _)| !spec.contains_key(*name) && is_free(name))?;
        other.insert(name.to_owned(), some_value(node));
    }
    let mut old = object.clone();
    old["spec"] = Value::Object(other);
    Some(old)
}

/// A value of the node's type. It need not be valid otherwise: the API server does not validate the old object.
fn some_value(node: &Node) -> Value {
    match node.schema_type() {
        SchemaType::Integer | SchemaType::Number => json!(0),
        SchemaType::Boolean => json!(false),
        SchemaType::Array => json!([]),
        SchemaType::Object => json!({}),
        _ => json!(""),
    }
}
