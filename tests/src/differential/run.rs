//! Goes through a corpus: installs each definition, compares its samples and their mutations, and removes it
//! again.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::case::{Case, Compared, Part, collection};
use super::corpus::{Corpus, Kind, Sample};
use super::literals::Literals;
use super::mutate::{mutate, mutate_status};
use super::rng::Rng;
use super::tighten::tightened;
use crate::raw_client::RawClient;
use crate::until::until;

/// Definitions installed at once; the cases of each run in sequence.
const AT_ONCE: usize = 4;

/// The options of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Mutations per sample.
    pub mutations: usize,
    /// The seed of the mutations.
    pub seed: u64,
    /// Only definitions whose name contains this.
    pub filter: String,
    /// Prints each disagreement when it is found.
    pub loud: bool,
}

/// The results of a run.
#[derive(Debug, Default)]
pub struct Tally {
    /// Cases with the same verdict.
    pub agree: usize,
    /// Those of them with different messages.
    pub worded: Vec<String>,
    /// Cases with different verdicts.
    pub disagree: Vec<String>,
    /// Cases where one side had no verdict, with the reason.
    pub unjudged: Vec<String>,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.agree += other.agree;
        self.worded.extend(other.worded);
        self.disagree.extend(other.disagree);
        self.unjudged.extend(other.unjudged);
    }
}

/// Compares a control plane and Portico over a corpus.
///
/// # Panics
/// When the control plane stops answering.
pub async fn run(plane: &RawClient, corpus: &Corpus, options: &Options) -> Tally {
    // Only one definition of a name can be installed at a time.
    let mut by_name: BTreeMap<&str, Vec<&Kind>> = BTreeMap::new();
    for kind in &corpus.kinds {
        by_name.entry(&kind.definition.name).or_default().push(kind);
    }
    by_name.retain(|name, _| name.contains(&options.filter));
    let tallies = futures::stream::iter(by_name.into_values())
        .map(|kinds| one_after_another(plane, kinds, options))
        .buffer_unordered(AT_ONCE);
    let mut all = Tally::default();
    futures::pin_mut!(tallies);
    while let Some(tally) = tallies.next().await {
        all.add(tally);
    }
    all
}

async fn one_after_another(plane: &RawClient, kinds: Vec<&Kind>, options: &Options) -> Tally {
    let mut all = Tally::default();
    for kind in kinds {
        all.add(one_kind(plane, kind, options).await);
    }
    all
}

async fn one_kind(plane: &RawClient, kind: &Kind, options: &Options) -> Tally {
    let mut asker = Asker {
        plane,
        kind,
        options,
        tally: Tally::default(),
    };
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let installed = plane.ask(Method::POST, definitions, Some(&kind.document)).await;
    if !installed.is_success() {
        let said = format!("not installed: {}", installed.message());
        asker.note("definition", "", Compared::Unjudged(said));
        return asker.tally;
    }
    let path = format!("{definitions}/{}", kind.definition.name);
    if is_established(plane, &path, kind).await {
        for (number, sample) in kind.samples.iter().enumerate() {
            asker.one_sample(number, sample).await;
        }
    } else {
        let said = plane.ask(Method::GET, &path, None).await.body["status"].to_string();
        asker.note(
            "definition",
            "",
            Compared::Unjudged(format!("not established: {said}")),
        );
    }
    let _ = plane.ask(Method::DELETE, &path, None).await;
    until("the definition is gone", Duration::from_mins(2), async || {
        (plane.ask(Method::GET, &path, None).await.status == 404).then_some(())
    })
    .await;
    asker.tally
}

async fn is_established(plane: &RawClient, path: &str, kind: &Kind) -> bool {
    for _ in 0..600 {
        let body = plane.ask(Method::GET, path, None).await.body;
        let condition = |name: &str| {
            let mut conditions = body["status"]["conditions"].as_array().into_iter().flatten();
            conditions
                .find(|one| one["type"] == name)
                .map(|one| one["status"] == "True")
        };
        if condition("NamesAccepted") == Some(false) {
            return false;
        }
        if condition("Established") == Some(true) {
            let path = format!("{}?limit=1", collection(kind));
            if plane.ask(Method::GET, &path, None).await.is_success() {
                return true;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

struct Asker<'a> {
    plane: &'a RawClient,
    kind: &'a Kind,
    options: &'a Options,
    tally: Tally,
}

impl Asker<'_> {
    async fn one_sample(&mut self, number: usize, sample: &Sample) {
        let schema = self.kind.schema();
        let literals = Literals::of(schema);
        let _ = self.create(sample, &sample.object, true, "as it is").await;
        let mut stored = self.store(number, sample).await;
        for case in 0..self.options.mutations {
            let name = format!("{} {case}", sample.name);
            let mut rng = Rng::of(self.options.seed, &name);
            match stored.take() {
                Some(old) if rng.percent(45) => {
                    // Sometimes the change is applied and becomes the new starting point.
                    let dry = rng.percent(85);
                    let mut object = old.clone();
                    if self.has_status() && rng.percent(30) {
                        let how = mutate_status(&mut object, schema, &literals, &mut rng);
                        let what = format!("status {case}: {how}");
                        let (new, part) = (&object, Part::Status);
                        let new = self.update(sample, &old, new, part, dry, &what).await;
                        stored = Some(new.filter(|_| !dry).unwrap_or(old));
                        continue;
                    }
                    let how = mutate(&mut object, schema, &literals, &mut rng);
                    if let Some(metadata) = object["metadata"].as_object_mut().filter(|_| !dry) {
                        // Nobody would remove these finalizers.
                        metadata.shift_remove("finalizers");
                    }
                    let what = format!("update {case}: {how}");
                    let (new, part) = (&object, Part::Whole);
                    let new = self.update(sample, &old, new, part, dry, &what).await;
                    stored = Some(new.filter(|_| !dry).unwrap_or(old));
                }
                kept => {
                    stored = kept;
                    let mut object = sample.object.clone();
                    let mut how = mutate(&mut object, schema, &literals, &mut rng);
                    if schema["properties"]["status"].is_object() && rng.percent(15) {
                        how = format!(
                            "{how}; status: {}",
                            mutate_status(&mut object, schema, &literals, &mut rng)
                        );
                    }
                    let what = format!("create {case}: {how}");
                    let _ = self.create(sample, &object, true, &what).await;
                }
            }
        }
        if let Some(stored) = &stored
            && self.options.mutations > 1
        {
            self.tightened(sample, stored).await;
        }
        if let Some(name) = stored
            .as_ref()
            .and_then(|stored| stored["metadata"]["name"].as_str())
        {
            let collection = collection(self.kind);
            let _ = self
                .plane
                .ask(Method::DELETE, &format!("{collection}/{name}"), None)
                .await;
        }
    }

    /// Updates stored objects after the definition became stricter.
    async fn tightened(&mut self, sample: &Sample, stored: &Value) {
        /// Updates per object.
        const UPDATES: usize = 5;
        let mut rng = Rng::of(self.options.seed, &format!("{} tightened", sample.name));
        let Some((strict, how)) = tightened(self.kind, stored, &mut rng) else {
            return;
        };
        // A new object with the stored value is refused once the API server uses the new definition.
        let mut probe = stored.clone();
        probe["metadata"] = sample.object["metadata"].clone();
        let Some(metadata) = kept_metadata(&mut probe, "probe") else {
            return;
        };
        metadata.shift_remove("generateName");
        // A bound without effect, or an object that only ratcheting accepts, does not show when the definition
        // arrives.
        let accepts = |kind: &Kind| {
            let judged = kind.definition.validate(kind.version(), &probe, None);
            judged.is_ok_and(|judged| judged.is_valid())
        };
        let shows = accepts(self.kind) && !accepts(&strict);
        if !shows || !self.replace_definition(&strict.document).await {
            return;
        }
        self.until_judged(&probe, false).await;
        let schema = self.kind.schema();
        let literals = Literals::of(schema);
        for case in 0..UPDATES {
            let mut object = stored.clone();
            let changed = match case {
                0 => "nothing".to_owned(),
                _ => mutate(&mut object, schema, &literals, &mut rng),
            };
            let case = Case {
                kind: &strict,
                object: &object,
                old: Some(stored),
                part: Part::Whole,
                dry: true,
            };
            let what = format!("update after {how}: {changed}");
            let _ = self.ask(sample, &case, &what).await;
        }
        assert!(
            self.replace_definition(&self.kind.document).await,
            "the definition is put back"
        );
        self.until_judged(&probe, true).await;
    }

    /// Replaces the installed definition, unless the new one is refused.
    async fn replace_definition(&self, document: &Value) -> bool {
        let path = format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}",
            self.kind.definition.name
        );
        for _ in 0..5 {
            let installed = self.plane.ask(Method::GET, &path, None).await;
            let mut document = document.clone();
            document["metadata"]["resourceVersion"] = installed.body["metadata"]["resourceVersion"].clone();
            let said = self.plane.ask(Method::PUT, &path, Some(&document)).await;
            if said.status != 409 {
                return said.is_success();
            }
        }
        false
    }

    /// Waits until the API server uses the new definition: an object is accepted, or refused.
    async fn until_judged(&self, object: &Value, accepted: bool) {
        let path = format!("{}?dryRun=All", collection(self.kind));
        let what = format!("{} is judged by the other definition", self.kind.definition.name);
        until(&what, Duration::from_mins(1), async || {
            let said = self.plane.ask(Method::POST, &path, Some(object)).await;
            (said.is_success() == accepted).then_some(())
        })
        .await;
    }

    /// Stores the sample, for updates; `None` if it is refused.
    async fn store(&mut self, number: usize, sample: &Sample) -> Option<Value> {
        let mut object = sample.object.clone();
        kept_metadata(&mut object, &format!("stored-{number}"))?;
        self.create(sample, &object, false, "kept").await
    }

    async fn create(&mut self, sample: &Sample, object: &Value, dry: bool, what: &str) -> Option<Value> {
        let case = Case {
            kind: self.kind,
            object,
            old: None,
            part: Part::Whole,
            dry,
        };
        self.ask(sample, &case, what).await
    }

    /// Whether its status is a subresource with a schema.
    fn has_status(&self) -> bool {
        let version = &self.kind.definition.versions[0];
        version.has_status && self.kind.schema()["properties"]["status"].is_object()
    }

    async fn update(
        &mut self,
        sample: &Sample,
        old: &Value,
        object: &Value,
        part: Part,
        dry: bool,
        what: &str,
    ) -> Option<Value> {
        let case = Case {
            kind: self.kind,
            object,
            old: Some(old),
            part,
            dry,
        };
        self.ask(sample, &case, what).await
    }

    async fn ask(&mut self, sample: &Sample, case: &Case<'_>, what: &str) -> Option<Value> {
        let (compared, said) = case.compare(self.plane).await;
        self.note(&sample.name, what, compared);
        said.is_success().then_some(said.body)
    }

    fn note(&mut self, sample: &str, what: &str, compared: Compared) {
        let (list, said) = match compared {
            Compared::Agree => {
                self.tally.agree += 1;
                return;
            }
            Compared::Worded(said) => {
                self.tally.agree += 1;
                (&mut self.tally.worded, said)
            }
            Compared::Disagree(said) => (&mut self.tally.disagree, said),
            Compared::Unjudged(said) => (&mut self.tally.unjudged, said),
        };
        let line = format!("{}: {sample}: {what}\n    {said}", self.kind.definition.name);
        if self.options.loud {
            println!("{line}");
        }
        list.push(line);
    }
}

/// Sets a unique name, and removes metadata that would block deletion.
fn kept_metadata<'o>(object: &'o mut Value, name: &str) -> Option<&'o mut Map<String, Value>> {
    let metadata = object["metadata"].as_object_mut()?;
    metadata.insert("name".to_owned(), json!(name));
    // Nobody would remove finalizers.
    metadata.shift_remove("finalizers");
    metadata.shift_remove("ownerReferences");
    Some(metadata)
}
