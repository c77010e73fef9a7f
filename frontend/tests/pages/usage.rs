//! The usage page: its charts, and the tables behind them.

use portico_api::{
    ClaimsSlot, CostHistory, HealthCount, MonthCost, QuotaHistory, QuotaSlot, ReadySeconds, ReadyTimes,
    UsagePage,
};
use portico_domain::claim::Health;
use portico_frontend::pages;

use super::{HOSTILE, frame};

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
        tenants_below: 0,
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
