use leptos::prelude::*;
use portico_api::{Frame, RequestPage, RequestStep, names};
use portico_domain::request::{COMMENT_CHARACTERS, State};

use crate::parts::badge::{action_word, state};
use crate::parts::summary::{placement, quota};
use crate::parts::text::{code, diff};
use crate::parts::{document, icon, time};

/// A request: where is it, and who has to act?
#[must_use]
pub fn request(frame: &Frame, page: &RequestPage) -> String {
    document(frame, || {
        view! {
            <div class="live" data-live="request" data-under-way=(!page.row.state.is_end()).then_some("")>
                {head(page)}
                <div class="two">
                    <div class="stack-l">
                        {decide(frame, page)}
                        {steps(frame, page)}
                        {differences(page)}
                        <section aria-labelledby="manifest-title">
                            <h2 id="manifest-title">"Manifest"</h2>
                            <p class="quiet after">"Frozen when it was sent: what is approved is this, and what is applied is this."</p>
                            {code("manifest".to_owned(), "the manifest".to_owned(), page.manifest.clone())}
                            <p class="quiet hash">"SHA-256 "<span class="mono">{page.manifest_hash.clone()}</span></p>
                        </section>
                    </div>
                    <div class="stack-l">{beside(frame, page)}</div>
                </div>
            </div>
        }
        .into_any()
    })
}

fn head(page: &RequestPage) -> AnyView {
    let row = &page.row;
    let claim = page.claim_href.as_ref().map(|link| {
        let class = if row.state == State::Fulfilled {
            "button primary"
        } else {
            "button"
        };
        view! { <a class=class href=link.to_string()>"Go to the claim"</a> }
    });
    let status = (!row.status.is_empty()).then(|| row.status.clone());
    view! {
        <div class="page-head">
            <div>
                <h1>{action_word(row.action)}": "{row.claim.name.to_string()}</h1>
                <p>{page.sentence.clone()}</p>
                <p class="state-line" role="status">{state(row.state)}" "{status}</p>
            </div>
            <div class="actions">{claim}</div>
        </div>
    }
    .into_any()
}

fn decide(frame: &Frame, page: &RequestPage) -> Option<AnyView> {
    if let Some(why) = &page.may_not_decide {
        return Some(
            view! { <p class="why-not wide">{icon("lock")}<span>{why.clone()}</span></p> }.into_any(),
        );
    }
    page.may_decide
        .then(|| view! { <section aria-label="Decision">{decision(frame, &page.row.id.to_string(), page.revision)}</section> }.into_any())
}

/// The approver's decision form.
pub(super) fn decision(frame: &Frame, id: &str, revision: i64) -> AnyView {
    let comment = format!("comment-{id}");
    view! {
        <form class="decide" method="post" action=format!("/requests/{id}/decide")>
            <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
            <input type="hidden" name=names::REVISION value=revision.to_string() />
            <input type="hidden" name=names::RETURN_TO value=frame.path.clone() />
            <div class="field">
                <label class="label" for=comment.clone()>"Comment"<span class="mark">"optional"</span></label>
                <textarea id=comment name=names::COMMENT rows="2" maxlength="2000" placeholder="The requester reads this."></textarea>
            </div>
            <div class="actions">
                <button class="button primary" name=names::DECISION value="approve">{icon("check")}"Approve"</button>
                <button class="button danger" name=names::DECISION value="reject">{icon("close")}"Reject"</button>
            </div>
        </form>
    }
    .into_any()
}

fn steps(frame: &Frame, page: &RequestPage) -> AnyView {
    let rows: Vec<_> = page.steps.iter().map(|each| step(frame, each)).collect();
    view! {
        <section aria-labelledby="steps">
            <h2 id="steps">"What happened"</h2>
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
            <form class="say" method="post" action=format!("/requests/{}/comment", page.row.id)>
                <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                <div class="field">
                    <label class="label" for="say">"Add a comment"</label>
                    <textarea id="say" name=names::COMMENT rows="2" maxlength=COMMENT_CHARACTERS required
                        aria-describedby="say-who"></textarea>
                    <p id="say-who" class="help">"The requester, the approvers and everybody else who sees this request read it. It decides nothing."</p>
                </div>
                <button class="button">{icon("comment")}"Comment"</button>
            </form>
        }
        .into_any()
    })
}

fn step(frame: &Frame, step: &RequestStep) -> impl IntoView + use<> {
    let (class, name, words) = match (step.bad, step.current, step.done) {
        _ if step.remark => ("step remark", "comment", "Comment"),
        (true, ..) => ("step bad", "bad", "Ended badly"),
        (_, true, _) => ("step current", "pending", "Now"),
        (_, _, true) => ("step done", "ready", "Done"),
        _ => ("step", "pending", "Still to come"),
    };
    let when = step.at.map(|at| time(frame.now, at));
    let who = step.who.clone().map(|who| view! { <span>{who}</span> });
    let comment = step
        .comment
        .clone()
        .map(|comment| view! { <p class="step-comment">{comment}</p> });
    view! {
        <li class=class aria-current=step.current.then_some("step")>
            <span class="step-mark">{icon(name)}<span class="unseen">{words}": "</span></span>
            <div>
                <p><strong>{step.title.clone()}</strong></p>
                <p class="step-by">{who}{when}</p>
                {comment}
            </div>
        </li>
    }
}

fn differences(page: &RequestPage) -> Option<AnyView> {
    (!page.diff.is_empty()).then(|| {
        view! {
            <section aria-labelledby="diff">
                <h2 id="diff">"What changes"</h2>
                {diff(&page.diff)}
            </section>
        }
        .into_any()
    })
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
        view! { <section><h2>"Rules that require approval"</h2><ul role="list" class="lines">{rules}</ul></section> }
    });
    let quotas =
        (!page.quota.is_empty()).then(|| view! { <section><h2>"Quota"</h2>{quota(&page.quota)}</section> });
    let withdraw = page.may_withdraw.then(|| {
        view! {
            <form method="post" action=format!("/requests/{}/withdraw", row.id)>
                <input type="hidden" name=names::CSRF value=frame.csrf.clone() />
                <button class="button">{icon("undo")}"Withdraw request"</button>
            </form>
        }
    });
    view! {
        <section aria-labelledby="about">
            <h2 id="about">"About"</h2>
            <dl class="facts">
                <div><dt>"Requested by"</dt><dd>{row.requester.clone()}</dd></div>
                <div><dt>"When"</dt><dd>{time(frame.now, row.created_at)}</dd></div>
                {page.expires_at.map(|at| view! { <div><dt>"Expires"</dt><dd>{time(frame.now, at)}<span class="reason">"If nobody decides before."</span></dd></div> })}
                <div><dt>"For"</dt><dd>{format!("{}/{}", row.tenant, row.environment)}</dd></div>
                <div><dt>"Offering"</dt><dd><a href=format!("/catalog/{}", row.claim.offering)>{row.offering_title.clone()}</a></dd></div>
                {row.plan.as_ref().map(|plan| view! { <div><dt>"Plan"</dt><dd>{plan.to_string()}</dd></div> })}
                {page.cost.clone().map(|cost| view! { <div><dt>"Price"</dt><dd>{cost}</dd></div> })}
                <div><dt>"Request"</dt><dd class="mono">{row.id.to_string()}</dd></div>
            </dl>
        </section>
        {rules}
        <section><h2>"Control plane"</h2>{placement(&page.placement)}</section>
        {quotas}
        {withdraw}
    }
    .into_any()
}
