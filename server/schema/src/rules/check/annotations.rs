//! The results of type checking, by expression node.

use std::collections::HashMap;

use cel::common::ast::IdedExpr;

use super::types::Type;

/// What a call resolves to.
#[derive(Debug)]
pub(in crate::rules) struct Call {
    /// The function, including a namespace before the dot.
    pub(in crate::rules) function: String,
    /// True for member functions.
    pub(in crate::rules) is_member: bool,
    pub(in crate::rules) overloads: Vec<&'static str>,
}

/// The types and references of expression nodes, by node id.
#[derive(Debug, Default)]
pub(in crate::rules) struct Annotations {
    pub(in crate::rules) types: HashMap<u64, Type>,
    pub(in crate::rules) calls: HashMap<u64, Call>,
    /// Field selections that are parts of a qualified name.
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
