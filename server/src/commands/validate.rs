//! `portico validate`: validates objects by the definitions of their kinds, as the portal and an API server would,
//! without a control plane.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kube_schema::yaml::{Document, YamlError};
use kube_schema::{Definition, Scope, ValidationResult, Violation, validate_crd, yaml};
use serde_json::{Value, json};

/// The arguments of `portico validate`.
#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// A file with custom resource definitions. Can be repeated.
    #[arg(long = "crd", value_name = "FILE", required = true)]
    definitions: Vec<PathBuf>,
    /// The version to validate by, instead of the one that an object names.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The namespace of objects that name none, as with kubectl.
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default")]
    namespace: String,
    /// The old object, to validate an update.
    #[arg(long, value_name = "FILE")]
    old: Option<PathBuf>,
    /// Report only what an API server would report, in its order.
    #[arg(long)]
    as_api_server: bool,
    /// The output format.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    /// Files with objects, as YAML or JSON.
    #[arg(value_name = "OBJECT", required = true)]
    objects: Vec<PathBuf>,
}

/// The output format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Text for people.
    #[default]
    Text,
    /// A JSON list.
    Json,
}

/// The overall result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Overall {
    /// All objects are accepted.
    Accepted,
    /// Nothing is wrong, but not everything could be validated.
    Indeterminate,
    /// An object is refused.
    Refused,
}

impl Overall {
    /// The exit status: 0, 1 if an object is refused, 2 if something could not be validated.
    #[must_use]
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Refused => 1,
            Self::Indeterminate => 2,
        }
    }

    fn of(result: &ObjectResult) -> Self {
        match result {
            ObjectResult::Checked { result, .. } if result.is_valid() => Self::Accepted,
            ObjectResult::Checked { result, .. } if result.is_indeterminate() => Self::Indeterminate,
            ObjectResult::Checked { .. } | ObjectResult::Refused(_) => Self::Refused,
            ObjectResult::Indeterminate(_) => Self::Indeterminate,
        }
    }
}

/// The result for an object.
enum ObjectResult {
    /// It was validated by its schema.
    Checked {
        result: ValidationResult,
        /// The warnings of an API server.
        warnings: Vec<String>,
    },
    /// It is refused before schema validation; holds why.
    Refused(String),
    /// It could not be validated; holds why.
    Indeterminate(String),
}

/// Why nothing could be validated.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// A file cannot be read.
    #[error("{}: {why}", path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The results cannot be written.
    #[error(transparent)]
    Out(#[from] io::Error),
}

/// Validates all objects and writes the results. Problems of the definitions themselves go to `notes`: an API server
/// would refuse such a definition, but it is used anyway.
///
/// # Errors
/// If a file cannot be read or has no definition, or `out` or `notes` cannot be written.
pub fn validate(
    arguments: &ValidateArguments,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> Result<Overall, ValidateError> {
    let mut overall = Overall::Accepted;
    let mut definitions = Vec::new();
    for path in &arguments.definitions {
        let before = definitions.len();
        for document in read(path)? {
            match document {
                Ok(document) if document.value["kind"] == "CustomResourceDefinition" => {
                    definitions.push(read_definition(path, &document.value, notes)?);
                }
                Ok(_) => {}
                Err(why) => {
                    writeln!(notes, "note: {}: not read: {why}", path.display())?;
                    overall = Overall::Indeterminate;
                }
            }
        }
        if definitions.len() == before {
            return Err(failed(path)("there is no CustomResourceDefinition in it"));
        }
    }
    let old = match &arguments.old {
        Some(path) => read(path)?.into_iter().next().transpose().map_err(failed(path))?,
        None => None,
    };
    let old = old.map(|document| document.value);
    let mut results = Vec::new();
    for path in &arguments.objects {
        for document in read(path)? {
            let (object, result) = match document {
                Ok(document) => {
                    let result = check_object(arguments, &definitions, &document, old.as_ref());
                    (document.value, result)
                }
                Err(why) => (Value::Null, ObjectResult::Indeterminate(why.to_string())),
            };
            overall = overall.max(Overall::of(&result));
            if arguments.output == Output::Json {
                results.push(as_json(arguments, path, &object, &result));
            } else {
                let name = object["metadata"]["name"].as_str().unwrap_or("-");
                let kind = object["kind"].as_str().unwrap_or("-");
                print(
                    arguments,
                    out,
                    &format!("{}: {kind} {name}", path.display()),
                    &result,
                )?;
            }
        }
    }
    if arguments.output == Output::Json {
        writeln!(out, "{:#}", Value::Array(results))?;
    }
    Ok(overall)
}

fn read_definition(
    path: &Path,
    document: &Value,
    notes: &mut impl Write,
) -> Result<Definition, ValidateError> {
    let definition = Definition::parse(document).map_err(failed(path))?;
    let (path, name) = (path.display(), &definition.name);
    for error in validate_crd(document) {
        let (field, message) = (error.path, error.message);
        writeln!(
            notes,
            "note: {path}: an API server would refuse {name}: {field}: {message}"
        )?;
    }
    Ok(definition)
}

fn read(path: &Path) -> Result<Vec<Result<Document, YamlError>>, ValidateError> {
    let text = fs::read_to_string(path).map_err(failed(path))?;
    let documents = yaml::parse_file(&text).map_err(failed(path))?;
    Ok(documents.into_iter().flat_map(each).collect())
}

/// The objects of a document, which may be a list as written by `kubectl get -o yaml`.
fn each(document: Result<Document, YamlError>) -> Vec<Result<Document, YamlError>> {
    let mut document = match document {
        Ok(document) if document.value["kind"] == "List" => document,
        other => return vec![other],
    };
    match document.value.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items
            .into_iter()
            .filter(|item| !item.is_null())
            .map(|value| {
                Ok(Document {
                    value,
                    ..document.clone()
                })
            })
            .collect(),
        Some(items) => {
            document.value["items"] = items;
            vec![Ok(document)]
        }
        None => vec![Ok(document)],
    }
}

fn failed<E: ToString>(path: &Path) -> impl Fn(E) -> ValidateError {
    let path = path.to_owned();
    move |why| ValidateError::File {
        path: path.clone(),
        why: why.to_string(),
    }
}

fn check_object(
    arguments: &ValidateArguments,
    definitions: &[Definition],
    document: &Document,
    old: Option<&Value>,
) -> ObjectResult {
    let object = &document.value;
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = object["kind"].as_str().unwrap_or_default();
    let Some(definition) = definitions
        .iter()
        .find(|definition| definition.group == group && definition.kind == kind)
    else {
        return ObjectResult::Indeterminate(format!(
            "no definition of the kind {kind:?} in the group {group:?} was given"
        ));
    };
    let version = definition.version_for(arguments.version.as_deref(), object);
    match definition.require_version(version) {
        Ok(found) if found.served => {}
        Ok(_) => {
            return ObjectResult::Refused(format!(
                "{group}/{version} is not served: an API server has no {kind} of this version"
            ));
        }
        // The version on the command line may be a mistake; that of the object is what an API server would look for.
        Err(error) if arguments.version.is_some() => return ObjectResult::Indeterminate(error.to_string()),
        Err(error) => return ObjectResult::Refused(error.to_string()),
    }
    let placed = |object: &Value| {
        let mut object = object.clone();
        if definition.scope == Scope::Namespaced
            && object.pointer("/metadata/namespace").is_none()
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.insert("namespace".to_owned(), json!(arguments.namespace));
        }
        object
    };
    let (object, old) = (placed(object), old.map(placed));
    match definition.validate(version, &object, old.as_ref()) {
        Ok(result) => {
            let duplicates = document
                .duplicate_keys
                .iter()
                .map(|key| format!("line {}: key {:?} already set in map", key.line, key.key));
            let mut warnings: Vec<String> = duplicates.collect();
            warnings.extend(definition.warnings(version, &object, old.as_ref(), &result));
            ObjectResult::Checked { result, warnings }
        }
        Err(error) => ObjectResult::Indeterminate(error.to_string()),
    }
}

/// The violations to report.
fn violations(arguments: &ValidateArguments, result: &ValidationResult) -> Vec<Violation> {
    if arguments.as_api_server {
        result.api_server_violations()
    } else {
        result.violations.clone()
    }
}

fn print(
    arguments: &ValidateArguments,
    out: &mut impl Write,
    what: &str,
    result: &ObjectResult,
) -> io::Result<()> {
    let word = match Overall::of(result) {
        Overall::Accepted => "accepted",
        Overall::Refused => "refused",
        Overall::Indeterminate => "not judged",
    };
    match result {
        ObjectResult::Checked { result, warnings } => {
            writeln!(out, "{what}: {word}")?;
            for violation in violations(arguments, result) {
                writeln!(out, "  {}: {}", violation.field(), violation.message)?;
            }
            for path in &result.pruned {
                writeln!(out, "  {path}: unknown field, left out")?;
            }
            for warning in warnings {
                writeln!(out, "  warning: {warning}")?;
            }
            Ok(())
        }
        ObjectResult::Refused(why) | ObjectResult::Indeterminate(why) => {
            writeln!(out, "{what}: {word}: {why}")
        }
    }
}

fn as_json(arguments: &ValidateArguments, path: &Path, object: &Value, result: &ObjectResult) -> Value {
    let mut shown = json!({
        "file": path, "kind": object["kind"], "name": object["metadata"]["name"],
        "accepted": Overall::of(result) == Overall::Accepted,
    });
    match result {
        ObjectResult::Checked { result, warnings } => {
            shown["violations"] = json!(violations(arguments, result));
            shown["pruned"] = json!(result.pruned);
            shown["warnings"] = json!(warnings);
            shown["object"] = result.object.clone();
        }
        ObjectResult::Refused(why) | ObjectResult::Indeterminate(why) => shown["problem"] = json!(why),
    }
    shown
}
