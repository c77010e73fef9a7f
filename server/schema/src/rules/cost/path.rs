//! Ways from a variable to a value: `self`, `spec`, `@items`.

use std::cell::RefCell;
use std::rc::Rc;

use super::range::Range;
use crate::rules::check::{Declaration, Declared};

/// A way to a value.
///
/// cel-go holds it in a slice and appends to slices that others hold, too: within the capacity that they share, what is
/// appended later takes the place of what was appended before. Estimates that the API server makes depend on it, so it
/// is the same here.
#[derive(Debug, Clone)]
pub(super) struct Path {
    steps: Rc<RefCell<Vec<Rc<str>>>>,
    capacity: usize,
    length: usize,
}

impl Path {
    /// A way that begins at a variable.
    pub(super) fn of(variable: &str) -> Self {
        Self {
            steps: Rc::new(RefCell::new(vec![variable.into()])),
            capacity: 1,
            length: 1,
        }
    }

    /// The way to what is one step further.
    pub(super) fn then(before: Option<&Self>, step: &str) -> Self {
        let Some(before) = before else {
            return Self::of(step);
        };
        let length = before.length + 1;
        if before.length < before.capacity {
            let mut steps = before.steps.borrow_mut();
            match steps.get_mut(before.length) {
                Some(there) => *there = step.into(),
                None => steps.push(step.into()),
            }
            return Self {
                steps: Rc::clone(&before.steps),
                capacity: before.capacity,
                length,
            };
        }
        let mut steps = before.copied();
        steps.push(step.into());
        Self {
            steps: Rc::new(RefCell::new(steps)),
            capacity: 2 * before.capacity,
            length,
        }
    }

    /// The way to the items of a list, in a slice of its own.
    pub(super) fn to_items(&self) -> Self {
        let mut steps = self.copied();
        steps.push("@items".into());
        Self {
            length: steps.len(),
            capacity: steps.len(),
            steps: Rc::new(RefCell::new(steps)),
        }
    }

    /// The variable that it begins at.
    pub(super) fn begins_at(&self, variable: &str) -> bool {
        self.steps
            .borrow()
            .first()
            .is_some_and(|first| &**first == variable)
    }

    /// The size of what it leads to; nothing where it leads to nothing.
    pub(super) fn size(&self, root: &Declaration) -> Option<Range> {
        let mut at = root;
        let steps = self.copied();
        for (index, step) in steps.iter().enumerate().skip(1) {
            at = match &**step {
                "@items" | "@values" => at.element()?,
                // Of keys, the API server notes no bound, and takes that for one of nothing.
                "@keys" => {
                    let is_last = index + 1 == steps.len();
                    return (is_last && matches!(at.declared, Declared::Map(_))).then_some(Range::NOTHING);
                }
                name => match &at.declared {
                    Declared::Object(fields) => fields.get(name)?,
                    _ => return None,
                },
            };
        }
        Some(Range {
            least: 0,
            most: at.most,
        })
    }

    fn copied(&self) -> Vec<Rc<str>> {
        self.steps.borrow()[..self.length].to_vec()
    }
}
