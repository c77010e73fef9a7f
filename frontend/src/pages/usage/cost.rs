use jiff::civil::Date;
use leptos::prelude::*;
use portico_api::words::money;
use portico_api::{CostHistory, MonthCost, UsagePage};

use super::numbers;
use crate::parts::chart::{Alternative, Column, Entry, columns, has_gaps, key};

/// Months that the chart has room for at least, so that a first one is no wall.
const MIN_SLOTS: usize = 6;
/// The months before the current one, and the current one.
const SERIES: [&str; 2] = ["past", "so-far"];

/// What the claims cost, by month.
pub(super) fn section(page: &UsagePage) -> AnyView {
    let body = if page.costs.is_empty() {
        view! { <p class="chart-none quiet">"No claim has a plan with a price."</p> }.into_any()
    } else {
        let only = page.costs.len() == 1;
        let costs = page.costs.iter().enumerate();
        let currencies: Vec<_> = costs.map(|(index, cost)| currency(index, cost, only)).collect();
        view! {
            {currencies}
            <p class="quiet usage-note">"The mean over the days of a month of what the claims of the day cost, at the prices of their plans. Claims without a price are not in it."</p>
        }
        .into_any()
    };
    view! {
        <section class="usage-part" aria-labelledby="usage-cost">
            <div class="section-head"><h2 id="usage-cost">"Cost"</h2><p class="quiet">{finding(page)}</p></div>
            {body}
        </section>
    }
    .into_any()
}

/// What the claims of now cost, in a sentence.
fn finding(page: &UsagePage) -> Option<String> {
    let now: Vec<String> = page
        .costs
        .iter()
        .map(|cost| money(cost.now, &cost.currency))
        .collect();
    (!now.is_empty()).then(|| format!("{} a month now.", now.join(" and ")))
}

fn currency(index: usize, cost: &CostHistory, only: bool) -> AnyView {
    let head = (!only).then(|| view! { <h3>{cost.currency.clone()}</h3> });
    let last = cost.months.last();
    let so_far = last.and_then(|month| month.amount);
    let alternative = Alternative {
        id: format!("chart-cost-{index}"),
        title: format!("Cost by month in {}", cost.currency),
        finding: match so_far {
            Some(amount) => format!(
                "{} this month so far, {} a month now.",
                money(amount, &cost.currency),
                money(cost.now, &cost.currency)
            ),
            None => format!("{} a month now.", money(cost.now, &cost.currency)),
        },
    };
    let missing = MIN_SLOTS.saturating_sub(cost.months.len());
    let before = std::iter::repeat_with(|| Column {
        label: String::new(),
        tip: String::new(),
        values: None,
    });
    let mut slots: Vec<Column> = before.take(missing).collect();
    let is_last = |index: usize| index + 1 == cost.months.len();
    let months = cost.months.iter().enumerate();
    slots.extend(months.map(|(index, month)| column(cost, month, is_last(index))));
    let every = if slots.len() > MIN_SLOTS { 2 } else { 1 };
    let value = so_far.map_or_else(String::new, |amount| money(amount, &cost.currency));
    let mut entries = vec![
        Entry::series("past", "Past months", String::new()),
        Entry::series("so-far", "This month so far", value),
    ];
    let amounts: Vec<_> = cost.months.iter().map(|month| month.amount).collect();
    entries.extend(has_gaps(&amounts).then(Entry::uncounted));
    let rows = cost.months.iter().enumerate().rev().map(|(index, month)| {
        let name = if is_last(index) {
            format!("{} so far", month_name(month, "%B %Y"))
        } else {
            month_name(month, "%B %Y")
        };
        let amount = month.amount.map(|amount| money(amount, &cost.currency));
        (name, vec![amount.unwrap_or_else(|| "–".to_owned())])
    });
    let heads = ["Cost".to_owned()];
    view! {
        {head}
        {key(entries)}
        {columns(&alternative, &SERIES, &slots, every, false)}
        {numbers(format!("Cost in {} in numbers", cost.currency), "Month", &heads, rows)}
    }
    .into_any()
}

fn column(cost: &CostHistory, month: &MonthCost, is_last: bool) -> Column {
    let name = month_name(month, "%B %Y");
    let so_far = if is_last { " so far" } else { "" };
    Column {
        label: month_name(month, "%b"),
        tip: match month.amount {
            Some(amount) => format!("{name}: {}{so_far}", money(amount, &cost.currency)),
            None => format!("{name}: not counted"),
        },
        values: month.amount.map(|amount| {
            if is_last {
                vec![0.0, amount]
            } else {
                vec![amount, 0.0]
            }
        }),
    }
}

/// The month in another format.
fn month_name(month: &MonthCost, format: &str) -> String {
    let first: Result<Date, _> = format!("{}-01", month.month).parse();
    first.map_or_else(
        |_| month.month.clone(),
        |first| first.strftime(format).to_string(),
    )
}
