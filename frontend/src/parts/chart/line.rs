//! A line with a limit: how much of it is used over time.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::Alternative;
use super::key::mark;
use super::points::{middle, runs, start};
use super::scale::{Scale, decimal};
use super::svg::{Plot, percent, tips, uncounted};

/// How a value stands to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Below,
    /// It is near the limit.
    Near,
    /// It exceeds the limit.
    Over,
}

/// A value with its limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limited {
    pub(crate) value: f64,
    pub(crate) limit: f64,
    pub(crate) level: Level,
}

/// The point of a slot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    /// What is below it: `3 Nov`.
    pub(crate) label: String,
    /// What it says in words: `3 Nov: 120 of 256`.
    pub(crate) tip: String,
    /// `None` for a gap.
    pub(crate) value: Option<Limited>,
}

/// Draws a line and its limit. Where the value comes near the limit or over it, and at the last such point, a mark stands:
/// a diamond or a triangle. `every` so many points have a label.
pub(crate) fn limited_line(alternative: &Alternative, points: &[Point], every: usize) -> AnyView {
    let values: Vec<Option<Limited>> = points.iter().map(|point| point.value).collect();
    let largest = values.iter().flatten().map(|point| point.value.max(point.limit));
    let scale = Scale::up_to(largest.fold(0.0, f64::max), true);
    let mut content = uncounted(&values);
    let _ = write!(
        content,
        "<svg class=\"lines\" aria-hidden=\"true\" viewBox=\"0 0 100 100\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\">\
         <path class=\"limit\" d=\"{}\"/><path class=\"area\" d=\"{}\"/><path class=\"line\" d=\"{}\"/>\
         <path class=\"line dots\" d=\"{}\"/></svg>",
        limit_path(&values, &scale),
        area_path(&values, &scale),
        line_path(&values, &scale),
        dots_path(&values, &scale)
    );
    content.push_str(&marks(&values, &scale));
    content.push_str(&tips(points.iter().map(|point| point.tip.as_str())));
    Plot {
        alternative,
        scale: &scale,
        labels: points.iter().map(|point| point.label.clone()).collect(),
        every,
        content,
    }
    .view()
}

fn at(x: f64, y: f64) -> String {
    format!("{} {}", decimal(x, 2), decimal(y, 2))
}

/// A line for each run of several points.
fn line_path(points: &[Option<Limited>], scale: &Scale) -> String {
    let mut path = String::new();
    for run in runs(points).into_iter().filter(|run| run.len() > 1) {
        for (count, slot) in run.enumerate() {
            let Some(point) = points.get(slot).copied().flatten() else {
                continue;
            };
            path.push(if count == 0 { 'M' } else { 'L' });
            path.push_str(&at(middle(slot, points.len()), scale.y(point.value)));
        }
    }
    path
}

/// The points that stand alone: lines of no length, whose ends are round.
fn dots_path(points: &[Option<Limited>], scale: &Scale) -> String {
    let alone = runs(points).into_iter().filter(|run| run.len() == 1);
    let dots = alone.filter_map(|run| {
        let point = points.get(run.start).copied().flatten()?;
        let place = at(middle(run.start, points.len()), scale.y(point.value));
        Some(format!("M{place}h0"))
    });
    dots.collect()
}

/// The area between each line and zero.
fn area_path(points: &[Option<Limited>], scale: &Scale) -> String {
    let mut path = String::new();
    for run in runs(points).into_iter().filter(|run| run.len() > 1) {
        let _ = write!(path, "M{}", at(middle(run.start, points.len()), 100.0));
        for slot in run.clone() {
            let Some(point) = points.get(slot).copied().flatten() else {
                continue;
            };
            let _ = write!(path, "L{}", at(middle(slot, points.len()), scale.y(point.value)));
        }
        let _ = write!(path, "L{}Z", at(middle(run.end - 1, points.len()), 100.0));
    }
    path
}

/// The limit as steps: it holds over the whole of a slot.
fn limit_path(points: &[Option<Limited>], scale: &Scale) -> String {
    let mut path = String::new();
    for run in runs(points) {
        let mut before = None;
        for slot in run.clone() {
            let Some(point) = points.get(slot).copied().flatten() else {
                continue;
            };
            let y = scale.y(point.limit);
            if before.is_none() {
                let _ = write!(path, "M{}", at(start(slot, points.len()), y));
            } else if before != Some(y) {
                let _ = write!(
                    path,
                    "H{}V{}",
                    decimal(start(slot, points.len()), 2),
                    decimal(y, 2)
                );
            }
            before = Some(y);
        }
        let _ = write!(path, "H{}", decimal(start(run.end, points.len()), 2));
    }
    path
}

/// The slots with a mark: where a value comes to a level above [`Level::Below`], and the last point if it is there.
fn marked(points: &[Option<Limited>]) -> Vec<(usize, Limited)> {
    let last = points.iter().rposition(Option::is_some);
    let mut before = Level::Below;
    let mut marked = Vec::new();
    for (slot, point) in points.iter().enumerate() {
        let level = point.map_or(Level::Below, |point| point.level);
        if let Some(point) = point
            && level > Level::Below
            && (level != before || Some(slot) == last)
        {
            marked.push((slot, *point));
        }
        before = level;
    }
    marked
}

fn marks(points: &[Option<Limited>], scale: &Scale) -> String {
    let mut svg = String::new();
    for (slot, point) in marked(points) {
        let class = if point.level == Level::Over {
            "over"
        } else {
            "near"
        };
        let _ = write!(
            svg,
            "<svg class=\"marked\" aria-hidden=\"true\" x=\"{}\" y=\"{}\">{}</svg>",
            percent(middle(slot, points.len())),
            percent(scale.y(point.value)),
            mark(class)
        );
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(value: f64, level: Level) -> Limited {
        Limited {
            value,
            limit: 10.0,
            level,
        }
    }

    fn below(value: f64) -> Limited {
        point(value, Level::Below)
    }

    #[test]
    fn no_line_goes_through_a_gap() {
        let scale = Scale::up_to(10.0, true);
        let points = [Some(below(0.0)), Some(below(5.0)), None, Some(below(10.0))];
        assert_eq!(line_path(&points, &scale), "M12.5 100L37.5 50");
        assert_eq!(dots_path(&points, &scale), "M87.5 0h0");
        assert_eq!(area_path(&points, &scale), "M12.5 100L12.5 100L37.5 50L37.5 100Z");
        assert_eq!(limit_path(&points, &scale), "M0 0H50M75 0H100");
    }

    #[test]
    fn one_point_is_a_dot_and_none_is_nothing() {
        let scale = Scale::up_to(10.0, true);
        assert_eq!(dots_path(&[Some(below(5.0))], &scale), "M50 50h0");
        assert_eq!(line_path(&[Some(below(5.0))], &scale), "");
        assert_eq!(dots_path(&[None, None], &scale), "");
        assert_eq!(
            (area_path(&[], &scale), limit_path(&[], &scale)),
            (String::new(), String::new())
        );
    }

    #[test]
    fn a_limit_that_changes_is_a_step() {
        let scale = Scale::up_to(20.0, true);
        let raised = Limited {
            limit: 20.0,
            ..below(1.0)
        };
        assert_eq!(
            limit_path(&[below(1.0), below(1.0), raised].map(Some), &scale),
            "M0 50H66.67V0H100"
        );
    }

    #[test]
    fn marks_stand_where_a_level_begins_and_at_the_last_point() {
        use Level::{Below, Near, Over};
        let levels = [Below, Near, Near, Over, Over, Near, Below, Near, Near];
        let points: Vec<_> = levels.iter().map(|level| Some(point(9.0, *level))).collect();
        let slots: Vec<_> = marked(&points)
            .into_iter()
            .map(|(slot, point)| (slot, point.level))
            .collect();
        assert_eq!(slots, [(1, Near), (3, Over), (5, Near), (7, Near), (8, Near)]);
        assert!(marked(&[Some(below(1.0)), None]).is_empty());
    }

    #[test]
    fn huge_numbers_stay_in_the_plot() {
        let most = 1.8e19;
        let scale = Scale::up_to(most, true);
        let path = line_path(&[below(0.0), below(most)].map(Some), &scale);
        assert_eq!(path, "M25 100L75 10");
    }
}
