//! Something that is done with several claims.

use portico_api::words::{SeveralFollows, SeveralRefusal, sent_state, type_the_number};
use portico_api::{Link, Problem, SeveralAction, SeveralOutcome, SeveralPage, SeveralRow, names};
use portico_domain::request::State;
use portico_frontend::pages;

use crate::{claims, people};

fn page(outcomes: impl Iterator<Item = SeveralOutcome>) -> SeveralPage {
    let rows = claims::rows().into_iter().zip(outcomes);
    SeveralPage {
        action: SeveralAction::Delete,
        rows: rows
            .map(|(row, outcome)| SeveralRow {
                row,
                request_id: "0190d3a0-0000-7000-8000-000000000001".parse().expect("an id"),
                uid: "8d2f6a0e-0000-4000-8000-000000000001".into(),
                outcome,
            })
            .collect(),
        missing: 0,
        beyond: 0,
        typed: String::new(),
        note: String::new(),
        problems: Vec::new(),
        sent: false,
    }
}

pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let frame = || {
        people::at(
            people::dana("/claims"),
            "Delete claims",
            &[("Claims", Link::Claims)],
        )
    };
    let possible = |approval| SeveralOutcome::Possible {
        follows: SeveralFollows::Deleted {
            approval,
            needed_by: Vec::new(),
        }
        .to_string(),
    };
    let refused = |why: SeveralRefusal| SeveralOutcome::Refused { why: why.to_string() };
    let sent = |state| SeveralOutcome::Sent {
        href: Link::Request("0190d3a0-0000-7000-8000-000000000001".parse().expect("an id")),
        state: sent_state(state).to_owned(),
    };
    let in_use = refused(SeveralRefusal::ControlPlaneInUse {
        residents: "23 claims".into(),
    });
    let asked = SeveralPage {
        missing: 1,
        typed: "3".into(),
        problems: vec![Problem::new(names::CONFIRM, type_the_number(2))],
        ..page(
            [
                possible(false),
                possible(true),
                refused(SeveralRefusal::InProgress),
                in_use,
            ]
            .into_iter(),
        )
    };
    let outcomes = [
        sent(State::Approved),
        sent(State::AwaitingApproval),
        refused(SeveralRefusal::InProgress),
    ];
    let done = SeveralPage {
        sent: true,
        ..page(outcomes.into_iter())
    };
    vec![
        ("claims-delete-several", pages::several_claims(&frame(), &asked)),
        ("claims-deleted-several", pages::several_claims(&frame(), &done)),
        (
            "claims-several-none",
            pages::several_claims(&frame(), &page(std::iter::empty())),
        ),
    ]
}
