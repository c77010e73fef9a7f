//! Stacked columns: parts of a whole over time.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::Alternative;
use super::points::{start, width};
use super::scale::Scale;
use super::svg::{Plot, percent, tips, uncounted};

/// The share of a slot that its column fills.
const FILLED: f64 = 0.84;

/// The column of a slot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// What is below it: `3 Nov`.
    pub(crate) label: String,
    /// What it says in words: `3 Nov: 12 claims, 11 ready`.
    pub(crate) tip: String,
    /// A value for each series, the lowest first; `None` for a gap.
    pub(crate) values: Option<Vec<f64>>,
}

/// Draws stacked columns, the first series at the bottom. A series is the class of its colour and pattern, see
/// [`super::hatch`]. `every` so many columns have a label; `whole` numbers have whole ticks.
pub(crate) fn columns(
    alternative: &Alternative,
    series: &[&'static str],
    columns: &[Column],
    every: usize,
    whole: bool,
) -> AnyView {
    let values: Vec<Option<&[f64]>> = columns.iter().map(|column| column.values.as_deref()).collect();
    let sums = values.iter().flatten().map(|values| values.iter().sum::<f64>());
    let scale = Scale::up_to(sums.fold(0.0, f64::max), whole);
    let mut content = uncounted(&values);
    content.push_str(&stacks(series, &values, &scale));
    content.push_str(&tips(columns.iter().map(|column| column.tip.as_str())));
    Plot {
        alternative,
        scale: &scale,
        labels: columns.iter().map(|column| column.label.clone()).collect(),
        every,
        content,
    }
    .view()
}

/// The rectangles, grouped by series.
fn stacks(series: &[&'static str], columns: &[Option<&[f64]>], scale: &Scale) -> String {
    let mut svg = String::new();
    let (wide, padding) = (
        width(columns.len()) * FILLED,
        width(columns.len()) * (1.0 - FILLED) / 2.0,
    );
    for (index, class) in series.iter().enumerate() {
        let mut rectangles = String::new();
        for (slot, values) in columns.iter().enumerate() {
            let Some(values) = values else { continue };
            let value = values.get(index).copied().unwrap_or(0.0);
            if value <= 0.0 {
                continue;
            }
            let below: f64 = values.iter().take(index).sum();
            let _ = write!(
                rectangles,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                percent(start(slot, columns.len()) + padding),
                percent(scale.y(below + value)),
                percent(wide),
                percent(scale.height(value))
            );
        }
        if !rectangles.is_empty() {
            let _ = write!(
                svg,
                "<g class=\"series {class}\" fill=\"url(#chart-{class})\">{rectangles}</g>"
            );
        }
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: [&str; 2] = ["ready", "degraded"];

    #[test]
    fn parts_stand_on_each_other_and_gaps_stay_empty() {
        let scale = Scale::up_to(4.0, true);
        let svg = stacks(
            &SERIES,
            &[Some(&[3.0, 1.0]), None, Some(&[2.0, 0.0]), Some(&[0.0, 0.0])],
            &scale,
        );
        assert_eq!(
            svg,
            "<g class=\"series ready\" fill=\"url(#chart-ready)\">\
             <rect x=\"2%\" y=\"25%\" width=\"21%\" height=\"75%\"/>\
             <rect x=\"52%\" y=\"50%\" width=\"21%\" height=\"50%\"/></g>\
             <g class=\"series degraded\" fill=\"url(#chart-degraded)\">\
             <rect x=\"2%\" y=\"0%\" width=\"21%\" height=\"25%\"/></g>"
        );
    }

    #[test]
    fn without_slots_nothing_is_drawn() {
        assert_eq!(stacks(&SERIES, &[], &Scale::up_to(0.0, true)), "");
        assert_eq!(stacks(&SERIES, &[None, None], &Scale::up_to(0.0, true)), "");
    }
}
