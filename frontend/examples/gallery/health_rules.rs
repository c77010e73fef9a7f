//! The page that tries health rules of an offering.

use portico_api::{ClaimHealthTrial, HealthRuleProblem, HealthTrial, Link, ShownHealth, TryHealthPage};
use portico_domain::claim::{ClaimRef, Health};
use portico_domain::documents::HealthExpressions;
use portico_frontend::pages;

use crate::people::{at, pat};

fn claim(name: &str, today: (Health, &str), tried: Option<(Health, &str)>) -> ClaimHealthTrial {
    let shown = |(health, reason): (Health, &str)| ShownHealth {
        health,
        reason: reason.into(),
    };
    let reference = ClaimRef {
        plane: "eu-shared".parse().expect("a name"),
        offering: "caches.databases.example.org".parse().expect("a name"),
        namespace: Some("payments-production".into()),
        name: name.parse().expect("a name"),
    };
    ClaimHealthTrial {
        name: name.into(),
        namespace: reference.namespace.clone(),
        plane: "Europe, shared".into(),
        tenant: Some("payments".parse().expect("a name")),
        environment: Some("production".parse().expect("a name")),
        href: Link::Claim(reference),
        today: shown(today),
        tried: shown(tried.unwrap_or(today)),
        changed: tried.is_some(),
    }
}

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let page = |page: &TryHealthPage| {
        let frame = at(
            pat("/catalog"),
            "Health rules of Cache",
            &[
                ("Catalog", Link::Catalog),
                ("Cache", Link::Offering(page.offering.clone())),
            ],
        );
        pages::admin_try_health(&frame, page)
    };
    let empty = TryHealthPage {
        offering: "caches.databases.example.org".parse().expect("a name"),
        title: "Cache".into(),
        rules: HealthExpressions {
            ready: Some("object.status.phase == 'Running'".into()),
            failed: Some(
                "object.status.conditions.exists(c, c.type == 'Degraded' && c.status == 'True')".into(),
            ),
            message: Some("object.status.reason".into()),
        },
        in_force: true,
        trial: None,
    };
    let trial = HealthTrial {
        problems: Vec::new(),
        known: 1_204,
        tried: 500,
        changed: 2,
        claims: vec![
            claim(
                "sessions",
                (Health::Ready, ""),
                Some((
                    Health::Degraded,
                    "The replica in eu-west-1b has not answered for nine minutes",
                )),
            ),
            claim(
                "carts",
                (Health::Pending, "Not ready yet"),
                Some((Health::Ready, "")),
            ),
            claim(
                "prices-of-the-day-before-yesterday-in-all-currencies",
                (Health::Ready, ""),
                None,
            ),
        ],
        yaml: "spec:\n  health:\n    ready: object.status.phase == 'Running'\n".into(),
    };
    let problem = HealthRuleProblem {
        rule: "ready".into(),
        line: Some(1),
        column: Some(18),
        message: "Syntax error: mismatched input '<EOF>' expecting IDENTIFIER".into(),
    };
    vec![
        ("admin-health", page(&empty)),
        (
            "admin-health-report",
            page(&TryHealthPage {
                in_force: false,
                trial: Some(trial.clone()),
                ..empty.clone()
            }),
        ),
        (
            "admin-health-wrong",
            page(&TryHealthPage {
                in_force: false,
                trial: Some(HealthTrial {
                    problems: vec![problem],
                    tried: 0,
                    changed: 0,
                    claims: Vec::new(),
                    ..trial
                }),
                ..empty
            }),
        ),
    ]
}
