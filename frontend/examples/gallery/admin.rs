//! The pages of Admin.

use jiff::SignedDuration;
use portico_api::{
    ChainBreak, ChainState, ClusterProblem, ConfigurationError, ConfigurationPage, Correction,
    DifferencesPage, FleetCondition, FleetFilter, FleetGroup, FleetMatrix, FleetPage, FleetPlane,
    HomePlaneState, InheritedMember, KubeconfigRow, KubectlPage, Link, MatrixCell, MatrixRow, NamespaceRow,
    NamespaceState, OfferingVariant, OfferingVariants, Paged, PlaneAgents, PlaneCluster, PlaneDetail,
    PlaneExport, PlaneExportPermission, PlaneExportState, PlaneNamespaces, PlaneRow, PlaneState,
    PlaneWorkspace, RecordPage, RecordRow, RelatedTenant, TenantEnvironment, TenantPage, TenantPlane,
    TenantRow, TenantsPage, VariantDifferences,
};
use portico_domain::audit_log::{Event, NewEvent};
use portico_domain::cluster::RecordedCluster;
use portico_domain::placement::Cordon;
use portico_domain::schema_difference::SchemaDifference;
use portico_domain::tenancy::Person;
use portico_frontend::pages;

use crate::people::{at, dana, now, pat};
use crate::{agents, catalog, claims};

/// The page of a control plane behind a firewall.
fn hidden_plane(detail: &PlaneDetail, agents: PlaneAgents) -> String {
    let page = PlaneDetail {
        agents: Some(agents),
        cordon: None,
        remaining: Vec::new(),
        row: PlaneRow {
            cordoned: false,
            certificate_expires_at: None,
            ..detail.row.clone()
        },
        ..detail.clone()
    };
    let at = at(
        pat("/admin/control-planes/x"),
        "US shared",
        &[("Control planes", Link::ControlPlanes)],
    );
    pages::admin_plane(&at, &page)
}

/// The page of a control plane at whose address another cluster answers.
fn wrong_cluster(detail: &PlaneDetail) -> String {
    let page = PlaneDetail {
        cluster: PlaneCluster {
            found: "b0a1d9f4-3c52-4b6e-9a77-0e2f4d6c8a10".parse().ok(),
            problem: Some(ClusterProblem::Another),
            ..detail.cluster.clone()
        },
        cordon: None,
        remaining: Vec::new(),
        row: PlaneRow {
            cordoned: false,
            state: PlaneState::Misconfigured,
            problem: Some("another cluster answers".into()),
            ..detail.row.clone()
        },
        ..detail.clone()
    };
    let at = at(
        pat("/admin/control-planes/x"),
        "US shared",
        &[("Control planes", Link::ControlPlanes)],
    );
    pages::admin_plane(&at, &page)
}

/// The page of a workspace of kcp whose export asks for more than is accepted.
fn workspace_plane(detail: &PlaneDetail) -> String {
    let export = |name: &str, state, alone: Option<&str>, permissions| PlaneExport {
        name: name.into(),
        state,
        reason: None,
        watched_alone: alone.map(Into::into),
        permissions,
    };
    let secrets = PlaneExportPermission {
        resource: "secrets".into(),
        accepted: vec!["get".into(), "list".into()],
        waiting: vec!["delete".into()],
    };
    let workspace = PlaneWorkspace {
        path: "root:tenants:payments".into(),
        logical_cluster: Some("2hs8x7k1f0q3zp5m".into()),
        exports: vec![
            export(
                "root:platform:databases.example.org",
                PlaneExportState::Bound,
                None,
                vec![secrets],
            ),
            export(
                "root:platform:queues.example.org",
                PlaneExportState::Binding,
                Some("no APIExportEndpointSlice in root:platform has an endpoint for queues.example.org"),
                Vec::new(),
            ),
        ],
    };
    let page = PlaneDetail {
        workspace: Some(workspace),
        namespaces: None,
        cordon: None,
        remaining: Vec::new(),
        row: PlaneRow {
            cordoned: false,
            kind: "kcp workspace".into(),
            ..detail.row.clone()
        },
        ..detail.clone()
    };
    let at = at(
        pat("/admin/control-planes/x"),
        "US shared",
        &[("Control planes", Link::ControlPlanes)],
    );
    pages::admin_plane(&at, &page)
}

fn plane(index: usize, state: PlaneState, problem: Option<&str>) -> PlaneRow {
    let ok = state == PlaneState::Ready;
    PlaneRow {
        plane: catalog::planes().remove(index),
        kind: "Cluster".into(),
        state,
        since: now() - SignedDuration::from_hours(30),
        last_seen: Some(now() - SignedDuration::from_mins(if ok { 0 } else { 7 })),
        problem: problem.map(Into::into),
        version: Some("v1.34.1".into()),
        claims: 4312,
        offerings: 7,
        latency_ms: ok.then_some(12),
        lag_ms: (!ok).then_some(7 * 60 * 1000),
        certificate_expires_at: Some(now() + SignedDuration::from_hours(if ok { 24 * 200 } else { 24 * 9 })),
        cordoned: index == 2,
        environments: vec![],
        claim: None,
        dedicated_to: if index == 2 {
            vec!["research".parse().expect("a name")]
        } else {
            vec![]
        },
    }
}

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let frame = |path: &str| at(pat(path), "Admin", &[]);
    let rows = vec![
        plane(
            1,
            PlaneState::Unreachable,
            Some("connection refused: https://10.0.3.4:6443 (connect timed out after 5 s)"),
        ),
        plane(0, PlaneState::Ready, None),
        plane(2, PlaneState::Ready, None),
    ];
    let cell = |version: &str, schema: &str, problem: Option<&str>| {
        Some(MatrixCell {
            version: version.into(),
            schema: schema.into(),
            problem: problem.map(Into::into),
        })
    };
    let matrix = catalog::cards()
        .into_iter()
        .enumerate()
        .map(|(index, card)| MatrixRow {
            offering: card.name,
            title: card.title,
            cells: vec![
                cell("v1", "9f86d081", None),
                if index == 4 {
                    cell("v1beta1", "1b4f0e98", Some("A CEL rule does not compile"))
                } else {
                    cell("v1", "9f86d081", None)
                },
                None,
            ],
            drift: index == 4,
            phase: card.lifecycle.phase,
            sunset: card.lifecycle.sunset,
        })
        .collect();
    let of_fleet = |rows: Vec<PlaneRow>, map: Vec<FleetGroup>, matrix: FleetMatrix| FleetPage {
        filter: FleetFilter::default(),
        all: rows.len(),
        conditions: FleetCondition::ALL
            .map(|condition| {
                let alike = rows.iter().filter(|row| FleetCondition::of(row) == condition);
                (condition, alike.count())
            })
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect(),
        regions: vec!["eu-central".into(), "us-east".into()],
        versions: vec!["v1.34.2".into()],
        map,
        rows: Paged::cut(rows, 1, 50),
        matrix,
    };
    let variants = FleetMatrix::Variants(
        catalog::cards()
            .into_iter()
            .enumerate()
            .map(|(index, card)| OfferingVariants {
                offering: card.name,
                title: card.title,
                phase: card.lifecycle.phase,
                variants: variants(if index == 1 { &[980, 11] } else { &[991] }),
            })
            .collect(),
    );
    let fleet_rows: Vec<PlaneRow> = rows.iter().cycle().take(1_000).cloned().collect();
    let fleet = of_fleet(fleet_rows, squares(), variants);
    let matrix = FleetMatrix::Columns {
        columns: catalog::planes(),
        rows: matrix,
    };
    let planes = of_fleet(rows.clone(), Vec::new(), matrix);
    let detail = PlaneDetail {
        row: PlaneRow {
            cordoned: true,
            ..rows[0].clone()
        },
        cordon: Some(Cordon {
            plane: rows[0].plane.name.clone(),
            by: Person {
                subject: "pat".into(),
                name: "Pat Admin".into(),
                email: None,
            },
            reason: Some("The old data centre closes in June.".into()),
            since: now() - SignedDuration::from_hours(20),
        }),
        cordoned_by_document: false,
        cluster: PlaneCluster {
            found: "4cf7c1b5-7d0e-4c4b-8f7a-f6a3f5f0f2c1".parse().ok(),
            recorded: Some(RecordedCluster {
                id: "4cf7c1b5-7d0e-4c4b-8f7a-f6a3f5f0f2c1".parse().expect("an id"),
                since: now() - SignedDuration::from_hours(24 * 90),
            }),
            problem: None,
        },
        remaining: claims::rows(),
        agents: None,
        namespaces: Some(namespaces()),
        workspace: None,
        serves: catalog::cards()
            .into_iter()
            .map(|card| (card.name, card.title, "v1".into()))
            .collect(),
        missing_rights: vec!["get secrets in payments-dev".into()],
        rights_reviewed_at: Some(now() - SignedDuration::from_secs(40)),
        rights_unknown: None,
        left_out: vec!["buckets.storage.example.org: an object is larger than the limit".into()],
        clock_offset_seconds: Some(412),
        warnings: vec!["insecure-skip-tls-verify: its certificate is not checked".into()],
        cache_bytes: (61 << 20, 256 << 20),
        recent_errors: vec![
            (
                now() - SignedDuration::from_mins(7),
                "watch of postgresqlinstances: 410 Gone, started again".into(),
            ),
            (now() - SignedDuration::from_mins(9), "connection refused".into()),
        ],
    };
    let tenants = TenantsPage {
        rows: vec![TenantRow {
            name: "payments".parse().expect("a name"),
            title: "Payments".into(),
            parent: Some("acme-retail".parse().expect("a name")),
            parent_title: Some("Acme Retail".into()),
            level: 0,
            environments: vec![
                ("dev".parse().expect("a name"), "payments-dev".into(), false),
                (
                    "production".parse().expect("a name"),
                    "payments-production".into(),
                    true,
                ),
            ],
            members: vec![
                ("payments-developers".into(), "Developer".into()),
                ("payments-approvers".into(), "Approver".into()),
            ],
            inherited_members: vec![InheritedMember {
                group: "retail-admins".into(),
                role: "Tenant admin".into(),
                from: "Acme Retail".into(),
            }],
            planes: catalog::planes(),
            claims: 41,
            quota: vec![("claims".into(), 41, 100), ("memoryGib".into(), 120, 256)],
        }],
    };
    let event = |sequence: i64, verb: &str, sentence: &str| RecordRow {
        event: Event {
            sequence,
            event: NewEvent {
                at: now() - SignedDuration::from_mins(200 - sequence),
                actor: "issuer#dana".into(),
                actor_name: "Dana Developer".into(),
                verb: verb.into(),
                subject: "x".into(),
                tenant: Some("payments".parse().expect("a name")),
                request: None,
                remote: Some("10.2.3.4".into()),
                details: serde_json::Value::Null,
            },
            previous_hash: "0".repeat(64),
            hash: "a".repeat(64),
        },
        sentence: sentence.into(),
        href: Some(crate::requests::rows().swap_remove(0).href),
    };
    let record = |chain| RecordPage {
        query: String::new(),
        verb: Some("request.submitted".into()),
        tenant: None,
        person: None,
        since: Some("2026-01-01".into()),
        until: None,
        tenants: vec![("payments".parse().expect("a name"), "Payments".into())],
        people: vec![("dana".into(), "Dana Developer".into())],
        rows: vec![
            event(
                120,
                "request.submitted",
                "Dana Developer requested PostgreSQL ledger",
            ),
            event(
                119,
                "secret.revealed",
                "Dana Developer revealed password of ledger",
            ),
        ],
        before: Some(119),
        chain: Some(chain),
    };
    let error = |line| ConfigurationError {
        file: "tenants/payments.yaml".into(),
        line: Some(line),
        field: Some("spec.enviroments".into()),
        message: "unknown field `enviroments`, did you mean `environments`?".into(),
    };
    let configuration = ConfigurationPage {
        loaded_at: now() - SignedDuration::from_hours(3),
        documents: vec![
            ("ControlPlane".into(), 3),
            ("Offering".into(), 7),
            ("Tenant".into(), 2),
            ("ApprovalPolicy".into(), 2),
        ],
        errors: vec![error(12)],
        warnings: vec![ConfigurationError {
            message: "no control plane serves it".into(),
            file: "offerings/old.yaml".into(),
            line: None,
            field: None,
        }],
        home: Some(HomePlaneState {
            synced: true,
            failure: Some("the home control plane is unreachable: connection refused".into()),
            failing_since: Some(now() - SignedDuration::from_mins(4)),
            blocked: None,
            unwritten: Some(
                "the home control plane does not allow it: the right to patch tenants/status.portico.dev is missing. \
                 Ask the platform team for the missing right"
                    .into(),
            ),
            errors: vec![ConfigurationError {
                message: "there is no control plane named \"eu-3\"".into(),
                file: "Tenant research of the home control plane".into(),
                line: None,
                field: Some("spec.controlPlanes.names[0]".into()),
            }],
        }),
    };
    vec![
        (
            "kubectl",
            pages::kubectl(&at(dana("/kubectl"), "kubectl access", &[]), &kubectl()),
        ),
        (
            "admin-planes",
            pages::admin_planes(&frame("/admin/control-planes"), &planes),
        ),
        (
            "admin-differences",
            pages::admin_differences(&frame("/admin/differences/x"), &differences()),
        ),
        (
            "admin-planes-fleet",
            pages::admin_planes(&frame("/admin/control-planes"), &fleet),
        ),
        (
            "admin-planes-nothing",
            pages::admin_planes(
                &frame("/admin/control-planes"),
                &of_fleet(
                    Vec::new(),
                    Vec::new(),
                    FleetMatrix::Columns {
                        columns: Vec::new(),
                        rows: Vec::new(),
                    },
                ),
            ),
        ),
        (
            "admin-plane",
            pages::admin_plane(
                &at(
                    pat("/admin/control-planes/x"),
                    "US shared",
                    &[("Control planes", Link::ControlPlanes)],
                ),
                &detail,
            ),
        ),
        ("admin-plane-wrong-cluster", wrong_cluster(&detail)),
        ("admin-plane-agents", hidden_plane(&detail, agents::agents())),
        ("admin-plane-workspace", workspace_plane(&detail)),
        (
            "admin-plane-no-agents",
            hidden_plane(&detail, agents::no_agents()),
        ),
        (
            "admin-tenants",
            pages::admin_tenants(&frame("/admin/tenants"), &tenants),
        ),
        (
            "admin-tenant",
            pages::admin_tenant(
                &at(
                    pat("/admin/tenants/payments"),
                    "Payments",
                    &[("Tenants", Link::Tenants)],
                ),
                &tenant(tenants.rows[0].clone()),
            ),
        ),
        (
            "admin-record",
            pages::admin_record(
                &frame("/admin/record"),
                &record(ChainState {
                    holds: true,
                    verified: 12_120,
                    checked_at: Some(now()),
                    verified_at: Some(now()),
                    breaks_at: None,
                    breaks: Vec::new(),
                    head: None,
                }),
            ),
        ),
        (
            "admin-record-broken",
            pages::admin_record(
                &frame("/admin/record"),
                &record(ChainState {
                    holds: false,
                    verified: 12_120,
                    checked_at: Some(now()),
                    verified_at: Some(now()),
                    breaks_at: Some(81),
                    breaks: vec![ChainBreak {
                        sequence: 81,
                        why: "it is not as it was written".to_owned(),
                        found_at: now(),
                        acknowledged_by: None,
                    }],
                    head: None,
                }),
            ),
        ),
        (
            "admin-configuration",
            pages::admin_configuration(&frame("/admin/configuration"), &configuration),
        ),
    ]
}

/// One namespace in each state.
fn namespaces() -> PlaneNamespaces {
    let row = |name: &str, environment: &str, state, problem: Option<&str>| NamespaceRow {
        name: name.into(),
        tenant: "payments".parse().expect("a name"),
        environment: environment.parse().expect("a name"),
        state,
        objects: 6,
        problems: problem.map(str::to_owned).into_iter().collect(),
        corrected: None,
    };
    PlaneNamespaces {
        compared_at: Some(now() - SignedDuration::from_secs(70)),
        problem: None,
        rows: vec![
            row(
                "payments-production",
                "production",
                NamespaceState::Foreign,
                Some("its label says that it is the tenant research’s: change it to hand it over"),
            ),
            row(
                "payments-staging",
                "staging",
                NamespaceState::Incomplete,
                Some("ResourceQuota compute: Portico may not list resourcequotas"),
            ),
            NamespaceRow {
                corrected: Some(Correction {
                    at: now() - SignedDuration::from_hours(2),
                    what: "NetworkPolicy default-deny".into(),
                    by: Some("kubectl-edit".into()),
                }),
                ..row("payments-dev", "dev", NamespaceState::Kept, None)
            },
        ],
    }
}

/// Namespaces that a developer can fetch a kubeconfig for.
fn kubectl() -> KubectlPage {
    let row = |index: usize, environment: &str, role: &str| KubeconfigRow {
        plane: catalog::planes().remove(index),
        tenant: "payments".parse().expect("a name"),
        tenant_title: "Payments".into(),
        environment: environment.parse().expect("a name"),
        production: environment == "production",
        namespace: format!("payments-{environment}"),
        cluster_role: role.into(),
        minutes: (index == 0).then_some(60),
        issuer: (index != 0).then(|| "https://sso.example.com".into()),
    };
    KubectlPage {
        rows: vec![
            row(0, "dev", "edit"),
            row(1, "dev", "edit"),
            row(0, "production", "view"),
        ],
    }
}

/// A tenant with an environment that two control planes serve, and one that none does.
fn tenant(row: TenantRow) -> TenantPage {
    let mut namespaces = namespaces().rows.into_iter().rev();
    let plane = |index: usize, state, cordoned, namespace| TenantPlane {
        plane: catalog::planes().remove(index),
        state,
        cordoned,
        claims: 3 - index,
        namespace,
    };
    let environment = |name: &str, production, claims, planes| TenantEnvironment {
        name: name.parse().expect("a name"),
        namespace: format!("payments-{name}"),
        production,
        claims,
        planes,
    };
    let related = |name: &str, title: &str, administered, tenants_below, used| RelatedTenant {
        name: name.parse().expect("a name"),
        title: title.into(),
        administered,
        tenants_below,
        quota: vec![("claims".into(), used, 120)],
    };
    TenantPage {
        row,
        above: vec![related("acme-retail", "Acme Retail", false, None, 103)],
        below: vec![
            related("payments-cards", "Cards", true, Some(2), 12),
            related("payments-ledger", "Ledger and reporting", true, Some(0), 9),
        ],
        environments: vec![
            environment(
                "dev",
                false,
                5,
                vec![
                    plane(0, PlaneState::Ready, false, namespaces.next()),
                    plane(1, PlaneState::Unreachable, false, namespaces.next()),
                    plane(2, PlaneState::Ready, true, None),
                ],
            ),
            environment("production", true, 0, Vec::new()),
        ],
    }
}

/// A thousand control planes in three regions, a few of them ill.
fn squares() -> Vec<FleetGroup> {
    let condition = |number: usize| match number % 97 {
        3 => FleetCondition::Unreachable,
        5 => FleetCondition::Cordoned,
        7 => FleetCondition::Connecting,
        _ => FleetCondition::Ready,
    };
    [
        ("eu-central", 0..420),
        ("us-east", 420..900),
        ("Not known", 900..1_000),
    ]
    .map(|(title, numbers)| {
        let mut planes: Vec<FleetPlane> = numbers
            .map(|number| FleetPlane {
                name: format!("plane-{number}").parse().expect("a name"),
                title: format!("Plane {number}"),
                condition: condition(number),
            })
            .collect();
        planes.sort_by_key(|plane| plane.condition);
        FleetGroup {
            title: title.into(),
            planes,
        }
    })
    .into()
}

fn variants(counts: &[usize]) -> Vec<OfferingVariant> {
    let variant = |(index, count): (usize, &usize)| OfferingVariant {
        version: if index == 0 { "v1" } else { "v1beta1" }.into(),
        schema: if index == 0 { "9f86d081" } else { "1b4f0e98" }.into(),
        problem: (index == 1).then(|| "A CEL rule does not compile".into()),
        count: *count,
        planes: catalog::planes(),
    };
    counts.iter().enumerate().map(variant).collect()
}

fn differences() -> DifferencesPage {
    let field = |path: &str, one: Option<&str>, other: Option<&str>| SchemaDifference {
        path: path.into(),
        one: one.map(str::to_owned),
        other: other.map(str::to_owned),
    };
    let mut all = variants(&[980, 11, 1]).into_iter();
    let usual = all.next();
    let fields = vec![
        field(
            "spec.storage.size",
            Some("string, like ^[1-9][0-9]*Gi$, default \"20Gi\", required"),
            Some("string, like ^[1-9][0-9]*Gi$"),
        ),
        field(
            "spec.version",
            Some("string, one of \"15\", \"16\", \"17\""),
            Some("string, one of \"15\", \"16\""),
        ),
        field("spec.backups", Some("object"), None),
    ];
    DifferencesPage {
        offering: catalog::cards().remove(0).name,
        title: "PostgreSQL".into(),
        usual,
        others: all
            .zip([fields, Vec::new()])
            .map(|(variant, fields)| VariantDifferences {
                variant,
                fields,
                unusable: false,
            })
            .collect(),
    }
}
