//! The key of a chart, and the patterns that tell its series apart without colour.

use std::fmt::Write as _;

use leptos::prelude::*;

/// A pattern: its stripes as rectangles, and how they are turned.
struct Pattern {
    stripes: &'static str,
    transform: &'static str,
}

const STRIPE: &str = "<rect class=\"front\" width=\"3\" height=\"6\"/>";

const NET: &str =
    "<rect class=\"front\" width=\"6\" height=\"2\"/><rect class=\"front\" width=\"2\" height=\"6\"/>";

fn pattern(class: &str) -> Pattern {
    let (stripes, transform) = match class {
        "pending" | "so-far" => (STRIPE, "rotate(45)"),
        "unreachable" => (STRIPE, "rotate(-45)"),
        "paused" => (STRIPE, "rotate(90)"),
        "deleting" => (STRIPE, "rotate(0)"),
        "degraded" => (NET, "rotate(45)"),
        "unknown" => (
            "<circle class=\"front\" cx=\"3\" cy=\"3\" r=\"1.5\"/>",
            "rotate(0)",
        ),
        _ => ("<rect class=\"front\" width=\"6\" height=\"6\"/>", "rotate(0)"),
    };
    Pattern { stripes, transform }
}

/// Defines the patterns of these classes as `chart-{class}`, for the whole page.
pub(crate) fn hatch(classes: &[&'static str]) -> AnyView {
    let mut svg =
        String::from("<svg class=\"chart-patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>");
    for class in classes {
        let Pattern { stripes, transform } = pattern(class);
        let _ = write!(
            svg,
            "<pattern id=\"chart-{class}\" class=\"{class}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"{transform}\"><rect class=\"back\" width=\"6\" height=\"6\"/>{stripes}</pattern>"
        );
    }
    svg.push_str("</defs></svg>");
    view! { <div class="chart-definitions" inner_html=svg></div> }.into_any()
}

/// An entry of a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The SVG of its swatch.
    swatch: String,
    name: &'static str,
    value: String,
}

impl Entry {
    /// A series with its pattern, and its value now.
    pub(crate) fn series(class: &'static str, name: &'static str, value: String) -> Self {
        let fill = format!("fill=\"url(#chart-{class})\"");
        Self {
            swatch: square("swatch", &fill),
            name,
            value,
        }
    }

    /// What was not counted.
    pub(crate) fn uncounted() -> Self {
        Self {
            swatch: square("uncounted", ""),
            name: "Not counted",
            value: String::new(),
        }
    }

    /// A line or a mark of a line, see [`mark`].
    pub(crate) fn mark(class: &'static str, name: &'static str) -> Self {
        Self {
            swatch: format!(
                "<svg width=\"14\" height=\"12\" viewBox=\"-7 -6 14 12\" aria-hidden=\"true\">{}</svg>",
                mark(class)
            ),
            name,
            value: String::new(),
        }
    }
}

fn square(class: &str, fill: &str) -> String {
    format!(
        "<svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"12\" height=\"12\" rx=\"2\" \
         {fill}/></svg>"
    )
}

/// A mark around the origin: `near` is a diamond, `over` a triangle, and others are lines.
pub(crate) fn mark(class: &str) -> String {
    let path = match class {
        "near" => "M0-5L5 0L0 5L-5 0Z",
        "over" => "M0-6L6 5H-6Z",
        _ => "M-7 0H7",
    };
    format!("<path class=\"mark {class}\" d=\"{path}\"/>")
}

/// The key of a chart.
pub(crate) fn key(entries: Vec<Entry>) -> AnyView {
    let items: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            let Entry { swatch, name, value } = entry;
            let value = (!value.is_empty()).then(|| view! { <strong>{value}</strong> });
            view! { <li><span class="chart-swatch" inner_html=swatch></span><span>{name}</span>{value}</li> }
        })
        .collect();
    view! { <ul role="list" class="chart-key">{items}</ul> }.into_any()
}
