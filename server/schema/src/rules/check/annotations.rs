//! What checking notes of an expression.

use std::collections::HashMap;

use cel::common::ast::IdedExpr;

use super::types::Type;

/// What a call resolves to.
#[derive(Debug)]
pub(in crate::rules) struct Call {
    /// The function, with what stands before its dot where that is part of its name.
    pub(in crate::rules) function: String,
    /// Whether it is called on a value.
    pub(in crate::rules) is_member: bool,
    pub(in crate::rules) overloads: Vec<&'static str>,
}

/// What the nodes of an expression are, by their numbers.
#[derive(Debug, Default)]
pub(in crate::rules) struct Annotations {
    pub(in crate::rules) types: HashMap<u64, Type>,
    pub(in crate::rules) calls: HashMap<u64, Call>,
    /// Fields of fields that are a name together.
    pub(in crate::rules) names: HashMap<u64, String>,
    pub(in crate::rules) uses_old_self: bool,
    /// The first type that can be named but not used.
    pub(super) undefined_type: Option<&'static str>,
}

impl Annotations {
    pub(in crate::rules) fn type_of(&self, expression: &IdedExpr) -> &Type {
        self.types.get(&expression.id).unwrap_or(&Type::Dyn)
    }
}
