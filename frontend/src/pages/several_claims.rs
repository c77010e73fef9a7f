use leptos::prelude::*;
use portico_api::{Frame, Link, SeveralAction, SeveralOutcome, SeveralPage, SeveralRow, names};

use crate::pages::claims::csrf;
use crate::parts::badge::health;
use crate::parts::text::{area, counted, place};
use crate::parts::{document, icon};

/// The page that does something with several claims: what it will be done with, what not and why, and afterwards what
/// came of it.
#[must_use]
pub fn several_claims(frame: &Frame, page: &SeveralPage) -> String {
    document(frame, || {
        let possible = page.possible();
        let claims = counted(possible, "claim", "claims");
        let verb = match page.action {
            SeveralAction::Renew => "Renew",
            SeveralAction::Delete => "Delete",
        };
        let title = match (page.sent, page.rows.len()) {
            (true, rows) => format!("{verb}: {}", counted(rows, "claim", "claims")),
            (false, _) if possible == 0 => format!("{verb} claims"),
            (false, _) => format!("{verb} {claims}?"),
        };
        let rows: Vec<_> = page.rows.iter().map(row).collect();
        let nothing = page.rows.is_empty().then(|| {
            view! { <p>"No claim is selected. Choose some in the list of claims."</p> }
        });
        let list =
            (!page.rows.is_empty()).then(|| view! { <ul role="list" class="lines several">{rows}</ul> });
        let rest = if page.sent || possible == 0 {
            let back = Link::Claims.to_string();
            view! { <div class="actions"><a class="button" href=back>"Back to claims"</a></div> }.into_any()
        } else {
            form(frame, page, format!("{verb} {claims}"))
        };
        view! {
            <div class="page-head"><h1>{title}</h1></div>
            {left_out(page)}
            {nothing}
            {list}
            {rest}
        }
        .into_any()
    })
}

/// Claims that are not in the list.
fn left_out(page: &SeveralPage) -> Option<AnyView> {
    let beyond = (page.beyond > 0).then(|| {
        let beyond = counted(page.beyond, "claim", "claims");
        format!("{beyond} too many: come back for the rest.")
    });
    let missing = (page.missing > 0).then(|| {
        let verb = if page.missing == 1 { "is" } else { "are" };
        format!(
            "{} {verb} not there any more.",
            counted(page.missing, "claim", "claims")
        )
    });
    let words: Vec<String> = [beyond, missing].into_iter().flatten().collect();
    (!words.is_empty()).then(|| {
        view! { <div class="notice warning" role="status">{icon("warning")}<p>{words.join(" ")}</p></div> }.into_any()
    })
}

fn row(row: &SeveralRow) -> impl IntoView + use<> {
    let claim = &row.row;
    let what = format!(
        "{}, {} on {}",
        claim.offering_title,
        place(claim.tenant.as_ref(), claim.environment.as_ref()),
        claim.plane_title
    );
    let (mark, outcome) = match &row.outcome {
        SeveralOutcome::Possible { follows } => {
            ("claims", view! { <span>{follows.clone()}</span> }.into_any())
        }
        SeveralOutcome::Refused { why } => (
            "minus",
            view! { <strong>"Left alone: "</strong>{why.clone()} }.into_any(),
        ),
        SeveralOutcome::Sent { href, state } => (
            "check",
            view! { <span>{state.clone()}" "</span><a href=href.to_string()>"Request"</a> }.into_any(),
        ),
    };
    view! {
        <li class="line">{icon(mark)}<span>
            <a href=claim.href.to_string()>{claim.reference.name.to_string()}</a>" "{health(claim.health)}
            <span class="reason">{what}</span>
            <span class="reason">{outcome}</span>
        </span></li>
    }
}

fn form(frame: &Frame, page: &SeveralPage, button: String) -> AnyView {
    let inputs: Vec<_> = page
        .rows
        .iter()
        .filter(|row| matches!(row.outcome, SeveralOutcome::Possible { .. }))
        .map(|row| {
            let claim = row.row.reference.to_string();
            view! {
                <input type="hidden" name=names::of_claim(names::REQUEST, &claim) value=row.request_id.to_string() />
                <input type="hidden" name=names::of_claim(names::UID, &claim) value=row.uid.clone() />
                <input type="hidden" name=names::CLAIM value=claim />
            }
        })
        .collect();
    let deletes = page.action == SeveralAction::Delete;
    let confirm = deletes.then(|| confirmation(page));
    let what_goes = if page.possible() == 1 {
        "Its data and its secrets go with it."
    } else {
        "Their data and their secrets go with them."
    };
    let mark = if deletes { "deleting" } else { "refresh" };
    view! {
        <form class="narrow-form" method="post" action=Link::SeveralClaims.to_string()>
            {csrf(frame)}
            <input type="hidden" name=names::ACTION value=page.action.slug() />
            {inputs}
            {deletes.then(|| view! { <p>{what_goes}</p> })}
            {confirm}
            <div class="field">
                <label class="label" for="note">"Why"<span class="mark">"optional"</span></label>
                <textarea id="note" name=names::NOTE rows="2" maxlength="2000">{area(&page.note)}</textarea>
            </div>
            <div class="actions">
                <button class=if deletes { "button danger" } else { "button primary" }>{icon(mark)}{button}</button>
                <a class="button" href=Link::Claims.to_string()>"Cancel"</a>
            </div>
        </form>
    }
    .into_any()
}

/// The field for the number of claims.
fn confirmation(page: &SeveralPage) -> AnyView {
    let wrong = !page.problems.is_empty();
    let problems: Vec<_> = page
        .problems
        .iter()
        .map(|problem| view! { <p class="problem">{icon("warning")}<span>{problem.message.clone()}</span></p> })
        .collect();
    let problems = wrong.then(|| view! { <div class="problems" id="confirm-problems">{problems}</div> });
    view! {
        <div class=if wrong { "field wrong" } else { "field" }>
            <label class="label" for="confirm">"Type the number of claims to confirm"</label>
            <p class="help mono" id="confirm-help">{page.possible()}</p>
            {problems}
            <input type="text" inputmode="numeric" id="confirm" name=names::CONFIRM value=page.typed.clone() autocomplete="off"
                aria-required="true" aria-invalid=wrong.then_some("true") autofocus=wrong.then_some("")
                aria-describedby=if wrong { "confirm-help confirm-problems" } else { "confirm-help" } />
        </div>
    }
    .into_any()
}
