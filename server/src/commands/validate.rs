//! `portico validate`: judges objects by the definitions of their kinds, as the portal and an API server would,
//! without any control plane.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use portico_domain::schema::{Definition, Judgement, yaml};
use serde_json::{Value, json};

/// What to judge, and by what.
#[derive(Debug, Args)]
pub struct ValidateArguments {
    /// A file of custom resource definitions; may be given several times.
    #[arg(long = "crd", value_name = "FILE", required = true)]
    definitions: Vec<PathBuf>,
    /// The object as it was, to judge an update.
    #[arg(long, value_name = "FILE")]
    old: Option<PathBuf>,
    /// Prints a JSON list of verdicts.
    #[arg(long)]
    json: bool,
    /// Files of objects.
    #[arg(value_name = "FILE", required = true)]
    objects: Vec<PathBuf>,
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

/// Judges all objects and writes the verdicts; whether all were accepted.
///
/// # Errors
/// When a file cannot be read, or `out` not be written to.
pub fn validate(arguments: &ValidateArguments, out: &mut impl Write) -> Result<bool, ValidateError> {
    let mut definitions = Vec::new();
    for path in &arguments.definitions {
        for document in read(path)? {
            if document["kind"] == "CustomResourceDefinition" {
                definitions.push(Definition::parse(&document).map_err(failed(path))?);
            }
        }
    }
    let old = match &arguments.old {
        Some(path) => read(path)?.into_iter().next(),
        None => None,
    };
    let mut all = true;
    let mut verdicts = Vec::new();
    for path in &arguments.objects {
        for object in read(path)? {
            let verdict = judge(&definitions, &object, old.as_ref());
            let name = object["metadata"]["name"].as_str().unwrap_or("-");
            let what = format!(
                "{}: {} {name}",
                path.display(),
                object["kind"].as_str().unwrap_or("-")
            );
            all &= verdict.as_ref().is_ok_and(Judgement::is_accepted);
            if arguments.json {
                verdicts.push(as_json(path, &object, &verdict));
            } else {
                print(out, &what, &verdict)?;
            }
        }
    }
    if arguments.json {
        writeln!(out, "{:#}", Value::Array(verdicts))?;
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Vec<Value>, ValidateError> {
    let text = fs::read_to_string(path).map_err(failed(path))?;
    yaml::parse_all(&text).map_err(failed(path))
}

fn failed<E: ToString>(path: &Path) -> impl Fn(E) -> ValidateError {
    let path = path.to_owned();
    move |why| ValidateError::File {
        path: path.clone(),
        why: why.to_string(),
    }
}

fn judge(definitions: &[Definition], object: &Value, old: Option<&Value>) -> Result<Judgement, String> {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = object["kind"].as_str().unwrap_or_default();
    definitions
        .iter()
        .find(|definition| definition.group == group && definition.kind == kind)
        .ok_or_else(|| format!("no definition of {kind} in {group:?} was given"))?
        .judge_document(None, object, old)
        .map_err(|error| error.to_string())
}

fn print(out: &mut impl Write, what: &str, verdict: &Result<Judgement, String>) -> io::Result<()> {
    match verdict {
        Ok(judgement) => {
            let word = if judgement.is_accepted() {
                "accepted"
            } else {
                "refused"
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
