//! What tenants publish.

use jiff::SignedDuration;
use portico_api::words::{permission_consequences, permission_title};
use portico_api::{
    ConsumerClaim, ConsumerClaims, Link, PermissionDecisionView, PermissionView, PlaneChoice,
    PublicationPage, PublicationRow, PublicationsPage,
};
use portico_domain::claim::Health;
use portico_domain::documents::Permission;
use portico_domain::publication::PermissionState;
use portico_frontend::pages;

use super::people::{at, dana, now, pat};

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let crumbs = [("Publications", Link::Publications)];
    let admin = at(pat("/admin/publications/x"), "Search index", &crumbs);
    let member = at(dana("/admin/publications/x"), "Search index", &crumbs);
    let of_member = PublicationPage {
        may_decide: false,
        ..publication()
    };
    vec![
        (
            "publications",
            pages::publications(
                &at(pat("/admin/publications"), "Publications", &[]),
                &PublicationsPage { rows: rows() },
            ),
        ),
        (
            "publications-nothing",
            pages::publications(
                &at(pat("/admin/publications"), "Publications", &[]),
                &PublicationsPage { rows: vec![] },
            ),
        ),
        ("publication", pages::publication(&admin, &publication())),
        (
            "publication-of-publisher",
            pages::publication(&member, &of_member),
        ),
    ]
}

pub(crate) fn rows() -> Vec<PublicationRow> {
    let row = |name: &str, title: &str, consumers: Option<Vec<String>>, waiting, open_to| PublicationRow {
        name: name.parse().expect("a name"),
        href: Link::Publication(name.parse().expect("a name")),
        publisher: "research".parse().expect("a name"),
        publisher_title: "Research and early ideas".into(),
        offering: "searchindexes.search.example.org".parse().expect("a name"),
        offering_title: title.into(),
        plane: Some(PlaneChoice {
            name: "research-own".parse().expect("a name"),
            title: "Research’s own".into(),
            region: None,
        }),
        consumers,
        asked: 5,
        accepted: 5 - waiting,
        waiting,
        open_to,
        claims: 12,
    };
    vec![
        row("search", "Search index", Some(vec!["Payments".into()]), 2, 1),
        row("notebooks", "Notebook", None, 0, 7),
    ]
}

fn publication() -> PublicationPage {
    PublicationPage {
        row: rows().remove(0),
        problem: None,
        approvers: Some("members of search-owners".into()),
        permissions: [
            (Permission::TakeClaims, PermissionState::AsksForMore),
            (Permission::Decide, PermissionState::Accepted),
            (Permission::HandOutSecrets, PermissionState::Refused),
            (Permission::KnowRequesters, PermissionState::Waiting),
        ]
        .into_iter()
        .map(|(permission, state)| view(permission, state))
        .collect(),
        consumers: vec![
            consumer("payments", "Payments", None),
            consumer(
                "logistics",
                "Logistics and warehouses",
                Some("nobody has decided whether the service may take claims of other tenants".into()),
            ),
        ],
        may_decide: true,
    }
}

fn view(permission: Permission, state: PermissionState) -> PermissionView {
    let (when_accepted, otherwise) = permission_consequences(permission);
    let decided = !matches!(state, PermissionState::Waiting);
    PermissionView {
        permission,
        title: permission_title(permission).to_owned(),
        reason: "Each index is an object on our own cluster, and we plan its capacity ourselves.".into(),
        optional: permission == Permission::KnowRequesters,
        state,
        when_accepted: when_accepted.to_owned(),
        otherwise: otherwise.to_owned(),
        asked: "c0ffee".into(),
        decisions: decided
            .then(|| PermissionDecisionView {
                accepted: state != PermissionState::Refused,
                by: "Pat Platform".into(),
                at: now() - SignedDuration::from_hours(30),
                consumers: Some(vec!["Payments".into()]),
            })
            .into_iter()
            .collect(),
    }
}

fn consumer(name: &str, title: &str, closed: Option<String>) -> ConsumerClaims {
    let claim = |name: &str, health, requester: Option<&str>| ConsumerClaim {
        name: name.parse().expect("a name"),
        namespace: "portico-for-payments-production-0f1e2d3c4b5a6978".into(),
        environment: Some("production".parse().expect("a name")),
        plan: Some("small".parse().expect("a name")),
        health,
        requester: requester.map(str::to_owned),
        created_at: now() - SignedDuration::from_hours(50),
    };
    let claims = if closed.is_some() {
        vec![]
    } else {
        vec![
            claim("orders", Health::Ready, Some("Dana Developer")),
            claim("invoices-of-the-last-ten-years", Health::Degraded, None),
        ]
    };
    ConsumerClaims {
        tenant: name.parse().expect("a name"),
        title: title.into(),
        closed,
        total: claims.len(),
        claims,
    }
}
