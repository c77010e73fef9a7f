//! Joins the objects of the home plane with the folder's documents.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use portico_app::configuration::{DocumentFiles, HomeFailure, HomeReport, Problem, Severity, WithHome};
use portico_domain::documents::Configuration;
use portico_planes::HomeSnapshot;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::check::check;
use super::super::documents::LocatedDocument;
use super::super::finding::Finding;
use super::super::load::assemble;
use super::super::parse::Document;
use super::object::{Object, Refusal, Version};
use super::verdict::{Reason, Verdict};

/// Objects that are judged one after the other; beyond this, all that are wrong are left out at once.
const MAX_ROUNDS: usize = 200;

/// What is remembered of the home plane.
#[derive(Default)]
pub(in super::super) struct Memory {
    /// The last complete reading.
    snapshot: Option<HomeSnapshot>,
    /// The versions in force, by kind and name, with the object's uid.
    accepted: BTreeMap<(String, String), (String, Version)>,
}

/// The folder's documents with those of the home plane.
pub(in super::super) struct Joined {
    pub(in super::super) with_home: WithHome,
    /// The statuses to write.
    pub(in super::super) statuses: Vec<StatusUpdate>,
}

/// A status to write.
pub(in super::super) struct StatusUpdate {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) status: Value,
}

/// Which version of an object is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Current,
    Before,
    None,
}

struct Candidate {
    object: Object,
    current: Option<LocatedDocument>,
    before: Option<(Version, LocatedDocument)>,
    choice: Choice,
    refusal: Option<Refusal>,
    /// It is in force although it refers to what is gone.
    stays: bool,
    warnings: Vec<(Option<String>, String)>,
}

impl Candidate {
    /// True if its current version is the one that was accepted.
    fn is_unchanged(&self) -> bool {
        let version = &self.object.version;
        self.before
            .as_ref()
            .is_some_and(|(before, _)| before.spec == version.spec && before.labels == version.labels)
    }

    fn chosen(&self) -> Option<&LocatedDocument> {
        match self.choice {
            Choice::Current => self.current.as_ref(),
            Choice::Before => self.before.as_ref().map(|(_, document)| document),
            Choice::None => None,
        }
    }
}

/// Joins the last reading of the home plane with the folder's documents. `digest` is that of the folder's files.
pub(in super::super) fn join(
    folder: &Configuration,
    files: &DocumentFiles,
    digest: &str,
    snapshot: HomeSnapshot,
    memory: &mut Memory,
) -> Joined {
    let failure = snapshot
        .failure
        .clone()
        .map(|(message, since)| HomeFailure { message, since });
    if snapshot.synced {
        memory.snapshot = Some(snapshot);
    }
    let Some(read) = &memory.snapshot else {
        return Joined {
            with_home: WithHome::not_read(folder, digest, failure),
            statuses: Vec::new(),
        };
    };
    let folder_documents = documents_of(folder, files);
    let mut taken = Vec::new();
    let mut candidates = Vec::new();
    for object in read.objects.iter().filter_map(|object| Object::read(object)) {
        let key = (object.kind.clone(), object.name.clone());
        match folder_documents.iter().find(|placed| is_named(placed, &key)) {
            Some(placed) => taken.push((object, placed.file.clone())),
            None => candidates.push(candidate(object, &memory.accepted)),
        }
    }
    // What is in force gives way to nothing new.
    candidates.sort_by(|one, other| {
        let key = |of: &Candidate| {
            let object = &of.object;
            (
                !of.is_unchanged(),
                object.created.clone(),
                object.kind.clone(),
                object.name.clone(),
            )
        };
        key(one).cmp(&key(other))
    });
    settle(&folder_documents, &mut candidates);
    let (with_home, statuses) = conclude(folder_documents, candidates, taken, digest, failure, memory);
    Joined {
        // There is a Portal, since the folder's documents were accepted.
        with_home: with_home.unwrap_or_else(|| WithHome::not_read(folder, digest, None)),
        statuses,
    }
}

fn is_named(placed: &LocatedDocument, (kind, name): &(String, String)) -> bool {
    placed.document.kind() == kind && placed.document.name() == name
}

fn candidate(object: Object, accepted: &BTreeMap<(String, String), (String, Version)>) -> Candidate {
    let known = accepted.get(&(object.kind.clone(), object.name.clone()));
    let before = known
        .filter(|(uid, _)| *uid == object.uid)
        .map(|(_, version)| version.clone())
        .or_else(|| object.accepted_before())
        .and_then(|version| {
            let document = object.document(&version).ok()?;
            Some((version, document))
        });
    let (current, refusal) = match object.document(&object.version) {
        Ok(document) => (Some(document), None),
        Err(refusal) => (None, Some(refusal)),
    };
    let choice = match (&current, &before) {
        (Some(_), _) => Choice::Current,
        (None, Some(_)) => Choice::Before,
        (None, None) => Choice::None,
    };
    Candidate {
        object,
        current,
        before,
        choice,
        refusal,
        stays: false,
        warnings: Vec::new(),
    }
}

/// Finds the versions that are valid together with the folder's documents.
fn settle(folder: &[LocatedDocument], candidates: &mut [Candidate]) {
    for round in 0.. {
        let mut documents: Vec<LocatedDocument> = folder.to_vec();
        let mut owners = Vec::new();
        for (at, candidate) in candidates.iter().enumerate() {
            if let Some(document) = candidate.chosen() {
                documents.push(document.clone());
                owners.push(at);
            }
        }
        let findings = check(&documents);
        let mut found: BTreeMap<usize, Vec<Finding>> = BTreeMap::new();
        for finding in findings {
            // Findings on the folder's documents are in the folder's own report.
            if let Some(at) = finding.at.checked_sub(folder.len()) {
                found.entry(owners[at]).or_default().push(finding);
            }
        }
        let mut changed = false;
        for (at, candidate) in candidates.iter_mut().enumerate() {
            let findings = found.remove(&at).unwrap_or_default();
            // One at a time: without it, others may be right.
            if !changed || round >= MAX_ROUNDS {
                changed |= judge(candidate, findings);
            }
        }
        if !changed {
            return;
        }
    }
}

/// Judges a candidate by the findings on its chosen version. Returns true if another version is chosen.
fn judge(candidate: &mut Candidate, findings: Vec<Finding>) -> bool {
    let (errors, warnings): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity == Severity::Error);
    let only_references = errors.iter().all(|finding| finding.is_missing_reference);
    let said = |findings: Vec<Finding>| {
        let said = findings
            .into_iter()
            .map(|finding| (Some(finding.field), finding.message));
        said.collect::<Vec<_>>()
    };
    candidate.warnings = said(warnings);
    candidate.stays = false;
    if errors.is_empty() || candidate.choice == Choice::None {
        return false;
    }
    let refusal = Refusal {
        reason: if only_references {
            Reason::ReferenceNotFound
        } else {
            Reason::Invalid
        },
        said: said(errors),
    };
    let is_in_force = candidate.choice == Choice::Before || candidate.is_unchanged();
    // What was accepted is not lost with what it refers to.
    if is_in_force && only_references {
        candidate.stays = true;
        candidate.refusal.get_or_insert(refusal);
        return false;
    }
    let has_before = candidate.before.is_some() && !is_in_force;
    candidate.refusal.get_or_insert(refusal);
    candidate.choice = if has_before { Choice::Before } else { Choice::None };
    true
}

fn conclude(
    folder: Vec<LocatedDocument>,
    candidates: Vec<Candidate>,
    taken: Vec<(Object, PathBuf)>,
    digest: &str,
    failure: Option<HomeFailure>,
    memory: &mut Memory,
) -> (Option<WithHome>, Vec<StatusUpdate>) {
    let now = Timestamp::now();
    let mut documents = folder;
    let mut hasher = Sha256::new();
    hasher.update(digest);
    let mut report = HomeReport {
        synced: true,
        failure,
        ..HomeReport::default()
    };
    let mut lost = Vec::new();
    let mut statuses = Vec::new();
    memory.accepted.clear();
    for candidate in candidates {
        let Candidate {
            object,
            current,
            before,
            choice,
            refusal,
            stays,
            warnings,
        } = candidate;
        let (version, document) = match choice {
            Choice::Current => (Some(object.version.clone()), current),
            Choice::Before => before.unzip(),
            Choice::None => (None, None),
        };
        if version.is_none() && object.kind == "ApprovalPolicy" && object.was_in_force() {
            lost.push(object.name.clone());
        }
        if let Some(version) = &version {
            hasher.update(format!(
                "\n{} {} {} {}",
                object.kind, object.name, version.labels, version.spec
            ));
            let key = (object.kind.clone(), object.name.clone());
            memory.accepted.insert(key, (object.uid.clone(), version.clone()));
        }
        documents.extend(document);
        let verdict = match refusal {
            Some(refusal) => Verdict {
                reason: refusal.reason,
                said: refusal.said,
                in_force: version.filter(|_| choice == Choice::Before),
                stays,
            },
            None => Verdict {
                reason: Reason::Accepted,
                said: warnings,
                in_force: None,
                stays: false,
            },
        };
        note(&object, &verdict, now, &mut report, &mut statuses);
    }
    for (object, file) in taken {
        let message = format!(
            "{} has a document of this kind and name, which counts",
            file.display()
        );
        let verdict = Verdict {
            reason: Reason::NameTaken,
            said: vec![(Some("metadata.name".to_owned()), message)],
            in_force: None,
            stays: false,
        };
        note(&object, &verdict, now, &mut report, &mut statuses);
    }
    let digest = hex::encode(hasher.finalize());
    let with_home = assemble(documents).map(|configuration| WithHome {
        configuration,
        digest,
        report,
    });
    if lost.is_empty() {
        return (with_home, statuses);
    }
    let reason = format!(
        "The approval policy {} of the home control plane was changed while Portico was not running, and its new \
         version is not valid. The platform team must correct it.",
        lost.join(", ")
    );
    (with_home.map(|with_home| with_home.blocked(reason)), statuses)
}

/// Notes what is wrong with an object in the report, and its status if it differs.
fn note(
    object: &Object,
    verdict: &Verdict,
    now: Timestamp,
    report: &mut HomeReport,
    statuses: &mut Vec<StatusUpdate>,
) {
    let severity = match verdict.reason {
        Reason::Accepted => Severity::Warning,
        _ => Severity::Error,
    };
    report
        .problems
        .extend(verdict.said.iter().map(|(field, message)| Problem {
            severity,
            file: object.place(),
            line: None,
            field: field.clone(),
            message: message.clone(),
        }));
    if let Some(status) = verdict.status(object, now) {
        statuses.push(StatusUpdate {
            kind: object.kind.clone(),
            name: object.name.clone(),
            uid: object.uid.clone(),
            status,
        });
    }
}

/// The folder's documents, each with its file.
fn documents_of(folder: &Configuration, files: &DocumentFiles) -> Vec<LocatedDocument> {
    let place = |document: Document| {
        let key = (document.kind(), document.name().to_owned());
        LocatedDocument {
            file: files.get(&key).cloned().unwrap_or_default(),
            index: 0,
            document,
        }
    };
    let portal = Document::Portal(folder.portal.clone());
    let planes = folder
        .control_planes
        .values()
        .cloned()
        .map(Document::ControlPlane);
    let offerings = folder
        .offerings
        .values()
        .cloned()
        .map(Box::new)
        .map(Document::Offering);
    let tenants = folder.tenants.values().cloned().map(Document::Tenant);
    let policies = folder.policies.values().cloned().map(Document::ApprovalPolicy);
    let templates = folder.namespace_templates.values().cloned();
    let templates = templates.map(Box::new).map(Document::NamespaceTemplate);
    let publications = folder.publications.values().cloned().map(Document::Publication);
    std::iter::once(portal)
        .chain(planes)
        .chain(offerings)
        .chain(tenants)
        .chain(policies)
        .chain(templates)
        .chain(publications)
        .map(place)
        .collect()
}
