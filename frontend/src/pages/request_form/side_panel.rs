//! The panel beside the form, always visible: the effects of the request.

use leptos::prelude::*;
use portico_api::{DryRunResult, RequestFormPage, names};
use portico_domain::request::Action;

use crate::parts::icon;
use crate::parts::summary::{approval, cost, placement, quota};
use crate::parts::text::{code, counted};

pub(super) fn side_panel(page: &RequestFormPage) -> AnyView {
    let quotas = (!page.quota.is_empty())
        .then(|| view! { <div><h3>"Quota after this"</h3>{quota(&page.quota)}</div> });
    view! {
        <aside class="summary" aria-label="Summary">
            <p class="sentence">{page.sentence.clone()}</p>
            {cost(page.price.as_ref())}
            <div><h3>"Control plane"</h3>{placement(&page.placement)}</div>
            <div><h3>"Approval"</h3>{approval(&page.approval)}</div>
            {quotas}
            {differences(page)}
            {manifest(page)}
            {page.dry_run.as_ref().map(|verdict| dry_run(page, verdict))}
            {send(page)}
        </aside>
    }
    .into_any()
}

fn differences(page: &RequestFormPage) -> Option<AnyView> {
    if page.differences.is_empty() {
        return None;
    }
    let title = match page.action {
        Action::Change => "What changes",
        _ if page.plans.is_empty() => "Differs from the defaults",
        _ => "Differs from the plan",
    };
    let rows: Vec<_> = page
        .differences
        .iter()
        .map(|(path, from, to)| {
            view! {
                <li>
                    <span class="mono path">{path.clone()}</span>
                    <span><del>{in_words(from)}</del><span class="unseen">" becomes "</span>{icon("arrow")}<ins>{in_words(to)}</ins></span>
                </li>
            }
        })
        .collect();
    Some(view! { <div><h3>{title}</h3><ul role="list" class="differences">{rows}</ul></div> }.into_any())
}

/// Formats a value; empty entries are counted.
fn in_words(value: &str) -> String {
    let entries = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
    match entries {
        Some(entries)
            if !entries.is_empty()
                && entries
                    .split(',')
                    .all(|entry| matches!(entry.trim(), "{}" | "\"\"")) =>
        {
            counted(entries.split(',').count(), "empty entry", "empty entries")
        }
        _ => value.to_owned(),
    }
}

fn manifest(page: &RequestFormPage) -> Option<AnyView> {
    (!page.manifest.is_empty()).then(|| {
        view! {
            <details class="fold" id="manifest-fold">
                <summary>{icon("right")}"The exact manifest"</summary>
                {code("manifest".to_owned(), "the manifest".to_owned(), page.manifest.clone())}
            </details>
        }
        .into_any()
    })
}

fn dry_run(page: &RequestFormPage, verdict: &DryRunResult) -> AnyView {
    // After a review without problems, one continues here.
    let first = (page.checked && page.problem_count == 0).then_some("");
    let (class, name, title) = match (verdict.accepted, verdict.answered) {
        (true, _) => ("notice good", "ready", "The control plane would accept it"),
        (false, true) => ("notice bad", "bad", "The control plane would not accept it"),
        (false, false) => (
            "notice warning",
            "unreachable",
            "The control plane could not check it",
        ),
    };
    view! {
        <div class=class role="status" id="dry-run" tabindex="-1" autofocus=first>{icon(name)}<div><h3>{title}</h3><p>{verdict.message.clone()}</p></div></div>
    }
    .into_any()
}

/// Fields that others manage, and the choice to take each over.
fn contested(page: &RequestFormPage) -> Option<AnyView> {
    if page.conflicts.is_empty() {
        return None;
    }
    let fields: Vec<_> = page
        .conflicts
        .iter()
        .enumerate()
        .map(|(index, it)| {
            let help = format!("take-over-{index}");
            let now = it.value.clone().map(|value| format!("It is {value} now. "));
            view! {
                <div class="field">
                    <label class="choice">
                        <input type="checkbox" name=names::TAKE_OVER value=it.field.clone() checked=it.taken autocomplete="off" aria-describedby=help.clone() />
                        <span class="label"><span class="mono">{it.field.clone()}</span>" from "{it.manager.clone()}</span>
                    </label>
                    <p class="help" id=help>{now}{it.follows.clone()}</p>
                </div>
            }
        })
        .collect();
    Some(
        view! {
            <fieldset class="stack" id="take-over">
                <legend class="label">"Take over from others"</legend>
                {fields}
            </fieldset>
        }
        .into_any(),
    )
}

fn send(page: &RequestFormPage) -> AnyView {
    let words = match page.action {
        Action::Create => format!("Request {}", page.offering.title),
        Action::Change => "Send change".to_owned(),
        Action::Renew => "Renew".to_owned(),
        Action::Adopt => "Adopt".to_owned(),
        Action::Delete => "Delete".to_owned(),
    };
    let blocked = page.form.is_none() || page.approval.denied.is_some();
    let count = (page.problem_count > 0).then(|| {
        let words = format!("{} to solve", counted(page.problem_count, "problem", "problems"));
        view! { <p class="problem" data-count="">{icon("warning")}<span>{words}</span></p> }
    });
    // Problems that belong to no field are shown here: at the top they would move the fields down.
    let whole = page.form.iter().flat_map(|form| form.problems.iter().cloned());
    // What the control plane says stands above already.
    let verdict = page.dry_run.as_ref().map(|verdict| verdict.message.as_str());
    let unplaced = page
        .problems
        .iter()
        .filter(|problem| problem.field.is_empty() && Some(problem.message.as_str()) != verdict);
    let named: Vec<_> = unplaced
        .map(|problem| problem.message.clone())
        .chain(whole.filter(|_| !page.yaml_tab))
        .map(|problem| view! { <li class="problem">{problem}</li> })
        .collect();
    let named =
        (!named.is_empty() && !page.fresh).then(|| view! { <ul role="list" class="lines">{named}</ul> });
    view! {
        <div class="send">
            {contested(page)}
            <div role="status" class="stack">{count}{named}</div>
            <div class="actions">
                <button class="button primary" name=names::DO value="submit" disabled=blocked>{words}</button>
                <button class="button" name=names::DO value="review">"Review"</button>
            </div>
            <p class="help">"Review asks the control plane whether it would take this, without sending anything."</p>
        </div>
    }
    .into_any()
}
