//! The form for a new claim, or for a change to one: what must I decide?

mod aside;
mod choices;

use leptos::prelude::*;
use portico_domain::request::Action;
use portico_domain::view::{Frame, RequestFormPage, names};

use crate::islands::LiveForm;
use crate::parts::document;
use crate::parts::form::{Found, form, form_problems};
use crate::parts::text::{counted, empty};

/// The page of a request form. Without scripts its buttons post and the server answers with the form anew.
#[must_use]
pub fn request_form(frame: &Frame, page: &RequestFormPage) -> String {
    document(frame, || {
        let tried = page.tried.then_some("");
        view! {
            <div class="page-head"><div>
                <h1>{heading(page)}</h1>
                <p>"In "<strong>{format!("{}/{}", page.tenant, page.environment)}</strong></p>
            </div></div>
            <form class="request" method="post" action=page.post_to.clone() novalidate=true data-form="" data-tried=tried data-live-form="request">
                // The Enter key presses the first button: let it be a harmless one.
                <button class="unseen" name=names::DO value="review" tabindex="-1" aria-hidden="true">"Review"</button>
                <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                <input type="hidden" name=names::WORK_IN value=format!("{}/{}", page.tenant, page.environment) />
                <input type="hidden" name=names::SCHEMA value=page.schema_hash.clone() />
                {page.live_hash.clone().map(|hash| view! { <input type="hidden" name=names::LIVE value=hash /> })}
                <input type="hidden" name=names::REQUEST value=page.request_id.to_string() />
                <input type="hidden" name=names::PLAN_WAS value=page.plan.as_ref().map_or("", |plan| plan.as_str()).to_owned() />
                <input type="hidden" name=names::TAB value=if page.yaml_tab { "yaml" } else { "form" } />
                <div class="request-main">
                    {problem_summary(page)}
                    {choices::name(page)}
                    {choices::plans(page)}
                    {choices::place(page)}
                    {parameters(page)}
                    {choices::note(page)}
                </div>
                {aside::aside(page)}
            </form>
            <LiveForm />
        }
        .into_any()
    })
}

fn heading(page: &RequestFormPage) -> String {
    match page.action {
        Action::Change => format!("Change {}", page.name),
        Action::Renew => format!("Renew {}", page.name),
        Action::Delete => format!("Delete {}", page.name),
        Action::Create => format!("Request {}", page.offering.title),
    }
}

/// All problems, each leading to its field, as the first thing that one meets after sending.
fn problem_summary(page: &RequestFormPage) -> Option<AnyView> {
    let mut rows = Vec::new();
    rows.extend(page.problems.iter().map(|problem| {
        let place = (!problem.field.is_empty()).then(|| format!("{}: ", problem.field));
        view! { <li>{place}{problem.message.clone()}</li> }.into_any()
    }));
    let unplaced = page.form.iter().flat_map(|form| &form.problems);
    rows.extend(unplaced.map(|problem| view! { <li>{problem.clone()}</li> }.into_any()));
    let anything_unplaced = !rows.is_empty();
    if page.tried {
        let name = page.name_problems.iter().map(|problem| Found {
            id: choices::NAME_ID.to_owned(),
            label: "Name".to_owned(),
            problem: problem.clone(),
        });
        let fields = page.form.as_ref().map(form_problems).unwrap_or_default();
        rows.extend(name.chain(fields).map(|found| {
            view! { <li><a href=format!("#{}", found.id)>{found.label}": "{found.problem}</a></li> }
                .into_any()
        }));
    }
    if rows.is_empty() {
        return None;
    }
    let unasked = page.dry_run.as_ref().is_some_and(|verdict| !verdict.answered);
    let title = if unasked {
        "Nothing was sent: the control plane could not be asked".to_owned()
    } else if page.tried {
        format!(
            "{} to solve before this can be sent",
            counted(rows.len(), "problem", "problems")
        )
    } else {
        "This cannot be sent as it is".to_owned()
    };
    let role = (page.tried || anything_unplaced).then_some("alert");
    Some(
        view! {
            <div class="notice bad" role=role id="problems" tabindex="-1">
                {crate::parts::icon("bad")}
                <div><h2>{title}</h2><ul role="list" class="lines">{rows}</ul></div>
            </div>
        }
        .into_any(),
    )
}

fn parameters(page: &RequestFormPage) -> AnyView {
    let Some(fields) = &page.form else {
        return empty(
            "unreachable",
            "No control plane can serve this just now",
            "Beside this you see what rules each of them out. Try another region or control plane, or come back later.",
            None,
        );
    };
    let tab = |value: &'static str, title: &'static str, current: bool| {
        view! {
            <button class="tab" name=names::DO value=value aria-current=current.then_some("true")>{title}</button>
        }
    };
    let body = if page.yaml_tab {
        yaml(page)
    } else {
        form(fields, &page.post_to)
    };
    view! {
        <section aria-labelledby="parameters">
            <div class="section-head">
                <h2 id="parameters">"Parameters"</h2>
                <div class="tabs">{tab("tab:form", "Form", !page.yaml_tab)}{tab("tab:yaml", "YAML", page.yaml_tab)}</div>
            </div>
            {body}
        </section>
    }
    .into_any()
}

fn yaml(page: &RequestFormPage) -> AnyView {
    let problem = page.yaml_problem.clone().map(|problem| {
        view! { <p class="problem" id="yaml-problem">{crate::parts::icon("warning")}<span>{problem}</span></p> }
    });
    let wrong = page.yaml_problem.is_some();
    let rows = (page.yaml.lines().count() + 2).clamp(12, 40).to_string();
    view! {
        <div class=if wrong { "field wrong" } else { "field" }>
            <label class="label" for="yaml">"The object as YAML"</label>
            <p class="help" id="yaml-help">"The same as the form shows. What you change here stands in the form when you go back."</p>
            {problem}
            <textarea id="yaml" class="mono" name=names::YAML rows=rows spellcheck="false" autocomplete="off"
                aria-invalid=wrong.then_some("true") aria-describedby=if wrong { "yaml-help yaml-problem" } else { "yaml-help" }>{crate::parts::text::area(&page.yaml)}</textarea>
        </div>
    }
    .into_any()
}
