//! Joins the objects of the home plane with the folder's documents.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use portico_app::configuration::{DocumentFiles, HomeFailure, HomeReport, Problem, Severity, WithHome};
use portico_domain::documents::Configuration;
use portico_planes::{HomeObject, HomeSnapshot};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::check::check;
use super::super::documents::LocatedDocument;
use super::super::finding::Finding;
use super::super::load::assemble;
use super::super::parse::Document;
use super::object::{Object, Refusal, SaidInForce, Version};
use super::verdict::{Reason, Verdict};

/// Objects that are judged one after the other; beyond this, all that are wrong are left out at once.
const MAX_ROUNDS: usize = 200;

/// What is remembered of the home plane.
#[derive(Default)]
pub(in super::super) struct Memory {
    /// The last complete reading.
    snapshot: Option<HomeSnapshot>,
    /// The versions in force, by kind and name.
    accepted: BTreeMap<(String, String), Accepted>,
}

/// A version in force.
struct Accepted {
    /// The object's uid.
    uid: String,
    version: Version,
    /// The status that the object had when it was judged, and the one that it should have.
    statuses: [Value; 2],
}

impl Accepted {
    /// The version in force. What another replica has said since counts, so that all come to the same.
    fn version(&self, object: &Object) -> Option<Version> {
        if self.statuses.contains(&object.status) {
            return Some(self.version.clone());
        }
        let own = self.version.generation;
        let it_counts = match object.said_in_force() {
            SaidInForce::Unknown => true,
            // The other may not know older versions.
            SaidInForce::Nothing { observed } => own != observed,
            SaidInForce::Generation(generation) => {
                own >= generation || generation != object.version.generation
            }
            SaidInForce::Version(version) => own >= version.generation,
        };
        if it_counts {
            Some(self.version.clone())
        } else {
            said_version(object)
        }
    }
}

/// The version in force by the object's status, as far as that holds it.
fn said_version(object: &Object) -> Option<Version> {
    match object.said_in_force() {
        SaidInForce::Version(version) => Some(version),
        SaidInForce::Generation(generation) => {
            (generation == object.version.generation).then(|| object.version.clone())
        }
        SaidInForce::Nothing { .. } | SaidInForce::Unknown => None,
    }
}

/// The folder's documents with those of the home plane.
pub(in super::super) struct Joined {
    pub(in super::super) with_home: WithHome,
    /// The statuses to write.
    pub(in super::super) statuses: Vec<StatusUpdate>,
    /// What is said of each object.
    pub(in super::super) verdicts: Vec<ObjectVerdict>,
}

/// A status to write.
pub(in super::super) struct StatusUpdate {
    pub(super) object: HomeObject,
    pub(super) generation: i64,
    /// The status that it replaces.
    pub(super) replaces: Value,
    pub(super) status: Value,
}

/// What is said of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectVerdict {
    /// Its kind and name.
    pub(crate) place: PathBuf,
    /// Whether this version of it is in force.
    pub(crate) accepted: bool,
    /// The reason, in one word.
    pub(crate) reason: String,
    /// The reason in words, with the fields.
    pub(crate) message: String,
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
    let unwritten = snapshot.unwritten.clone();
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
            verdicts: Vec::new(),
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
    let report = HomeReport {
        synced: true,
        failure,
        unwritten,
        ..HomeReport::default()
    };
    let mut notes = Notes {
        now: Timestamp::now(),
        report,
        statuses: Vec::new(),
        verdicts: Vec::new(),
    };
    let with_home = conclude(folder_documents, candidates, taken, digest, &mut notes, memory);
    Joined {
        // There is a Portal, since the folder's documents were accepted.
        with_home: with_home.unwrap_or_else(|| WithHome::not_read(folder, digest, None)),
        statuses: notes.statuses,
        verdicts: notes.verdicts,
    }
}

fn is_named(placed: &LocatedDocument, (kind, name): &(String, String)) -> bool {
    placed.document.kind() == kind && placed.document.name() == name
}

fn candidate(object: Object, accepted: &BTreeMap<(String, String), Accepted>) -> Candidate {
    let known = accepted
        .get(&(object.kind.clone(), object.name.clone()))
        .filter(|known| known.uid == object.uid);
    let before = match known {
        Some(known) => known.version(&object),
        None => said_version(&object),
    };
    let before = before.and_then(|version| {
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
    notes: &mut Notes,
    memory: &mut Memory,
) -> Option<WithHome> {
    let mut documents = folder;
    let mut hasher = Sha256::new();
    hasher.update(digest);
    let mut lost = Vec::new();
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
        let lost_generation = object
            .last_in_force()
            .filter(|_| version.is_none() && object.kind == "ApprovalPolicy");
        if lost_generation.is_some() {
            lost.push(object.name.clone());
        }
        documents.extend(document);
        let verdict = match refusal {
            Some(refusal) => Verdict {
                reason: refusal.reason,
                said: refusal.said,
                in_force: version.clone().filter(|_| choice == Choice::Before),
                stays,
                lost_generation,
            },
            None => Verdict {
                reason: Reason::Accepted,
                said: warnings,
                in_force: None,
                stays: false,
                lost_generation: None,
            },
        };
        let status = notes.note(&object, &verdict);
        if let Some(version) = version {
            hasher.update(format!(
                "\n{} {} {} {}",
                object.kind, object.name, version.labels, version.spec
            ));
            let accepted = Accepted {
                uid: object.uid,
                version,
                statuses: [object.status, status],
            };
            memory.accepted.insert((object.kind, object.name), accepted);
        }
    }
    for (object, file) in taken {
        // Not the folder, which may be another one for each replica.
        let file = file.file_name().unwrap_or(file.as_os_str());
        let message = format!(
            "{} has a document of this kind and name, which counts",
            file.to_string_lossy()
        );
        let verdict = Verdict {
            reason: Reason::NameTaken,
            said: vec![(Some("metadata.name".to_owned()), message)],
            in_force: None,
            stays: false,
            lost_generation: None,
        };
        let _ = notes.note(&object, &verdict);
    }
    let digest = hex::encode(hasher.finalize());
    let with_home = assemble(documents).map(|configuration| WithHome {
        configuration,
        digest,
        report: std::mem::take(&mut notes.report),
    });
    if lost.is_empty() {
        return with_home;
    }
    let reason = format!(
        "The approval policy {} of the home control plane was changed while Portico was not running, and its new \
         version is not valid. The platform team must correct it.",
        lost.join(", ")
    );
    with_home.map(|with_home| with_home.blocked(reason))
}

/// What there is to say of the objects.
struct Notes {
    now: Timestamp,
    report: HomeReport,
    statuses: Vec<StatusUpdate>,
    verdicts: Vec<ObjectVerdict>,
}

impl Notes {
    /// Notes what is wrong with an object, and its status if it differs. Returns the status that it should have.
    fn note(&mut self, object: &Object, verdict: &Verdict) -> Value {
        let accepted = verdict.reason == Reason::Accepted;
        let severity = if accepted {
            Severity::Warning
        } else {
            Severity::Error
        };
        let place = object.place();
        self.report
            .problems
            .extend(verdict.said.iter().map(|(field, message)| Problem {
                severity,
                file: place.clone(),
                line: None,
                field: field.clone(),
                message: message.clone(),
            }));
        self.verdicts.push(ObjectVerdict {
            place,
            accepted,
            reason: format!("{:?}", verdict.reason),
            message: verdict.message(),
        });
        let status = verdict.status(object, self.now);
        if status != object.status {
            self.statuses.push(StatusUpdate {
                object: object.reference(),
                generation: object.version.generation,
                replaces: object.status.clone(),
                status: status.clone(),
            });
        }
        status
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
