use leptos::prelude::*;
use portico_api::{
    ClaimTrial, DefinitionTrial, Frame, Link, PlaneTrial, TrialEffect, TrialFinding, TrialOutcome,
    TryDefinitionPage, names,
};
use portico_domain::definition_change::{DefaultedWhen, RefusedUpdate};
use serde_json::Value;

use crate::pages::claims::csrf;
use crate::parts::text::{area, counted, grouped, hidden_characters, place};
use crate::parts::{document, icon};

/// The form that tries a changed definition, and what came of it.
#[must_use]
pub fn admin_try_definition(frame: &Frame, page: &TryDefinitionPage) -> String {
    document(frame, || {
        let report = page.trial.as_ref().map(report);
        view! {
            <div class="page-head"><div>
                <h1>"Try a definition"</h1>
                <p>"See what a changed definition does to the claims that run, before you roll it out. Nothing is changed."</p>
            </div></div>
            {report}
            {form(frame, page)}
        }
        .into_any()
    })
}

fn form(frame: &Frame, page: &TryDefinitionPage) -> AnyView {
    let wrong = page.problem.is_some();
    let problem = page.problem.clone().map(|problem| {
        view! { <div class="problems" id="definition-problems"><p class="problem">{icon("warning")}<span>{problem}</span></p></div> }
    });
    let rows = (page.document.lines().count() + 2).clamp(12, 24).to_string();
    let title = if page.trial.is_some() {
        "Try another"
    } else {
        "The changed definition"
    };
    view! {
        <section aria-labelledby="definition-title">
            <h2 id="definition-title">{title}</h2>
            <form method="post" action=Link::TryDefinition.to_string() class="stack">
                {csrf(frame)}
                <div class=if wrong { "field wrong" } else { "field" }>
                    <label class="label" for="definition">"Definition as YAML"<span class="mark">"required"</span></label>
                    <p class="help" id="definition-help">"One CustomResourceDefinition or CompositeResourceDefinition, whole, as you would apply it."</p>
                    {problem}
                    <textarea id="definition" class="mono" name=names::DEFINITION rows=rows spellcheck="false" autocomplete="off"
                        aria-required="true" aria-invalid=wrong.then_some("true")
                        aria-describedby=if wrong { "definition-help definition-problems" } else { "definition-help" }>{area(&page.document)}</textarea>
                    {hidden_characters(&page.document)}
                </div>
                <div class="actions"><button class="button primary">{icon("search")}"Try it"</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn report(trial: &DefinitionTrial) -> AnyView {
    let derived = trial
        .derived
        .then_some(", as Crossplane derives it from the CompositeResourceDefinition");
    let title = trial.title.clone().unwrap_or_else(|| trial.kind.clone());
    let missing = trial.missing_version.clone().map(|version| {
        view! {
            <div class="notice warning">{icon("warning")}<p>
                "The Offering document names version "<code>{version}</code>", which this definition does not serve. Change the document first."
            </p></div>
        }
    });
    let planes: Vec<_> = trial.planes.iter().map(plane).collect();
    let nobody = trial
        .planes
        .is_empty()
        .then(|| view! { <p class="line">{icon("planes")}<span>"No control plane offers this kind, so there is no claim to try."</span></p> });
    view! {
        <section aria-labelledby="result" class="stack">
            <div>
                <h2 id="result">{title}</h2>
                <p class="quiet"><span class="mono">{trial.definition.clone()}</span>{derived}</p>
            </div>
            {faults("No API server would accept this definition", &trial.faults)}
            {missing}
            {nobody}
        </section>
        {planes}
        {(!trial.planes.is_empty()).then(legend)}
    }
    .into_any()
}

fn faults(title: &'static str, faults: &[String]) -> Option<AnyView> {
    if faults.is_empty() {
        return None;
    }
    let rows: Vec<_> = faults
        .iter()
        .map(|fault| view! { <li class="mono">{fault.clone()}</li> })
        .collect();
    Some(
        view! { <div class="notice bad" role="status">{icon("bad")}<div><p>{title}":"</p><ul>{rows}</ul></div></div> }
            .into_any(),
    )
}

fn plane(trial: &PlaneTrial) -> AnyView {
    let id = format!("plane-{}", trial.plane.name);
    let problem = trial.problem.clone().map(|problem| {
        view! { <div class="notice warning" role="status">{icon("warning")}<p>{problem}</p></div> }
    });
    view! {
        <section aria-labelledby=id.clone() class="stack">
            <h2 id=id.clone()><a href=Link::ControlPlane(trial.plane.name.clone()).to_string()>{trial.plane.title.clone()}</a></h2>
            {problem}
            {faults("This control plane would not accept it", &trial.faults)}
            {versions(trial)}
            {summary(trial)}
            {findings(trial)}
            {claims(trial)}
        </section>
    }
    .into_any()
}

fn summary(trial: &PlaneTrial) -> AnyView {
    let affected = trial.tried.saturating_sub(trial.unaffected);
    match (trial.outcome, trial.tried, affected) {
        (TrialOutcome::NotTried, _, _) => {
            let known = counted(trial.known, "claim", "claims");
            view! { <p class="quiet">{format!("Not tried: {known} that Portico knows of.")}</p> }.into_any()
        }
        (TrialOutcome::Complete, 0, _) => {
            view! { <p class="quiet">"It has no claims of this kind."</p> }.into_any()
        }
        (TrialOutcome::Complete, tried, 0) => {
            let tried = counted(tried, "claim", "claims");
            view! { <p class="line well">{icon("ready")}<span>{format!("{tried} tried, and nothing happens to any.")}</span></p> }
                .into_any()
        }
        (_, tried, affected) => {
            let tried = counted(tried, "claim", "claims");
            view! { <p>{format!("{tried} tried: {} affected, {} as before.", grouped(affected), grouped(trial.unaffected))}</p> }
                .into_any()
        }
    }
}

fn versions(trial: &PlaneTrial) -> Option<AnyView> {
    if trial.removed_versions.is_empty() {
        return None;
    }
    let removed = trial.removed_versions.join(", ");
    let moved = (trial.removed_versions.contains(&trial.version))
        .then(|| trial.tried_version.clone())
        .flatten()
        .map(|tried| {
            format!(
                " Portico uses {} there; the claims were tried as {tried}.",
                trial.version
            )
        });
    Some(
        view! {
            <p class="caution">{icon("degraded")}<span>"No longer served: "<span class="mono">{removed}</span>". Whoever applies this version is refused."{moved}</span></p>
        }
        .into_any(),
    )
}

fn findings(trial: &PlaneTrial) -> Option<AnyView> {
    if trial.findings.is_empty() {
        return None;
    }
    let rows: Vec<_> = trial.findings.iter().map(finding).collect();
    Some(
        view! {
            <div class="table-wrap"><table class="rows">
                <caption class="unseen">{format!("What happens on {}", trial.plane.title)}</caption>
                <thead><tr>
                    <th scope="col">"What happens"</th><th scope="col">"Field"</th><th scope="col" class="number">"Claims"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
        .into_any(),
    )
}

fn finding(finding: &TrialFinding) -> impl IntoView + use<> {
    let effect = &finding.effect;
    view! {
        <tr>
            <th scope="row">{mark(effect)}</th>
            <td data-label="Field"><span class="mono">{path(effect)}</span>{detail(effect)}</td>
            <td data-label="Claims" class="number">{grouped(finding.claims)}</td>
        </tr>
    }
}

fn claims(trial: &PlaneTrial) -> Option<AnyView> {
    if trial.claims.is_empty() {
        return None;
    }
    let rows: Vec<_> = trial.claims.iter().map(claim).collect();
    let more = (trial.more_claims > 0)
        .then(|| view! { <p class="quiet">"And "{grouped(trial.more_claims)}" more."</p> });
    let affected = counted(
        trial.claims.len() + trial.more_claims,
        "affected claim",
        "affected claims",
    );
    Some(
        view! {
            <details class="fold" open=trial.claims.len() <= 20>
                <summary>{icon("right")}{affected}</summary>
                <div>
                    <div class="table-wrap"><table class="rows">
                        <caption class="unseen">{format!("Affected claims on {}", trial.plane.title)}</caption>
                        <thead><tr>
                            <th scope="col">"Claim"</th><th scope="col">"Tenant"</th><th scope="col">"What happens"</th>
                        </tr></thead>
                        <tbody>{rows}</tbody>
                    </table></div>
                    {more}
                </div>
            </details>
        }
        .into_any(),
    )
}

fn claim(trial: &ClaimTrial) -> impl IntoView + use<> {
    let name = match &trial.href {
        Some(href) => view! { <a href=href.to_string()>{trial.name.clone()}</a> }.into_any(),
        None => trial.name.clone().into_any(),
    };
    let namespace = trial
        .namespace
        .clone()
        .map(|namespace| view! { <span class="reason mono">{namespace}</span> });
    let effects: Vec<_> = trial
        .effects
        .iter()
        .map(|effect| view! { <li>{mark(effect)}" "<span class="mono">{path(effect)}</span>{detail(effect)}</li> })
        .collect();
    view! {
        <tr>
            <th scope="row">{name}{namespace}</th>
            <td data-label="Tenant">{place(trial.tenant.as_ref(), trial.environment.as_ref())}</td>
            <td data-label="What happens"><ul role="list" class="stack">{effects}</ul></td>
        </tr>
    }
}

/// What happens, with an icon for how grave it is.
fn mark(effect: &TrialEffect) -> AnyView {
    let (class, name) = match effect {
        TrialEffect::Refused(refusal) if refusal.update == RefusedUpdate::Every => ("problem", "bad"),
        TrialEffect::Refused(_) | TrialEffect::Pruned { .. } | TrialEffect::Indeterminate => {
            ("caution", "degraded")
        }
        TrialEffect::Defaulted(_) => ("line", "edit"),
    };
    view! { <span class=class>{icon(name)}<span>{title(effect)}</span></span> }.into_any()
}

fn title(effect: &TrialEffect) -> &'static str {
    match effect {
        TrialEffect::Refused(refusal) => match refusal.update {
            RefusedUpdate::Every => "Refused at every change",
            RefusedUpdate::OfSpec => "Refused when its spec changes",
            RefusedUpdate::OfField => "Refused when this field changes",
            RefusedUpdate::Never => "Refused when created again",
        },
        TrialEffect::Pruned { .. } => "Field is dropped",
        TrialEffect::Indeterminate => "Not known: a rule cannot be evaluated",
        TrialEffect::Defaulted(change) => match change.when {
            DefaultedWhen::Read => "Gets a default at once",
            DefaultedWhen::Created => "Another default when created again",
        },
    }
}

fn path(effect: &TrialEffect) -> String {
    match effect {
        // The API server's word for an error that is about no field.
        TrialEffect::Refused(refusal) if refusal.path == "<nil>" => String::new(),
        TrialEffect::Refused(refusal) => refusal.path.clone(),
        TrialEffect::Pruned { path } => path.clone(),
        TrialEffect::Defaulted(change) => change.path.clone(),
        TrialEffect::Indeterminate => String::new(),
    }
}

fn detail(effect: &TrialEffect) -> Option<AnyView> {
    let text = match effect {
        TrialEffect::Refused(refusal) => refusal.message.clone(),
        TrialEffect::Defaulted(change) => {
            let show =
                |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            format!("{} → {}", show(change.from.as_ref()), show(change.to.as_ref()))
        }
        TrialEffect::Pruned { .. } | TrialEffect::Indeterminate => return None,
    };
    Some(view! { <span class="reason">{text}</span> }.into_any())
}

/// What the words of the report mean.
fn legend() -> AnyView {
    view! {
        <section aria-labelledby="legend">
            <h2 id="legend">"What this means"</h2>
            <dl class="facts">
                <div><dt>"Refused at every change"</dt><dd>"Nothing about the claim can be changed any more, not even a label. Deleting it hangs if a finalizer has to be removed."</dd></div>
                <div><dt>"Refused when its spec changes"</dt><dd>"It runs on, but whoever changes anything in its spec has to mend this too. It cannot be created again as it is."</dd></div>
                <div><dt>"Refused when this field changes"</dt><dd>"It runs on, and other fields can be changed. It cannot be created again as it is."</dd></div>
                <div><dt>"Field is dropped"</dt><dd>"The value is gone from what the control plane returns, and from what it stores at the next change."</dd></div>
                <div><dt>"Gets a default at once"</dt><dd>"The claim has no value there. Its controller sees the default as soon as the definition is applied."</dd></div>
                <div><dt>"Another default when created again"</dt><dd>"The claim keeps its value if it is stored. One created without the field gets the new default."</dd></div>
            </dl>
            <p class="quiet">"Admission webhooks and policies are not asked. Values of claims are left out; defaults come from the definition."</p>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use portico_domain::definition_change::{Refusal, RefusedUpdate};

    use super::*;

    #[test]
    fn an_error_about_no_field_shows_none() {
        let refused = |path: &str| {
            super::path(&TrialEffect::Refused(Refusal {
                update: RefusedUpdate::OfSpec,
                create: false,
                path: path.to_owned(),
                message: "Required value".to_owned(),
            }))
        };
        assert_eq!(
            (refused("spec.size").as_str(), refused("<nil>").as_str()),
            ("spec.size", "")
        );
    }
}
