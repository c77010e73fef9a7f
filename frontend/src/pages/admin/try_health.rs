use leptos::prelude::*;
use portico_api::{
    ClaimHealthTrial, Frame, HealthRuleProblem, HealthTrial, Link, ShownHealth, TryHealthPage, names,
};

use crate::pages::claims::csrf;
use crate::parts::badge::health;
use crate::parts::text::{area, code, counted, grouped, hidden_characters, place};
use crate::parts::{document, icon};

/// The form that tries health rules of an offering, and what came of them.
#[must_use]
pub fn admin_try_health(frame: &Frame, page: &TryHealthPage) -> String {
    document(frame, || {
        let report = page.trial.as_ref().map(|trial| report(page, trial));
        view! {
            <div class="page-head"><div>
                <h1>"Health rules of "{page.title.clone()}</h1>
                <p>"See what the claims that run would show by other rules, before you write them into the Offering document. Nothing is changed."</p>
            </div></div>
            {report}
            {form(frame, page)}
        }
        .into_any()
    })
}

fn form(frame: &Frame, page: &TryHealthPage) -> AnyView {
    let rules = &page.rules;
    let problems = |rule: &str| -> Vec<&HealthRuleProblem> {
        let trial = page.trial.iter();
        trial
            .flat_map(|trial| &trial.problems)
            .filter(|problem| problem.rule == rule)
            .collect()
    };
    view! {
        <section aria-labelledby="rules-title">
            <h2 id="rules-title">{if page.trial.is_some() { "Try others" } else { "The rules" }}</h2>
            <form method="post" action=Link::TryHealth(page.offering.clone()).to_string() class="stack-l">
                {csrf(frame)}
                <p class="help">"CEL expressions over "<code>"object"</code>", the claim as its control plane returns it. An empty rule leaves the decision to the kind’s adapter."</p>
                {rule("failed", names::HEALTH_FAILED, "Failed", "True when something is wrong. Evaluated first.", rules.failed.as_deref(), &problems("failed"))}
                {rule("ready", names::HEALTH_READY, "Ready", "True when it works. A missing field makes it false.", rules.ready.as_deref(), &problems("ready"))}
                {rule("message", names::HEALTH_MESSAGE, "Message", "A text that explains why it does not work.", rules.message.as_deref(), &problems("message"))}
                <div class="actions"><button class="button primary">{icon("search")}"Try them"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn rule(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    help: &'static str,
    text: Option<&str>,
    problems: &[&HealthRuleProblem],
) -> AnyView {
    let text = text.unwrap_or_default();
    let (help_id, problems_id) = (format!("{id}-help"), format!("{id}-problems"));
    let wrong = !problems.is_empty();
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| view! { <p class="problem">{icon("warning")}<span>{in_words(problem)}</span></p> })
        .collect();
    let lines = wrong.then(|| view! { <div class="problems" id=problems_id.clone()>{lines}</div> });
    let described = if wrong {
        format!("{help_id} {problems_id}")
    } else {
        help_id.clone()
    };
    let rows = (text.lines().count() + 1).clamp(2, 12).to_string();
    view! {
        <div class=if wrong { "field wrong" } else { "field" }>
            <label class="label" for=id>{label}</label>
            <p class="help" id=help_id>{help}</p>
            {lines}
            <textarea id=id class="mono" name=name rows=rows spellcheck="false" autocomplete="off" maxlength="4000"
                aria-invalid=wrong.then_some("true") aria-describedby=described>{area(text)}</textarea>
            {hidden_characters(text)}
        </div>
    }
    .into_any()
}

fn in_words(problem: &HealthRuleProblem) -> String {
    let message = problem.message.trim_end_matches('.');
    match (problem.line, problem.column) {
        (Some(line), Some(column)) => format!("Line {line}, column {column}: {message}."),
        _ => format!("{message}."),
    }
}

fn report(page: &TryHealthPage, trial: &HealthTrial) -> AnyView {
    if !trial.problems.is_empty() {
        return view! {
            <div class="notice bad" role="status">{icon("bad")}<p>
                {counted(trial.problems.len(), "rule", "rules")}" cannot be used, so no claim was tried. See below."
            </p></div>
        }
        .into_any();
    }
    let rows: Vec<_> = trial.claims.iter().map(claim).collect();
    let table = (!rows.is_empty()).then(|| {
        view! {
            <div class="table-wrap"><table class="rows">
                <caption class="unseen">"What the claims show and would show"</caption>
                <thead><tr>
                    <th scope="col">"Claim"</th><th scope="col">"Tenant"</th><th scope="col">"Today"</th><th scope="col">"With these rules"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
    });
    let more = trial.tried.saturating_sub(trial.claims.len());
    let more =
        (more > 0).then(|| view! { <p class="quiet">"And "{grouped(more)}" more that were tried."</p> });
    view! {
        <section aria-labelledby="result" class="stack">
            <h2 id="result">"What claims would show"</h2>
            {summary(page, trial)}
            {table}
            {more}
        </section>
        {paste(page, trial)}
    }
    .into_any()
}

fn summary(page: &TryHealthPage, trial: &HealthTrial) -> AnyView {
    let tried = counted(trial.tried, "claim", "claims");
    let part = (trial.tried < trial.known).then(|| format!(" of {}", grouped(trial.known)));
    if trial.known == 0 {
        return view! { <p class="line">{icon("claims")}<span>"There are no claims to try them on."</span></p> }.into_any();
    }
    if trial.changed == 0 {
        let why = if page.in_force {
            "These are the rules in force."
        } else {
            "None would show anything else."
        };
        return view! { <p class="line well">{icon("ready")}<span>{tried}{part}" tried. "{why}</span></p> }
            .into_any();
    }
    view! { <p>{tried}{part}" tried: "<strong>{grouped(trial.changed)}" would show something else"</strong>"."</p> }
        .into_any()
}

fn claim(trial: &ClaimHealthTrial) -> impl IntoView + use<> {
    let place_of = trial.namespace.as_ref().map_or_else(
        || trial.plane.clone(),
        |namespace| format!("{namespace} on {}", trial.plane),
    );
    let tried = if trial.changed {
        shown(&trial.tried)
    } else {
        view! { <span class="quiet">"As today"</span> }.into_any()
    };
    view! {
        <tr>
            <th scope="row"><a href=trial.href.to_string()>{trial.name.clone()}</a><span class="reason">{place_of}</span></th>
            <td data-label="Tenant">{place(trial.tenant.as_ref(), trial.environment.as_ref())}</td>
            <td data-label="Today">{shown(&trial.today)}</td>
            <td data-label="With these rules">{tried}</td>
        </tr>
    }
}

fn shown(status: &ShownHealth) -> AnyView {
    let reason =
        (!status.reason.is_empty()).then(|| view! { <span class="reason">{status.reason.clone()}</span> });
    view! { {health(status.health)}{reason} }.into_any()
}

/// The YAML for the document.
fn paste(page: &TryHealthPage, trial: &HealthTrial) -> Option<AnyView> {
    if page.in_force {
        return None;
    }
    Some(
        view! {
            <section aria-labelledby="paste" class="stack">
                <h2 id="paste">"For the Offering document"</h2>
                <p class="quiet">"To use these rules, put this into the document of "<span class="mono">{page.offering.to_string()}</span>"."</p>
                {code("rules-yaml".to_owned(), "the YAML".to_owned(), trial.yaml.clone())}
            </section>
        }
        .into_any(),
    )
}
