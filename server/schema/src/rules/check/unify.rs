//! Unifies types and infers type variables (`checker/types.go` of cel-go).

use std::cell::Cell;
use std::sync::Arc;

use super::types::Type;

/// Step limit for comparing the types of one expression.
const MAX_STEPS: usize = 2_000_000;
/// Limit on the nesting of types.
const MAX_DEPTH: usize = 200;

/// The types inferred for type variables.
#[derive(Debug)]
pub(super) struct Bindings {
    bound: Vec<Option<Type>>,
    /// Earlier bindings, to roll back a failed unification.
    trail: Vec<(usize, Option<Type>)>,
    steps: Cell<usize>,
}

impl Bindings {
    pub(super) fn new() -> Self {
        Self {
            bound: Vec::new(),
            trail: Vec::new(),
            steps: Cell::new(MAX_STEPS),
        }
    }

    /// True if a limit was exceeded: then the results are meaningless.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps.get() == 0
    }

    /// The steps taken.
    pub(super) fn steps(&self) -> usize {
        MAX_STEPS - self.steps.get()
    }

    /// A new type variable.
    pub(super) fn fresh(&mut self) -> Type {
        self.bound.push(None);
        Type::Param(self.bound.len() - 1)
    }

    /// True if each type is assignable to the one at its position. Binds type variables if so.
    pub(super) fn fit(&mut self, given: &[Type], wanted: &[Type]) -> bool {
        self.trail.clear();
        let fits = given.len() == wanted.len()
            && given
                .iter()
                .zip(wanted)
                .all(|(given, wanted)| self.unify(given, wanted, 0));
        if !fits {
            while let Some((id, before)) = self.trail.pop() {
                self.bound[id] = before;
            }
        }
        fits
    }

    /// True if a type is assignable to another. Binds type variables if so.
    pub(super) fn fits(&mut self, given: &Type, wanted: &Type) -> bool {
        self.fit(std::slice::from_ref(given), std::slice::from_ref(wanted))
    }

    /// Replaces type variables by their bindings; unbound ones become `dyn` if `to_dyn` is set.
    pub(super) fn resolved(&self, of: &Type, to_dyn: bool) -> Type {
        self.resolve(of, to_dyn, 0)
    }

    /// Replaces the type parameters of a signature by the given types.
    pub(super) fn instantiated(of: &Type, parameters: &[Type]) -> Type {
        let one = |of: &Type| Self::instantiated(of, parameters);
        match of {
            Type::Param(id) => parameters.get(*id).cloned().unwrap_or(Type::Dyn),
            Type::List(inner) => Type::list(one(inner)),
            Type::Optional(inner) => Type::optional(one(inner)),
            Type::Meta(inner) => Type::of_type(one(inner)),
            Type::Map(parts) => Type::map(one(&parts.0), one(&parts.1)),
            other => other.clone(),
        }
    }

    /// The more general of two compatible types.
    pub(super) fn more_general(&self, one: &Type, other: &Type) -> Type {
        if self.is_as_general(one, other, 0) {
            one.clone()
        } else {
            other.clone()
        }
    }

    /// True if the types are the same.
    pub(super) fn same(&self, one: &Type, other: &Type) -> bool {
        self.is_same(one, other, 0)
    }

    fn step(&self, depth: usize) -> bool {
        let left = if depth > MAX_DEPTH {
            0
        } else {
            self.steps.get().saturating_sub(1)
        };
        self.steps.set(left);
        left > 0
    }

    fn is_same(&self, one: &Type, other: &Type, depth: usize) -> bool {
        if !self.step(depth) {
            return true;
        }
        match (one, other) {
            (Type::Param(one), Type::Param(other)) => one == other,
            (Type::Opaque(one), Type::Opaque(other)) | (Type::Struct(one), Type::Struct(other)) => {
                one == other
            }
            (Type::Object(one), Type::Object(other)) => one.is(other),
            (Type::List(one), Type::List(other))
            | (Type::Optional(one), Type::Optional(other))
            | (Type::Meta(one), Type::Meta(other)) => {
                Arc::ptr_eq(one, other) || self.is_same(one, other, depth + 1)
            }
            (Type::Map(one), Type::Map(other)) => {
                Arc::ptr_eq(one, other)
                    || self.is_same(&one.0, &other.0, depth + 1) && self.is_same(&one.1, &other.1, depth + 1)
            }
            _ => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }

    fn unify(&mut self, given: &Type, wanted: &Type, depth: usize) -> bool {
        if !self.step(depth) {
            return true;
        }
        let next = depth + 1;
        if let Type::Param(id) = wanted {
            match self.substitute(given, *id, next) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if let Type::Param(id) = given {
            return self.substitute(wanted, *id, next).0;
        }
        match (given, wanted) {
            // Types of types are compatible whatever they contain.
            (Type::Dyn | Type::Error, _) | (_, Type::Dyn | Type::Error) | (Type::Meta(_), Type::Meta(_)) => {
                true
            }
            (Type::Null, other) | (other, Type::Null) => is_nullable(other),
            (Type::List(given), Type::List(wanted)) | (Type::Optional(given), Type::Optional(wanted)) => {
                self.unify(given, wanted, next)
            }
            (Type::Map(given), Type::Map(wanted)) => {
                self.unify(&given.0, &wanted.0, next) && self.unify(&given.1, &wanted.1, next)
            }
            _ => self.is_same(given, wanted, next),
        }
    }

    /// Whether a type can be bound to a type variable, and whether that is bound already.
    fn substitute(&mut self, of: &Type, id: usize, depth: usize) -> (bool, bool) {
        if matches!(of, Type::Param(same) if *same == id) {
            return (true, true);
        }
        let Some(bound) = self.bound[id].clone() else {
            let is_free = self.is_without(id, of, depth);
            if is_free {
                self.bind(id, of.clone());
            }
            return (is_free, false);
        };
        if self.is_same(of, &bound, depth) {
            return (true, true);
        }
        let fits = self.unify(of, &bound, depth);
        if fits {
            let general = self.more_general(of, &bound);
            if self.is_without(id, &general, depth) {
                self.bind(id, general);
            }
        }
        (fits, true)
    }

    fn bind(&mut self, id: usize, to: Type) {
        let before = self.bound[id].replace(to);
        self.trail.push((id, before));
    }

    /// The occurs check: true if the type variable does not occur in a type.
    fn is_without(&self, id: usize, of: &Type, depth: usize) -> bool {
        if !self.step(depth) {
            return false;
        }
        let next = depth + 1;
        match of {
            Type::Param(same) if *same == id => false,
            Type::Param(other) => match &self.bound[*other] {
                None => true,
                Some(bound) => self.is_without(id, bound, next),
            },
            Type::List(inner) | Type::Optional(inner) | Type::Meta(inner) => self.is_without(id, inner, next),
            Type::Map(parts) => self.is_without(id, &parts.0, next) && self.is_without(id, &parts.1, next),
            _ => true,
        }
    }

    fn is_as_general(&self, one: &Type, other: &Type, depth: usize) -> bool {
        if !self.step(depth) {
            return true;
        }
        let next = depth + 1;
        match (one, other) {
            (Type::Dyn | Type::Param(_), _) | (Type::Meta(_), Type::Meta(_)) => true,
            (_, Type::Dyn | Type::Param(_)) => false,
            (Type::List(one), Type::List(other)) | (Type::Optional(one), Type::Optional(other)) => {
                self.is_as_general(one, other, next)
            }
            (Type::Map(one), Type::Map(other)) => {
                self.is_as_general(&one.0, &other.0, next) && self.is_as_general(&one.1, &other.1, next)
            }
            _ => self.is_same(one, other, next),
        }
    }

    fn resolve(&self, of: &Type, to_dyn: bool, depth: usize) -> Type {
        if !self.step(depth) {
            return Type::Dyn;
        }
        let one = |of: &Type| self.resolve(of, to_dyn, depth + 1);
        match of {
            Type::Param(id) => match &self.bound[*id] {
                Some(bound) => one(bound),
                None if to_dyn => Type::Dyn,
                None => of.clone(),
            },
            Type::List(inner) => Type::list(one(inner)),
            Type::Optional(inner) => Type::optional(one(inner)),
            Type::Meta(inner) => Type::of_type(one(inner)),
            Type::Map(parts) => Type::map(one(&parts.0), one(&parts.1)),
            other => other.clone(),
        }
    }
}

impl Type {
    /// True if the types are the same, compared to a limited depth.
    pub(in crate::rules) fn is_same(&self, other: &Self) -> bool {
        Bindings::new().same(self, other)
    }
}

/// True if values of the type may be null.
fn is_nullable(of: &Type) -> bool {
    matches!(
        of,
        Type::Null
            | Type::Optional(_)
            | Type::Opaque(_)
            | Type::Struct(_)
            | Type::Object(_)
            | Type::Duration
            | Type::Timestamp
    )
}
