//! Usage over time: an ordinary month with a gap, the first day, a quarter of all tenants, and nothing.

use jiff::{SignedDuration, Timestamp};
use portico_api::{
    ClaimsSlot, CostHistory, HealthCount, MonthCost, QuotaHistory, QuotaSlot, ReadySeconds, ReadyTimes,
    UsagePage,
};
use portico_domain::claim::Health;
use portico_frontend::pages;

use crate::people::{at, dana, now, pat};

/// The days of the month that nothing was counted on.
const GAP: std::ops::Range<u64> = 9..12;

fn slot(hours: i64, back: u64) -> Timestamp {
    let step = SignedDuration::from_hours(hours);
    let last = now().as_second() / step.as_secs() * step.as_secs();
    let back = i32::try_from(back).expect("few slots");
    Timestamp::from_second(last).expect("a time") - step * back
}

fn counts(counts: &[(Health, u64)]) -> Vec<HealthCount> {
    let counts = counts.iter().filter(|(_, claims)| *claims > 0);
    counts
        .map(|&(health, claims)| HealthCount { health, claims })
        .collect()
}

fn ready(offering: &str, title: &str, claims: usize, seconds: Option<(u64, u64)>) -> ReadyTimes {
    ReadyTimes {
        offering: offering.parse().expect("a name"),
        offering_title: title.into(),
        claims,
        seconds: seconds.map(|(p50, p90)| ReadySeconds { p50, p90 }),
    }
}

fn months(amounts: &[(&str, Option<f64>)]) -> Vec<MonthCost> {
    let months = amounts.iter();
    months
        .map(|(month, amount)| MonthCost {
            month: (*month).into(),
            amount: *amount,
        })
        .collect()
}

fn tenants() -> Vec<(portico_domain::names::TenantName, String)> {
    let tenant = |name: &str, title: &str| (name.parse().expect("a name"), title.to_owned());
    vec![
        tenant("payments", "Payments"),
        tenant("research", "Research and early ideas"),
    ]
}

fn month() -> UsagePage {
    let days = 0..30_u64;
    let is_gap = |day: u64| GAP.contains(&day);
    let quota = |resource: &str, limit: u64, used: &dyn Fn(u64) -> u64| QuotaHistory {
        resource: resource.into(),
        slots: days
            .clone()
            .map(|day| {
                (!is_gap(day)).then(|| QuotaSlot {
                    used: used(day),
                    limit,
                })
            })
            .collect(),
    };
    UsagePage {
        tenant: Some("payments".parse().expect("a name")),
        title: "Payments".into(),
        tenants: tenants(),
        may_see_all: false,
        days: 30,
        slot_hours: 24,
        counted_since: Some("2026-01-12T09:00:00Z".parse().expect("a time")),
        claims: days
            .clone()
            .map(|day| ClaimsSlot {
                from: slot(24, 29 - day),
                counts: (!is_gap(day)).then(|| {
                    counts(&[
                        (Health::Ready, 24 + day / 2 - u64::from(day == 20) * 5),
                        (Health::Pending, u64::from(day % 4 == 1) * 2),
                        (Health::Deleting, u64::from(day == 14)),
                        (Health::Unreachable, u64::from(day == 20) * 5),
                        (Health::Degraded, u64::from(day > 25) + u64::from(day == 29)),
                    ])
                }),
            })
            .collect(),
        quota: vec![
            quota("claims", 100, &|day| 26 + day / 2),
            quota("cpu", 64, &|day| if day > 22 { 66 + day - 23 } else { 44 + day }),
            quota("memoryGib", 256, &|day| 150 + day * 2 + u64::from(day > 18) * 12),
            quota("storageGib", 12_000, &|day| 1_200 + day * 90),
        ],
        tenants_below: 2,
        ready_times: vec![
            ready(
                "postgresqls.databases.demo.portico.dev",
                "PostgreSQL",
                41,
                Some((190, 520)),
            ),
            ready("queues.messaging.demo.portico.dev", "Queue", 17, Some((14, 31))),
            ready("buckets.storage.demo.portico.dev", "Bucket", 3, None),
        ],
        costs: vec![CostHistory {
            currency: "EUR".into(),
            now: 4_312.0,
            months: months(&[
                ("2026-01", Some(2_890.0)),
                ("2026-02", Some(3_004.5)),
                ("2026-03", None),
                ("2026-04", Some(3_680.0)),
                ("2026-05", Some(4_102.25)),
                ("2026-06", Some(4_312.0)),
            ]),
        }],
    }
}

/// The first hours: one count.
fn first() -> UsagePage {
    let month = month();
    let last = month.claims.len() - 1;
    let claims = month
        .claims
        .into_iter()
        .enumerate()
        .map(|(index, slot)| ClaimsSlot {
            counts: slot.counts.filter(|_| index == last),
            ..slot
        });
    let quota = month.quota.into_iter().map(|history| QuotaHistory {
        slots: history
            .slots
            .into_iter()
            .enumerate()
            .map(|(index, slot)| slot.filter(|_| index == last))
            .collect(),
        ..history
    });
    UsagePage {
        counted_since: Some(now() - SignedDuration::from_hours(2)),
        claims: claims.collect(),
        quota: quota.take(2).collect(),
        ready_times: month.ready_times.into_iter().skip(2).collect(),
        costs: vec![CostHistory {
            currency: "EUR".into(),
            now: 4_312.0,
            months: months(&[("2026-06", Some(4_312.0))]),
        }],
        ..self::month()
    }
}

/// A quarter of all tenants, with many claims and two currencies.
fn all() -> UsagePage {
    let months_of_a_year = [
        "2025-07", "2025-08", "2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03",
        "2026-04", "2026-05", "2026-06",
    ];
    let cost = |currency: &str, amount: f64| CostHistory {
        currency: currency.into(),
        now: amount,
        months: months_of_a_year
            .iter()
            .zip(1_u32..)
            .map(|(month, number)| MonthCost {
                month: (*month).into(),
                amount: Some(amount * (0.4 + f64::from(number) * 0.05)),
            })
            .collect(),
    };
    UsagePage {
        tenant: None,
        title: String::new(),
        may_see_all: true,
        days: 90,
        claims: (0..90_u64)
            .map(|day| ClaimsSlot {
                from: slot(24, 89 - day),
                counts: Some(counts(&[
                    (Health::Ready, 4_000 + day * 13),
                    (Health::Pending, 40 + day % 7 * 20),
                    (Health::Paused, 60),
                    (Health::Unknown, 90),
                    (Health::Degraded, 50 + u64::from(day > 70) * 300),
                ])),
            })
            .collect(),
        quota: vec![],
        tenants_below: 0,
        ready_times: vec![
            ready(
                "clusters.kubernetes.demo.portico.dev",
                "Kubernetes cluster with everything that belongs to it",
                1_204,
                Some((1_260, 5_400)),
            ),
            ready(
                "postgresqls.databases.demo.portico.dev",
                "PostgreSQL",
                941,
                Some((190, 520)),
            ),
        ],
        costs: vec![cost("EUR", 1_204_330.5), cost("USD", 88_000.0)],
        ..month()
    }
}

fn nothing() -> UsagePage {
    let month = month();
    let claims = month
        .claims
        .into_iter()
        .map(|slot| ClaimsSlot { counts: None, ..slot });
    UsagePage {
        counted_since: None,
        claims: claims.collect(),
        quota: vec![],
        ready_times: vec![],
        costs: vec![],
        ..self::month()
    }
}

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let frame = || at(dana("/usage"), "Usage", &[]);
    vec![
        ("usage", pages::usage(&frame(), &month())),
        ("usage-new", pages::usage(&frame(), &first())),
        (
            "usage-all",
            pages::usage(&at(pat("/usage"), "Usage", &[]), &all()),
        ),
        ("usage-nothing", pages::usage(&frame(), &nothing())),
    ]
}
