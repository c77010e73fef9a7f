//! Claims and a claim.

use jiff::SignedDuration;
use portico_domain::claim::{ClaimRef, Health};
use portico_domain::view::ClaimRow;

use crate::catalog;
use crate::people::now;

pub(crate) fn row(name: &str, offering: usize, health: Health, reason: &str, age: i64) -> ClaimRow {
    let card = catalog::cards().swap_remove(offering);
    let reference = ClaimRef {
        plane: "eu-shared".parse().expect("a name"),
        offering: card.name,
        namespace: Some("payments-dev".into()),
        name: name.parse().expect("a name"),
    };
    ClaimRow {
        href: format!("/claims/{reference}"),
        reference,
        offering_title: card.title,
        icon: card.icon,
        category: card.category,
        tenant: Some("payments".parse().expect("a name")),
        environment: Some("dev".parse().expect("a name")),
        plan: Some("small".parse().expect("a name")),
        plane_title: "EU shared".into(),
        health,
        reason: reason.into(),
        requester: Some("Dana Developer".into()),
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

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    vec![]
}
