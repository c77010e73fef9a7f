//! `portico validate`: judges objects by the definitions of their kinds, as the portal and an API server would,
//! without any control plane.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use portico_domain::schema::{Definition, Judgement, Scope, yaml};
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

    fn of(verdict: &Result<Judgement, String>) -> Self {
        match verdict {
            Ok(judgement) if judgement.is_accepted() => Self::Accepted,
            Ok(judgement) if !judgement.is_unknown() => Self::Refused,
            Ok(_) | Err(_) => Self::NotJudged,
        }
    }
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

/// Judges all objects and writes the verdicts. What is wrong with the definitions themselves goes to `notes`: no API
/// server takes such a definition, but what it says is still judged by.
///
/// # Errors
/// When a file cannot be read, or holds no definition, or `out` or `notes` not be written to.
pub fn validate(
    arguments: &ValidateArguments,
    out: &mut impl Write,
    notes: &mut impl Write,
) -> Result<Overall, ValidateError> {
    let mut definitions = Vec::new();
    for path in &arguments.definitions {
        let before = definitions.len();
        for document in read(path)? {
            if document["kind"] == "CustomResourceDefinition" {
                let definition = Definition::parse(&document).map_err(failed(path))?;
                for fault in Definition::faults(&document) {
                    let (path, name) = (path.display(), &definition.name);
                    let (field, message) = (fault.path, fault.message);
                    writeln!(
                        notes,
                        "note: {path}: an API server would refuse {name}: {field}: {message}"
                    )?;
                }
                definitions.push(definition);
            }
        }
        if definitions.len() == before {
            return Err(failed(path)("there is no CustomResourceDefinition in it"));
        }
    }
    let old = match &arguments.old {
        Some(path) => read(path)?.into_iter().next(),
        None => None,
    };
    let mut overall = Overall::Accepted;
    let mut verdicts = Vec::new();
    for path in &arguments.objects {
        for object in read(path)? {
            let verdict = judge(arguments, &definitions, &object, old.as_ref());
            let name = object["metadata"]["name"].as_str().unwrap_or("-");
            let what = format!(
                "{}: {} {name}",
                path.display(),
                object["kind"].as_str().unwrap_or("-")
            );
            overall = overall.max(Overall::of(&verdict));
            if arguments.output == Output::Json {
                verdicts.push(as_json(path, &object, &verdict));
            } else {
                print(out, &what, &verdict)?;
            }
        }
    }
    if arguments.output == Output::Json {
        writeln!(out, "{:#}", Value::Array(verdicts))?;
    }
    Ok(overall)
}

fn read(path: &Path) -> Result<Vec<Value>, ValidateError> {
    let text = fs::read_to_string(path).map_err(failed(path))?;
    let documents = yaml::parse_file(&text).map_err(failed(path))?;
    // As `kubectl get -o yaml` writes several.
    let each =
        documents
            .into_iter()
            .flat_map(|mut document| match document.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) if document["kind"] == "List" => items,
                Some(items) => {
                    document["items"] = items;
                    vec![document]
                }
                None => vec![document],
            });
    Ok(each.filter(|document| !document.is_null()).collect())
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
    object: &Value,
    old: Option<&Value>,
) -> Result<Judgement, String> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = object["kind"].as_str().unwrap_or_default();
    let definition = definitions
        .iter()
        .find(|definition| definition.group == group && definition.kind == kind)
        .ok_or_else(|| format!("no definition of the kind {kind:?} in the group {group:?} was given"))?;
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
    definition
        .judge_document(
            arguments.version.as_deref(),
            &placed(object),
            old.map(placed).as_ref(),
        )
        .map_err(|error| error.to_string())
}

fn print(out: &mut impl Write, what: &str, verdict: &Result<Judgement, String>) -> io::Result<()> {
    match verdict {
        Ok(judgement) => {
            let word = match Overall::of(verdict) {
                Overall::Accepted => "accepted",
                Overall::Refused => "refused",
                Overall::NotJudged => "not judged",
            };
            writeln!(out, "{what}: {word}")?;
            for violation in &judgement.violations {
                writeln!(out, "  {}: {}", violation.field(), violation.message)?;
            }
            for path in &judgement.pruned {
                writeln!(out, "  {path}: unknown field, left out")?;
            }
            Ok(())
        }
        Err(why) => writeln!(out, "{what}: not judged: {why}"),
    }
}

fn as_json(path: &Path, object: &Value, verdict: &Result<Judgement, String>) -> Value {
    let mut shown = json!({
        "file": path, "kind": object["kind"], "name": object["metadata"]["name"],
        "accepted": verdict.as_ref().is_ok_and(Judgement::is_accepted),
    });
    match verdict {
        Ok(judgement) => {
            shown["violations"] = json!(judgement.violations);
            shown["pruned"] = json!(judgement.pruned);
            shown["object"] = judgement.object.clone();
        }
        Err(why) => shown["problem"] = json!(why),
    }
    shown
}
