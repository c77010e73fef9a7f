//! Paths from a variable to a value: `self`, `spec`, `@items`.

use std::cell::RefCell;
use std::rc::Rc;

use super::range::Range;
use crate::rules::check::decl_type::{DeclType, DeclTypeKind};

/// A path from a variable to a value.
///
/// cel-go keeps paths in slices and appends to slices with shared backing arrays, so that within the shared capacity a
/// later append overwrites an earlier one. Its cost estimates depend on that, so this type does the same.
#[derive(Debug, Clone)]
pub(super) struct Path {
    steps: Rc<RefCell<Vec<Rc<str>>>>,
    capacity: usize,
    length: usize,
}

impl Path {
    /// A path that starts at a variable.
    pub(super) fn of(variable: &str) -> Self {
        Self {
            steps: Rc::new(RefCell::new(vec![variable.into()])),
            capacity: 1,
            length: 1,
        }
    }

    /// The path extended by one step.
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

    /// The path to the items of a list, in a separate slice.
    pub(super) fn to_items(&self) -> Self {
        let mut steps = self.copied();
        steps.push("@items".into());
        Self {
            length: steps.len(),
            capacity: steps.len(),
            steps: Rc::new(RefCell::new(steps)),
        }
    }

    /// True if the path starts at `variable`.
    pub(super) fn begins_at(&self, variable: &str) -> bool {
        self.steps
            .borrow()
            .first()
            .is_some_and(|first| &**first == variable)
    }

    /// The size of the value at the path; `None` if there is none.
    pub(super) fn size(&self, root: &DeclType) -> Option<Range> {
        let mut at = root;
        let steps = self.copied();
        for (index, step) in steps.iter().enumerate().skip(1) {
            at = match &**step {
                "@items" | "@values" => at.element()?,
                // cel-go has no size for the keys of a map and treats them as empty.
                "@keys" => {
                    let is_last = index + 1 == steps.len();
                    return (is_last && matches!(at.kind, DeclTypeKind::Map(_))).then_some(Range::NOTHING);
                }
                name => match &at.kind {
                    DeclTypeKind::Object(fields) => fields.get(name)?,
                    _ => return None,
                },
            };
        }
        Some(Range {
            min: 0,
            max: at.max_size,
        })
    }

    fn copied(&self) -> Vec<Rc<str>> {
        self.steps.borrow()[..self.length].to_vec()
    }
}
