//! Claims and a claim.

use jiff::SignedDuration;
use portico_api::words::{self, Denial, DraftProblem};
use portico_api::{
    Allowed, ApprovalPreview, ClaimEvent, ClaimPage, ClaimRow, ClaimedPlane, ClaimsFilter, ClaimsPage,
    ClaimsViews, ConnectionDetails, ConnectionKey, DeletePage, Deprecation, Link, OfferingLifecycle, Paged,
    PlaneResidents, PlaneState, Progress, ProgressStep, Property, Quoting, RelatedClaim, RevealedKey,
    Snippet, SnippetPart, TreeNode,
};
use portico_domain::claim::{ClaimRef, Condition, FieldOwner, Health};
use portico_frontend::pages;

use crate::people::{at, dana, now};
use crate::{catalog, form};

pub(crate) fn row(name: &str, offering: usize, health: Health, reason: &str, age: i64) -> ClaimRow {
    let card = catalog::cards().swap_remove(offering);
    let reference = ClaimRef {
        plane: "eu-shared".parse().expect("a name"),
        offering: card.name,
        namespace: Some("payments-dev".into()),
        name: name.parse().expect("a name"),
    };
    ClaimRow {
        href: Link::Claim(reference.clone()),
        reference,
        offering_title: card.title,
        icon: card.icon,
        category: card.category,
        tenant: Some("payments".parse().expect("a name")),
        environment: Some("dev".parse().expect("a name")),
        deprecation: None,
        plan: Some("small".parse().expect("a name")),
        version: (offering == 0).then(|| "17".into()),
        plane_title: "EU shared".into(),
        health,
        reason: reason.into(),
        requester: Some("Dana Developer".into()),
        managed_by: None,
        expires_at: Some(now() + SignedDuration::from_hours(24 * 12)),
        created_at: now() - SignedDuration::from_secs(age),
        observed_at: now() - SignedDuration::from_secs(130),
    }
}

pub(crate) fn rows() -> Vec<ClaimRow> {
    vec![
        row(
            "ledger",
            0,
            Health::Degraded,
            "Waiting for the disk: quota exceeded in zone b.",
            400_000,
        ),
        row(
            "orders-db",
            0,
            Health::Pending,
            "Creating the instance: 2 of 4 resources are ready.",
            40,
        ),
        row("sessions", 2, Health::Ready, "", 86_400 * 12),
        row(
            "invoices",
            5,
            Health::Unreachable,
            "US shared does not answer.",
            86_400 * 70,
        ),
        row(
            "a-name-that-is-as-long-as-kubernetes-lets-it-be-which-is-two-hundred-and-fifty-three.characters-but-this-one-has-only-a-few-less.and-some-dots",
            6,
            Health::Deleting,
            "Waiting for 3 node pools to drain.",
            86_400 * 400,
        ),
        row(
            "events",
            3,
            Health::Paused,
            "Paused by pat since yesterday.",
            86_400 * 3,
        ),
    ]
}

fn node(kind: &str, name: &str, health: Health, reason: &str, children: Vec<TreeNode>) -> TreeNode {
    TreeNode {
        kind: kind.into(),
        api_version: "demo.portico.dev/v1".into(),
        namespace: Some("payments-dev".into()),
        name: name.into(),
        health,
        reason: reason.into(),
        children,
    }
}

fn connect() -> ConnectionDetails {
    ConnectionDetails {
        address: Some(
            "postgresql://admin:●●●●●●●●@ledger.payments-dev.eu.db.acme.example:5432/postgres".into(),
        ),
        address_key: Some("uri".into()),
        endpoints: vec![
            ("Host".into(), "ledger.payments-dev.eu.db.acme.example".into()),
            ("Port".into(), "5432".into()),
        ],
        secret: Some("ledger-connection".into()),
        namespace: Some("payments-dev".into()),
        keys: ["username", "password", "uri"]
            .map(|key| ConnectionKey {
                key: key.into(),
                title: key.into(),
                value: (key == "username").then(|| "admin".into()),
            })
            .to_vec(),
        snippets: snippets(),
        may_reveal: Allowed::yes(),
        waiting: None,
    }
}

fn snippets() -> Vec<Snippet> {
    let one = |title: &str, text: &str| Snippet {
        title: title.into(),
        purpose: None,
        pieces: Vec::new(),
        text: text.into(),
    };
    let password = SnippetPart {
        text: "●●●●●●●●".into(),
        key: Some("password".into()),
        quoting: Quoting::Environment,
    };
    let before = SnippetPart {
        text: "PGUSER=admin\nPGPASSWORD=".into(),
        key: None,
        quoting: Quoting::Environment,
    };
    let mut file = one(words::ENVIRONMENT_FILE, "PGUSER=admin\nPGPASSWORD=●●●●●●●●");
    file.pieces = vec![before, password];
    let mut kubernetes = one(
        words::KUBERNETES,
        "env:\n  - name: DATABASE_URL\n    valueFrom:\n      secretKeyRef: { name: ledger-connection, key: uri }\n",
    );
    kubernetes.purpose = Some(words::KUBERNETES_VARIABLES.into());
    let mut secret = one(
        words::KUBERNETES,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: ledger-connection\ntype: Opaque\nstringData:\n  username: \"admin\"\n",
    );
    secret.purpose = Some(words::KUBERNETES_SECRET.into());
    vec![
        one(
            "psql",
            "psql \"host=ledger.payments-dev.eu.db.acme.example port=5432 dbname=postgres user=admin\"",
        ),
        file,
        kubernetes,
        secret,
        one("Python", "import os\nimport psycopg\n"),
        one("Node.js", "import pg from \"pg\";\n"),
        one("Go", "// github.com/jackc/pgx/v5\n"),
        one("Java", "// org.postgresql:postgresql\n"),
        one("Rust", "// sqlx\n"),
    ]
}

fn views() -> ClaimsViews {
    let ill = ClaimsFilter {
        health: Some(Health::Degraded),
        ..ClaimsFilter::default()
    };
    let mine = ClaimsFilter {
        mine: true,
        sort: Some("age".into()),
        ..ClaimsFilter::default()
    };
    let production = ClaimsFilter {
        environment: Some("production".parse().expect("a name")),
        ..ClaimsFilter::default()
    };
    ClaimsViews {
        saved: vec![("Ill ones".into(), ill), ("Mine, youngest first".into(), mine)],
        last: Some(production),
    }
}

/// The list in a saved view.
fn viewed() -> ClaimsPage {
    let mut page = list(rows());
    page.filter.health = Some(Health::Degraded);
    page.rows.items.truncate(1);
    page
}

/// The list with a filter that is not saved.
fn filtered() -> ClaimsPage {
    let mut page = list(rows());
    page.filter.query = "or".into();
    page.rows.items.truncate(2);
    page
}

fn property(label: &str, value: &str, may_change: bool) -> Property {
    Property {
        label: label.into(),
        value: value.into(),
        field: may_change.then(|| format!("/spec/{}", label.to_lowercase())),
    }
}

fn ready() -> ClaimPage {
    let condition = |kind: &str, status: &str, reason: &str, message: Option<&str>| Condition {
        kind: kind.into(),
        status: status.into(),
        reason: Some(reason.into()),
        message: message.map(Into::into),
        since: Some(now() - SignedDuration::from_hours(5)),
    };
    let event = |warning, reason: &str, message: &str, count| ClaimEvent {
        at: now() - SignedDuration::from_mins(3),
        warning,
        reason: reason.into(),
        message: message.into(),
        about: "Volume ledger-data".into(),
        count,
    };
    let row = row("ledger", 0, Health::Ready, "", 400_000);
    ClaimPage {
        offering_href: Some(Link::Offering(row.reference.offering.clone())),
        row,
        lifecycle: OfferingLifecycle::default(),
        conditions: vec![
            condition("Ready", "True", "Available", None),
            condition("Synced", "True", "ReconcileSuccess", None),
        ],
        connect: Some(connect()),
        tree: Some(node(
            "PostgreSQLInstance",
            "ledger",
            Health::Ready,
            "",
            vec![
                node("Instance", "ledger-x7k2p", Health::Ready, "", vec![]),
                node("Volume", "ledger-data", Health::Ready, "", vec![]),
            ],
        )),
        tree_problem: None,
        events: vec![
            event(false, "Provisioned", "The instance answers.", 1),
            event(true, "BackupLate", "The backup of last night took 40 min.", 3),
        ],
        yaml: crate::form::create().manifest,
        live_hash: "0".repeat(64),
        full_yaml: crate::form::create().manifest,
        set_by_controllers: vec![FieldOwner {
            manager: "storage-autoscaler".to_owned(),
            fields: vec!["spec.maxConnections".to_owned()],
        }],
        history: crate::requests::rows().into_iter().take(2).collect(),
        pending: None,
        request_id: "0190d3a0-0000-7000-8000-000000000001".parse().expect("an id"),
        renews_until: Some(now() + SignedDuration::from_hours(24 * 90)),
        cost: Some("28 EUR a month".into()),
        price: Some(form::price()),
        properties: vec![
            property("Version", "17", true),
            property("Storage", "20Gi", true),
            property("Storage class", "standard", false),
        ],
        progress: None,
        may_change: Allowed::yes(),
        may_adopt: Allowed::no(Denial::ManagedByPortico),
        service: None,
        control_plane: None,
        depends_on: vec![related(
            "ledger-backups",
            "Object bucket",
            Health::Ready,
            "spec.backup.bucketRef",
        )],
        needed_by: vec![
            related(
                "invoices",
                "Application",
                Health::Degraded,
                "spec.database.secretRef",
            ),
            related("reports", "Notebook", Health::Ready, "spec.source.databaseRef"),
        ],
    }
}

/// A claim beside another one.
fn related(name: &str, offering: &str, health: Health, field: &str) -> RelatedClaim {
    RelatedClaim {
        name: name.parse().expect("a name"),
        href: row(name, 0, health, "", 0).href,
        offering_title: offering.into(),
        health,
        fields: vec![field.into()],
    }
}

/// A claim that is a control plane.
fn cluster() -> ClaimPage {
    let mut page = ready();
    page.row = row("analytics", 6, Health::Ready, "", 400_000);
    page.offering_href = Some(Link::Offering(page.row.reference.offering.clone()));
    page.tree = None;
    page.events = vec![];
    page.properties = vec![property("Version", "1.34", true), property("Nodes", "3", true)];
    page.control_plane = Some(ClaimedPlane {
        name: "analytics-1f0c22e8".parse().expect("a name"),
        title: "analytics (dev)".into(),
        state: PlaneState::Ready,
        message: words::claimed_plane(PlaneState::Ready, false),
        cordoned: false,
        claims: 3,
        offerings: catalog::cards()
            .into_iter()
            .take(3)
            .map(|card| (card.name, card.title))
            .collect(),
        may_request: true,
        href: None,
    });
    page
}

fn ill() -> ClaimPage {
    ClaimPage {
        row: row(
            "ledger",
            0,
            Health::Degraded,
            "Waiting for the disk: quota exceeded in zone b.",
            400_000,
        ),
        tree: Some(node(
            "PostgreSQLInstance",
            "ledger",
            Health::Degraded,
            "Waiting for the disk.",
            vec![
                node(
                    "Instance",
                    "ledger-x7k2p",
                    Health::Ready,
                    "",
                    vec![node("Parameter", "ledger-tuning", Health::Ready, "", vec![])],
                ),
                node(
                    "Storage",
                    "ledger-storage",
                    Health::Degraded,
                    "",
                    vec![node(
                        "Volume",
                        "ledger-data",
                        Health::Degraded,
                        "quota exceeded in zone b: asked 500 GiB, 12 GiB left",
                        vec![],
                    )],
                ),
                node(
                    "User",
                    "reporting",
                    Health::Gone,
                    "Referred to, but not there.",
                    vec![],
                ),
            ],
        )),
        pending: Some(crate::requests::rows().remove(1)),
        connect: Some(ConnectionDetails {
            address: None,
            address_key: None,
            keys: vec![],
            secret: None,
            endpoints: vec![],
            snippets: vec![],
            waiting: Some("Connection details appear once the database is ready.".into()),
            ..connect()
        }),
        ..ready()
    }
}

fn in_the_making() -> ClaimPage {
    let step = |title: &str, ago: Option<i64>, seconds| ProgressStep {
        title: title.into(),
        at: ago.map(|ago| now() - SignedDuration::from_secs(ago)),
        seconds,
    };
    ClaimPage {
        row: row("ledger", 0, Health::Pending, "Waiting for the disk.", 18),
        progress: Some(Progress {
            steps: vec![
                step("Requested", Some(320), None),
                step("Approved", Some(20), Some(300)),
                step("Applied to EU shared", Some(18), Some(2)),
                step("1 of 3 parts ready", None, None),
                step("Ready", None, None),
            ],
            current: 3,
            elapsed_seconds: 18,
            usual_seconds: Some(41),
        }),
        events: Vec::new(),
        pending: None,
        ..ill()
    }
}

fn list(items: Vec<ClaimRow>) -> ClaimsPage {
    ClaimsPage {
        may_change: true,
        filter: ClaimsFilter::default(),
        offerings: catalog::cards()
            .into_iter()
            .map(|card| (card.name, card.title))
            .collect(),
        planes: catalog::planes(),
        environments: vec![
            "dev".parse().expect("a name"),
            "production".parse().expect("a name"),
        ],
        healths: [
            Health::Degraded,
            Health::Unreachable,
            Health::Pending,
            Health::Ready,
            Health::Deleting,
            Health::Paused,
        ]
        .map(|health| (health, items.iter().filter(|row| row.health == health).count()))
        .to_vec(),
        unreachable_planes: vec!["US shared".into()],
        rows: Paged::cut(items, 1, 50),
    }
}

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let frame = || at(dana("/claims"), "Claims", &[]);
    let deep = || at(dana("/claims/x"), "ledger", &[("Claims", Link::Claims)]);
    let many: Vec<_> = rows()
        .into_iter()
        .cycle()
        .take(1000)
        .enumerate()
        .map(|(index, mut row)| {
            row.reference.name = format!("claim-{index}").parse().expect("a name");
            row
        })
        .collect();
    let unreachable = ClaimPage {
        row: row(
            "invoices",
            5,
            Health::Unreachable,
            "US shared does not answer.",
            86_400 * 70,
        ),
        tree: None,
        tree_problem: Some("US shared does not answer, so what it is made of is not known.".into()),
        connect: Some(ConnectionDetails {
            may_reveal: Allowed::no(Denial::CannotReveal {
                tenant: "payments".parse().expect("a name"),
            }),
            ..connect()
        }),
        may_change: Allowed::no(Denial::CannotChange {
            tenant: "Payments".into(),
        }),
        ..ready()
    };
    let lives = [catalog::deprecated(), catalog::ending(), catalog::ended()];
    let deprecated_rows: Vec<_> = rows()
        .into_iter()
        .zip(lives)
        .map(|(row, lifecycle)| ClaimRow {
            deprecation: Some(Deprecation {
                sunset: lifecycle.sunset,
            }),
            ..row
        })
        .chain(rows().into_iter().skip(3))
        .collect();
    let of_life = |lifecycle: OfferingLifecycle| {
        let mut page = ready();
        page.row.offering_title = "MySQL".into();
        page.row.deprecation = Some(Deprecation {
            sunset: lifecycle.sunset,
        });
        page.lifecycle = lifecycle;
        page
    };
    let delete = DeletePage {
        row: row("ledger", 0, Health::Ready, "", 400_000),
        uid: "8d2f6a0e-0000-4000-8000-000000000001".into(),
        request_id: "0190d3a0-0000-7000-8000-000000000001".parse().expect("an id"),
        consequences: vec![
            "The database and everything in it".into(),
            "Its secret ledger-connection".into(),
            "Its 2 composed resources".into(),
        ],
        approval: ApprovalPreview {
            denied: None,
            needed: vec![
                "An approver of Payments: deletions in production need a second pair of eyes.".into(),
            ],
        },
        typed: "leger".into(),
        note: String::new(),
        problems: vec![
            DraftProblem::Unconfirmed {
                name: "ledger".parse().expect("a name"),
            }
            .of_field("_confirm"),
        ],
        in_the_way: None,
        refused: None,
        needed_by: ready().needed_by,
        residents: None,
        abandon: false,
        cost: Some("28 EUR a month".into()),
        price: Some(form::price()),
    };
    let residents = PlaneResidents {
        plane: "analytics-1f0c22e8".parse().expect("a name"),
        plane_title: "analytics (dev)".into(),
        claims: 23,
        rows: rows(),
        requested: 1,
        hash: "1f0c22e8".into(),
    };
    let delete_cluster = DeletePage {
        row: cluster().row,
        typed: String::new(),
        problems: vec![
            DraftProblem::ControlPlaneInUse {
                residents: residents.summary(),
            }
            .of_field("_abandon"),
        ],
        residents: Some(residents),
        ..delete.clone()
    };
    vec![
        ("claim-control-plane", pages::claim(&deep(), &cluster())),
        (
            "claim-delete-control-plane",
            pages::delete_claim(&deep(), &delete_cluster),
        ),
        ("claims", pages::claims(&frame(), &list(rows()), &views())),
        ("claims-view", pages::claims(&frame(), &viewed(), &views())),
        ("claims-filtered", pages::claims(&frame(), &filtered(), &views())),
        (
            "claims-nothing",
            pages::claims(&frame(), &list(vec![]), &ClaimsViews::default()),
        ),
        (
            "claims-deprecated",
            pages::claims(&frame(), &list(deprecated_rows), &ClaimsViews::default()),
        ),
        (
            "claim-deprecated",
            pages::claim(&deep(), &of_life(catalog::deprecated())),
        ),
        ("claim-ending", pages::claim(&deep(), &of_life(catalog::ending()))),
        ("claim-ended", pages::claim(&deep(), &of_life(catalog::ended()))),
        ("claims-many", pages::claims(&frame(), &list(many), &views())),
        ("claim", pages::claim(&deep(), &ready())),
        ("claim-in-the-making", pages::claim(&deep(), &in_the_making())),
        ("claim-ill", pages::claim(&deep(), &ill())),
        ("claim-unreachable", pages::claim(&deep(), &unreachable)),
        ("claim-delete", pages::delete_claim(&deep(), &delete)),
        (
            "revealed",
            pages::revealed(
                &deep(),
                &row("ledger", 0, Health::Ready, "", 1),
                &[RevealedKey {
                    key: "password".into(),
                    value: "s3cret<&>".into(),
                    base64: false,
                }],
            ),
        ),
    ]
}
