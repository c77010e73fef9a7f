//! The people and control planes of the demo.

use crate::oidc::Person;

/// A control plane of the demo, with its namespaces.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlaneSpec {
    pub(super) name: &'static str,
    pub(super) namespaces: &'static [&'static str],
}

/// The control planes of `configuration/control-planes.yaml`, with the namespaces of
/// `configuration/tenants.yaml`.
pub(super) const PLANES: [PlaneSpec; 3] = [
    PlaneSpec {
        name: "eu-shared",
        namespaces: &[
            "payments-dev",
            "payments-production",
            "research-dev",
            "research-production",
        ],
    },
    PlaneSpec {
        name: "us-shared",
        namespaces: &["payments-dev", "payments-production"],
    },
    PlaneSpec {
        name: "research-own",
        namespaces: &["research-dev", "research-production"],
    },
];

/// Username, name, description, groups.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

const PEOPLE: [Row; 7] = [
    (
        "dana",
        "Dana Okafor",
        "Developer in Payments",
        &["payments-developers"],
    ),
    (
        "devon",
        "Devon Reyes",
        "Developer in Research",
        &["research-developers"],
    ),
    (
        "ada",
        "Ada Lindqvist",
        "Approver and developer in Payments",
        &["payments-approvers", "payments-developers"],
    ),
    (
        "tess",
        "Tess Moreau",
        "Tenant admin of Payments",
        &["payments-admins"],
    ),
    (
        "ruth",
        "Ruth Abebe",
        "Tenant admin of Research",
        &["research-admins"],
    ),
    ("pat", "Pat Novak", "Platform admin", &["platform-admins"]),
    ("vic", "Vic Tran", "Viewer in Payments", &["payments-viewers"]),
];

/// The people who can sign in.
pub(super) fn people() -> Vec<Person> {
    let person = |(username, name, about, groups): &Row| Person {
        subject: format!("demo-{username}"),
        username: (*username).to_owned(),
        name: (*name).to_owned(),
        email: format!("{username}@portico.example"),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        about: (*about).to_owned(),
    };
    PEOPLE.iter().map(person).collect()
}
