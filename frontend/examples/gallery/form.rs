//! The request form, with every control.

use portico_api::{
    ApprovalPreview, CandidateView, DryRunResult, Link, PlacementView, PricePeriod, PriceQuote, Problem,
    QuotaLine, RequestFormPage,
};
use portico_domain::request::Action;
use portico_form::{AmountUnit, Branch, Choice, Control, Entry, Field, FieldLock, Form, Section};
use portico_frontend::pages;

use crate::catalog;
use crate::people::{at, dana};

pub(crate) fn field(name: &str, label: &str, control: Control) -> Field {
    Field {
        name: name.into(),
        label: label.into(),
        help: None,
        required: false,
        locked: false,
        locked_by: None,
        lock: None,
        default: None,
        changed: false,
        when_empty: None,
        problems: vec![],
        control,
    }
}

pub(crate) fn text(name: &str, label: &str, text: &str) -> Field {
    field(
        name,
        label,
        Control::Text {
            text: text.into(),
            multiline: false,
            max_length: None,
            placeholder: None,
            format: None,
            unit: None,
        },
    )
}

fn choices(labels: &[&str]) -> Vec<Choice> {
    labels
        .iter()
        .map(|label| Choice {
            value: (*label).into(),
            label: (*label).into(),
        })
        .collect()
}

fn main_fields() -> Vec<Field> {
    vec![
        Field {
            required: true,
            help: Some("The major version. It can be raised later, never lowered.".into()),
            ..field(
                "/spec/version",
                "Version",
                Control::Choice {
                    chosen: "17".into(),
                    choices: choices(&["15", "16", "17"]),
                },
            )
        },
        Field {
            required: true,
            changed: true,
            help: Some("How much it can hold. It can grow, never shrink.".into()),
            ..field(
                "/spec/storage/size",
                "Storage size",
                Control::Text {
                    text: "20Gi".into(),
                    multiline: false,
                    max_length: None,
                    placeholder: Some("10Gi".into()),
                    format: Some("quantity".into()),
                    unit: Some(AmountUnit {
                        chosen: "Gi".into(),
                        choices: ["Mi", "Gi", "Ti"].map(Into::into).to_vec(),
                    }),
                },
            )
        },
        Field {
            locked: true,
            locked_by: Some("Set by the plan Small".into()),
            lock: Some(FieldLock::Plan),
            ..field(
                "/spec/memory",
                "Memory",
                Control::Text {
                    text: "2Gi".into(),
                    multiline: false,
                    max_length: None,
                    placeholder: None,
                    format: None,
                    unit: None,
                },
            )
        },
    ]
}

fn sections() -> Vec<Section> {
    let user = |index: usize, name: &str, problem: Option<&str>| {
        let base = format!("/spec/users/{index}");
        field(
            &base,
            "",
            Control::Object {
                fields: vec![
                    Field {
                        required: true,
                        problems: problem.into_iter().map(Into::into).collect(),
                        ..text(&format!("{base}/name"), "Name", name)
                    },
                    field(
                        &format!("{base}/role"),
                        "Role",
                        Control::Choice {
                            chosen: "readWrite".into(),
                            choices: choices(&["readOnly", "readWrite", "owner"]),
                        },
                    ),
                ],
            },
        )
    };
    vec![
        Section {
            id: "users".into(),
            title: "Users and databases".into(),
            open: true,
            problems: Vec::new(),
            fields: vec![
                Field {
                    help: Some("Who may sign in to it, besides the owner.".into()),
                    ..field(
                        "/spec/users",
                        "Users",
                        Control::List {
                            items: vec![
                                user(0, "reporting", None),
                                user(1, "2fast", Some("Must begin with a letter.")),
                            ],
                            item_label: "user".into(),
                            min_items: None,
                            max_items: Some(10),
                        },
                    )
                },
                field(
                    "/spec/databases",
                    "Databases",
                    Control::List {
                        items: vec![
                            text("/spec/databases/0", "", "orders"),
                            text("/spec/databases/1", "", "ledger"),
                        ],
                        item_label: "database".into(),
                        min_items: Some(1),
                        max_items: None,
                    },
                ),
                field(
                    "/spec/parameters",
                    "Server parameters",
                    Control::Map {
                        entries: vec![Entry {
                            key_name: "/spec/parameters/@0/key".into(),
                            key: "work_mem".into(),
                            key_problems: Vec::new(),
                            value: text("/spec/parameters/@0/value", "", "64MB"),
                        }],
                    },
                ),
            ],
        },
        Section {
            id: "backups".into(),
            title: "Backups".into(),
            open: true,
            problems: Vec::new(),
            fields: vec![
                Field {
                    help: Some("Taken at night, kept for as long as you say.".into()),
                    ..field(
                        "/spec/backup/enabled",
                        "Take backups",
                        Control::Toggle { on: true },
                    )
                },
                Field {
                    problems: vec!["Must be at most 90.".into()],
                    ..field(
                        "/spec/backup/retentionDays",
                        "Keep for days",
                        Control::Number {
                            text: "400".into(),
                            integer: true,
                            min: Some(1.0),
                            max: Some(90.0),
                        },
                    )
                },
                Field {
                    default: Some("no".into()),
                    ..field(
                        "/spec/backup/encrypted",
                        "Encrypt them",
                        Control::OptionalToggle { on: None },
                    )
                },
                field(
                    "/spec/backup/target",
                    "Where to",
                    Control::Union {
                        branches: vec![
                            Branch {
                                id: "s3".into(),
                                label: "A bucket".into(),
                                fields: vec![Field {
                                    required: true,
                                    ..text("/spec/backup/target/s3/bucket", "Bucket", "")
                                }],
                            },
                            Branch {
                                id: "volume".into(),
                                label: "A volume".into(),
                                fields: vec![],
                            },
                        ],
                        chosen: "s3".into(),
                    },
                ),
                Field {
                    default: Some("02:00".into()),
                    ..text("/spec/backup/at", "Hour", "")
                },
                field(
                    "/spec/backup/zone",
                    "Time zone",
                    Control::Choice {
                        chosen: "Mars/Olympus".into(),
                        choices: choices(&[
                            "UTC",
                            "Europe/Berlin",
                            "Europe/London",
                            "America/New_York",
                            "Asia/Tokyo",
                            "Asia/Kolkata",
                            "Australia/Sydney",
                        ]),
                    },
                ),
            ],
        },
        Section {
            id: "advanced".into(),
            title: "Advanced, with a heading that somebody made long enough to need two lines on a telephone"
                .into(),
            open: false,
            problems: Vec::new(),
            fields: vec![
                field(
                    "/spec/overrides",
                    "Overrides",
                    Control::Yaml {
                        text: "a: 1\nb:\n  - 2\n".into(),
                    },
                ),
                field(
                    "/spec/motd",
                    "Greeting",
                    Control::Text {
                        text: "Hello\nthere".into(),
                        multiline: true,
                        max_length: None,
                        placeholder: None,
                        format: None,
                        unit: None,
                    },
                ),
            ],
        },
    ]
}

pub(crate) fn price() -> PriceQuote {
    PriceQuote {
        amount: 28.0,
        currency: "EUR".into(),
        period: PricePeriod::Month,
        comparison: None,
    }
}

pub(crate) fn placement() -> PlacementView {
    let candidate = |name: &str, title: &str, ruled_out: &[&str]| CandidateView {
        plane: name.parse().expect("a name"),
        title: title.into(),
        region: Some("eu-central".into()),
        ruled_out: ruled_out.iter().map(|why| (*why).into()).collect(),
        not_chosen: None,
    };
    PlacementView {
        chosen: Some("eu-shared".parse().expect("a name")),
        reason: "It is in the region that you requested and has the fewest claims.".into(),
        candidates: vec![
            candidate("eu-shared", "EU shared", &[]),
            candidate(
                "us-shared",
                "US shared",
                &["It is in us-east, and eu-central was requested."],
            ),
            candidate(
                "research-own",
                "Research",
                &["It serves Research only.", "It does not answer since 7 min."],
            ),
        ],
    }
}

const MANIFEST: &str = "apiVersion: databases.demo.portico.dev/v1\nkind: PostgreSQLInstance\nmetadata:\n  name: orders-db\n  namespace: payments-dev\n  labels:\n    portico.dev/tenant: payments\n    portico.dev/environment: dev\n    portico.dev/plan: small\nspec:\n  version: \"17\"\n  storage:\n    size: 20Gi\n  memory: 2Gi\n";

pub(crate) fn create() -> RequestFormPage {
    let offering = catalog::offering();
    RequestFormPage {
        conflicts: vec![],
        offering: offering.card,
        action: Action::Create,
        post_to: Link::NewRequest(
            "postgresqlinstances.databases.demo.portico.dev"
                .parse()
                .expect("a name"),
        ),
        tenant: "payments".parse().expect("a name"),
        environment: "dev".parse().expect("a name"),
        name: "orders-db".into(),
        name_problems: vec![],
        plan: Some(offering.plans[0].name.clone()),
        plans: offering.plans,
        plan_facts: offering.facts,
        regions: vec!["eu-central".into(), "us-east".into()],
        region: None,
        planes: catalog::planes(),
        plane: None,
        labels: vec![],
        form: Some(Form {
            main: main_fields(),
            sections: vec![],
            problems: vec![],
            problem_count: 0,
            field_count: 3,
        }),
        schema_hash: "abc".into(),
        live_hash: None,
        request_id: "0190d3a0-0000-7000-8000-000000000001".parse().expect("an id"),
        yaml: MANIFEST.into(),
        yaml_tab: false,
        yaml_problem: None,
        yaml_problems: Vec::new(),
        sentence: "A PostgreSQL 17, small, in payments/dev on EU shared".into(),
        placement: placement(),
        approval: ApprovalPreview::default(),
        quota: vec![
            QuotaLine {
                resource: "claims".into(),
                above: None,
                takes: 1,
                used: 6,
                limit: 20,
                others_waiting: 0,
                with_others: 0,
            },
            QuotaLine {
                resource: "memoryGib".into(),
                above: None,
                takes: 2,
                used: 30,
                limit: 64,
                others_waiting: 0,
                with_others: 0,
            },
        ],
        cost: Some("28 EUR a month".into()),
        price: Some(price()),
        differences: vec![("spec.storage.size".into(), "10Gi".into(), "20Gi".into())],
        manifest: MANIFEST.into(),
        dry_run: None,
        note: String::new(),
        problems: vec![],
        problem_count: 0,
        whole: None,
        kept: None,
        notes: vec![],
        reviewed: false,
        tried: false,
        checked: false,
        fresh: false,
    }
}

pub(crate) fn rich() -> RequestFormPage {
    RequestFormPage {
        form: Some(Form {
            main: main_fields(),
            sections: sections(),
            problems: vec!["High availability needs at least two zones.".into()],
            problem_count: 3,
            field_count: 48,
        }),
        ..create()
    }
}

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let frame = || {
        at(
            dana("/catalog"),
            "Request PostgreSQL",
            &[
                ("Catalog", Link::Catalog),
                ("PostgreSQL", Link::Offering(catalog::cards().swap_remove(0).name)),
            ],
        )
    };
    let wrong = RequestFormPage {
        name: "Orders DB".into(),
        name_problems: vec!["May hold small letters, digits and hyphens only.".into()],
        problem_count: 4,
        reviewed: false,
        tried: true,
        checked: true,
        approval: ApprovalPreview {
            denied: None,
            needed: vec!["An approver of Payments: changes in production need a second pair of eyes.".into()],
        },
        dry_run: Some(DryRunResult {
            accepted: false,
            answered: true,
            message:
                "admission webhook \"policy.acme.example\" denied the request: databases need an owner label"
                    .into(),
        }),
        ..rich()
    };
    let good = RequestFormPage {
        reviewed: true,
        dry_run: Some(DryRunResult {
            accepted: true,
            answered: true,
            message: "EU shared answered in 40 ms and had nothing against it.".into(),
        }),
        ..create()
    };
    let yaml = RequestFormPage {
        yaml_tab: true,
        yaml_problem: Some("Line 7, column 3: did not find expected key.".into()),
        ..create()
    };
    let mut nowhere = RequestFormPage {
        form: None,
        manifest: String::new(),
        differences: vec![],
        sentence: "A PostgreSQL in payments/dev".into(),
        problems: vec![Problem::new(
            "",
            "No control plane that Payments may use can serve it.",
        )],
        ..create()
    };
    nowhere.placement.chosen = None;
    nowhere.placement.reason = "Every control plane is ruled out.".into();
    vec![
        ("form", pages::request_form(&frame(), &create())),
        ("form-rich", pages::request_form(&frame(), &rich())),
        ("form-problems", pages::request_form(&frame(), &wrong)),
        ("form-reviewed", pages::request_form(&frame(), &good)),
        ("form-yaml", pages::request_form(&frame(), &yaml)),
        ("form-nowhere", pages::request_form(&frame(), &nowhere)),
    ]
}
