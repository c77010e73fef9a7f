//! Charts as SVG, drawn on the server. Nothing here knows what is drawn.
//!
//! Positions are percentages of the plot, so that a chart fills the width that it has, while text, patterns and strokes
//! keep their size. `scale` and `points` are the geometry, `svg` the elements, and the others one kind of chart each.
//! Every chart has a title and a sentence with its finding for those who do not see it; the numbers belong in a table
//! beside it.

mod bars;
mod columns;
mod key;
mod line;
mod points;
mod scale;
mod svg;

pub(crate) use bars::{Bar, bars};
pub(crate) use columns::{Column, columns};
pub(crate) use key::{Entry, hatch, key};
pub(crate) use line::{Level, Limited, Point, limited_line};
pub(crate) use points::has_gaps;

/// What a chart says to those who do not see it. `id` is unique in the page.
#[derive(Debug, Clone)]
pub(crate) struct Alternative {
    pub(crate) id: String,
    /// What is drawn: `Claims by health, by day`.
    pub(crate) title: String,
    /// The finding in a sentence: `12 claims, 11 of them ready.`
    pub(crate) finding: String,
}
