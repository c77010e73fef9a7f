use leptos::prelude::*;
use portico_api::{QuotaHistory, QuotaSlot, UsagePage, words};
use portico_domain::quota;

use super::{label_every, numbers, short_day, slot_name};
use crate::parts::badge::badge;
use crate::parts::chart::{Alternative, Entry, Level, Limited, Point, has_gaps, key, limited_line};
use crate::parts::summary::is_nearly_full;

/// Each limited resource over time.
pub(super) fn section(page: &UsagePage) -> AnyView {
    let body = if page.tenant.is_none() {
        view! { <p class="chart-none quiet">"Each tenant has a quota of its own: choose one to see it."</p> }
            .into_any()
    } else if page.quota.is_empty() {
        view! { <p class="chart-none quiet">"No quota limits what this tenant holds."</p> }.into_any()
    } else {
        let resources: Vec<_> = page
            .quota
            .iter()
            .enumerate()
            .map(|(index, history)| resource(page, index, history))
            .collect();
        let with_below = match page.tenants_below {
            0 => None,
            1 => Some("It bounds what this tenant and the one in it hold together.".to_owned()),
            below => Some(format!(
                "It bounds what this tenant and the {below} below it hold together."
            )),
        };
        let with_below = with_below.map(|words| view! { <p class="quiet">{words}</p> });
        view! { {with_below}<div class="usage-quota">{resources}</div> }.into_any()
    };
    view! {
        <section class="usage-part" aria-labelledby="usage-quota">
            <div class="section-head"><h2 id="usage-quota">"Quota"</h2><p class="quiet">{finding(page)}</p></div>
            {body}
        </section>
    }
    .into_any()
}

/// Which resources are nearly used up, in a sentence.
fn finding(page: &UsagePage) -> Option<String> {
    let at = |wanted: Level| {
        let resources = page.quota.iter().filter(|history| {
            let now = history.slots.last().copied().flatten();
            now.is_some_and(|now| level(now) == wanted)
        });
        resources
            .map(|history| quota::title(&history.resource))
            .collect::<Vec<_>>()
    };
    let (near, over) = (at(Level::Near), at(Level::Over));
    let mut said = Vec::new();
    if !over.is_empty() {
        said.push(format!("Over the limit: {}.", over.join(", ")));
    }
    if !near.is_empty() {
        said.push(format!("Nearly full: {}.", near.join(", ")));
    }
    if said.is_empty() && !page.quota.is_empty() {
        said.push("Less than 80 % of each limit is used now.".to_owned());
    }
    (!said.is_empty()).then(|| said.join(" "))
}

fn resource(page: &UsagePage, index: usize, history: &QuotaHistory) -> impl IntoView + use<> {
    let name = quota::title(&history.resource);
    let now = history.slots.last().copied().flatten();
    let said = now.map_or_else(|| "not known now".to_owned(), in_words);
    let mark = now.map(level).and_then(|level| match level {
        Level::Below => None,
        Level::Near => Some(badge("warning", "warning", "Nearly full")),
        Level::Over => Some(badge("bad", "bad", "Over its limit")),
    });
    let alternative = Alternative {
        id: format!("chart-quota-{index}"),
        title: format!("{name} used, last {} days", page.days),
        finding: format!("{name}: {said}."),
    };
    let points: Vec<Point> = slots(page, history)
        .map(|(from, slot)| {
            let day = slot_name(page, from);
            Point {
                label: short_day(from),
                tip: match slot {
                    Some(slot) => format!("{day}: {}", in_words(slot)),
                    None => format!("{day}: not counted"),
                },
                value: slot.map(limited),
            }
        })
        .collect();
    let rows = slots(page, history).rev().map(|(from, slot)| {
        let cells = match slot {
            Some(slot) => vec![grouped(slot.used), grouped(slot.limit), percent(slot)],
            None => vec!["–".to_owned(); 3],
        };
        (slot_name(page, from), cells)
    });
    let heads = ["Used", "Limit", "Share"].map(str::to_owned);
    let table = numbers(format!("{name} in numbers"), "Since", &heads, rows);
    view! {
        <div class="usage-resource">
            <div class="usage-resource-head"><h3>{name}</h3><p class="quiet">{said}</p>{mark}</div>
            {key_of(history)}
            {limited_line(&alternative, &points, label_every(page))}
            {table}
        </div>
    }
}

/// What the lines and marks of the chart mean.
fn key_of(history: &QuotaHistory) -> AnyView {
    let has = |wanted| history.slots.iter().flatten().any(|slot| level(*slot) == wanted);
    let entries = [
        (true, Entry::mark("used", "Used")),
        (true, Entry::mark("limit", "Limit")),
        (has(Level::Near), Entry::mark("near", "80 % or more")),
        (has(Level::Over), Entry::mark("over", "Over the limit")),
        (has_gaps(&history.slots), Entry::uncounted()),
    ];
    let entries = entries.into_iter().filter(|(there, _)| *there);
    key(entries.map(|(_, entry)| entry).collect())
}

/// The slots with their beginnings.
fn slots<'p>(
    page: &'p UsagePage,
    history: &'p QuotaHistory,
) -> impl DoubleEndedIterator<Item = (jiff::Timestamp, Option<QuotaSlot>)> + 'p {
    page.claims
        .iter()
        .enumerate()
        .map(|(index, slot)| (slot.from, history.slots.get(index).copied().flatten()))
}

fn level(slot: QuotaSlot) -> Level {
    if slot.used > slot.limit {
        Level::Over
    } else if is_nearly_full(slot.used, slot.limit) {
        Level::Near
    } else {
        Level::Below
    }
}

fn limited(slot: QuotaSlot) -> Limited {
    Limited {
        value: number(slot.used),
        limit: number(slot.limit),
        level: level(slot),
    }
}

/// `120 of 256, 47 %`; over the limit: `260 of 256, over by 4`.
fn in_words(slot: QuotaSlot) -> String {
    let of = format!("{} of {}", grouped(slot.used), grouped(slot.limit));
    match slot.used.checked_sub(slot.limit) {
        Some(over) if over > 0 => format!("{of}, over by {}", grouped(over)),
        _ if slot.limit == 0 => of,
        _ => format!("{of}, {}", percent(slot)),
    }
}

/// The used share: `47 %`. Below the limit never 100 %, and nothing used is a dash of a limit of 0.
fn percent(slot: QuotaSlot) -> String {
    if slot.limit == 0 {
        return "–".to_owned();
    }
    let share = u128::from(slot.used) * 100 / u128::from(slot.limit);
    format!("{} %", words::grouped(&share.to_string()))
}

fn grouped(amount: u64) -> String {
    words::grouped(&amount.to_string())
}

#[expect(clippy::cast_precision_loss, reason = "a chart does not show the difference")]
fn number(amount: u64) -> f64 {
    amount as f64
}
