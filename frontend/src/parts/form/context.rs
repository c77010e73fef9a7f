//! The context of a field in its form, and the ids of inputs.

use portico_form::Control;

/// The context of a field within its form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FormContext<'f> {
    /// The form's action.
    pub(crate) post_to: &'f str,
    /// True if an ancestor is locked.
    pub(crate) locked: bool,
    /// The number of groups around the field.
    pub(crate) depth: usize,
}

/// True if a control consists of fields, entries or items of its own.
pub(super) fn holds_fields(control: &Control) -> bool {
    matches!(
        control,
        Control::Object { .. }
            | Control::Secret { .. }
            | Control::List { .. }
            | Control::Map { .. }
            | Control::Union { .. }
    )
}

/// Returns the id of an input: its name without white space, which ids must not contain.
pub(crate) fn id_of(name: &str) -> String {
    let mut id = String::with_capacity(name.len() + 1);
    id.push('f');
    id.extend(name.chars().map(|c| if c.is_whitespace() { '_' } else { c }));
    id
}
