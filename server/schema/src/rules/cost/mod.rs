//! What a rule costs at most, as the API server estimates it when a definition is made (`checker/cost.go` of cel-go,
//! `k8s.io/apiserver/pkg/cel/library`, `CostEstimator`).
//!
//! [`estimator`] walks an expression, [`overloads`] has the costs of CEL's functions, [`library`] those of Kubernetes'.

mod aggregates;
mod estimator;
mod library;
mod overloads;
mod path;
mod range;
#[cfg(test)]
mod tests;

use cel::common::ast::IdedExpr;

use super::check::{Annotations, Declaration};
use estimator::Estimator;

/// The most that an expression whose types are right costs, where `root` says what `self` is.
pub(super) fn estimate(expression: &IdedExpr, found: &Annotations, root: &Declaration) -> u64 {
    Estimator::new(found, root).cost(expression).most
}
