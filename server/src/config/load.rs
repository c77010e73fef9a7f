//! Reads a folder into a configuration.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use portico_app::configuration::{Loaded, Problem, Severity};
use portico_domain::documents::{Configuration, Connection, HomePlane};
use portico_domain::publication::PermissionDecisions;
use sha2::{Digest, Sha256};

use super::documents::LocatedDocument;
use super::finding::Finding;
use super::parse::{self, Document};
use super::yaml_limits::MAX_FILE_BYTES;
use super::{check, locate};

/// Files in a folder at most.
const MAX_FILES: usize = 1_000;

/// Reads and checks the folder. Never fails: all errors are among the problems.
#[must_use]
pub fn load(folder: &Path) -> Loaded {
    let mut problems = Vec::new();
    let texts = read_files(folder, &mut problems);
    let digest = digest(&texts);
    let (documents, wrong) = parse_and_check(&texts);
    problems.extend(wrong);
    if problems.is_empty()
        && !documents
            .iter()
            .any(|placed| matches!(placed.document, Document::Portal(_)))
    {
        problems.push(Problem::in_file(
            folder,
            "no document of kind Portal: add one with the portal's address and sign-in providers",
        ));
    }
    let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
    let files = documents.iter().map(|placed| {
        let document = &placed.document;
        ((document.kind(), document.name().to_owned()), placed.file.clone())
    });
    let files = files.collect();
    let configuration = if failed { None } else { assemble(documents) };
    Loaded {
        configuration,
        problems,
        digest,
        files,
        home: None,
    }
}

/// Returns the digest of the files that [`load`] would read; `None` if one cannot be read.
pub(super) fn digest_of(folder: &Path) -> Option<String> {
    let mut problems = Vec::new();
    let texts = read_files(folder, &mut problems);
    problems.is_empty().then(|| digest(&texts))
}

/// Parses and checks these files.
pub(super) fn parse_and_check(texts: &BTreeMap<PathBuf, String>) -> (Vec<LocatedDocument>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut documents = Vec::new();
    for (file, text) in texts {
        let (parsed, wrong) = parse::parse(file, text);
        problems.extend(wrong);
        documents.extend(parsed.into_iter().map(|(index, document)| LocatedDocument {
            file: file.clone(),
            index,
            document,
        }));
    }
    make_paths_absolute(&mut documents);
    let findings = check::check(&documents);
    problems.extend(place(findings, &documents, texts));
    (documents, problems)
}

/// The YAML files of the folder by path, without hidden files and subfolders.
fn read_files(folder: &Path, problems: &mut Vec<Problem>) -> BTreeMap<PathBuf, String> {
    let mut texts = BTreeMap::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(Problem::in_file(
                folder,
                format!("the folder cannot be read: {error}"),
            ));
            return texts;
        }
    };
    for entry in entries {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(error) => {
                problems.push(Problem::in_file(
                    folder,
                    format!("the folder cannot be read: {error}"),
                ));
                continue;
            }
        };
        let yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !yaml || hidden || path.is_dir() {
            continue;
        }
        if texts.len() >= MAX_FILES {
            problems.push(Problem::in_file(folder, format!("more than {MAX_FILES} files")));
            break;
        }
        match read_bounded(&path) {
            Ok(text) => {
                texts.insert(path, text);
            }
            Err(message) => problems.push(Problem::in_file(path, message)),
        }
    }
    texts
}

fn read_bounded(path: &Path) -> Result<String, String> {
    let file = fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!(
            "is larger than {MAX_FILE_BYTES} bytes: split it into several files"
        ));
    }
    Ok(text)
}

fn digest(texts: &BTreeMap<PathBuf, String>) -> String {
    let mut hasher = Sha256::new();
    for (path, text) in texts {
        hasher.update(path.to_string_lossy().as_bytes());
        hasher.update([0]);
        hasher.update(text.len().to_be_bytes());
        hasher.update(text);
    }
    hex::encode(hasher.finalize())
}

/// Resolves relative paths against the folder of their file.
fn make_paths_absolute(documents: &mut [LocatedDocument]) {
    for LocatedDocument { file, document, .. } in documents {
        let folder = file
            .parent()
            .map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))
            .unwrap_or_default();
        let absolute = |path: &mut String| {
            if !path.is_empty() {
                *path = folder.join(&*path).to_string_lossy().into_owned();
            }
        };
        match document {
            Document::ControlPlane(plane) => {
                if let Connection::Kubeconfig { path, .. } = &mut plane.spec.connection {
                    absolute(path);
                }
            }
            Document::Offering(offering) => {
                let declared = offering.spec.control_plane.iter_mut();
                declared
                    .flat_map(|declared| &mut declared.definitions)
                    .for_each(absolute);
            }
            Document::Portal(portal) => {
                let spec = &mut portal.spec;
                if let Some(logo) = &mut spec.company.logo {
                    absolute(logo);
                }
                for provider in &mut spec.sign_in.providers {
                    if let Some(file) = &mut provider.client_secret_file {
                        absolute(file);
                    }
                }
                let files = [
                    &mut spec.metrics.token_file,
                    &mut spec.record.key_file,
                    &mut spec.record.anchor_file,
                ];
                files.into_iter().flatten().for_each(absolute);
                if let Some(HomePlane::Kubeconfig { path, .. }) = &mut spec.home {
                    absolute(path);
                }
                if let Some(agents) = &mut spec.agents {
                    absolute(&mut agents.certificate_file);
                    absolute(&mut agents.key_file);
                }
                match &mut spec.database.url {
                    Some(url) => {
                        if let Some(path) = url.strip_prefix("sqlite:")
                            && !path.starts_with([':', '/'])
                        {
                            *url = format!("sqlite:{}", folder.join(path).display());
                        }
                    }
                    None if spec.database.url_env.is_none() => {
                        spec.database.url = Some(format!("sqlite:{}", folder.join("portico.db").display()));
                    }
                    None => {}
                }
            }
            _ => {}
        }
    }
}

/// Adds lines to findings, and sorts them by file and line.
pub(super) fn place(
    findings: Vec<Finding>,
    documents: &[LocatedDocument],
    texts: &BTreeMap<PathBuf, String>,
) -> Vec<Problem> {
    let mut outlines = BTreeMap::new();
    let mut problems: Vec<Problem> = findings
        .into_iter()
        .map(|finding| {
            let LocatedDocument { file, index, .. } = &documents[finding.at];
            let outline = outlines.entry(file).or_insert_with(|| {
                texts
                    .get(file)
                    .map(|text| locate::outline(text))
                    .unwrap_or_default()
            });
            let node = outline.get(*index).and_then(Option::as_ref);
            Problem {
                severity: finding.severity,
                file: file.clone(),
                line: node.and_then(|node| locate::line_of(node, &finding.field)),
                field: Some(finding.field),
                message: finding.message,
            }
        })
        .collect();
    problems.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    problems
}

/// The configuration that these documents are; `None` without a Portal.
pub(super) fn assemble(documents: Vec<LocatedDocument>) -> Option<Configuration> {
    let mut portal = None;
    let mut control_planes = BTreeMap::new();
    let mut offerings = BTreeMap::new();
    let mut tenants = BTreeMap::new();
    let mut policies = BTreeMap::new();
    let mut namespace_templates = BTreeMap::new();
    let mut publications = BTreeMap::new();
    for LocatedDocument { document, .. } in documents {
        match document {
            Document::Portal(document) => portal = Some(document),
            Document::ControlPlane(document) => {
                control_planes.insert(document.name.clone(), document);
            }
            // An error of the check.
            Document::Agent(_) => {}
            Document::Offering(document) => {
                offerings.insert(document.name.clone(), *document);
            }
            Document::Tenant(document) => {
                tenants.insert(document.name.clone(), document);
            }
            Document::ApprovalPolicy(document) => {
                policies.insert(document.name.clone(), document);
            }
            Document::NamespaceTemplate(document) => {
                namespace_templates.insert(document.name.clone(), *document);
            }
            Document::Publication(document) => {
                publications.insert(document.name.clone(), document);
            }
        }
    }
    Some(Configuration {
        portal: portal?,
        control_planes,
        offerings,
        tenants,
        policies,
        namespace_templates,
        publications,
        permission_decisions: PermissionDecisions::default(),
    })
}
