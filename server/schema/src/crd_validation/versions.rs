//! Validates the versions of a definition, with their schemas.

use serde_json::{Value, json};

use super::Errors;
use super::keywords::{self, Schema, flag, has, list, one, several, text, texts};
use super::{defaults, json_path, lenient, openapi, structural};
use crate::error::{Limits, ParseError};
use crate::names::dns1035_label;
use crate::path::Path;
use crate::schema::Schema as Parsed;

/// Selectable fields per version at most.
const MAX_SELECTABLE_FIELDS: usize = 8;

pub(super) fn validate(spec: &Value, limits: Limits, errors: &mut Errors) {
    let empty = Schema::new();
    let spec = spec.as_object().unwrap_or(&empty);
    let root = Path::ROOT.property("spec");
    let place = root.property("versions");
    let versions: Vec<(usize, &Schema)> = several(spec, "versions").collect();
    for (index, version) in &versions {
        let place = place.index(*index);
        let name = text(version, "name");
        errors.joined(&place.property("name"), name, &dns1035_label(name), "");
        if *index == 0 && !name.is_empty() {
            // Kept for old clients; the API server validates it as well.
            errors.joined(&root.property("version"), name, &dns1035_label(name), "");
        }
        deprecation(version, &place.property("deprecationWarning"), errors);
        if one(version, "schema")
            .and_then(|schema| one(schema, "openAPIV3Schema"))
            .is_none()
        {
            let schema = place.property("schema");
            errors.required(&schema.property("openAPIV3Schema"), "");
        }
    }
    together(spec, &versions, &root, errors);
    // The API server validates what all versions have in common once, as if it were in `spec` itself.
    for key in [
        "schema",
        "subresources",
        "additionalPrinterColumns",
        "selectableFields",
    ] {
        let part = |version: &Schema| version.get(key).cloned().unwrap_or_default();
        let Some((_, first)) = versions.first() else {
            continue;
        };
        let common = versions.iter().all(|(_, version)| part(version) == part(first));
        let top = match key {
            "schema" => "validation",
            other => other,
        };
        if common {
            let has_status = versions.iter().any(|(_, version)| has_status(version));
            of_part(first, key, has_status, limits, &root.property(top), errors);
        } else {
            for (index, version) in &versions {
                let version_place = place.index(*index);
                let has_status = has_status(version);
                of_part(
                    version,
                    key,
                    has_status,
                    limits,
                    &version_place.property(key),
                    errors,
                );
            }
        }
    }
    conversion(spec, &root.property("conversion"), errors);
}

fn has_status(version: &Schema) -> bool {
    one(version, "subresources").is_some_and(|all| one(all, "status").is_some())
}

fn of_part(
    version: &Schema,
    key: &str,
    has_status: bool,
    limits: Limits,
    place: &Path<'_>,
    errors: &mut Errors,
) {
    let schema = one(version, "schema").and_then(|schema| one(schema, "openAPIV3Schema"));
    match key {
        "schema" => {
            if let Some(schema) = schema {
                whole_schema(schema, has_status, limits, place, errors);
            }
        }
        "subresources" => {
            if let Some(scale) = one(version, key).and_then(|all| one(all, "scale")) {
                subresource_scale(scale, &place.property("scale"), errors);
            }
        }
        "additionalPrinterColumns" => {
            for (index, column) in several(version, key) {
                printer_column(column, &place.index(index), errors);
            }
        }
        _ => selectable(version, schema, place, errors),
    }
}

/// Validates the versions together: exactly one storage version, unique names.
fn together(spec: &Schema, versions: &[(usize, &Schema)], root: &Path<'_>, errors: &mut Errors) {
    let place = root.property("versions");
    let said = json!(
        list(spec, "versions")
            .iter()
            .map(|version| version["name"].clone())
            .collect::<Vec<_>>()
    );
    let name = |at: usize| text(versions[at].1, "name");
    if (0..versions.len()).any(|at| (0..at).any(|before| name(before) == name(at))) {
        errors.invalid(&place, &said, "must contain unique version names");
    }
    let stored: Vec<&str> = versions
        .iter()
        .filter(|(_, version)| flag(version, "storage"))
        .map(|(_, version)| text(version, "name"))
        .collect();
    if stored.len() != 1 {
        errors.invalid(
            &place,
            &said,
            "must have exactly one version marked as storage version",
        );
    }
    // The API server derives `status.storedVersions` from the versions marked as storage, without duplicates.
    let status = Path::ROOT.property("status");
    let noted = status.property("storedVersions");
    match stored.first() {
        None => errors.invalid(&noted, &json!([]), "must have at least one stored version"),
        Some(first) => {
            for other in &stored[1..] {
                let why = format!("must have the storage version {other}");
                errors.invalid(&noted, &json!([first]), &why);
            }
        }
    }
}

fn deprecation(version: &Schema, place: &Path<'_>, errors: &mut Errors) {
    let Some(warning) = version.get("deprecationWarning").and_then(Value::as_str) else {
        return;
    };
    let value = json!(warning);
    if !flag(version, "deprecated") {
        errors.invalid(place, &value, "can only be set for deprecated versions");
        return;
    }
    if warning.len() > 256 {
        errors.invalid(place, &value, "must be <= 256 characters long");
    }
    if warning.is_empty() {
        errors.invalid(place, &value, "must not be an empty string");
    }
    if let Some((index, _)) = warning.char_indices().find(|(_, c)| c.is_control()) {
        let why = format!(
            "must only contain printable UTF-8 characters; non-printable character found at index {index}"
        );
        errors.invalid(place, &value, &why);
    }
}

fn whole_schema(schema: &Schema, has_status: bool, limits: Limits, place: &Path<'_>, errors: &mut Errors) {
    let at = place.property("openAPIV3Schema");
    let parsed = Parsed::parse_with_limits(&Value::Object(schema.clone()), limits)
        .or_else(|_| Parsed::parse_with_limits(&Value::Object(lenient::readable(schema)), limits));
    if let Err(
        ParseError::TooDeep { .. }
        | ParseError::TooManyNodes { .. }
        | ParseError::TooLarge { .. }
        | ParseError::TooManyPatterns { .. },
    ) = parsed
    {
        return;
    }
    if has_status {
        beside_status(schema, &at, errors);
    }
    if flag(schema, "nullable") {
        errors.forbidden(&at.property("nullable"), "nullable cannot be true at the root");
    }
    let mut rules = false;
    if structural::is_convertible(schema) {
        let before = errors.list.len();
        structural::validate(schema, &at, errors);
        if let Ok(parsed) = parsed.as_ref()
            && errors.list.len() == before
        {
            defaults::validate_root(parsed.root(), schema, &at, errors);
        }
        rules = errors.list.len() == before;
    }
    openapi::validate(schema, &at, rules, errors);
}

/// With the `status` subresource, `status` is validated separately, so the root must not constrain it.
fn beside_status(schema: &Schema, place: &Path<'_>, errors: &mut Errors) {
    const ALLOWED: [&str; 22] = [
        "description",
        "type",
        "format",
        "title",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "multipleOf",
        "required",
        "items",
        "properties",
        "externalDocs",
        "example",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    ];
    let kind = text(schema, "type");
    if !kind.is_empty() && kind != "object" {
        let why = "only \"object\" is allowed as the type at the root of the schema if the status subresource is \
                   enabled";
        errors.invalid(&place.property("type"), &json!(kind), why);
    } else if keywords::all(schema).any(|key| !ALLOWED.contains(&key)) {
        let names = "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength \
                     MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs \
                     Example XPreserveUnknownFields XValidations";
        let why = format!(
            "only [{names}] fields are allowed at the root of the schema if the status subresource is \
                           enabled"
        );
        errors.invalid(place, &Value::Object(schema.clone()), &why);
    }
}

fn subresource_scale(scale: &Schema, place: &Path<'_>, errors: &mut Errors) {
    for (key, below, required) in [
        ("specReplicasPath", &["spec"][..], true),
        ("statusReplicasPath", &["status"], true),
        ("labelSelectorPath", &["spec", "status"], false),
    ] {
        let place = place.property(key);
        let path = text(scale, key);
        if path.is_empty() {
            if required {
                errors.required(&place, "");
            }
        } else if !path.starts_with('.') {
            errors.invalid(&place, &json!(path), "must be a simple json path starting with .");
        } else if !below.iter().any(|part| path.starts_with(&format!(".{part}."))) {
            let why = match below {
                [part] => format!("should be a json path under .{part}"),
                _ => "should be a json path under either .spec or .status".to_owned(),
            };
            errors.invalid(&place, &json!(path), &why);
        }
    }
}

fn printer_column(column: &Schema, place: &Path<'_>, errors: &mut Errors) {
    const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
    const FORMATS: [&str; 8] = [
        "byte",
        "date",
        "date-time",
        "double",
        "float",
        "int32",
        "int64",
        "password",
    ];
    if text(column, "name").is_empty() {
        errors.required(&place.property("name"), "");
    }
    let types = format!("must be one of {}", TYPES.join(","));
    match text(column, "type") {
        "" => errors.required(&place.property("type"), &types),
        kind if !TYPES.contains(&kind) => errors.invalid(&place.property("type"), &json!(kind), &types),
        _ => {}
    }
    let format = text(column, "format");
    if !format.is_empty() && !FORMATS.contains(&format) {
        let why = format!("must be one of {}", FORMATS.join(","));
        errors.invalid(&place.property("format"), &json!(format), &why);
    }
    let path = text(column, "jsonPath");
    if path.is_empty() {
        errors.required(&place.property("JSONPath"), "");
    } else if !path.starts_with('.') {
        let why = "must be a simple json path starting with .";
        errors.invalid(&place.property("JSONPath"), &json!(path), why);
    }
}

fn selectable(version: &Schema, schema: Option<&Schema>, place: &Path<'_>, errors: &mut Errors) {
    let mut seen: Vec<&str> = Vec::new();
    let Some(schema) = schema else { return };
    for (index, field) in several(version, "selectableFields") {
        let place = place.index(index);
        let place = place.property("jsonPath");
        let path = text(field, "jsonPath");
        if path.is_empty() {
            errors.required(&place, "");
            continue;
        }
        let json_path = match json_path::find(schema, path, false) {
            Ok(json_path) => json_path,
            Err(problem) => {
                errors.invalid(&place, &json!(path), &format!("is an invalid path: {problem}"));
                continue;
            }
        };
        if path.starts_with(".metadata.") || path == ".metadata" {
            errors.invalid(&place, &json!(path), "must not point to fields in metadata");
        }
        if !matches!(text(json_path, "type"), "string" | "boolean" | "integer") {
            let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with \
                       formats are allowed.";
            errors.invalid(&place, &json!(path), why);
        }
        if seen.contains(&path) {
            let message = format!("Duplicate value: {path:?}");
            errors.add(&place, crate::Reason::Duplicate, message);
        } else {
            seen.push(path);
        }
    }
    if seen.len() > MAX_SELECTABLE_FIELDS {
        let message = format!(
            "Too many: {}: must have at most {MAX_SELECTABLE_FIELDS} items",
            seen.len()
        );
        errors.add(place, crate::Reason::TooMany, message);
    }
}

fn conversion(spec: &Schema, place: &Path<'_>, errors: &mut Errors) {
    let Some(conversion) = one(spec, "conversion") else {
        return;
    };
    let strategy = text(conversion, "strategy");
    let webhook = one(conversion, "webhook");
    let client = webhook.and_then(|webhook| one(webhook, "clientConfig"));
    let versions: Vec<&str> = webhook
        .map(|webhook| texts(webhook, "conversionReviewVersions").collect())
        .unwrap_or_default();
    match strategy {
        "" => errors.required(&place.property("strategy"), ""),
        "None" | "Webhook" => {}
        other => errors.unsupported(&place.property("strategy"), &json!(other), &["None", "Webhook"]),
    }
    let (at, reviews) = (
        place.property("webhookClientConfig"),
        place.property("conversionReviewVersions"),
    );
    if strategy != "Webhook" {
        let why = "should not be set when strategy is not set to Webhook";
        if client.is_some() {
            errors.forbidden(&at, why);
        }
        if !versions.is_empty() {
            errors.forbidden(&reviews, why);
        }
        return;
    }
    match client {
        None => errors.required(&at, "required when strategy is set to Webhook"),
        Some(client) if has(client, "url") == has(client, "service") => {
            errors.required(&at, "exactly one of url or service is required");
        }
        Some(_) => {}
    }
    if versions.is_empty() {
        errors.required(&reviews, "");
    } else if !versions
        .iter()
        .any(|version| matches!(*version, "v1" | "v1beta1"))
    {
        let why = "must include at least one of v1, v1beta1";
        errors.invalid(&reviews, &json!(versions), why);
    }
}
