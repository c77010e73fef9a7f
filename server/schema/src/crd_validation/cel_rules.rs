//! Checks the types and estimated costs of CEL rules (`…/apis/apiextensions/validation`, `cel_validation.go`).

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use serde_json::Value;

use super::keywords::{Schema, flag, has, several, text};
use super::{CrdError, Errors};
use crate::path::Path;
use crate::rules::check::{self, Compiled, DeclType, ExpressionKind, Scope};
use crate::{Reason, rules};

/// The API server's limit on the estimated cost of one expression.
const MAX_RULE_COST: u64 = 10_000_000;
/// The API server's limit on the estimated cost of all rules of a schema.
const MAX_TOTAL_COST: u64 = 100_000_000;
/// How many of the most expensive rules are named in the error.
const MAX_NAMED_RULES: usize = 4;
/// Steps that checking the rules of one schema may take. The remaining rules are not checked.
const MAX_CHECK_STEPS: usize = 50_000_000;

/// The total cost of the rules of a schema.
#[derive(Debug, Default)]
pub(super) struct CostTotal {
    cost: u64,
    /// The most expensive rules, with their paths.
    most_expensive: Vec<(String, u64)>,
    steps: usize,
}

impl CostTotal {
    fn add(&mut self, place: &Path<'_>, cost: u64) {
        self.cost = self.cost.saturating_add(cost);
        if cost >= MAX_TOTAL_COST / 100 {
            self.most_expensive.push((place.field(), cost));
            self.most_expensive
                .sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
            self.most_expensive.truncate(MAX_NAMED_RULES);
        }
    }

    /// Reports an error if the total exceeds the limit. `place` is the path of the schema.
    pub(super) fn validate(self, place: &Path<'_>, errors: &mut Errors) {
        if self.cost <= MAX_TOTAL_COST {
            return;
        }
        for (path, _) in self.most_expensive {
            errors.list.push(CrdError {
                path,
                reason: Reason::Forbidden,
                message:
                    "Forbidden: contributed to estimated rule cost total exceeding cost limit for entire \
                          OpenAPIv3 schema"
                        .to_owned(),
            });
        }
        let name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.forbidden(place, &exceeds(name, self.cost, MAX_TOTAL_COST));
    }
}

/// The step from a schema to one below it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Property(&'a str),
    Values,
    Items,
}

/// What is known about the values at a schema node, for its CEL rules.
#[derive(Debug)]
pub(super) struct RuleContext<'a> {
    parent: Option<(&'a RuleContext<'a>, Step<'a>)>,
    schema: &'a Schema,
    /// True if this node or an ancestor has rules.
    has_rules: bool,
    /// How many values of this node one object can have; `None` if unbounded.
    count: Option<u64>,
    decl_type: OnceCell<Option<OptionalDeclType>>,
    total: &'a RefCell<CostTotal>,
}

/// The CEL type of a schema; `None` if an ancestor hides it.
type OptionalDeclType = Option<Arc<DeclType>>;

impl<'a> RuleContext<'a> {
    pub(super) fn root(schema: &'a Schema, total: &'a RefCell<CostTotal>) -> Self {
        Self {
            parent: None,
            schema,
            has_rules: has_rules(schema),
            count: Some(1),
            decl_type: OnceCell::new(),
            total,
        }
    }

    pub(super) fn child(&'a self, schema: &'a Schema, step: Step<'a>) -> Self {
        Self {
            parent: Some((self, step)),
            schema,
            has_rules: self.has_rules || has_rules(schema),
            count: self.count.and_then(|count| multiplied_count(count, self.schema)),
            decl_type: OnceCell::new(),
            total: self.total,
        }
    }

    /// The CEL type of the schema; `None` if its values cannot be used in rules at all.
    fn decl_type(&self) -> Option<&OptionalDeclType> {
        let declared = self.decl_type.get_or_init(|| match self.declared_by_parent() {
            FromParent::Impossible => None,
            FromParent::Known(declared) => Some(declared),
            FromParent::Unknown => {
                let is_resource =
                    self.parent.is_none() || flag(self.schema, "x-kubernetes-embedded-resource");
                DeclType::of(self.schema, is_resource).map(Some)
            }
        });
        declared.as_ref()
    }

    fn declared_by_parent(&self) -> FromParent {
        let Some((parent, step)) = self.parent.filter(|(parent, _)| parent.has_rules) else {
            return FromParent::Unknown;
        };
        let Some(declared) = parent.decl_type() else {
            return FromParent::Impossible;
        };
        let declared = declared.as_ref();
        match step {
            Step::Property(name) => match declared.and_then(|declared| declared.field(name)) {
                Some(field) => FromParent::Known(Some(Arc::clone(field))),
                None => FromParent::Unknown,
            },
            Step::Values | Step::Items => {
                FromParent::Known(declared.and_then(|declared| declared.element()).cloned())
            }
        }
    }

    /// Checks the rules of the schema. `uncorrelated` is the nearest ancestor below which old values cannot be
    /// correlated.
    pub(super) fn validate(&self, path: &Path<'_>, uncorrelated: Option<&Path<'_>>, errors: &mut Errors) {
        if !has_rules(self.schema) {
            return;
        }
        let place = path.property("x-kubernetes-validations");
        let Some(Some(decl_type)) = self.decl_type() else {
            let why = match self.decl_type() {
                Some(_) => "failed to convert to declType for CEL validation rules",
                None => {
                    "internal error: failed to construct type information for x-kubernetes-validations rules: unable to \
                     convert structural schema to CEL declarations"
                }
            };
            errors.add(&place, Reason::Invalid, format!("Internal error: {why}"));
            return;
        };
        let scope = Scope::new(Arc::clone(decl_type), false);
        let count = self.count.unwrap_or_else(|| decl_type.max_count_in_request());
        for (index, rule) in several(self.schema, "x-kubernetes-validations") {
            let place = place.index(index);
            let uses_old_self = self.rule(rule, &scope, count, &place, errors);
            match (uses_old_self, uncorrelated) {
                (Some(true), Some(within)) => {
                    let within = within.field();
                    let why = format!(
                        "oldSelf cannot be used on the uncorrelatable portion of the schema within {within}"
                    );
                    errors.invalid(&place.property("rule"), &rule["rule"], &why);
                }
                (Some(false), _) => {
                    if let Some(flag) = rule.get("optionalOldSelf").filter(|flag| !flag.is_null()) {
                        let why = "may not be set if oldSelf is not used in rule";
                        errors.invalid(&place.property("optionalOldSelf"), flag, why);
                    }
                }
                _ => {}
            }
        }
    }

    /// Checks a rule and its message. Returns whether it uses `oldSelf`, if that is known.
    fn rule(
        &self,
        rule: &Schema,
        scope: &Scope,
        count: u64,
        place: &Path<'_>,
        errors: &mut Errors,
    ) -> Option<bool> {
        let optional_old = flag(rule, "optionalOldSelf");
        let source = text(rule, "rule");
        let Some(compiled) = self.compile(source, ExpressionKind::Rule, scope, optional_old) else {
            return rules::uses_old_self(source).ok().flatten();
        };
        let at = place.property("rule");
        let cost = compiled.cost.saturating_mul(count);
        if cost > MAX_RULE_COST {
            errors.forbidden(&at, &exceeds("estimated rule cost", cost, MAX_RULE_COST));
        }
        self.total.borrow_mut().add(&at, cost);
        if let Some(problem) = &compiled.problem {
            errors.invalid(&at, &Value::Object(rule.clone()), problem);
        } else {
            self.message(rule, scope, &place.property("messageExpression"), errors);
        }
        Some(compiled.uses_old_self)
    }

    fn message(&self, rule: &Schema, scope: &Scope, at: &Path<'_>, errors: &mut Errors) {
        let source = text(rule, "messageExpression");
        if source.is_empty() {
            return;
        }
        let optional_old = flag(rule, "optionalOldSelf");
        let Some(compiled) = self.compile(source, ExpressionKind::Message, scope, optional_old) else {
            return;
        };
        if let Some(problem) = &compiled.problem {
            errors.invalid(at, &Value::Object(rule.clone()), problem);
            return;
        }
        if compiled.cost > MAX_RULE_COST {
            let why = exceeds("estimated messageExpression cost", compiled.cost, MAX_RULE_COST);
            errors.forbidden(at, &why);
        }
        self.total.borrow_mut().add(at, compiled.cost);
    }

    fn compile(
        &self,
        source: &str,
        kind: ExpressionKind,
        scope: &Scope,
        optional_old: bool,
    ) -> Option<Compiled> {
        if self.total.borrow().steps > MAX_CHECK_STEPS {
            return None;
        }
        let compiled = check::compile(source, kind, scope, optional_old)?;
        self.total.borrow_mut().steps += compiled.steps;
        Some(compiled)
    }
}

/// The CEL type of a schema, as far as its parent determines it.
enum FromParent {
    /// The parent has no CEL type, so rules cannot refer to it.
    Impossible,
    /// The parent does not determine it.
    Unknown,
    Known(OptionalDeclType),
}

fn has_rules(schema: &Schema) -> bool {
    several(schema, "x-kubernetes-validations").next().is_some()
}

/// How many values there can be below `count` values of a schema; `None` if unbounded.
fn multiplied_count(count: u64, schema: &Schema) -> Option<u64> {
    let bound = |key: &str| {
        let bound = schema.get(key)?.as_i64()?;
        Some(count.saturating_mul(u64::try_from(bound).unwrap_or_default()))
    };
    match text(schema, "type") {
        "object" if has(schema, "additionalProperties") => bound("maxProperties"),
        "array" => bound("maxItems"),
        _ => Some(count),
    }
}

/// The message for a cost that is too high.
fn exceeds(name: &str, cost: u64, limit: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "as the API server divides")]
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{name} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and \
         maxLength where arrays, maps, and strings are declared)"
    )
}
