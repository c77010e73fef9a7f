//! The elements of a chart, as text. Whatever comes from outside is escaped here.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::Alternative;
use super::points::{gaps, labelled, middle, start, width};
use super::scale::{Scale, decimal, short};

/// A plot with its scale, its labels and what is drawn in it.
pub(super) struct Plot<'a> {
    pub(super) alternative: &'a Alternative,
    pub(super) scale: &'a Scale,
    /// A label for each slot; the last is shown, and every so many before it.
    pub(super) labels: Vec<String>,
    pub(super) every: usize,
    /// Other elements, in order.
    pub(super) content: String,
}

impl Plot<'_> {
    /// The plot with its scale to the left and its labels below.
    pub(super) fn view(&self) -> AnyView {
        let top = self.scale.top();
        let ticks = self.scale.ticks().iter().map(|tick| short(*tick, top));
        // As wide as the longest number, so that the plot begins beside it.
        let widest = ticks.max_by_key(String::len).unwrap_or_default();
        let mut svg = open(self.alternative);
        for tick in self.scale.ticks() {
            let y = percent(self.scale.y(*tick));
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>\
                 <text class=\"tick\" x=\"-8\" y=\"{y}\" dy=\"0.35em\">{}</text>",
                short(*tick, top)
            );
        }
        svg.push_str(&self.content);
        let slots = self.labels.len();
        for slot in labelled(slots, self.every) {
            let label = self.labels.get(slot).map(String::as_str).unwrap_or_default();
            let (x, anchor) = match slot {
                _ if slots <= 6 => (middle(slot, slots), "middle"),
                _ if slot + 1 == slots => (100.0, "end"),
                _ if middle(slot, slots) < 6.0 => (0.0, "start"),
                _ => (middle(slot, slots), "middle"),
            };
            let _ = write!(
                svg,
                "<text class=\"at\" x=\"{}\" y=\"100%\" dy=\"1.6em\" text-anchor=\"{anchor}\">{}</text>",
                percent(x),
                escaped(label)
            );
        }
        svg.push_str("</svg>");
        view! {
            <div class="chart">
                <span class="chart-gutter" aria-hidden="true">{widest}</span>
                <div class="chart-plot" inner_html=svg></div>
            </div>
        }
        .into_any()
    }
}

/// The beginning of an image with its text alternative.
pub(super) fn open(alternative: &Alternative) -> String {
    let id = escaped(&alternative.id);
    format!(
        "<svg class=\"plot\" role=\"img\" aria-labelledby=\"{id}-title {id}-finding\"><title id=\"{id}-title\">{}</title>\
         <desc id=\"{id}-finding\">{}</desc>",
        escaped(&alternative.title),
        escaped(&alternative.finding)
    )
}

/// The areas of slots that were not counted, between slots that were.
pub(super) fn uncounted<T>(slots: &[Option<T>]) -> String {
    let gaps = gaps(slots).into_iter().map(|gap| {
        format!(
            "<rect class=\"uncounted\" x=\"{}\" width=\"{}\" y=\"0\" height=\"100%\"/>",
            percent(start(gap.start, slots.len())),
            percent(start(gap.len(), slots.len()))
        )
    });
    gaps.collect()
}

/// Areas without a look that name what is in their slots when the mouse rests there.
pub(super) fn tips<'t>(tips: impl ExactSizeIterator<Item = &'t str>) -> String {
    let slots = tips.len();
    let mut svg = String::from("<g class=\"tips\">");
    for (slot, tip) in tips.enumerate().filter(|(_, tip)| !tip.is_empty()) {
        let _ = write!(
            svg,
            "<rect x=\"{}\" width=\"{}\" y=\"0\" height=\"100%\"><title>{}</title></rect>",
            percent(start(slot, slots)),
            percent(width(slots)),
            escaped(tip)
        );
    }
    svg.push_str("</g>");
    svg
}

/// `12.5%`.
pub(super) fn percent(value: f64) -> String {
    format!("{}%", decimal(value, 2))
}

/// Text for an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let alternative = Alternative {
            id: "a\"b".to_owned(),
            title: "<script>".to_owned(),
            finding: "R&D's".to_owned(),
        };
        let svg = open(&alternative) + &tips(["\"><b>"].into_iter());
        assert!(!svg.contains("<script>") && !svg.contains("<b>"), "{svg}");
        assert!(
            svg.contains("R&amp;D&#39;s") && svg.contains("id=\"a&quot;b-title\""),
            "{svg}"
        );
    }

    #[test]
    fn a_gap_is_marked_over_its_whole_width() {
        let svg = uncounted(&[Some(1), None, None, Some(1)]);
        assert_eq!(
            svg,
            "<rect class=\"uncounted\" x=\"25%\" width=\"50%\" y=\"0\" height=\"100%\"/>"
        );
        assert_eq!(uncounted(&[None, Some(1), None]), "");
    }
}
