use leptos::prelude::*;
use portico_api::{ClaimsSlot, HealthCount, UsagePage, words};
use portico_domain::claim::Health;

use super::{claims_in_words, label_every, numbers, short_day, slot_name};
use crate::parts::chart::{Alternative, Column, Entry, columns, has_gaps, key};

/// The order of the stack: what works at the bottom, what needs somebody on top.
const ORDER: [Health; 7] = [
    Health::Ready,
    Health::Pending,
    Health::Paused,
    Health::Deleting,
    Health::Unknown,
    Health::Unreachable,
    Health::Degraded,
];

/// Claims by health over time.
pub(super) fn section(page: &UsagePage) -> AnyView {
    let healths: Vec<Health> = ORDER
        .into_iter()
        .filter(|health| page.claims.iter().any(|slot| count(slot, *health) > 0))
        .collect();
    let finding = finding(&page.claims);
    let body = if healths.is_empty() {
        view! { <p class="chart-none quiet">"There were no claims in this time."</p> }.into_any()
    } else {
        chart(page, &healths, &finding)
    };
    view! {
        <section class="usage-part" aria-labelledby="usage-claims">
            <div class="section-head"><h2 id="usage-claims">"Claims"</h2><p class="quiet">{finding}</p></div>
            {body}
        </section>
    }
    .into_any()
}

fn chart(page: &UsagePage, healths: &[Health], finding: &str) -> AnyView {
    let series: Vec<&'static str> = healths.iter().map(|health| health.slug()).collect();
    let slots: Vec<Column> = page
        .claims
        .iter()
        .map(|slot| column(page, slot, healths))
        .collect();
    let alternative = Alternative {
        id: "chart-claims".to_owned(),
        title: format!("Claims by health, last {} days", page.days),
        finding: finding.to_owned(),
    };
    let now = page.claims.last();
    let entries = healths.iter().map(|health| {
        let now = now.filter(|slot| slot.counts.is_some());
        let value = now.map_or_else(String::new, |slot| {
            words::grouped(&count(slot, *health).to_string())
        });
        Entry::series(health.slug(), health.title(), value)
    });
    let counts: Vec<_> = page.claims.iter().map(|slot| slot.counts.as_ref()).collect();
    let gap = has_gaps(&counts).then(Entry::uncounted);
    let heads: Vec<String> = healths
        .iter()
        .map(|health| health.title().to_owned())
        .chain(["All".to_owned()])
        .collect();
    let rows = page.claims.iter().rev().map(|slot| {
        let counts = healths.iter().map(|health| cell(slot, count(slot, *health)));
        let cells = counts.chain([cell(slot, total(slot))]).collect();
        (slot_name(page, slot.from), cells)
    });
    view! {
        {key(entries.chain(gap).collect())}
        {columns(&alternative, &series, &slots, label_every(page), true)}
        {numbers("Claims in numbers".to_owned(), "Since", &heads, rows)}
    }
    .into_any()
}

fn column(page: &UsagePage, slot: &ClaimsSlot, healths: &[Health]) -> Column {
    let name = slot_name(page, slot.from);
    let tip = match &slot.counts {
        Some(counts) => format!("{name}: {}", counts_in_words(counts)),
        None => format!("{name}: not counted"),
    };
    let values = slot.counts.as_ref().map(|_| {
        let counts = healths.iter().map(|health| count(slot, *health));
        counts.map(number).collect()
    });
    Column {
        label: short_day(slot.from),
        tip,
        values,
    }
}

/// The claims of now in a sentence.
fn finding(slots: &[ClaimsSlot]) -> String {
    match slots.last().and_then(|slot| slot.counts.as_deref()) {
        Some(counts) => format!("{} now.", counts_in_words(counts)),
        None => {
            "What there is now is not known: a control plane was not read since Portico started.".to_owned()
        }
    }
}

/// `12 claims, 11 ready, 1 degraded`.
fn counts_in_words(counts: &[HealthCount]) -> String {
    let all = counts.iter().map(|count| count.claims).sum();
    let mut said = vec![claims_in_words(all)];
    let each = ORDER.iter().filter_map(|health| {
        let of = counts.iter().find(|count| count.health == *health)?;
        let number = words::grouped(&of.claims.to_string());
        (of.claims > 0).then(|| format!("{number} {}", health.title().to_lowercase()))
    });
    said.extend(each);
    said.join(", ")
}

fn count(slot: &ClaimsSlot, health: Health) -> u64 {
    let counts = slot.counts.iter().flatten();
    counts
        .filter(|count| count.health == health)
        .map(|count| count.claims)
        .sum()
}

fn total(slot: &ClaimsSlot) -> u64 {
    slot.counts.iter().flatten().map(|count| count.claims).sum()
}

/// A number in the table; a dash if it was not counted.
fn cell(slot: &ClaimsSlot, count: u64) -> String {
    if slot.counts.is_some() {
        words::grouped(&count.to_string())
    } else {
        "–".to_owned()
    }
}

/// A count as a length. Beyond 2^32 no chart shows a difference.
fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
