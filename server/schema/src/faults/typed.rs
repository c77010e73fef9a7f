//! What rules say: their types and their costs (`…/apis/apiextensions/validation`, `cel_validation.go`).

use std::cell::{OnceCell, RefCell};
use std::sync::Arc;

use serde_json::Value;

use super::keywords::{Schema, flag, has, several, text};
use super::{Fault, Found};
use crate::path::Path;
use crate::rules::check::{self, Declaration, Goal, Scope, Verdict};
use crate::{Reason, rules};

/// The most that one expression may cost, and all rules of a schema together.
const OF_ONE: u64 = 10_000_000;
const OF_ALL: u64 = 100_000_000;
/// So many of the most expensive rules are named.
const NAMED: usize = 4;
/// Work that judging the rules of one schema may take.
const WORK: usize = 50_000_000;

/// What the rules of a whole schema cost.
#[derive(Debug, Default)]
pub(super) struct Total {
    cost: u64,
    /// The most expensive rules, where they stand.
    most: Vec<(String, u64)>,
    work: usize,
}

impl Total {
    fn add(&mut self, place: &Path<'_>, cost: u64) {
        self.cost = self.cost.saturating_add(cost);
        if cost >= OF_ALL / 100 {
            self.most.push((place.field(), cost));
            self.most.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
            self.most.truncate(NAMED);
        }
    }

    /// Says so where all rules together cost too much. `place` is that of the schema.
    pub(super) fn judge(self, place: &Path<'_>, found: &mut Found) {
        if self.cost <= OF_ALL {
            return;
        }
        for (path, _) in self.most {
            found.faults.push(Fault {
                path,
                reason: Reason::Forbidden,
                message:
                    "Forbidden: contributed to estimated rule cost total exceeding cost limit for entire \
                          OpenAPIv3 schema"
                        .to_owned(),
            });
        }
        let name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        found.forbidden(place, &exceeds(name, self.cost, OF_ALL));
    }
}

/// How a schema stands in the one above it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Property(&'a str),
    Values,
    Items,
}

/// What is known at a place of a schema of the values that rules speak of.
#[derive(Debug)]
pub(super) struct Context<'a> {
    parent: Option<(&'a Context<'a>, Step<'a>)>,
    schema: &'a Schema,
    /// Whether rules stand here or above.
    has_rules: bool,
    /// How many values of this schema an object can have; nothing where there is no bound.
    count: Option<u64>,
    declaration: OnceCell<Option<Declared>>,
    total: &'a RefCell<Total>,
}

/// What a schema declares; nothing where what stands above it leaves it out.
type Declared = Option<Arc<Declaration>>;

impl<'a> Context<'a> {
    pub(super) fn root(schema: &'a Schema, total: &'a RefCell<Total>) -> Self {
        Self {
            parent: None,
            schema,
            has_rules: speaks(schema),
            count: Some(1),
            declaration: OnceCell::new(),
            total,
        }
    }

    pub(super) fn child(&'a self, schema: &'a Schema, step: Step<'a>) -> Self {
        Self {
            parent: Some((self, step)),
            schema,
            has_rules: self.has_rules || speaks(schema),
            count: self.count.and_then(|count| multiplied(count, self.schema)),
            declaration: OnceCell::new(),
            total: self.total,
        }
    }

    /// What the schema declares; nothing where rules cannot speak of its values at all.
    fn declaration(&self) -> Option<&Declared> {
        let declared = self.declaration.get_or_init(|| match self.said_above() {
            FromParent::Impossible => None,
            FromParent::Declared(declared) => Some(declared),
            FromParent::Unknown => {
                let is_resource =
                    self.parent.is_none() || flag(self.schema, "x-kubernetes-embedded-resource");
                Declaration::of(self.schema, is_resource).map(Some)
            }
        });
        declared.as_ref()
    }

    fn said_above(&self) -> FromParent {
        let Some((parent, step)) = self.parent.filter(|(parent, _)| parent.has_rules) else {
            return FromParent::Unknown;
        };
        let Some(declared) = parent.declaration() else {
            return FromParent::Impossible;
        };
        let declared = declared.as_ref();
        match step {
            Step::Property(name) => match declared.and_then(|declared| declared.field(name)) {
                Some(field) => FromParent::Declared(Some(Arc::clone(field))),
                None => FromParent::Unknown,
            },
            Step::Values | Step::Items => {
                FromParent::Declared(declared.and_then(|declared| declared.element()).cloned())
            }
        }
    }

    /// Judges the rules of the schema. Below `uncorrelated`, if that is a place, old values cannot be told apart.
    pub(super) fn judge(&self, path: &Path<'_>, uncorrelated: Option<&Path<'_>>, found: &mut Found) {
        if !speaks(self.schema) {
            return;
        }
        let place = path.property("x-kubernetes-validations");
        let Some(Some(declaration)) = self.declaration() else {
            let why = match self.declaration() {
                Some(_) => "failed to convert to declType for CEL validation rules",
                None => {
                    "internal error: failed to construct type information for x-kubernetes-validations rules: unable to \
                     convert structural schema to CEL declarations"
                }
            };
            found.add(&place, Reason::Invalid, format!("Internal error: {why}"));
            return;
        };
        let scope = Scope::new(Arc::clone(declaration), false);
        let count = self.count.unwrap_or_else(|| declaration.most_in_request());
        for (index, rule) in several(self.schema, "x-kubernetes-validations") {
            let place = place.index(index);
            let uses_old_self = self.rule(rule, &scope, count, &place, found);
            match (uses_old_self, uncorrelated) {
                (Some(true), Some(within)) => {
                    let within = within.field();
                    let why = format!(
                        "oldSelf cannot be used on the uncorrelatable portion of the schema within {within}"
                    );
                    found.invalid(&place.property("rule"), &rule["rule"], &why);
                }
                (Some(false), _) => {
                    if let Some(flag) = rule.get("optionalOldSelf").filter(|flag| !flag.is_null()) {
                        let why = "may not be set if oldSelf is not used in rule";
                        found.invalid(&place.property("optionalOldSelf"), flag, why);
                    }
                }
                _ => {}
            }
        }
    }

    /// Judges a rule and its message; says whether it compares with the value before, if that is known.
    fn rule(
        &self,
        rule: &Schema,
        scope: &Scope,
        count: u64,
        place: &Path<'_>,
        found: &mut Found,
    ) -> Option<bool> {
        let optional_old = flag(rule, "optionalOldSelf");
        let source = text(rule, "rule");
        let Some(verdict) = self.verdict(source, Goal::Rule, scope, optional_old) else {
            return rules::uses_old_self(source).ok().flatten();
        };
        let at = place.property("rule");
        let cost = verdict.cost.saturating_mul(count);
        if cost > OF_ONE {
            found.forbidden(&at, &exceeds("estimated rule cost", cost, OF_ONE));
        }
        self.total.borrow_mut().add(&at, cost);
        if let Some(problem) = &verdict.problem {
            found.invalid(&at, &Value::Object(rule.clone()), problem);
        } else {
            self.message(rule, scope, &place.property("messageExpression"), found);
        }
        Some(verdict.uses_old_self)
    }

    fn message(&self, rule: &Schema, scope: &Scope, at: &Path<'_>, found: &mut Found) {
        let source = text(rule, "messageExpression");
        if source.is_empty() {
            return;
        }
        let optional_old = flag(rule, "optionalOldSelf");
        let Some(verdict) = self.verdict(source, Goal::Message, scope, optional_old) else {
            return;
        };
        if let Some(problem) = &verdict.problem {
            found.invalid(at, &Value::Object(rule.clone()), problem);
            return;
        }
        if verdict.cost > OF_ONE {
            let why = exceeds("estimated messageExpression cost", verdict.cost, OF_ONE);
            found.forbidden(at, &why);
        }
        self.total.borrow_mut().add(at, verdict.cost);
    }

    fn verdict(&self, source: &str, goal: Goal, scope: &Scope, optional_old: bool) -> Option<Verdict> {
        if self.total.borrow().work > WORK {
            return None;
        }
        let verdict = check::judge(source, goal, scope, optional_old)?;
        self.total.borrow_mut().work += verdict.steps;
        Some(verdict)
    }
}

/// What the schema above a schema says of its values.
enum FromParent {
    /// Nothing: rules cannot speak of it.
    Impossible,
    /// Nothing of this part.
    Unknown,
    Declared(Declared),
}

fn speaks(schema: &Schema) -> bool {
    several(schema, "x-kubernetes-validations").next().is_some()
}

/// How many values there can be below so many of a schema; nothing where it sets no bound.
fn multiplied(count: u64, schema: &Schema) -> Option<u64> {
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

/// By how much a cost is too high.
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
