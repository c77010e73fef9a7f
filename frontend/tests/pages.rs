//! Guarantees of pages: hostile text is escaped, and every form control is accessible to screen readers.
#![expect(clippy::unwrap_used, reason = "a test that fails here says where")]

use portico_api::words::Denial;
use portico_api::{
    Allowed, ApprovalPreview, CatalogCard, CatalogPage, ClaimTrial, ClaimsSlot, ConnectionOutline,
    CostHistory, DefinitionTrial, Frame, HealthCount, Link, MonthCost, OfferingLifecycle, OfferingPage,
    Paged, PlacementView, PlaneChoice, PlaneTrial, PricePeriod, PriceQuote, QuotaHistory, QuotaSlot,
    ReadySeconds, ReadyTimes, Replacement, RequestFormPage, TenantRow, TenantsPage, TrialEffect,
    TrialFinding, TrialOutcome, TryDefinitionPage, UsagePage,
};
use portico_domain::claim::Health;
use portico_domain::definition_change::{DefaultChange, DefaultedWhen, Refusal, RefusedUpdate};
use portico_domain::documents::{Category, NewClaims, Phase, Stage};
use portico_domain::request::Action;
use portico_form::{Branch, Choice, Control, Entry, Field, FieldLock, Form};
use portico_frontend::pages;

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

fn frame() -> Frame {
    Frame {
        title: HOSTILE.into(),
        company: HOSTILE.into(),
        path: "/catalog".into(),
        person: Some(HOSTILE.into()),
        email: Some(HOSTILE.into()),
        admin: true,
        platform_admin: true,
        approver: true,
        kubectl: true,
        publishes: true,
        waiting: 2,
        tenants: vec![],
        current: None,
        crumbs: vec![],
        notices: vec![],
        theme: Some(HOSTILE.into()),
        now: "2026-06-01T12:00:00Z".parse().unwrap(),
        csrf: "token".into(),
        nonce: "n0nce".into(),
        style: "/assets/style.css".into(),
        font: "/assets/font.woff2".into(),
        script: Some("/assets/portico.js".into()),
        wasm: Some("/assets/portico.wasm".into()),
    }
}

fn card() -> CatalogCard {
    CatalogCard {
        name: "databases.demo.portico.dev".parse().unwrap(),
        title: HOSTILE.into(),
        summary: HOSTILE.into(),
        category: Category::Databases,
        icon: HOSTILE.into(),
        typical_seconds: None,
        needs_approval: None,
        price_from: None,
        planes: vec![],
        unreachable: Vec::new(),
        problem: Some(HOSTILE.into()),
        published_by: Some(HOSTILE.into()),
        lifecycle: OfferingLifecycle::default(),
    }
}

fn field(name: &str, control: Control) -> Field {
    Field {
        name: name.into(),
        label: format!("Label of {name} {HOSTILE}"),
        help: Some(HOSTILE.into()),
        required: true,
        locked: false,
        locked_by: None,
        lock: None,
        default: None,
        changed: false,
        when_empty: None,
        problems: vec![format!("Wrong: {HOSTILE}")],
        control,
    }
}

fn text() -> Control {
    Control::Text {
        text: HOSTILE.into(),
        multiline: false,
        max_length: None,
        placeholder: None,
        format: None,
        unit: None,
    }
}

fn choices(count: usize) -> Vec<Choice> {
    (0..count)
        .map(|index| Choice {
            value: format!("{index}"),
            label: HOSTILE.into(),
        })
        .collect()
}

/// One field with each control.
fn fields() -> Vec<Field> {
    vec![
        field("/text", text()),
        field(
            "/area",
            Control::Text {
                text: HOSTILE.into(),
                multiline: true,
                max_length: None,
                placeholder: None,
                format: None,
                unit: None,
            },
        ),
        field(
            "/number",
            Control::Number {
                text: HOSTILE.into(),
                integer: true,
                min: Some(1.0),
                max: None,
            },
        ),
        field("/toggle", Control::Toggle { on: true }),
        field("/optional", Control::OptionalToggle { on: None }),
        field(
            "/few",
            Control::Choice {
                chosen: HOSTILE.into(),
                choices: choices(3),
            },
        ),
        field(
            "/many",
            Control::Choice {
                chosen: "1".into(),
                choices: choices(9),
            },
        ),
        field(
            "/object",
            Control::Object {
                fields: vec![field("/object/a", text())],
            },
        ),
        field(
            "/list",
            Control::List {
                items: vec![field("/list/0", text())],
                item_label: "user".into(),
                min_items: None,
                max_items: None,
            },
        ),
        field(
            "/map",
            Control::Map {
                entries: vec![Entry {
                    key_name: "/map/@0/key".into(),
                    key: HOSTILE.into(),
                    key_problems: vec![HOSTILE.into()],
                    value: field("/map/@0/value", text()),
                }],
            },
        ),
        field(
            "/union",
            Control::Union {
                branches: vec![Branch {
                    id: "b".into(),
                    label: HOSTILE.into(),
                    fields: vec![field("/union/c", text())],
                }],
                chosen: "b".into(),
            },
        ),
        field(
            "/yaml",
            Control::Yaml {
                text: format!("</textarea>{HOSTILE}"),
            },
        ),
    ]
}

fn form_page(fields: Vec<Field>) -> RequestFormPage {
    RequestFormPage {
        conflicts: vec![],
        whole: Some(HOSTILE.into()),
        kept: Some(HOSTILE.into()),
        notes: vec![HOSTILE.into()],
        offering: card(),
        action: Action::Create,
        post_to: Link::NewRequest("databases.demo.portico.dev".parse().unwrap()),
        tenant: "payments".parse().unwrap(),
        environment: "dev".parse().unwrap(),
        name: HOSTILE.into(),
        name_problems: vec![HOSTILE.into()],
        plans: vec![],
        plan_facts: vec![],
        plan: None,
        regions: vec![],
        region: None,
        planes: vec![],
        plane: None,
        labels: vec![],
        form: Some(Form {
            main: fields,
            ..Form::default()
        }),
        schema_hash: "hash".into(),
        live_hash: None,
        request_id: "0190d3a0-0000-7000-8000-000000000001".parse().unwrap(),
        yaml: HOSTILE.into(),
        yaml_tab: false,
        yaml_problem: None,
        yaml_problems: Vec::new(),
        sentence: HOSTILE.into(),
        placement: PlacementView {
            chosen: None,
            reason: HOSTILE.into(),
            candidates: vec![],
        },
        approval: ApprovalPreview::default(),
        quota: vec![],
        cost: Some(HOSTILE.into()),
        price: Some(PriceQuote {
            amount: 28.0,
            currency: HOSTILE.into(),
            period: PricePeriod::Month,
            comparison: None,
        }),
        differences: vec![(HOSTILE.into(), HOSTILE.into(), HOSTILE.into())],
        manifest: HOSTILE.into(),
        dry_run: None,
        note: HOSTILE.into(),
        problems: vec![],
        problem_count: 1,
        reviewed: false,
        tried: true,
        checked: true,
        fresh: false,
    }
}

fn offering_page(support: &str) -> OfferingPage {
    OfferingPage {
        card: card(),
        kind: HOSTILE.into(),
        group: HOSTILE.into(),
        owner: Some(HOSTILE.into()),
        support: Some(support.into()),
        documentation_html: None,
        plans: vec![],
        facts: vec![],
        receives: vec![],
        connection: ConnectionOutline::default(),
        served_on: vec![],
        claims: vec![],
        may_request: Allowed::yes(),
    }
}

fn assert_tame(html: &str) {
    for markup in ["<script>alert", "<img", "\"'>"] {
        let at = html.find(markup).map(|at| &html[at.saturating_sub(300)..at + 20]);
        assert_eq!(at, None, "markup got through");
    }
    assert!(
        !html.contains(" style=\""),
        "an inline style, which the policy forbids"
    );
    assert!(!html.contains(" onerror=\""), "an inline handler");
    for script in html.split("<script").skip(1) {
        assert!(
            script[..script.find('>').unwrap()].contains("nonce=\"n0nce\""),
            "a script without nonce"
        );
    }
}

#[test]
fn hostile_text_is_escaped() {
    let html = pages::request_form(&frame(), &form_page(fields()));
    assert_tame(&html);
    assert!(
        html.contains("Differs from the defaults"),
        "there are no plans to differ from"
    );
    assert_tame(&pages::error(&frame(), 404, HOSTILE, HOSTILE));
    let catalog = CatalogPage {
        query: HOSTILE.into(),
        category: None,
        plane: None,
        categories: vec![],
        planes: vec![],
        cards: Paged::cut(vec![card()], 1, 20),
        all: 1,
    };
    assert_tame(&pages::catalog(&frame(), &catalog));
}

#[test]
fn a_locked_form_shows_and_posts_every_value() {
    let locked = fields()
        .into_iter()
        .map(|field| Field {
            locked: true,
            ..field
        })
        .collect();
    let html = pages::request_form(&frame(), &form_page(locked));
    assert_tame(&html);
    for name in [
        "/text",
        "/area",
        "/number",
        "/toggle",
        "/optional",
        "/few",
        "/many",
        "/object/a",
        "/list/0",
        "/map/@0/key",
        "/map/@0/value",
        "/union/@branch",
        "/union/c",
        "/yaml/@yaml",
    ] {
        assert!(html.contains(&format!("name=\"{name}\"")), "{name} is not posted");
    }
    assert!(!html.contains("value=\"add:"), "a locked list grows");
}

#[test]
fn a_default_is_one_of_the_choices_and_leaves_the_field_unset_until_one_is_made() {
    let radios = |chosen: &str| {
        let choice = |value: &str| Choice {
            value: value.into(),
            label: value.into(),
        };
        let version = Field {
            required: false,
            default: Some("17".into()),
            ..field(
                "/version",
                Control::Choice {
                    chosen: chosen.into(),
                    choices: vec![choice("16"), choice("17")],
                },
            )
        };
        let html = pages::request_form(&frame(), &form_page(vec![version]));
        assert!(!html.contains("Default ("), "the default is not offered twice");
        html.split("<input ")
            .filter(|input| input.contains("type=\"radio\"") && input.contains("name=\"/version\""))
            .map(|input| {
                let input = &input[..input.find('>').unwrap()];
                let value = input.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
                (value.to_owned(), input.contains("checked"))
            })
            .collect::<Vec<_>>()
    };
    let of = |radios: [(&str, bool); 2]| {
        radios
            .map(|(value, checked)| (value.to_owned(), checked))
            .to_vec()
    };
    assert_eq!(radios(""), of([("16", false), ("", true)]));
    assert_eq!(radios("16"), of([("16", true), ("17", false)]));
    assert_eq!(radios("17"), of([("16", false), ("17", true)]));
}

#[test]
fn what_the_plan_sets_is_one_folded_line_and_is_posted() {
    let of_plan = fields()
        .into_iter()
        .filter(|field| {
            matches!(
                field.control,
                Control::Text { .. } | Control::Number { .. } | Control::Choice { .. } | Control::Yaml { .. }
            )
        })
        .map(|field| Field {
            locked: true,
            lock: Some(FieldLock::Plan),
            locked_by: Some("Set by the plan Small".into()),
            problems: vec![],
            ..field
        });
    let free = field("/free", Control::Toggle { on: true });
    let html = pages::request_form(&frame(), &form_page(of_plan.chain([free]).collect()));
    assert_tame(&html);
    assert_eq!(html.matches("Set by the plan Small").count(), 1);
    for name in ["/text", "/number", "/few", "/yaml/@yaml"] {
        let posted = format!("name=\"{name}\"");
        assert_eq!(html.matches(&posted).count(), 1, "{name} is posted once");
    }
    let fold = html.find("id=\"set-by-plan\"").unwrap();
    assert!(
        html.find("name=\"/free\"").unwrap() < fold,
        "what is asked comes first"
    );
}

#[test]
fn every_control_has_a_label_and_describes_its_problem() {
    let html = pages::request_form(&frame(), &form_page(fields()));
    for name in [
        "/text",
        "/area",
        "/number",
        "/toggle",
        "/optional",
        "/few",
        "/many",
        "/object",
        "/list",
        "/map",
        "/union",
        "/yaml",
        "/object/a",
        "/list/0",
        "/map/@0/value",
        "/union/c",
    ] {
        let id = format!("f{name}");
        let tag = html
            .split('<')
            .find(|tag| tag.contains(&format!(" id=\"{id}\"")))
            .unwrap_or_else(|| panic!("{name} has no control"));
        let labelled = html.contains(&format!("for=\"{id}\""))
            || tag.starts_with("fieldset")
            || tag.contains("type=\"checkbox\"");
        assert!(labelled, "{name} has no label: {tag}");
        assert!(
            tag.contains(&format!("{id}-problems")),
            "{name} does not refer to its problem: {tag}"
        );
        assert!(
            html.contains(&format!("id=\"{id}-problems\"")),
            "{name} does not show its problem"
        );
        assert!(
            html.contains(&format!("href=\"#{id}\"")),
            "the summary does not lead to {name}"
        );
    }
}

#[test]
fn a_card_names_unreachable_control_planes() {
    let plane = |name: &str| PlaneChoice {
        name: name.parse().unwrap(),
        title: name.to_uppercase(),
        region: None,
    };
    let shown = |planes: &[&str], dead: &[&str]| {
        let card = CatalogCard {
            planes: planes.iter().map(|name| plane(name)).collect(),
            unreachable: dead.iter().map(|name| name.parse().unwrap()).collect(),
            problem: None,
            published_by: None,
            lifecycle: OfferingLifecycle::default(),
            ..card()
        };
        let page = CatalogPage {
            query: String::new(),
            category: None,
            plane: None,
            categories: vec![],
            planes: vec![],
            all: 1,
            cards: Paged::cut(vec![card], 1, 20),
        };
        without_marks(&pages::catalog(&frame(), &page))
    };
    let both = shown(&["eu", "us"], &["us"]);
    assert!(
        both.contains(">EU</span><span class=\"tag\">US (does not answer)</span>"),
        "{both}"
    );
    assert!(!shown(&["eu", "us"], &[]).contains("does not answer"));
    let many = shown(&["a", "b", "c"], &["b"]);
    assert!(
        many.contains("3 control planes, of which 1 is not answering"),
        "{many}"
    );
}

#[test]
fn exceeded_quotas_are_marked_by_sign_and_text() {
    let row = TenantRow {
        name: "payments".parse().unwrap(),
        title: "Payments".into(),
        environments: vec![],
        members: vec![],
        planes: vec![],
        claims: 70,
        quota: vec![("claims".into(), 70, 40), ("cpu".into(), 64, 64)],
    };
    let html = pages::admin_tenants(&frame(), &TenantsPage { rows: vec![row] });
    assert!(html.contains("70 of 40: over by 30"), "{html}");
    assert_eq!(
        html.matches("over by").count(),
        1,
        "what is just taken is not over"
    );
    assert!(
        html.contains("Nearly full: "),
        "what is just taken is nearly full"
    );
    let marked = html.split("over by 30").next().unwrap();
    let marked = &marked[marked.rfind("<li").unwrap()..];
    assert!(
        marked.contains("<svg") && marked.contains("meter over"),
        "not by colour alone: {marked}"
    );
}

#[test]
fn a_report_on_a_definition_keeps_hostile_text_as_text() {
    let refusal = |update| {
        TrialEffect::Refused(Refusal {
            update,
            create: true,
            path: HOSTILE.into(),
            message: HOSTILE.into(),
        })
    };
    let defaulted = TrialEffect::Defaulted(DefaultChange {
        path: HOSTILE.into(),
        from: None,
        to: Some(HOSTILE.into()),
        when: DefaultedWhen::Read,
    });
    let effects = vec![
        refusal(RefusedUpdate::Every),
        refusal(RefusedUpdate::OfSpec),
        defaulted,
        TrialEffect::Pruned { path: HOSTILE.into() },
    ];
    let plane = PlaneTrial {
        plane: PlaneChoice {
            name: "eu".parse().unwrap(),
            title: HOSTILE.into(),
            region: None,
        },
        outcome: TrialOutcome::Partial,
        problem: Some(HOSTILE.into()),
        known: 3,
        tried: 2,
        unaffected: 1,
        version: HOSTILE.into(),
        tried_version: Some(HOSTILE.into()),
        removed_versions: vec![HOSTILE.into()],
        faults: vec![HOSTILE.into()],
        findings: effects
            .iter()
            .map(|effect| TrialFinding {
                effect: effect.clone(),
                claims: 1,
            })
            .collect(),
        claims: vec![ClaimTrial {
            namespace: Some(HOSTILE.into()),
            name: HOSTILE.into(),
            tenant: None,
            environment: None,
            href: None,
            effects,
        }],
        more_claims: 0,
    };
    let page = TryDefinitionPage {
        document: format!("</textarea>{HOSTILE}"),
        problem: Some(HOSTILE.into()),
        trial: Some(DefinitionTrial {
            definition: HOSTILE.into(),
            kind: HOSTILE.into(),
            title: Some(HOSTILE.into()),
            derived: true,
            faults: vec![HOSTILE.into()],
            missing_version: Some(HOSTILE.into()),
            planes: vec![plane],
        }),
    };
    assert_tame(&pages::admin_try_definition(&frame(), &page));
}

/// The HTML without the comments with which Leptos marks the ends of texts.
fn without_marks(html: &str) -> String {
    html.replace("<!>", "")
}

#[test]
fn an_offering_links_to_its_support() {
    for (support, text) in [
        ("mailto:databases@example.com", "databases@example.com"),
        ("https://chat.example.com/databases", "chat.example.com/databases"),
    ] {
        let html = without_marks(&pages::offering(&frame(), &offering_page(support)));
        assert_tame(&html);
        let link = format!("<a href=\"{support}\">{text}</a>");
        assert!(html.contains(&link), "{link} is not in {html}");
    }
    assert_tame(&pages::offering(&frame(), &offering_page(HOSTILE)));
}

fn deprecated(phase: Phase) -> OfferingLifecycle {
    OfferingLifecycle {
        stage: Stage::Deprecated,
        phase,
        sunset: Some(jiff::civil::date(2027, 3, 1)),
        note: Some(HOSTILE.into()),
        replacement: Some(Replacement {
            name: "others.demo.portico.dev".parse().unwrap(),
            title: HOSTILE.into(),
            href: Link::Offering("others.demo.portico.dev".parse().unwrap()),
        }),
        new_claims: NewClaims::Refused,
    }
}

#[test]
fn a_deprecated_offering_says_when_it_ends_why_and_what_replaces_it() {
    for (phase, word, sentence) in [
        (Phase::Deprecated, "Deprecated", "ends on 1 March 2027."),
        (Phase::Ending, "Ends soon", "ends on 1 March 2027."),
        (Phase::Ended, "Ended", "ended on 1 March 2027."),
    ] {
        let mut page = offering_page("https://chat.example.com");
        page.card.lifecycle = deprecated(phase);
        page.may_request = Allowed::no(Denial::OfferingDeprecated {
            offering: HOSTILE.into(),
            replacement: Some(HOSTILE.into()),
        });
        let html = pages::offering(&frame(), &page);
        assert_tame(&html);
        let link = "<a href=\"/catalog/others.demo.portico.dev\">";
        for part in [word, sentence, link, "takes no new claims"] {
            assert!(html.contains(part), "{phase:?}: {part} is not in {html}");
        }
        assert!(!html.contains("/request\""), "{phase:?}: no way to the form");

        let catalog = CatalogPage {
            query: String::new(),
            category: None,
            plane: None,
            categories: vec![],
            planes: vec![],
            all: 1,
            cards: Paged::cut(
                vec![CatalogCard {
                    problem: None,
                    ..page.card
                }],
                1,
                20,
            ),
        };
        let html = pages::catalog(&frame(), &catalog);
        assert_tame(&html);
        for part in [word, link] {
            assert!(html.contains(part), "{phase:?}: {part} is not in {html}");
        }
    }
}

#[test]
fn a_published_offering_has_no_badge() {
    let html = pages::offering(&frame(), &offering_page("https://chat.example.com"));
    for word in ["Draft", "Deprecated", "Ends soon", "Ended"] {
        assert!(!html.contains(word), "{word}");
    }
}

/// Three days: counted, not counted, and over the limit.
fn usage() -> UsagePage {
    let day = |day: u32, counts: Option<Vec<HealthCount>>| ClaimsSlot {
        from: format!("2026-05-{day}T00:00:00Z").parse().unwrap(),
        counts,
    };
    let count = |health, claims| HealthCount { health, claims };
    UsagePage {
        tenant: Some("payments".parse().unwrap()),
        title: HOSTILE.into(),
        tenants: vec![
            ("payments".parse().unwrap(), HOSTILE.into()),
            ("research".parse().unwrap(), HOSTILE.into()),
        ],
        may_see_all: false,
        days: 7,
        slot_hours: 24,
        counted_since: Some("2026-05-29T10:00:00Z".parse().unwrap()),
        claims: vec![
            day(29, Some(vec![count(Health::Ready, 11)])),
            day(30, None),
            day(
                31,
                Some(vec![count(Health::Ready, 11), count(Health::Degraded, 1)]),
            ),
        ],
        quota: vec![QuotaHistory {
            resource: HOSTILE.into(),
            slots: vec![
                Some(QuotaSlot {
                    used: 210,
                    limit: 256,
                }),
                None,
                Some(QuotaSlot {
                    used: 260,
                    limit: 256,
                }),
            ],
        }],
        ready_times: vec![
            ReadyTimes {
                offering: "databases.demo.portico.dev".parse().unwrap(),
                offering_title: HOSTILE.into(),
                claims: 41,
                seconds: Some(ReadySeconds { p50: 180, p90: 480 }),
            },
            ReadyTimes {
                offering: "caches.demo.portico.dev".parse().unwrap(),
                offering_title: HOSTILE.into(),
                claims: 4,
                seconds: None,
            },
        ],
        costs: vec![CostHistory {
            currency: HOSTILE.into(),
            now: 310.0,
            months: vec![
                MonthCost {
                    month: HOSTILE.into(),
                    amount: None,
                },
                MonthCost {
                    month: "2026-05".into(),
                    amount: Some(290.5),
                },
            ],
        }],
    }
}

#[test]
fn each_chart_says_its_finding_and_has_its_numbers_in_a_table() {
    let html = pages::usage(&frame(), &usage());
    assert!(!html.contains("<script>alert"), "hostile text stays text");
    assert!(!html.contains("<img src=x"), "hostile text stays text");
    assert_eq!(html.matches("role=\"img\"").count(), 4);
    assert_eq!(html.matches("<desc").count(), 4);
    assert_eq!(html.matches("<table class=\"numbers\"").count(), 4);
    for said in [
        "12 claims, 11 ready, 1 degraded now.",
        "260 of 256, over by 4",
        "Over its limit",
        "80 % or more",
        "Half of 41 claims were ready within 3 min, nine of ten within 8 min.",
        "Too few to say: it takes 5 claims to compare.",
        "30 May 2026: not counted",
        "Portico has counted since 29 May 2026",
    ] {
        assert!(html.contains(said), "{said}");
    }
    assert!(html.contains("class=\"uncounted\""), "a gap is marked");
}

#[test]
fn a_chart_is_drawn_of_what_there_is() {
    let nothing = UsagePage {
        tenant: None,
        counted_since: None,
        claims: vec![],
        quota: vec![],
        ready_times: vec![],
        costs: vec![],
        ..usage()
    };
    let html = pages::usage(&frame(), &nothing);
    assert!(!html.contains("role=\"img\""));
    for said in [
        "There were no claims in this time.",
        "Each tenant has a quota of its own",
        "No claim became ready in this time.",
        "No claim has a plan with a price.",
    ] {
        assert!(html.contains(said), "{said}");
    }
    let first = UsagePage {
        counted_since: None,
        claims: usage().claims.split_off(2),
        ..usage()
    };
    let html = pages::usage(&frame(), &first);
    assert!(html.contains("Portico counts once an hour and begins now"));
    assert!(html.contains("12 claims, 11 ready, 1 degraded now."));
    let usage_everywhere = html.contains("NaN") || html.contains("inf%");
    assert!(!usage_everywhere, "one point has a place");
}
