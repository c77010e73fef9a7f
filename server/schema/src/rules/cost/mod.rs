//! Estimates the maximum cost of a rule, as the API server does when a definition is created (`checker/cost.go` of
//! cel-go, `k8s.io/apiserver/pkg/cel/library`, `CostEstimator`).
//!
//! [`estimator`] walks an expression; [`overloads`] has the costs of CEL's functions, [`library`] those of
//! Kubernetes'.

mod aggregates;
mod estimator;
mod library;
mod overloads;
mod path;
mod range;
#[cfg(test)]
mod tests;

use cel::common::ast::IdedExpr;

use crate::rules::check::annotations::Annotations;
use crate::rules::check::decl_type::DeclType;
use estimator::Estimator;

/// Returns the maximum cost of a type-checked expression. `root` is the type of `self`.
pub(super) fn estimate(expression: &IdedExpr, found: &Annotations, root: &DeclType) -> u64 {
    Estimator::new(found, root).cost(expression).max
}
