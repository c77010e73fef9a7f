//! `portico validate`: judges objects by the definitions of their kinds, as the portal and an API server would,
//! without any control plane.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kube_schema::yaml::{Document, YamlError};
use kube_schema::{Definition, Judgement, Scope, Violation, yaml};
use serde_json::{Value, json};

/// What to judge, and by what.
#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// A file of custom resource definitions; may be given several times.
    #[arg(long = "crd", value_name = "FILE", required = true)]
    definitions: Vec<PathBuf>,
    /// The version to judge by, in place of the one that an object names.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The namespace of objects that name none, as kubectl would put them into.
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default")]
    namespace: String,
    /// The object as it was, to judge an update.
    #[arg(long, value_name = "FILE")]
    old: Option<PathBuf>,
    /// Tell what an API server would tell, in its order: where it stops, nothing more is told.
    #[arg(long)]
    as_api_server: bool,
    /// How the verdicts are written.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    /// Files of objects, as YAML or JSON.
    #[arg(value_name = "OBJECT", required = true)]
    objects: Vec<PathBuf>,
}

/// How verdicts are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// To read.
    #[default]
    Text,
    /// A JSON list.
    Json,
}

/// What came of judging everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Overall {
    /// Everything is accepted.
    Accepted,
    /// Nothing is found wrong, but not everything could be judged.
    NotJudged,
    /// Something is refused.
    Refused,
}

impl Overall {
    /// The exit status that says so: 0, 1 when something is refused, 2 when something could not be judged.
    #[must_use]
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::Refused => 1,
            Self::NotJudged => 2,
        }
    }

    fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Judged { judgement, .. } if judgement.is_accepted() => Self::Accepted,
            Verdict::Judged { judgement, .. } if judgement.is_unknown() => Self::NotJudged,
            Verdict::Judged { .. } | Verdict::Refused(_) => Self::Refused,
            Verdict::NotJudged(_) => Self::NotJudged,
        }
    }
}

/// What comes of one object.
enum Verdict {
    /// It was judged by its schema.
    Judged {
        judgement: Judgement,
        /// What an API server would say beside its answer.
        warnings: Vec<String>,
    },
    /// It does not come as far as a schema, and why.
    Refused(String),
    /// Why there is none.
    NotJudged(String),
}

/// Why nothing could be judged.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// A file cannot be read.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The verdicts cannot be written.
    #[error(transparent)]
    Out(#[from] io::Error),
}

/// Judges all objects and writes the verdicts. What is wrong with the definitions themselves, and what of them is not
/// judged, goes to `notes`: no API server takes a definition with a fault, but what it says is still judged by.
///
/// # Errors
/// When a file cannot be read, or holds no definition, or `out` or `notes` not be written to.
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
                    overall = Overall::NotJudged;
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
    let mut verdicts = Vec::new();
    for path in &arguments.objects {
        for document in read(path)? {
            let (object, verdict) = match document {
                Ok(document) => {
                    let verdict = judge(arguments, &definitions, &document, old.as_ref());
                    (document.value, verdict)
                }
                Err(why) => (Value::Null, Verdict::NotJudged(why.to_string())),
            };
            overall = overall.max(Overall::of(&verdict));
            if arguments.output == Output::Json {
                verdicts.push(as_json(arguments, path, &object, &verdict));
            } else {
                let name = object["metadata"]["name"].as_str().unwrap_or("-");
                let kind = object["kind"].as_str().unwrap_or("-");
                print(
                    arguments,
                    out,
                    &format!("{}: {kind} {name}", path.display()),
                    &verdict,
                )?;
            }
        }
    }
    if arguments.output == Output::Json {
        writeln!(out, "{:#}", Value::Array(verdicts))?;
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
    for fault in Definition::faults(document) {
        let (field, message) = (fault.path, fault.message);
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

/// The objects of a document: several, as `kubectl get -o yaml` writes them.
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

fn judge(
    arguments: &ValidateArguments,
    definitions: &[Definition],
    document: &Document,
    old: Option<&Value>,
) -> Verdict {
    let object = &document.value;
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = object["kind"].as_str().unwrap_or_default();
    let Some(definition) = definitions
        .iter()
        .find(|definition| definition.group == group && definition.kind == kind)
    else {
        return Verdict::NotJudged(format!(
            "no definition of the kind {kind:?} in the group {group:?} was given"
        ));
    };
    let version = definition.version_of(arguments.version.as_deref(), object);
    match definition.version_or_error(version) {
        Ok(found) if found.served => {}
        Ok(_) => {
            return Verdict::Refused(format!(
                "{group}/{version} is not served: an API server has no {kind} of this version"
            ));
        }
        // What was asked for may be a slip; what the object names is what an API server would look for.
        Err(error) if arguments.version.is_some() => return Verdict::NotJudged(error.to_string()),
        Err(error) => return Verdict::Refused(error.to_string()),
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
    match definition.judge(version, &object, old.as_ref()) {
        Ok(judgement) => {
            let doubled = document
                .doubled
                .iter()
                .map(|doubled| format!("line {}: key {:?} already set in map", doubled.line, doubled.key));
            let mut warnings: Vec<String> = doubled.collect();
            warnings.extend(definition.warnings(version, &object, old.as_ref(), &judgement));
            Verdict::Judged { judgement, warnings }
        }
        Err(error) => Verdict::NotJudged(error.to_string()),
    }
}

/// What is wrong with an object, as it was asked to be told.
fn told(arguments: &ValidateArguments, judgement: &Judgement) -> Vec<Violation> {
    if arguments.as_api_server {
        judgement.as_api_server()
    } else {
        judgement.violations.clone()
    }
}

fn print(
    arguments: &ValidateArguments,
    out: &mut impl Write,
    what: &str,
    verdict: &Verdict,
) -> io::Result<()> {
    let word = match Overall::of(verdict) {
        Overall::Accepted => "accepted",
        Overall::Refused => "refused",
        Overall::NotJudged => "not judged",
    };
    match verdict {
        Verdict::Judged { judgement, warnings } => {
            writeln!(out, "{what}: {word}")?;
            for violation in told(arguments, judgement) {
                writeln!(out, "  {}: {}", violation.field(), violation.message)?;
            }
            for path in &judgement.pruned {
                writeln!(out, "  {path}: unknown field, left out")?;
            }
            for warning in warnings {
                writeln!(out, "  warning: {warning}")?;
            }
            Ok(())
        }
        Verdict::Refused(why) | Verdict::NotJudged(why) => writeln!(out, "{what}: {word}: {why}"),
    }
}

fn as_json(arguments: &ValidateArguments, path: &Path, object: &Value, verdict: &Verdict) -> Value {
    let mut shown = json!({
        "file": path, "kind": object["kind"], "name": object["metadata"]["name"],
        "accepted": Overall::of(verdict) == Overall::Accepted,
    });
    match verdict {
        Verdict::Judged { judgement, warnings } => {
            shown["violations"] = json!(told(arguments, judgement));
            shown["pruned"] = json!(judgement.pruned);
            shown["warnings"] = json!(warnings);
            shown["object"] = judgement.object.clone();
        }
        Verdict::Refused(why) | Verdict::NotJudged(why) => shown["problem"] = json!(why),
    }
    shown
}
