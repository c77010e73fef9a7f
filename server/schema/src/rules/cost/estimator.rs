//! Estimates the cost of each node of an expression, and the size of its value.

use std::collections::HashMap;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr};

use super::path::Path;
use super::range::Range;
use crate::rules::check::annotations::Annotations;
use crate::rules::check::decl_type::DeclType;
use crate::rules::check::types::Type;

/// The cost of an identifier or a field selection.
const SELECT_COST: Range = Range::exactly(1);

/// The sizes of the elements of a list or map.
#[derive(Debug, Clone, Copy)]
pub(super) struct ElementSizes {
    pub(super) is_list: bool,
    pub(super) key: Range,
    pub(super) value: Range,
}

impl ElementSizes {
    pub(super) fn union(self, other: Self) -> Self {
        Self {
            is_list: self.is_list,
            key: self.key.union(other.key),
            value: self.value.union(other.value),
        }
    }
}

/// A variable of a comprehension.
#[derive(Debug, Clone, Default)]
pub(super) struct LoopVariable {
    pub(super) path: Option<Path>,
    pub(super) size: Option<Range>,
    pub(super) elements: Option<ElementSizes>,
}

/// An argument of a function.
#[derive(Debug)]
pub(super) struct Argument<'e> {
    pub(super) expression: Option<&'e IdedExpr>,
    pub(super) of: &'e Type,
    pub(super) path: Option<Path>,
    pub(super) size: Option<Range>,
}

/// The cost of a call, and the size of its result.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallCost {
    pub(super) cost: Range,
    pub(super) result: Option<Range>,
}

pub(super) struct Estimator<'a> {
    pub(super) found: &'a Annotations,
    root: &'a DeclType,
    paths: HashMap<u64, Path>,
    sizes: HashMap<u64, Range>,
    element_sizes: HashMap<u64, ElementSizes>,
    locals: HashMap<&'a str, Vec<LoopVariable>>,
}

impl<'a> Estimator<'a> {
    pub(super) fn new(found: &'a Annotations, root: &'a DeclType) -> Self {
        Self {
            found,
            root,
            paths: HashMap::new(),
            sizes: HashMap::new(),
            element_sizes: HashMap::new(),
            locals: HashMap::new(),
        }
    }

    pub(super) fn cost(&mut self, node: &'a IdedExpr) -> Range {
        match &node.expr {
            // Message literals are not supported.
            Expr::Literal(_) | Expr::Unspecified | Expr::Struct(_) => Range::NOTHING,
            Expr::Ident(name) => self.ident(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => self.list(node, list),
            Expr::Map(map) => self.map(node, map),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension),
        }
    }

    fn ident(&mut self, node: &IdedExpr, name: &str) -> Range {
        let path = match self.local(name) {
            Some(local) => local.path.clone(),
            None => Some(Path::of(name)),
        };
        self.note_path(node, path);
        SELECT_COST
    }

    fn select(&mut self, node: &'a IdedExpr, select: &'a SelectExpr) -> Range {
        if let Some(name) = self.found.names.get(&node.id) {
            return self.ident(node, name);
        }
        let mut cost = self.cost(&select.operand);
        if select.test {
            // A presence test (`has`) costs nothing.
            return cost;
        }
        if matches!(
            self.found.type_of(&select.operand),
            Type::Map(_) | Type::Object(_) | Type::Struct(_)
        ) {
            cost = cost.plus(SELECT_COST);
        }
        let path = Path::then(self.path(&select.operand).as_ref(), &select.field);
        self.note_path(node, Some(path));
        cost
    }

    fn call(&mut self, node: &'a IdedExpr, call: &'a CallExpr) -> Range {
        if let ("dyn", [arg]) = (call.func_name.as_str(), call.args.as_slice()) {
            let cost = self.cost(arg);
            self.copy_sizes(node, arg);
            return cost.plus(Range::exactly(1));
        }
        let mut costs = Vec::with_capacity(call.args.len());
        let mut args = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            costs.push(self.cost(arg));
            args.push(self.argument(arg));
        }
        let Some(resolved) = self.found.calls.get(&node.id) else {
            return Range::NOTHING;
        };
        let mut before = Range::NOTHING;
        let mut target = None;
        if let Some(expression) = call.target.as_deref().filter(|_| resolved.is_member) {
            before = self.cost(expression);
            target = Some(self.argument(expression));
        }
        let mut cost = Range {
            min: u64::MAX,
            max: 0,
        };
        let mut result: Option<Range> = None;
        for overload in &resolved.overloads {
            let one = self.overload(node, &resolved.function, overload, target.as_ref(), &args, &costs);
            cost = cost.union(one.cost);
            if let Some(size) = one.result {
                result = Some(result.map_or(size, |before| before.union(size)));
            }
            let step = match *overload {
                "index_list" => Some("@items"),
                "index_map" => Some("@values"),
                _ => None,
            };
            if let (Some(step), Some(whole)) = (step, call.args.first()) {
                result = self.elements(whole).map(|elements| elements.value);
                let path = Path::then(self.path(whole).as_ref(), step);
                self.note_path(node, Some(path));
            }
            if result.is_none() {
                result = self.size(node);
            }
        }
        self.note_size(node, result);
        before.plus(cost)
    }

    /// The argument for an expression.
    fn argument(&mut self, expression: &'a IdedExpr) -> Argument<'a> {
        let path = self.path(expression);
        let is_gathered = |path: &Path| path.begins_at("@result") || path.begins_at("__result__");
        Argument {
            path: path.filter(|path| !is_gathered(path)),
            of: self.found.type_of(expression),
            size: self.size(expression),
            expression: Some(expression),
        }
    }

    pub(super) fn local(&self, name: &str) -> Option<&LoopVariable> {
        self.locals.get(name).and_then(|locals| locals.last())
    }

    pub(super) fn push(&mut self, name: &'a str, local: LoopVariable) {
        self.locals.entry(name).or_default().push(local);
    }

    pub(super) fn pop(&mut self, name: &'a str) {
        if let Some(locals) = self.locals.get_mut(name) {
            locals.pop();
        }
    }

    pub(super) fn path(&self, node: &IdedExpr) -> Option<Path> {
        if let Expr::Ident(name) = &node.expr
            && let Some(local) = self.local(name)
        {
            return local.path.clone();
        }
        self.paths.get(&node.id).cloned()
    }

    fn note_path(&mut self, node: &IdedExpr, path: Option<Path>) {
        match path {
            Some(path) => self.paths.insert(node.id, path),
            None => self.paths.remove(&node.id),
        };
    }

    pub(super) fn note_size(&mut self, node: &IdedExpr, size: Option<Range>) {
        if let Some(size) = size {
            self.sizes.insert(node.id, size);
        }
    }

    pub(super) fn note_elements(&mut self, node: &IdedExpr, elements: Option<ElementSizes>) {
        if let Some(elements) = elements {
            self.element_sizes.insert(node.id, elements);
        }
    }

    pub(super) fn copy_sizes(&mut self, to: &IdedExpr, from: &IdedExpr) {
        let size = self.size(from);
        self.note_size(to, size);
        self.note_elements(to, self.elements(from));
    }

    /// The size of a node's value, if known.
    pub(super) fn size(&mut self, node: &IdedExpr) -> Option<Range> {
        if let Some(size) = self.sizes.get(&node.id) {
            return Some(*size);
        }
        if let Some(size) = written_size(node) {
            return Some(Range::exactly(size));
        }
        if let Some(size) = self.path(node).and_then(|path| path.size(self.root)) {
            self.sizes.insert(node.id, size);
            return Some(size);
        }
        if is_scalar(self.found.type_of(node)) {
            return Some(Range::exactly(1));
        }
        match &node.expr {
            Expr::Ident(name) => self.local(name)?.size,
            _ => None,
        }
    }

    pub(super) fn size_or_unknown(&mut self, node: &IdedExpr) -> Range {
        self.size(node).unwrap_or(Range::UNKNOWN)
    }

    /// The size of an argument, as the cost functions of Kubernetes use it.
    pub(super) fn size_of(&self, given: &Argument<'_>) -> Range {
        let declared = || given.path.as_ref()?.size(self.root);
        given.size.or_else(declared).unwrap_or(Range::UNKNOWN)
    }

    /// The sizes of the elements of a node's list or map, if known.
    pub(super) fn elements(&self, node: &IdedExpr) -> Option<ElementSizes> {
        if let Some(elements) = self.element_sizes.get(&node.id) {
            return Some(*elements);
        }
        match &node.expr {
            Expr::Ident(name) => self.local(name)?.elements,
            _ => None,
        }
    }
}

/// The size of a literal.
fn written_size(node: &IdedExpr) -> Option<u64> {
    let size = match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => text.inner().chars().count(),
        Expr::Literal(LiteralValue::Bytes(bytes)) => bytes.inner().len(),
        Expr::Literal(_) => 1,
        Expr::List(list) => list.elements.len(),
        Expr::Map(map) => map.entries.len(),
        _ => return None,
    };
    u64::try_from(size).ok()
}

/// True if all values of a type have the same size.
fn is_scalar(of: &Type) -> bool {
    match of {
        Type::Bool | Type::Double | Type::Duration | Type::Int | Type::Timestamp | Type::Uint => true,
        Type::Optional(inner) => is_scalar(inner),
        _ => false,
    }
}
