//! The form for a new claim or a change: what do I have to decide?

mod choices;
mod side_panel;

use leptos::prelude::*;
use portico_api::{Frame, Problem, RequestFormPage, names};
use portico_domain::request::Action;

use crate::parts::document;
use crate::parts::form::{FieldProblem, form, form_problems, problem_list};
use crate::parts::lifecycle::{Reader, lifecycle_notice};
use crate::parts::text::{counted, empty};

/// The request form. Without scripts its buttons post, and the server answers with the form again.
#[must_use]
pub fn request_form(frame: &Frame, page: &RequestFormPage) -> String {
    document(frame, || {
        let tried = page.tried.then_some("");
        let summary = problem_summary(page);
        view! {
            <div class="page-head"><div>
                <h1>{heading(page)}</h1>
                <p>"In "<strong>{format!("{}/{}", page.tenant, page.environment)}</strong></p>
                <p class="restored" data-restored="" hidden=true><span role="status"></span><button type="button" class="link">"Discard"</button></p>
            </div></div>
            <form class="request" method="post" action=page.post_to.to_string() novalidate=true data-form="" data-tried=tried
                data-fresh=page.fresh.then_some("") data-live-form="request">
                // Enter presses the first button, so the first one must be harmless.
                <button class="unseen" name=names::DO value="review" tabindex="-1" aria-hidden="true">"Review"</button>
                <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                <input type="hidden" name=names::WORKSPACE value=format!("{}/{}", page.tenant, page.environment) />
                <input type="hidden" name=names::SCHEMA value=page.schema_hash.clone() />
                {page.placement.chosen.as_ref().map(|chosen| view! { <input type="hidden" name=names::PLACED value=chosen.to_string() /> })}
                {page.live_hash.clone().map(|hash| view! { <input type="hidden" name=names::LIVE value=hash /> })}
                {page.whole.clone().map(|whole| view! { <input type="hidden" name=names::WHOLE value=whole /> })}
                {page.kept.clone().map(|kept| view! { <input type="hidden" name=names::KEPT value=kept /> })}
                <input type="hidden" name=names::REQUEST value=page.request_id.to_string() />
                <input type="hidden" name=names::PLAN_WAS value=page.plan.as_ref().map_or("", |plan| plan.as_str()).to_owned() />
                <input type="hidden" name=names::TAB value=if page.yaml_tab { "yaml" } else { "form" } />
                {(page.tried && summary.is_some()).then(|| view! { <input type="hidden" name=names::TRIED value="1" /> })}
                <div class="request-main">
                    {summary}
                    {lifecycle_notice(&page.offering.title, &page.offering.lifecycle, Reader::Form)}
                    {notes(page)}
                    {choices::name(page)}
                    {choices::plans(page)}
                    {choices::place(page)}
                    {parameters(page)}
                    {choices::note(page)}
                </div>
                {side_panel::side_panel(page)}
            </form>
        }
        .into_any()
    })
}

fn heading(page: &RequestFormPage) -> String {
    match page.action {
        Action::Change => format!("Change {}", page.name),
        Action::Renew => format!("Renew {}", page.name),
        Action::Adopt => format!("Adopt {}", page.name),
        Action::Delete => format!("Delete {}", page.name),
        Action::Create => format!("Request {}", page.offering.title),
    }
}

/// All problems, each with a link to its field. Shown first after submitting.
fn problem_summary(page: &RequestFormPage) -> Option<AnyView> {
    let mut rows = Vec::new();
    rows.extend(
        page.yaml_problem
            .iter()
            .map(|problem| view! { <li><a href="#yaml">"YAML: "{problem.clone()}</a></li> }.into_any()),
    );
    rows.extend(page.problems.iter().map(|problem| problem_row(page, problem)));
    let unplaced = page.form.iter().flat_map(|form| &form.problems);
    rows.extend(unplaced.map(|problem| view! { <li>{problem.clone()}</li> }.into_any()));
    let anything_unplaced = !rows.is_empty();
    if page.tried {
        let name = page.name_problems.iter().map(|problem| FieldProblem {
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
        // The list stays in place until all problems are solved.
        let solved = page.tried && !page.checked;
        return solved.then(|| {
            view! {
                <div class="notice good" id="problems" tabindex="-1">
                    {crate::parts::icon("ready")}
                    <div><h2>"Every problem is solved"</h2><p>"Send it when you are ready."</p></div>
                </div>
            }
            .into_any()
        });
    }
    let unasked = page.dry_run.as_ref().is_some_and(|verdict| !verdict.answered);
    let title = if unasked {
        "Nothing was sent: the control plane could not check it".to_owned()
    } else if page.tried {
        format!(
            "{} to solve before this can be sent",
            counted(rows.len(), "problem", "problems")
        )
    } else {
        "This cannot be sent as it is".to_owned()
    };
    let role = (page.checked || page.fresh && anything_unplaced).then_some("alert");
    let first = page.checked.then_some("");
    Some(
        view! {
            <div class="notice bad" role=role id="problems" tabindex="-1" autofocus=first>
                {crate::parts::icon("bad")}
                <div><h2>{title}</h2><ul role="list" class="lines">{rows}</ul></div>
            </div>
        }
        .into_any(),
    )
}

/// A problem that belongs to no field of the form: links to the choice it is about, if any, and names the field of the
/// object.
fn problem_row(page: &RequestFormPage, problem: &Problem) -> AnyView {
    let field = problem.field.as_str();
    let is_of_object = ["spec", "metadata", "status", "apiVersion", "kind"]
        .iter()
        .any(|top| field.split(['.', '[']).next() == Some(top));
    let message = if is_of_object && !problem.message.contains(field) {
        format!("{field}: {}", problem.message)
    } else {
        problem.message.clone()
    };
    let to = match field {
        "" => None,
        "plan" => Some("#plan"),
        "controlPlane" => Some("#plane"),
        _ => page.yaml_tab.then_some("#yaml"),
    };
    match to {
        Some(to) => view! { <li><a href=to>{message}</a></li> }.into_any(),
        None => view! { <li>{message}</li> }.into_any(),
    }
}

/// Notes that need no action.
fn notes(page: &RequestFormPage) -> Option<AnyView> {
    (!page.notes.is_empty()).then(|| {
        let rows: Vec<_> = page
            .notes
            .iter()
            .map(|note| view! { <li>{note.clone()}</li> })
            .collect();
        view! {
            <div class="notice" role="status" id="notes">
                {crate::parts::icon("comment")}
                <div><ul role="list" class="lines">{rows}</ul></div>
            </div>
        }
        .into_any()
    })
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
        form(fields, &page.post_to.to_string())
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
    let named = page.yaml_problems.iter().map(|problem| match problem.line {
        Some(line) => format!("Line {line}: {}", problem.message),
        None => problem.message.clone(),
    });
    let problems: Vec<String> = page
        .yaml_problem
        .iter()
        .map(|problem| upper(problem))
        .chain(named)
        .collect();
    let wrong = !problems.is_empty();
    let problems = problem_list(&problems, "yaml-problems");
    let rows = (page.yaml.lines().count() + 2).clamp(12, 40).to_string();
    view! {
        <div class=if wrong { "field wrong" } else { "field" } data-field=names::YAML>
            <label class="label" for="yaml">"The object as YAML"</label>
            <p class="help" id="yaml-help">"The same as the form shows. What you change here stands in the form when you go back."</p>
            {problems}
            <textarea id="yaml" class="mono" name=names::YAML rows=rows spellcheck="false" autocomplete="off"
                aria-invalid=wrong.then_some("true") aria-describedby=if wrong { "yaml-help yaml-problems" } else { "yaml-help" }>{crate::parts::text::area(&page.yaml)}</textarea>
            {crate::parts::text::hidden_characters(&page.yaml)}
        </div>
    }
    .into_any()
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
