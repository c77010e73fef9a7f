//! The catalog and an offering.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use portico_api::words::Denial;
use portico_api::{
    Allowed, CatalogCard, CatalogPage, CategoryCount, ConnectionOutline, Link, OfferingLifecycle,
    OfferingPage, Paged, PlanColumn, PlaneChoice, ReceivedItem, Replacement, ServedOn,
};
use portico_domain::documents::{Category, Lifecycle, Phase, Price, Stage};
use portico_frontend::pages;

use crate::people::{at, dana, now};

pub(crate) fn plane(name: &str, title: &str, region: &str) -> PlaneChoice {
    PlaneChoice {
        name: name.parse().expect("a name"),
        title: title.into(),
        region: Some(region.into()),
    }
}

pub(crate) fn planes() -> Vec<PlaneChoice> {
    vec![
        plane("eu-shared", "EU shared", "eu-central"),
        plane("us-shared", "US shared", "us-east"),
        plane("research-own", "Research", "eu-central"),
    ]
}

pub(crate) fn cards() -> Vec<CatalogCard> {
    let card =
        |name: &str, title: &str, summary: &str, category, icon: &str, seconds: Option<u64>, approval| {
            CatalogCard {
                name: name.parse().expect("a name"),
                title: title.into(),
                summary: summary.into(),
                category,
                icon: icon.into(),
                typical_seconds: seconds,
                needs_approval: approval,
                price_from: None,
                planes: planes()[..2].to_vec(),
                unreachable: Vec::new(),
                problem: None,
                published_by: None,
                lifecycle: OfferingLifecycle::default(),
            }
        };
    let mut cards = vec![
        card(
            "postgresqlinstances.databases.demo.portico.dev",
            "PostgreSQL",
            "A relational database with daily backups and point-in-time recovery.",
            Category::Databases,
            "postgresql",
            Some(95),
            Some(false),
        ),
        card(
            "mysqlinstances.databases.demo.portico.dev",
            "MySQL",
            "A relational database for what already speaks MySQL.",
            Category::Databases,
            "mysql",
            Some(140),
            Some(false),
        ),
        card(
            "caches.databases.demo.portico.dev",
            "Cache",
            "Redis-compatible, in memory, gone when it restarts.",
            Category::Databases,
            "redis",
            Some(20),
            Some(false),
        ),
        card(
            "topics.streaming.demo.portico.dev",
            "Topic",
            "A Kafka topic on the shared cluster.",
            Category::Queues,
            "kafka",
            Some(8),
            Some(false),
        ),
        card(
            "queues.messaging.demo.portico.dev",
            "Queue",
            "A RabbitMQ queue with its own virtual host.",
            Category::Queues,
            "rabbitmq",
            None,
            None,
        ),
        card(
            "buckets.storage.demo.portico.dev",
            "Object bucket",
            "S3-compatible storage, versioned, encrypted, with a lifecycle that you set and a name that is yours.",
            Category::Storage,
            "bucket",
            Some(12),
            Some(false),
        ),
        card(
            "kubernetesclusters.clusters.demo.portico.dev",
            "Kubernetes cluster",
            "A cluster of your own with a kubeconfig.",
            Category::Clusters,
            "kubernetes",
            Some(540),
            Some(true),
        ),
    ];
    cards[4].problem =
        Some("Its schema on EU shared is broken: x-kubernetes-validations[0] does not compile.".into());
    cards[2].planes = planes();
    cards[5].planes = planes()[..1].to_vec();
    cards
}

/// A deprecated offering whose end is far.
pub(crate) fn deprecated() -> OfferingLifecycle {
    let other = cards().remove(0);
    let document = Lifecycle {
        stage: Stage::Deprecated,
        sunset: Some(in_days(120)),
        note: Some("Version 8 gets no more patches from its makers.".into()),
        ..Lifecycle::default()
    };
    let replacement = Replacement {
        href: Link::Offering(other.name.clone()),
        name: other.name,
        title: other.title,
    };
    OfferingLifecycle::new(&document, Some(replacement), now())
}

/// A deprecated offering that ends in some days.
pub(crate) fn ending() -> OfferingLifecycle {
    OfferingLifecycle {
        sunset: Some(in_days(12)),
        phase: Phase::Ending,
        ..deprecated()
    }
}

/// A deprecated offering that has ended.
pub(crate) fn ended() -> OfferingLifecycle {
    OfferingLifecycle {
        sunset: Some(in_days(-3)),
        phase: Phase::Ended,
        ..deprecated()
    }
}

/// A draft.
pub(crate) fn draft() -> OfferingLifecycle {
    let document = Lifecycle {
        stage: Stage::Draft,
        note: Some("Backups are not tried yet.".into()),
        ..Lifecycle::default()
    };
    OfferingLifecycle::new(&document, None, now())
}

fn in_days(days: i64) -> Date {
    let at = now() + jiff::SignedDuration::from_hours(24 * days);
    at.to_zoned(TimeZone::UTC).date()
}

/// Offerings at each point of their lives.
fn lives() -> CatalogPage {
    let mut page = many(7);
    let lives = [draft(), deprecated(), ending(), ended()];
    for (card, lifecycle) in page.cards.items.iter_mut().skip(3).zip(lives) {
        card.problem = None;
        card.lifecycle = lifecycle;
    }
    page
}

/// The page of an offering at a point of its life.
fn offering_at(lifecycle: OfferingLifecycle, may_request: Allowed) -> OfferingPage {
    let mut page = OfferingPage {
        card: cards().remove(1),
        may_request,
        ..offering()
    };
    page.card.lifecycle = lifecycle;
    page
}

pub(crate) fn many(count: usize) -> CatalogPage {
    let cards: Vec<_> = cards().into_iter().cycle().take(count).collect();
    CatalogPage {
        query: String::new(),
        category: None,
        plane: None,
        categories: Category::ALL
            .into_iter()
            .map(|category| CategoryCount {
                category,
                count: cards.iter().filter(|card| card.category == category).count(),
            })
            .collect(),
        planes: planes(),
        all: cards.len(),
        cards: Paged::cut(cards, 1, 20),
    }
}

pub(crate) fn offering() -> OfferingPage {
    let plan = |name: &str, summary: &str, facts: [&str; 4], monthly: f64| PlanColumn {
        name: name.to_lowercase().parse().expect("a name"),
        title: name.into(),
        summary: Some(summary.into()),
        facts: facts.into_iter().map(Into::into).collect(),
        price: Some(Price {
            monthly,
            currency: "EUR".into(),
        }),
        adjustable: vec!["Storage size".into(), "Extensions".into()],
    };
    OfferingPage {
        card: cards().remove(0),
        kind: "PostgreSQLInstance".into(),
        group: "databases.demo.portico.dev".into(),
        owner: Some("Data platform".into()),
        support: None,
        documentation_html: Some("<p>A managed PostgreSQL. We patch it on Tuesdays between 02:00 and 04:00 UTC.</p><h2>Backups</h2><ul><li>Daily, kept for 14 days</li><li>Point in time, the last 48 hours</li></ul><h2>Connecting</h2><p>Use the <code>uri</code> of the connection secret.</p><pre><code>psql \"$DATABASE_URL\"</code></pre>".into()),
        plans: vec![
            plan("Small", "To try things", ["1", "2 GiB", "10 GiB", "None"], 19.0),
            plan("Medium", "For most services", ["2", "8 GiB", "50 GiB", "1 replica"], 89.5),
            plan("Large", "For what earns money", ["8", "32 GiB", "500 GiB", "2 replicas, 2 zones"], 640.0),
        ],
        facts: ["CPU", "Memory", "Storage", "High availability"].map(Into::into).to_vec(),
        connection: ConnectionOutline {
            endpoints: vec!["Read and write".into(), "Read only".into()],
            secret: Some("{name}-connection".into()),
            keys: ["host", "port", "username", "password"].map(Into::into).to_vec(),
        },
        receives: ["host", "port", "username", "password", "uri"]
            .map(|key| ReceivedItem { title: key.into(), source: format!("secret key {key}") })
            .to_vec(),
        served_on: vec![
            ServedOn { plane: planes().remove(0), version: "v1".into(), deprecated: None, reachable: true, last_seen: None },
            ServedOn { plane: planes().remove(1), version: "v1beta1".into(), deprecated: Some("v1beta1 goes away in July. Use v1.".into()), reachable: false, last_seen: Some(now() - jiff::SignedDuration::from_mins(7)) },
        ],
        claims: crate::claims::rows().into_iter().take(3).collect(),
        may_request: Allowed::yes(),
    }
}

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let frame = || at(dana("/catalog"), "Catalog", &[]);
    let deep = || at(dana("/catalog"), "PostgreSQL", &[("Catalog", Link::Catalog)]);
    let nothing_found = CatalogPage {
        query: "mainframe".into(),
        cards: Paged::cut(vec![], 1, 20),
        ..many(7)
    };
    let refused = OfferingPage {
        may_request: Allowed::no(Denial::CannotRequest {
            tenant: "payments".parse().expect("a name"),
        }),
        support: Some("mailto:data-platform@example.com".into()),
        plans: vec![],
        claims: vec![],
        ..offering()
    };
    let no_new_claims = Allowed::no(Denial::OfferingDeprecated {
        offering: "MySQL".into(),
        replacement: Some("PostgreSQL".into()),
    });
    let ended_before = Allowed::no(Denial::OfferingEnded {
        offering: "MySQL".into(),
        sunset: in_days(-3),
        replacement: Some("PostgreSQL".into()),
    });
    let mysql = || at(dana("/catalog"), "MySQL", &[("Catalog", Link::Catalog)]);
    vec![
        ("catalog-lives", pages::catalog(&frame(), &lives())),
        (
            "offering-draft",
            pages::offering(&mysql(), &offering_at(draft(), Allowed::yes())),
        ),
        (
            "offering-deprecated",
            pages::offering(&mysql(), &offering_at(deprecated(), no_new_claims)),
        ),
        (
            "offering-ended",
            pages::offering(&mysql(), &offering_at(ended(), ended_before)),
        ),
        ("catalog", pages::catalog(&frame(), &many(7))),
        ("catalog-nothing", pages::catalog(&frame(), &many(0))),
        ("catalog-no-match", pages::catalog(&frame(), &nothing_found)),
        ("catalog-many", pages::catalog(&frame(), &many(200))),
        ("offering", pages::offering(&deep(), &offering())),
        ("offering-refused", pages::offering(&deep(), &refused)),
    ]
}
