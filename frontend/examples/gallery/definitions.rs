//! The page that tries a changed definition.

use portico_api::{
    ClaimTrial, DefinitionTrial, Link, PlaneTrial, TrialEffect, TrialFinding, TrialOutcome, TryDefinitionPage,
};
use portico_domain::definition_change::{DefaultChange, DefaultedWhen, Refusal, RefusedUpdate};
use portico_frontend::pages;
use serde_json::json;

use crate::people::{at, pat};
use crate::{catalog, claims};

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: postgresqlinstances.databases.example.org
spec:
  group: databases.example.org
  scope: Namespaced
";

fn refused(update: RefusedUpdate, path: &str, message: &str) -> TrialEffect {
    TrialEffect::Refused(Refusal {
        update,
        create: true,
        path: path.into(),
        message: message.into(),
    })
}

fn effects() -> Vec<TrialEffect> {
    vec![
        TrialEffect::Refused(Refusal {
            update: RefusedUpdate::Every,
            create: false,
            path: "spec".into(),
            message: "Invalid value: storage.size can only grow".into(),
        }),
        refused(RefusedUpdate::OfSpec, "spec.region", "Required value"),
        TrialEffect::Pruned {
            path: "spec.parameters.maintenance.window.preferredDayOfWeek".into(),
        },
        TrialEffect::Indeterminate,
        refused(
            RefusedUpdate::OfField,
            "spec.storage.size",
            "Invalid value: should match '^[0-9]+Gi$'",
        ),
        TrialEffect::Defaulted(DefaultChange {
            path: "spec.tier".into(),
            from: None,
            to: Some(json!("standard")),
            when: DefaultedWhen::Read,
        }),
        TrialEffect::Defaulted(DefaultChange {
            path: "spec.replicas".into(),
            from: Some(json!(1)),
            to: Some(json!(3)),
            when: DefaultedWhen::Created,
        }),
    ]
}

fn empty(index: usize) -> PlaneTrial {
    PlaneTrial {
        plane: catalog::planes().remove(index),
        outcome: TrialOutcome::Complete,
        problem: None,
        known: 12,
        tried: 12,
        unaffected: 12,
        version: "v1".into(),
        tried_version: Some("v1".into()),
        removed_versions: vec![],
        faults: vec![],
        findings: vec![],
        claims: vec![],
        more_claims: 0,
    }
}

fn trial() -> DefinitionTrial {
    let findings = effects().into_iter().zip([3, 4312, 88, 1, 12, 4390, 17]);
    let claims = claims::rows()
        .into_iter()
        .zip([0, 1, 3, 5, 6])
        .map(|(row, from)| ClaimTrial {
            namespace: row.reference.namespace.clone(),
            name: row.reference.name.to_string(),
            tenant: row.tenant,
            environment: row.environment,
            href: Some(row.href),
            effects: effects().split_off(from),
        });
    let affected = PlaneTrial {
        outcome: TrialOutcome::Partial,
        problem: Some("It has more claims than are tried at once; only the first 5000 were tried.".into()),
        known: 5_120,
        tried: 5_000,
        unaffected: 610,
        version: "v1beta1".into(),
        removed_versions: vec!["v1beta1".into()],
        faults: vec!["spec.scope: Invalid value: \"Cluster\": field is immutable".into()],
        findings: findings
            .map(|(effect, claims)| TrialFinding { effect, claims })
            .collect(),
        claims: claims.collect(),
        more_claims: 4_385,
        ..empty(0)
    };
    let unreachable = PlaneTrial {
        outcome: TrialOutcome::NotTried,
        problem: Some("It does not answer, so its claims were not tried. Try again when it does.".into()),
        tried: 0,
        unaffected: 0,
        ..empty(1)
    };
    DefinitionTrial {
        definition: "postgresqlinstances.databases.example.org".into(),
        kind: "PostgreSQLInstance".into(),
        title: Some("PostgreSQL".into()),
        derived: true,
        faults: vec![
            "spec.validation.openAPIV3Schema.properties[spec].properties[replicas].default: Invalid value: \"three\": \
             must be of type integer"
                .into(),
        ],
        missing_version: Some("v1beta1".into()),
        planes: vec![affected, unreachable, empty(2)],
    }
}

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let page = |page: &TryDefinitionPage| {
        let frame = at(
            pat("/admin/try-definition"),
            "Try a definition",
            &[("Control planes", Link::ControlPlanes)],
        );
        pages::admin_try_definition(&frame, page)
    };
    let nobody = DefinitionTrial {
        title: None,
        derived: false,
        faults: vec![],
        missing_version: None,
        planes: vec![],
        ..trial()
    };
    vec![
        ("admin-try-definition", page(&TryDefinitionPage::default())),
        (
            "admin-try-definition-wrong",
            page(&TryDefinitionPage {
                document: "apiVersion: v1\nkind: ConfigMap\n".into(),
                problem: Some(
                    "This is a v1 ConfigMap. Send a CustomResourceDefinition of apiextensions.k8s.io/v1, or a \
                     CompositeResourceDefinition of apiextensions.crossplane.io/v1 or v2."
                        .into(),
                ),
                trial: None,
            }),
        ),
        (
            "admin-try-definition-report",
            page(&TryDefinitionPage {
                document: DEFINITION.into(),
                problem: None,
                trial: Some(trial()),
            }),
        ),
        (
            "admin-try-definition-nobody",
            page(&TryDefinitionPage {
                document: DEFINITION.into(),
                problem: None,
                trial: Some(nobody),
            }),
        ),
    ]
}
