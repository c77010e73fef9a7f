use leptos::prelude::*;
use portico_api::{ApprovalRow, ApprovalsPage, Frame, Link};
use portico_domain::quota;
use portico_domain::request::Action;

use super::request::decision;
use crate::islands::ApprovalKeys;
use crate::parts::badge::action_word;
use crate::parts::summary::{effect, quota};
use crate::parts::text::{code, diff, empty};
use crate::parts::{Query, document, glyph, icon, pager, time};

/// The approval queue: should I approve?
#[must_use]
pub fn approvals(frame: &Frame, page: &ApprovalsPage) -> String {
    document(frame, || {
        let body = if page.rows.items.is_empty() {
            empty(
                "approvals",
                "Nobody waits for you",
                "Requests that need your agreement appear here by themselves, the longest waiting first.",
                Some(("/requests".to_owned(), "Show all requests")),
            )
        } else {
            let rows: Vec<_> = page
                .rows
                .items
                .iter()
                .enumerate()
                .map(|(index, row)| approval(frame, row, index == 0))
                .collect();
            view! { <ol role="list" class="queue">{rows}</ol> }.into_any()
        };
        view! {
            <div class="page-head">
                <h1>"Approvals"</h1>
                <p class="keys when-alive"><kbd>"j"</kbd>" "<kbd>"k"</kbd>" next and previous, "<kbd>"a"</kbd>" approve, "<kbd>"r"</kbd>" reject"</p>
            </div>
            <ApprovalKeys />
            <div class="live" data-live="approvals" data-decide="">
                {body}
                {pager(&page.rows, &Query::new(Link::Approvals))}
            </div>
        }
        .into_any()
    })
}

fn approval(frame: &Frame, approval: &ApprovalRow, open: bool) -> impl IntoView + use<> {
    let row = &approval.row;
    let why: Vec<_> = approval
        .why
        .iter()
        .map(|why| view! { <li class="line">{icon("shield")}<span>{why.clone()}</span></li> })
        .collect();
    let note = approval.note.clone().map(|note| view! { <div><h2>"Note from "{row.requester.clone()}</h2><blockquote class="note">{note}</blockquote></div> });
    let comments: Vec<_> = approval
        .comments
        .iter()
        .map(|comment| {
            view! {
                <li>
                    <strong>{comment.by.clone()}</strong>" "<span class="reason">{time(frame.now, comment.at)}</span>
                    <blockquote class="note">{comment.text.clone()}</blockquote>
                </li>
            }
        })
        .collect();
    let comments = (!comments.is_empty())
        .then(|| view! { <div><h2>"Said about it"</h2><ul role="list" class="stack">{comments}</ul></div> });
    let quotas = (!approval.quota.is_empty())
        .then(|| view! { <div><h2>"Quota after this"</h2>{quota(&approval.quota)}</div> });
    let whole = (row.action != Action::Delete).then(|| whole(approval));
    view! {
        <li id=format!("a-{}", row.id)>
            <details class="approval" id=format!("approval-{}", row.id) open=open>
                <summary>
                    {icon(glyph(&row.icon, "other"))}
                    <span class="approval-what">
                        <strong>{row.requester.clone()}</strong>" · "{action_word(row.action).to_lowercase()}" "{row.offering_title.clone()}
                        " "<strong>{row.claim.name.to_string()}</strong>
                        <span class="reason">
                            {format!("{}/{}", row.tenant, row.environment)}" · requested "{time(frame.now, row.created_at)}
                            {approval.expires_at.map(|at| view! { " · expires "{time(frame.now, at)} })}
                        </span>
                        {in_short(approval)}
                    </span>
                    {icon("down")}
                </summary>
                <div class="approval-body">
                    <div class="stack-l">
                        <p class="sentence">{approval.sentence.clone()}</p>
                        {differs(approval)}
                        {note}
                        {comments}
                        {whole}
                    </div>
                    <div class="stack-l">
                        <div><h2>"Why it needs you"</h2><ul role="list" class="lines">{why}</ul></div>
                        {approval.cost.clone().map(|cost| view! { <div><h2>"Price"</h2><p><strong>{cost}</strong></p></div> })}
                        {quotas}
                        <p class="quiet">{approval.history.clone()}</p>
                        <p><a href=row.href.to_string()>"The whole request"</a></p>
                        {decision(frame, &row.id.to_string(), approval.revision)}
                    </div>
                </div>
            </details>
        </li>
    }
}

/// Why the request needs approval and its effect on the quota, for rows that are not open.
fn in_short(approval: &ApprovalRow) -> Option<AnyView> {
    let more = match approval.why.len() {
        0 | 1 => String::new(),
        rules => format!(" And {} more.", rules - 1),
    };
    let why = approval
        .why
        .first()
        .map(|why| format!("{}.{more}", why.trim_end_matches('.')));
    // Of several resources, show the one with the least left.
    let tightest = approval
        .quota
        .iter()
        .filter(|line| line.takes != 0)
        .max_by_key(|line| line.after().saturating_mul(1000) / line.limit.max(1));
    let quota = tightest.map(|line| {
        format!(
            "Quota after this: {} {}.",
            quota::title(&line.resource),
            effect(line)
        )
    });
    let cost = approval.cost.as_ref().map(|cost| format!("{cost}."));
    let words: Vec<String> = why.into_iter().chain(cost).chain(quota).collect();
    (!words.is_empty()).then(|| view! { <span class="reason">{words.join(" ")}</span> }.into_any())
}

/// The differences, which come first.
fn differs(approval: &ApprovalRow) -> Option<AnyView> {
    if approval.row.action == Action::Delete {
        return None;
    }
    let against = approval.against.clone();
    let body = if approval.diff.is_empty() {
        view! { <p class="line well">{icon("ready")}<span>"Nothing: it is "{against.clone()}" as it stands."</span></p> }.into_any()
    } else {
        diff(&approval.diff).into_any()
    };
    Some(view! { <div><h2>"What differs from "{against}</h2>{body}</div> }.into_any())
}

/// The whole manifest, folded: this is what gets approved.
fn whole(approval: &ApprovalRow) -> AnyView {
    let id = format!("manifest-{}", approval.row.id);
    let fold = format!("{id}-fold");
    view! {
        <details class="fold" id=fold>
            <summary>{icon("right")}"The whole manifest"</summary>
            {code(id, format!("the manifest of {}", approval.row.claim.name), approval.manifest.clone())}
        </details>
    }
    .into_any()
}
