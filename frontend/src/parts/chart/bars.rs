//! Bars that lie: a few lengths to compare, each with its words.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::Alternative;
use super::scale::index;
use super::svg::{escaped, open, percent};

/// The share of the width that the longest bar has: its words stand behind it.
const LONGEST: f64 = 0.76;
/// The height of a line, in pixels.
const LINE: f64 = 22.0;
/// The height of a bar, in pixels.
const THICK: f64 = 12.0;

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    /// The class of its colour.
    pub(crate) class: &'static str,
    /// What is before it: `Half of them`.
    pub(crate) label: &'static str,
    /// What is behind it: `3 min`.
    pub(crate) words: String,
    pub(crate) value: f64,
}

/// Draws bars on a scale that ends at `most`, which is the same for all that are compared.
pub(crate) fn bars(alternative: &Alternative, bars: &[Bar], most: f64) -> AnyView {
    let widest = bars.iter().map(|bar| bar.label).max_by_key(|label| label.len());
    let svg = open(alternative) + &lines(bars, most) + "</svg>";
    view! {
        <div class="chart lying">
            <span class="chart-gutter" aria-hidden="true">{widest.unwrap_or_default()}</span>
            <div class="chart-plot" inner_html=svg></div>
        </div>
    }
    .into_any()
}

fn lines(bars: &[Bar], most: f64) -> String {
    let mut svg = String::new();
    for (line, bar) in bars.iter().enumerate() {
        let share = if most > 0.0 {
            (bar.value / most).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let length = percent(share * LONGEST * 100.0);
        let top = index(line) * LINE;
        let middle = top + LINE / 2.0;
        let _ = write!(
            svg,
            "<text class=\"tick\" x=\"-8\" y=\"{middle}\" dy=\"0.35em\">{}</text>\
             <rect class=\"bar {}\" y=\"{}\" width=\"{length}\" height=\"{THICK}\" rx=\"2\"/>\
             <text class=\"value\" x=\"{length}\" dx=\"8\" y=\"{middle}\" dy=\"0.35em\">{}</text>",
            escaped(bar.label),
            bar.class,
            top + (LINE - THICK) / 2.0,
            escaped(&bar.words)
        );
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: f64) -> Bar {
        Bar {
            class: "half",
            label: "Half",
            words: "3 min".to_owned(),
            value,
        }
    }

    #[test]
    fn the_longest_bar_leaves_room_for_its_words() {
        let svg = lines(&[bar(50.0), bar(100.0)], 100.0);
        assert!(
            svg.contains("width=\"38%\"") && svg.contains("width=\"76%\""),
            "{svg}"
        );
        assert!(svg.contains("x=\"76%\" dx=\"8\""), "{svg}");
    }

    #[test]
    fn a_scale_of_nothing_draws_bars_of_no_length() {
        for svg in [lines(&[bar(0.0)], 0.0), lines(&[bar(f64::NAN)], 0.0)] {
            assert!(svg.contains("width=\"0%\""), "{svg}");
        }
        assert_eq!(lines(&[], 1.0), "");
    }
}
