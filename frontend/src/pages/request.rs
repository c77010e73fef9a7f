use jiff::Timestamp;
use leptos::prelude::*;
use portico_api::{Frame, Link, RequestPage, RequestRow, RequestStep, message, names};
use portico_domain::request::{Action, MAX_COMMENT_CHARACTERS, State};

use crate::pages::claim::offering_link;
use crate::parts::badge::{action, state};
use crate::parts::summary::{placement, price_in_words, quota};
use crate::parts::text::{code, diff, place};
use crate::parts::{document, icon, rich, text, time, words};

/// A request: where is it, and who has to act?
#[must_use]
pub fn request(frame: &Frame, page: &RequestPage) -> String {
    document(frame, || {
        view! {
            <div class="live" data-live="request" data-decide="" data-under-way=(!page.row.state.is_end()).then_some("")>
                <div class="request-head">
                    {head(frame, page)}
                    {decide(frame, page)}
                </div>
                <div class="two">
                    <div class="stack-l">
                        {differences(page)}
                        {steps(frame, page)}
                    </div>
                    <div class="stack-l">{beside(frame, page)}</div>
                </div>
            </div>
            {page.may_decide.then(letter_keys)}
        }
        .into_any()
    })
}

/// The button that turns the shortcuts of a single letter off, for people whose speech input types letters.
pub(super) fn letter_keys() -> AnyView {
    let (off, on) = (text!("keys-off"), text!("keys-on"));
    let label = off.clone();
    view! {
        <button type="button" class="button quiet small keys when-alive" data-letters="" data-off=off data-on=on>{label}</button>
    }
    .into_any()
}

fn head(frame: &Frame, page: &RequestPage) -> AnyView {
    let row = &page.row;
    let claim = page.claim_href.as_ref().map(|link| {
        let class = if row.state == State::Fulfilled {
            "button primary"
        } else {
            "button"
        };
        view! { <a class=class href=link.to_string()>{text!("request-go-to-claim")}</a> }
    });
    let withdraw = page.may_withdraw.then(|| {
        view! {
            <form method="post" action=Link::Withdraw(row.id).to_string()>
                <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                <button class="button">{icon("undo")}{text!("request-withdraw")}</button>
            </form>
        }
    });
    let status = (!row.status.is_empty()).then(|| view! { <span>{words(&row.status)}</span> });
    view! {
        <div>
            <div class="page-head">
                <div>
                    <h1>{row.offering_title.clone()}" "{row.claim.name.to_string()}" "{action(row.action)}</h1>
                    <p>{words(&page.sentence)}"."</p>
                    <p class="state-line" role="status">{state(row.state)}" "{status}{waits_for(frame, page)}</p>
                </div>
            </div>
            <div class="actions">{claim}{again(frame, page)}{withdraw}</div>
        </div>
    }
    .into_any()
}

/// Who can decide, and since and until when.
fn waits_for(frame: &Frame, page: &RequestPage) -> Option<AnyView> {
    if page.row.state != State::AwaitingApproval {
        return None;
    }
    let who: Vec<String> = page
        .steps
        .iter()
        .filter(|step| step.current && !step.bad)
        .filter_map(|step| step.who.clone())
        .collect();
    let who = who
        .into_iter()
        .reduce(|one, other| text!("request-and", one = one, other = other))
        .map(|who| format!("{} · ", text!("request-waits-for", who = who)));
    let asked = time(frame.now, page.row.created_at).into_any();
    let asked = rich(message!("request-asked"), [("when", asked)]);
    let expires = page.expires_at.map(|at| expires(frame, at));
    Some(view! { <span>{who}{asked}{expires}</span> }.into_any())
}

/// ` · expires in 3 days`.
pub(super) fn expires(frame: &Frame, at: Timestamp) -> AnyView {
    let when = rich(
        message!("request-expires"),
        [("when", time(frame.now, at).into_any())],
    );
    view! { " · "{when} }.into_any()
}

/// Fills the form with what was requested before.
fn again(frame: &Frame, page: &RequestPage) -> Option<AnyView> {
    let row = &page.row;
    let yaml = page.again.clone()?;
    let action = match row.action {
        Action::Change => {
            let _ = page.claim_href.as_ref()?;
            Link::ChangeClaim(row.claim.clone())
        }
        _ => Link::NewRequest(row.claim.offering.clone()),
    };
    let plan = row
        .plan
        .as_ref()
        .map(|plan| view! { <input type="hidden" name=names::PLAN value=plan.to_string() /> });
    let workspace = format!("{}/{}", row.tenant, row.environment);
    Some(
        view! {
            <form method="post" action=action.to_string()>
                <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                <input type="hidden" name=names::WORKSPACE value=workspace />
                <input type="hidden" name=names::NAME value=row.claim.name.to_string() />
                {plan}
                <input type="hidden" name=names::NOTE value=page.note.clone().unwrap_or_default() />
                <input type="hidden" name=names::TAB value="yaml" />
                <input type="hidden" name=names::YAML value=yaml />
                <button class="button primary" name=names::DO value="tab:form">{icon("refresh")}{text!("request-again")}</button>
            </form>
        }
        .into_any(),
    )
}

fn decide(frame: &Frame, page: &RequestPage) -> Option<AnyView> {
    if let Some(why) = &page.may_not_decide {
        return Some(
            view! { <p class="why-not wide">{icon("lock")}<span>{words(why)}</span></p> }.into_any(),
        );
    }
    page.may_decide.then(|| {
        let form = decision(frame, &page.row, page.revision, page.row.href.to_string());
        view! { <section aria-label=text!("request-decision")>{form}</section> }.into_any()
    })
}

/// The approver's decision form. A rejection needs a comment, which the browser asks for and the server as well.
pub(super) fn decision(frame: &Frame, row: &RequestRow, revision: i64, after: String) -> AnyView {
    let id = &row.id;
    let comment = format!("comment-{id}");
    let help = format!("decide-help-{id}");
    view! {
        <form class="decide" id=format!("decide-{id}") method="post" action=Link::Decide(row.id).to_string()>
            <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
            <input type="hidden" name=names::REVISION value=revision.to_string() />
            <input type="hidden" name=names::RETURN_TO value=after />
            <label class="label" for=comment.clone()>{text!("request-comment")}<span class="mark">{text!("request-needed-to-reject")}</span></label>
            <textarea id=comment name=names::COMMENT rows="1" maxlength=MAX_COMMENT_CHARACTERS required aria-describedby=help.clone()
                placeholder=text!("request-reads-this", name = &row.requester)></textarea>
            <div class="actions">
                <button class="button primary" name=names::DECISION value="approve" formnovalidate>{icon("check")}{text!("request-approve")}</button>
                <button class="button danger" name=names::DECISION value="reject">{icon("close")}{text!("request-reject")}</button>
                <p class="keys when-alive" id=help>
                    <span class="when-approving">{rich(message!("request-key-approves"), [("keys", keys().into_any())])}</span>
                    <span class="when-rejecting">{rich(message!("request-key-rejects"), [("keys", keys().into_any())])}</span>
                </p>
            </div>
        </form>
    }
    .into_any()
}

/// The keys that send the decision.
fn keys() -> impl IntoView {
    view! { <kbd>"Ctrl"</kbd>" "<kbd>"Enter"</kbd> }
}

fn steps(frame: &Frame, page: &RequestPage) -> AnyView {
    let rows: Vec<_> = page.steps.iter().map(|each| step(frame, each)).collect();
    view! {
        <section aria-labelledby="steps">
            <h2 id="steps">{text!("request-what-happened")}</h2>
            <ol role="list" class="steps">{rows}</ol>
            {comment(frame, page)}
        </section>
    }
    .into_any()
}

/// The form for a comment without a decision.
fn comment(frame: &Frame, page: &RequestPage) -> Option<AnyView> {
    page.may_comment.then(|| {
        view! {
            <form class="say" method="post" action=Link::Comment(page.row.id).to_string()>
                <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                <div class="field">
                    <label class="label" for="say">{text!("request-add-comment")}</label>
                    <textarea id="say" name=names::COMMENT rows="2" maxlength=MAX_COMMENT_CHARACTERS required
                        aria-describedby="say-who"></textarea>
                    <p id="say-who" class="help">{text!("request-everybody-reads")}</p>
                </div>
                <button class="button">{icon("comment")}{text!("request-send-comment")}</button>
            </form>
        }
        .into_any()
    })
}

fn step(frame: &Frame, step: &RequestStep) -> impl IntoView + use<> {
    let (class, name, state) = match (step.bad, step.current, step.done) {
        _ if step.remark => ("step remark", "comment", text!("request-comment")),
        (true, ..) => ("step bad", "bad", text!("request-step-failed")),
        (_, true, _) => ("step current", "pending", text!("request-step-now")),
        (_, _, true) => ("step done", "ready", text!("request-step-done")),
        _ => ("step", "pending", text!("request-step-to-come")),
    };
    let when = step.at.map(|at| time(frame.now, at));
    let who = step.who.clone().map(|who| view! { <span>{who}</span> });
    let comment = step
        .comment
        .as_ref()
        .map(|comment| view! { <p class="step-comment">{words(comment)}</p> });
    view! {
        <li class=class aria-current=step.current.then_some("step")>
            <span class="step-mark">{icon(name)}<span class="unseen">{state}": "</span></span>
            <div>
                <p><strong>{words(&step.title)}</strong></p>
                <p class="step-by">{who}{when}</p>
                {comment}
            </div>
        </li>
    }
}

/// The differences, and folded behind them the manifest.
fn differences(page: &RequestPage) -> AnyView {
    let deletes = page.row.action == Action::Delete;
    let differs = if page.diff.is_empty() {
        let nothing = page.row.state == State::AwaitingApproval && !deletes;
        nothing.then(|| {
            view! { <p class="line well">{icon("ready")}<span>{text!("request-nothing-differs", against = &page.against)}</span></p> }.into_any()
        })
    } else {
        Some(diff(&page.diff).into_any())
    };
    let title = differs
        .is_some()
        .then(|| view! { <h2 id="diff">{text!("request-what-differs", against = &page.against)}</h2> });
    let take_over = (!page.take_over.is_empty()).then(|| {
        let fields = view! { <span class="mono">{page.take_over.join(", ")}</span> };
        let taken = rich(message!("request-take-over"), [("fields", fields.into_any())]);
        view! {
            <p class="line caution">{icon("warning")}<span>{taken}</span></p>
        }
    });
    view! {
        <section class="stack" aria-label=text!("request-what")>
            {title}
            {differs}
            {take_over}
            <details class="fold" id="manifest-fold">
                <summary>{icon("right")}{text!("request-manifest")}</summary>
                <div class="stack">
                    <p class="quiet">{text!("request-manifest-frozen")}</p>
                    {code("manifest".to_owned(), text!("request-the-manifest"), page.manifest.clone())}
                    <p class="quiet hash">"SHA-256 "<span class="mono">{page.manifest_hash.clone()}</span></p>
                </div>
            </details>
        </section>
    }
    .into_any()
}

fn beside(frame: &Frame, page: &RequestPage) -> AnyView {
    let row = &page.row;
    let rules: Vec<_> = page
        .rules
        .iter()
        .map(|(policy, rule, sentence)| {
            view! { <li><span>{sentence.clone()}</span><span class="reason mono">{policy.clone()}" / "{rule.clone()}</span></li> }
        })
        .collect();
    let rules = (!page.rules.is_empty()).then(|| {
        view! { <section><h2>{text!("request-rules")}</h2><ul role="list" class="lines">{rules}</ul></section> }
    });
    let quotas = (!page.quota.is_empty())
        .then(|| view! { <section><h2>{text!("quota")}</h2>{quota(&page.quota)}</section> });
    let deprecation = page
        .deprecation
        .as_ref()
        .map(|sentence| view! { <span class="reason">{words(sentence)}</span> });
    view! {
        <section aria-labelledby="about">
            <h2 id="about">{text!("about")}</h2>
            <dl class="facts">
                <div><dt>{text!("head-requested-by")}</dt><dd>{row.requester.clone()}</dd></div>
                <div><dt>{text!("request-when")}</dt><dd>{time(frame.now, row.created_at)}</dd></div>
                {page.expires_at.map(|at| view! { <div><dt>{text!("request-expires-head")}</dt><dd>{time(frame.now, at)}<span class="reason">{text!("request-if-nobody")}</span></dd></div> })}
                <div><dt>{text!("request-for")}</dt><dd>{place(Some(&row.tenant), Some(&row.environment))}</dd></div>
                <div><dt>{text!("head-offering")}</dt><dd>{offering_link(page.offering_href.as_ref(), &row.offering_title)}{deprecation}</dd></div>
                {row.plan.as_ref().map(|plan| view! { <div><dt>{text!("head-plan")}</dt><dd>{plan.to_string()}</dd></div> })}
                {cost_in_words(page).map(|cost| view! { <div><dt>{text!("price")}</dt><dd>{cost}</dd></div> })}
                <div><dt>{text!("head-request")}</dt><dd class="mono">{row.id.to_string()}</dd></div>
            </dl>
        </section>
        {rules}
        <section><h2>{text!("head-plane")}</h2>{placement(&page.placement)}</section>
        {quotas}
    }
    .into_any()
}

/// What it costs; in English as the API has it.
fn cost_in_words(page: &RequestPage) -> Option<String> {
    page.price
        .as_ref()
        .map(price_in_words)
        .or_else(|| page.cost.clone())
}
