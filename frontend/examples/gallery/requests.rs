//! Requests, the approval queue, home.

use jiff::SignedDuration;
use portico_api::words::Step;
use portico_api::{
    ApprovalRow, ClaimRow, Closed, CommentResult, DeprecatedClaims, DiffLine, DiffTone, HealthChange,
    HealthChanges, HomePage, InboxPage, Link, NoticeTone, OfferingLifecycle, Paged, PlatformState,
    PriceComparison, PriceQuote, QuotaLine, RequestPage, RequestRow, RequestStep, RequestsPage, Text,
    message,
};
use portico_domain::claim::Health;
use portico_domain::names::RequestId;
use portico_domain::request::{Action, State};
use portico_frontend::pages;

use crate::people::{ada, at, dana, deciding, now, saying};
use crate::{catalog, claims, form};

pub(crate) fn row(number: u8, action: Action, state: State, status: &str) -> RequestRow {
    let claim = claims::rows().swap_remove(usize::from(number) % 6);
    let id: RequestId = format!("0190d3a0-0000-7000-8000-0000000000{number:02x}")
        .parse()
        .expect("an id");
    RequestRow {
        waiting_for: None,
        failure: None,
        id,
        href: Link::Request(id),
        action,
        state,
        status: status.into(),
        claim: claim.reference,
        offering_title: claim.offering_title,
        icon: claim.icon,
        tenant: "payments".parse().expect("a name"),
        environment: "production".parse().expect("a name"),
        plan: claim.plan,
        requester: "Dana Developer".into(),
        created_at: now() - SignedDuration::from_secs(3600 * i64::from(number + 1)),
        updated_at: now() - SignedDuration::from_secs(600 * i64::from(number)),
    }
}

pub(crate) fn rows() -> Vec<RequestRow> {
    vec![
        row(
            0,
            Action::Create,
            State::AwaitingApproval,
            "Waits for an approver of Payments.",
        ),
        row(
            1,
            Action::Change,
            State::Applying,
            "EU shared answers 429: trying again in 20 s.",
        ),
        row(2, Action::Create, State::Fulfilled, ""),
        row(
            3,
            Action::Delete,
            State::Failed,
            "EU shared refused it: the claim is in use by payments-api.",
        ),
        row(
            4,
            Action::Create,
            State::Rejected,
            "Ada: please use the shared cluster.",
        ),
        row(5, Action::Create, State::Withdrawn, ""),
    ]
}

fn step(
    title: impl Into<Text>,
    who: Option<&str>,
    minutes: Option<i64>,
    comment: Option<&str>,
    kind: u8,
) -> RequestStep {
    RequestStep {
        title: title.into(),
        who: who.map(Into::into),
        at: minutes.map(|minutes| now() - SignedDuration::from_mins(minutes)),
        comment: comment.map(Into::into),
        remark: kind == 4,
        done: kind == 1 || kind == 4,
        current: kind == 2,
        bad: kind == 3,
    }
}

pub(crate) fn diff() -> Vec<DiffLine> {
    [
        (DiffTone::Same, "  storage:"),
        (DiffTone::Removed, "    size: 20Gi"),
        (DiffTone::Added, "    size: 500Gi"),
        (DiffTone::Gap, ""),
        (DiffTone::Same, "  users:"),
        (DiffTone::Added, "    - name: reporting"),
    ]
    .map(|(tone, text)| DiffLine {
        tone,
        text: text.into(),
    })
    .to_vec()
}

fn waiting() -> RequestPage {
    RequestPage {
        take_over: vec![],
        row: rows().remove(0),
        deprecation: None,
        offering_href: Some(Link::Offering(rows().remove(0).claim.offering)),
        claim_href: None,
        steps: vec![
            step(Step::Requested.text(), Some("Dana Developer"), Some(60), None, 1),
            step(
                "Judged by policy",
                None,
                Some(60),
                Some("Production needs a second pair of eyes."),
                1,
            ),
            step(
                Step::Commented.text(),
                Some("Ada Approver"),
                Some(20),
                Some("Why not the shared cluster?"),
                4,
            ),
            step(
                Step::WaitsForApproval.text(),
                None,
                None,
                Some("An approver of Payments: Ada Approver or Ruth Admin."),
                2,
            ),
            step("Applied to EU shared", None, None, None, 0),
            step("Ready", None, None, None, 0),
        ],
        sentence: "A PostgreSQL 17, large, in payments/production on EU shared".into(),
        manifest: form::create().manifest,
        manifest_hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        diff: vec![],
        against: message!("against-was-live"),
        again: None,
        placement: form::placement(),
        expires_at: Some(now() + jiff::SignedDuration::from_hours(24 * 6)),
        note: Some(
            "For the ledger migration, until the end of the quarter.\nThe old one goes afterwards.".into(),
        ),
        rules: vec![(
            "production".into(),
            "second-pair-of-eyes".into(),
            "Changes in production need an approver of the tenant.".into(),
        )],
        quota: vec![QuotaLine {
            resource: "claims".into(),
            above: None,
            takes: 1,
            used: 20,
            limit: 20,
            others_waiting: 0,
            with_others: 0,
        }],
        cost: Some("1450 EUR a month".into()),
        price: Some(PriceQuote {
            amount: 1450.0,
            ..form::price()
        }),
        may_decide: false,
        may_not_decide: Some("You requested it yourself: somebody else must decide.".into()),
        undo_until: None,
        may_withdraw: true,
        may_comment: true,
        revision: 3,
    }
}

fn approval(number: u8, action: Action) -> ApprovalRow {
    ApprovalRow {
        row: row(number, action, State::AwaitingApproval, "Waits for you."),
        sentence: "Change of ledger: 500 GiB instead of 20 GiB, one user more".into(),
        why: vec![
            "Changes in production need an approver of the tenant.".into(),
            "Large plans need one too.".into(),
        ],
        quota: vec![QuotaLine {
            resource: "storageGib".into(),
            above: None,
            takes: 480,
            used: 700,
            limit: 2000,
            others_waiting: 2,
            with_others: 2100,
        }],
        cost: Some("190 EUR a month, 162 EUR more than now".into()),
        price: Some(PriceQuote {
            amount: 190.0,
            comparison: Some(PriceComparison::More { amount: 162.0 }),
            ..form::price()
        }),
        diff: diff(),
        against: message!("against-live"),
        manifest: form::create().manifest,
        expires_at: Some(now() + jiff::SignedDuration::from_hours(24 * 6)),
        note: Some("Reporting fills the disk by Friday.".into()),
        comments: vec![CommentResult {
            id: row(number, action, State::AwaitingApproval, "").id.0,
            by: "Ada Approver".into(),
            text: "Could last year's reports go to the archive instead?".into(),
            at: now(),
        }],
        history: "Dana Developer: 10 of 11 applied, 1 rejected. Claims here: 3 ready, 1 degraded".into(),
        revision: 1,
    }
}

/// One claim that broke, and twelve that became ready.
fn health_changes() -> Vec<HealthChanges> {
    let group = |claim: ClaimRow, health, count: usize| {
        let at = now() - SignedDuration::from_hours(2);
        let claims = std::iter::repeat_n(claim.clone(), count.min(10));
        HealthChanges {
            offering_title: claim.offering_title,
            icon: claim.icon,
            category: claim.category,
            tenant: claim.tenant,
            environment: claim.environment,
            health,
            count,
            at,
            claims: claims.map(|claim| HealthChange { claim, at }).collect(),
        }
    };
    let rows = claims::rows();
    let first = |health| rows.iter().find(|row| row.health == health).cloned();
    let broke = first(Health::Degraded).map(|row| group(row, Health::Degraded, 1));
    let ready = first(Health::Ready).map(|row| group(row, Health::Ready, 12));
    broke.into_iter().chain(ready).collect()
}

fn ending(card: usize, count: usize, lifecycle: OfferingLifecycle) -> DeprecatedClaims {
    let card = catalog::cards().swap_remove(card);
    DeprecatedClaims {
        offering: card.name,
        offering_title: card.title,
        icon: card.icon,
        category: card.category,
        lifecycle,
        count,
    }
}

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let list = |items: Vec<RequestRow>| RequestsPage {
        state: None,
        offering: None,
        mine: false,
        rows: Paged::cut(items, 1, 50),
    };
    let decide = RequestPage {
        may_decide: true,
        may_not_decide: None,
        undo_until: None,
        may_withdraw: false,
        diff: diff(),
        ..waiting()
    };
    let failed = RequestPage {
        row: rows().remove(3),
        steps: vec![
            step(Step::Requested.text(), Some("Dana Developer"), Some(60), None, 1),
            step(
                "Approved",
                Some("Ada Approver"),
                Some(50),
                Some("Fine with me."),
                1,
            ),
            step(
                "Could not be applied",
                None,
                Some(48),
                Some(
                    "EU shared refused it: the claim is in use by payments-api. Remove that first, then request it again.",
                ),
                3,
            ),
        ],
        claim_href: Some(claims::rows().swap_remove(0).href),
        may_not_decide: None,
        undo_until: None,
        may_withdraw: false,
        again: Some("spec: {}\n".into()),
        ..waiting()
    };
    let crumbs: &[(&str, Link)] = &[("Requests", Link::Requests)];
    let busy = HomePage {
        unhealthy_claims: claims::rows()
            .into_iter()
            .filter(|row| row.health != Health::Ready)
            .collect(),
        claims: 41,
        ready: 36,
        waiting_on_me: vec![approval(0, Action::Change), approval(2, Action::Create)],
        needs_action: 3,
        ending_soon: claims::rows()
            .into_iter()
            .take(1)
            .map(|row| ClaimRow {
                expires_at: Some(now() + SignedDuration::from_hours(70)),
                ..row
            })
            .collect(),
        deprecated: vec![],
        waiting_on_others: rows().into_iter().take(2).collect(),
        waiting_on_others_count: 40,
        unsuccessful: rows().into_iter().skip(3).take(2).collect(),
        today: rows(),
        health_changes: health_changes(),
        suggestions: vec![],
        unreachable_planes: vec!["US shared".into()],
        platform: Some(PlatformState {
            planes: 3,
            unwell_planes: catalog::planes().into_iter().take(1).collect(),
            configuration_errors: 2,
            over_quota: vec!["Payments".into()],
            waiting_publications: super::publications::rows()[..1].to_vec(),
            oldest_approval: Some(rows().remove(0)),
        }),
    };
    let calm = HomePage {
        unhealthy_claims: vec![],
        claims: 5,
        ready: 5,
        needs_action: 0,
        ending_soon: vec![],
        deprecated: vec![],
        waiting_on_others_count: 0,
        unsuccessful: vec![],
        platform: None,
        waiting_on_me: vec![],
        waiting_on_others: vec![],
        today: rows().into_iter().skip(2).take(1).collect(),
        health_changes: vec![],
        suggestions: vec![],
        unreachable_planes: vec![],
    };
    let newcomer = HomePage {
        claims: 0,
        ready: 0,
        today: vec![],
        suggestions: catalog::cards().into_iter().take(3).collect(),
        ..calm.clone()
    };
    let deprecated = HomePage {
        needs_action: 4,
        deprecated: vec![
            ending(2, 3, catalog::ended()),
            ending(4, 1, catalog::ending()),
            ending(3, 1, catalog::deprecated()),
        ],
        ..calm.clone()
    };
    vec![
        (
            "home-deprecated",
            pages::home(&at(dana("/"), "Home", &[]), &deprecated),
        ),
        ("home", pages::home(&at(ada("/"), "Home", &[]), &busy)),
        ("home-calm", pages::home(&at(dana("/"), "Home", &[]), &calm)),
        (
            "home-newcomer",
            pages::home(&at(dana("/"), "Home", &[]), &newcomer),
        ),
        (
            "requests",
            pages::requests(&at(dana("/requests"), "Requests", &[]), &list(rows())),
        ),
        (
            "requests-nothing",
            pages::requests(&at(dana("/requests"), "Requests", &[]), &list(vec![])),
        ),
        (
            "request",
            pages::request(
                &saying(
                    at(dana("/requests/1"), "ledger", crumbs),
                    NoticeTone::Good,
                    "Your request was sent.",
                ),
                &waiting(),
            ),
        ),
        (
            "request-decide",
            pages::request(&at(ada("/requests/1"), "ledger", crumbs), &decide),
        ),
        (
            "request-failed",
            pages::request(&at(dana("/requests/1"), "invoices", crumbs), &failed),
        ),
        (
            "approvals",
            pages::approvals(
                &at(ada("/approvals"), "Approvals", &[]),
                &InboxPage {
                    rows: Paged::cut(
                        vec![
                            approval(0, Action::Change),
                            approval(1, Action::Create),
                            approval(4, Action::Create),
                        ],
                        1,
                        20,
                    ),
                    opened: Some(approval(0, Action::Change)),
                    closed: None,
                    may_comment: true,
                    chosen: false,
                },
            ),
        ),
        (
            "approvals-withdrawn",
            pages::approvals(
                &at(ada("/approvals"), "Approvals", &[]),
                &InboxPage {
                    rows: Paged::cut(vec![approval(1, Action::Create)], 1, 20),
                    opened: Some(approval(0, Action::Change)),
                    closed: Some(Closed::Withdrawn),
                    may_comment: true,
                    chosen: true,
                },
            ),
        ),
        (
            "approvals-nothing",
            pages::approvals(
                &at(ada("/approvals"), "Approvals", &[]),
                &InboxPage {
                    rows: Paged::cut(vec![], 1, 20),
                    opened: None,
                    closed: None,
                    may_comment: false,
                    chosen: false,
                },
            ),
        ),
        (
            "approvals-undo",
            pages::approvals(
                &deciding(at(ada("/approvals"), "Approvals", &[])),
                &InboxPage {
                    rows: Paged::cut(vec![], 1, 20),
                    opened: None,
                    closed: None,
                    may_comment: false,
                    chosen: false,
                },
            ),
        ),
    ]
}
