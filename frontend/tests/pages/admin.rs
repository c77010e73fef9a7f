//! Pages of administrators.

use portico_api::{
    ClaimHealthTrial, ClaimTrial, DefinitionTrial, HealthRuleProblem, HealthTrial, Link, PlaneChoice,
    PlaneTrial, ShownHealth, TenantRow, TenantsPage, TrialEffect, TrialFinding, TrialOutcome,
    TryDefinitionPage, TryHealthPage,
};
use portico_domain::claim::{ClaimRef, Health};
use portico_domain::definition_change::{DefaultChange, DefaultedWhen, Refusal, RefusedUpdate};
use portico_domain::documents::HealthExpressions;
use portico_frontend::pages;

use super::{HOSTILE, assert_tame, frame, without_marks};

#[test]
fn exceeded_quotas_are_marked_by_sign_and_text() {
    let row = TenantRow {
        name: "payments".parse().unwrap(),
        title: "Payments".into(),
        parent: None,
        parent_title: None,
        level: 0,
        environments: vec![],
        members: vec![],
        inherited_members: vec![],
        planes: vec![],
        claims: 70,
        quota: vec![("claims".into(), 70, 40), ("cpu".into(), 64, 64)],
    };
    let html = pages::admin_tenants(&frame(), &TenantsPage { rows: vec![row] });
    assert!(html.contains("70 of 40: over by 30"), "{html}");
    assert_eq!(
        html.matches("over by").count(),
        1,
        "what is just taken is not over"
    );
    assert!(
        html.contains("Nearly full: "),
        "what is just taken is nearly full"
    );
    let marked = html.split("over by 30").next().unwrap();
    let marked = &marked[marked.rfind("<li").unwrap()..];
    assert!(
        marked.contains("<svg") && marked.contains("meter over"),
        "not by colour alone: {marked}"
    );
}

#[test]
fn a_report_on_a_definition_keeps_hostile_text_as_text() {
    let refusal = |update| {
        TrialEffect::Refused(Refusal {
            update,
            create: true,
            path: HOSTILE.into(),
            message: HOSTILE.into(),
        })
    };
    let defaulted = TrialEffect::Defaulted(DefaultChange {
        path: HOSTILE.into(),
        from: None,
        to: Some(HOSTILE.into()),
        when: DefaultedWhen::Read,
    });
    let effects = vec![
        refusal(RefusedUpdate::Every),
        refusal(RefusedUpdate::OfSpec),
        defaulted,
        TrialEffect::Pruned { path: HOSTILE.into() },
    ];
    let plane = PlaneTrial {
        plane: PlaneChoice {
            name: "eu".parse().unwrap(),
            title: HOSTILE.into(),
            region: None,
        },
        outcome: TrialOutcome::Partial,
        problem: Some(HOSTILE.into()),
        known: 3,
        tried: 2,
        unaffected: 1,
        version: HOSTILE.into(),
        tried_version: Some(HOSTILE.into()),
        removed_versions: vec![HOSTILE.into()],
        faults: vec![HOSTILE.into()],
        findings: effects
            .iter()
            .map(|effect| TrialFinding {
                effect: effect.clone(),
                claims: 1,
            })
            .collect(),
        claims: vec![ClaimTrial {
            namespace: Some(HOSTILE.into()),
            name: HOSTILE.into(),
            tenant: None,
            environment: None,
            href: None,
            effects,
        }],
        more_claims: 0,
    };
    let page = TryDefinitionPage {
        document: format!("</textarea>{HOSTILE}"),
        problem: Some(HOSTILE.into()),
        trial: Some(DefinitionTrial {
            definition: HOSTILE.into(),
            kind: HOSTILE.into(),
            title: Some(HOSTILE.into()),
            derived: true,
            faults: vec![HOSTILE.into()],
            missing_version: Some(HOSTILE.into()),
            planes: vec![plane],
        }),
    };
    assert_tame(&pages::admin_try_definition(&frame(), &page));
}

#[test]
fn texts_of_health_rules_and_claims_are_escaped() {
    let shown = || ShownHealth {
        health: Health::Degraded,
        reason: HOSTILE.into(),
    };
    let claim = ClaimRef {
        plane: "eu".parse().unwrap(),
        offering: "buckets.example.org".parse().unwrap(),
        namespace: Some(HOSTILE.into()),
        name: "files".parse().unwrap(),
    };
    let text = || Some(format!("</textarea>{HOSTILE}"));
    let mut page = TryHealthPage {
        offering: claim.offering.clone(),
        title: HOSTILE.into(),
        rules: HealthExpressions {
            ready: text(),
            failed: text(),
            message: text(),
        },
        in_force: false,
        trial: Some(HealthTrial {
            problems: Vec::new(),
            known: 2,
            tried: 1,
            changed: 1,
            claims: vec![ClaimHealthTrial {
                name: HOSTILE.into(),
                namespace: Some(HOSTILE.into()),
                plane: HOSTILE.into(),
                tenant: None,
                environment: None,
                href: Link::Claim(claim),
                today: shown(),
                tried: shown(),
                changed: true,
            }],
            yaml: HOSTILE.into(),
        }),
    };
    assert_tame(&pages::admin_try_health(&frame(), &page));
    page.trial.as_mut().unwrap().problems = vec![HealthRuleProblem {
        rule: "ready".into(),
        line: Some(2),
        column: Some(7),
        message: HOSTILE.into(),
    }];
    let html = pages::admin_try_health(&frame(), &page);
    assert_tame(&html);
    assert!(without_marks(&html).contains("Line 2, column 7: "), "{html}");
}
