//! Measures published schemas: parsing a definition, rendering its form, validating a sample, memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use kube_schema::Definition;
use portico_api::{
    ApprovalPreview, CatalogCard, Frame, Link, OfferingLifecycle, PlacementView, RequestFormPage,
};
use portico_domain::documents::Category;
use portico_domain::request::Action;
use portico_form::{Form, FormHints, FormInput, build};
use portico_frontend::pages;

use super::{figure, milliseconds, percentile};
use crate::differential::{Corpus, Kind};

/// Repetitions; the fastest counts, to exclude interference.
const TIMES: usize = 5;

/// Measures the corpus, or reports that there is none.
///
/// # Panics
/// When `/proc` does not show the memory.
pub fn measure() {
    let Some(folder) = Corpus::folder() else {
        println!("no corpus: PORTICO_CORPUS says where it is");
        return;
    };
    let corpus = Corpus::read(&folder);
    let (definitions, held) = hold(&corpus);

    let mut parsing = Times::default();
    let mut forming = Times::default();
    let mut rendering = Times::default();
    let mut judging = Times::default();
    let mut largest = (0, String::new());
    for (kind, definition) in corpus.kinds.iter().zip(&definitions) {
        let name = format!("{} {}", definition.name, kind.version());
        parsing.add(&name, || read(kind));
        let Ok(schema) = definition.versions[0].schema() else {
            continue;
        };
        let hints = FormHints::default();
        for sample in &kind.samples {
            let setup = FormInput::new(&hints, &sample.object);
            forming.add(&sample.name, || build(schema, setup));
            let page = page(build(schema, setup));
            rendering.add(&sample.name, || pages::request_form(&frame(), &page));
            let bytes = pages::request_form(&frame(), &page).len();
            if bytes > largest.0 {
                largest = (bytes, sample.name.clone());
            }
            judging.add(&sample.name, || {
                definition.validate(kind.version(), &sample.object, None)
            });
        }
    }
    parsing.print("reading one version of a definition");
    forming.print("a form's model, with a sample in it");
    rendering.print("the page of that form as HTML");
    judging.print("judging a sample, rules and all");
    figure(
        "largest form's page",
        &format!("{} KB: {}", largest.0 / 1000, largest.1),
    );
    let count = definitions.len();
    figure(
        &format!("memory of {count} versions of definitions, before patterns are used"),
        &format!("{} MB", held / 1_000_000),
    );
}

/// Parses all definitions and measures their memory. They are parsed several times and all kept, so that they do
/// not reuse memory that reading the corpus freed.
fn hold(corpus: &Corpus) -> (Vec<Definition>, u64) {
    const COPIES: usize = 4;
    let read_all = || -> Vec<Definition> { corpus.kinds.iter().map(read).collect() };
    let mut copies = vec![read_all(), read_all()];
    let before = resident();
    copies.extend((0..COPIES).map(|_| read_all()));
    let held = resident().saturating_sub(before) / COPIES as u64;
    (copies.swap_remove(0), held)
}

fn read(kind: &Kind) -> Definition {
    Definition::parse(&kind.document).unwrap()
}

/// Durations by name.
#[derive(Default)]
struct Times(Vec<(Duration, String)>);

impl Times {
    fn add<T>(&mut self, name: &str, work: impl Fn() -> T) {
        let once = || {
            let begun = Instant::now();
            black_box(work());
            begun.elapsed()
        };
        if let Some(quickest) = (0..TIMES).map(|_| once()).min() {
            self.0.push((quickest, name.to_owned()));
        }
    }

    fn print(mut self, what: &str) {
        self.0.sort();
        let sorted: Vec<Duration> = self.0.iter().map(|(took, _)| *took).collect();
        let Some((worst, name)) = self.0.last() else {
            return;
        };
        let (half, most) = (percentile(&sorted, 50), percentile(&sorted, 99));
        let measured = format!(
            "p50 {}, p99 {}, worst {} ({name})",
            fine(half),
            fine(most),
            fine(*worst)
        );
        figure(what, &measured);
    }
}

/// Formats as milliseconds or microseconds.
fn fine(duration: Duration) -> String {
    if duration < Duration::from_millis(1) {
        format!("{} µs", duration.as_micros())
    } else {
        milliseconds(duration)
    }
}

/// The resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}

/// The chrome of a page.
fn frame() -> Frame {
    Frame {
        title: "Request".into(),
        company: "Portico".into(),
        path: "/catalog".into(),
        person: Some("Dana Okafor".into()),
        email: None,
        admin: false,
        platform_admin: false,
        approver: false,
        kubectl: false,
        publishes: false,
        waiting: 0,
        tenants: vec![],
        current: None,
        crumbs: vec![],
        notices: vec![],
        language: portico_api::Language::English,
        languages: vec![],
        theme: None,
        now: "2026-06-01T12:00:00Z".parse().unwrap(),
        csrf: "token".into(),
        nonce: "n0nce".into(),
        style: "/assets/style.css".into(),
        font: "/assets/font.woff2".into(),
        script: None,
        wasm: None,
    }
}

fn page(form: Form) -> RequestFormPage {
    RequestFormPage {
        conflicts: Vec::new(),
        whole: None,
        kept: None,
        notes: Vec::new(),
        offering: CatalogCard {
            name: "bench.portico.dev".parse().unwrap(),
            title: "Bench".into(),
            summary: String::new(),
            category: Category::Databases,
            icon: String::new(),
            typical_seconds: None,
            needs_approval: None,
            price_from: None,
            planes: vec![],
            unreachable: Vec::new(),
            problem: None,
            published_by: None,
            lifecycle: OfferingLifecycle::default(),
        },
        action: Action::Create,
        post_to: Link::NewRequest("bench.portico.dev".parse().unwrap()),
        tenant: "payments".parse().unwrap(),
        environment: "dev".parse().unwrap(),
        name: "bench".into(),
        name_problems: vec![],
        plans: vec![],
        plan_facts: vec![],
        plan: None,
        regions: vec![],
        region: None,
        planes: vec![],
        plane: None,
        labels: vec![],
        form: Some(form),
        schema_hash: "hash".into(),
        live_hash: None,
        request_id: "0190d3a0-0000-7000-8000-000000000001".parse().unwrap(),
        yaml: String::new(),
        yaml_tab: false,
        yaml_problem: None,
        yaml_problems: Vec::new(),
        sentence: String::new(),
        placement: PlacementView {
            chosen: None,
            reason: String::new(),
            candidates: vec![],
        },
        approval: ApprovalPreview::default(),
        quota: vec![],
        cost: None,
        price: None,
        differences: vec![],
        manifest: String::new(),
        dry_run: None,
        note: String::new(),
        problems: vec![],
        problem_count: 0,
        reviewed: false,
        tried: false,
        checked: false,
        fresh: true,
    }
}
