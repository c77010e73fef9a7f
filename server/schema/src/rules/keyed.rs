//! Lists that are sets or maps as CEL sees them (`k8s.io/apiserver/pkg/cel/common`): equal whatever their order, and
//! added without doubling anything.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::{Adder, Container, Indexer, Iterable, Iterator, Sizer, Zeroer};
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelNull, CelString, CelTimestamp,
    CelUInt, LIST_TYPE, Type,
};
use cel::common::value::{Builtin, BuiltinRef, CowVal, Val};

use super::escaping::escape;
use super::unreadable::Unreadable;
use super::values::Boxed;
use crate::node::{ListType, Node};

thread_local! {
    /// What a comparison could not do: `equals` has no error of its own.
    static PROBLEM: RefCell<Option<Cow<'static, str>>> = const { RefCell::new(None) };
}

/// Notes why values could not be compared: the comparison under way fails with it.
pub(super) fn cannot_compare(problem: impl Into<Cow<'static, str>>) {
    PROBLEM.set(Some(problem.into()));
}

/// `==`, which fails where lists cannot be compared.
pub(super) const EQUAL: &str = "kube_schema_equal";
/// `!=`, which fails where lists cannot be compared.
pub(super) const UNEQUAL: &str = "kube_schema_unequal";

/// The function [`EQUAL`].
#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
pub(super) fn equal<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(compare(&args)?)))
}

/// The function [`UNEQUAL`].
#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
pub(super) fn unequal<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(!compare(&args)?)))
}

/// `in`, which fails where lists cannot be compared.
pub(super) const WITHIN: &str = "kube_schema_within";

/// The function [`WITHIN`].
#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
pub(super) fn within<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [value, container] = args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    PROBLEM.set(None);
    let is_within = match (container.downcast_ref::<CelList>(), container.as_container()) {
        (Some(list), _) => list.inner().iter().any(|item| is_same(value.as_ref(), &**item)),
        (None, Some(found)) => {
            found.contains(value.as_ref())? && is_readable(container.as_ref(), value.as_ref())?
        }
        (None, None) => return Err(ExecutionError::no_such_overload("@in", Vec::new())),
    };
    match PROBLEM.take() {
        Some(problem) if !is_within => Err(ExecutionError::function_error("@in", problem)),
        _ => Ok(CowVal::owned(CelBool::from(is_within))),
    }
}

fn compare(args: &[CowVal<'_, '_>]) -> Result<bool, ExecutionError> {
    let [left, right] = args else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    PROBLEM.set(None);
    let is_equal = is_same(left.as_ref(), right.as_ref());
    match PROBLEM.take() {
        Some(problem) => Err(ExecutionError::function_error("_==_", problem)),
        None => Ok(is_equal),
    }
}

fn is_same(left: &dyn Val, right: &dyn Val) -> bool {
    match right.downcast_ref::<Unreadable>() {
        // The left does not know of it.
        Some(unreadable) => unreadable.equals(left),
        None => left.equals(right),
    }
}

/// Whether the value of a map's key can be read, which always is true.
///
/// # Errors
/// Why it cannot.
pub(super) fn is_readable(map: &dyn Val, key: &dyn Val) -> Result<bool, ExecutionError> {
    let value = map
        .downcast_ref::<CelMap>()
        .and_then(|map| Indexer::get(map, key).ok());
    match value
        .as_ref()
        .and_then(|value| value.downcast_ref::<Unreadable>())
    {
        Some(Unreadable(reason)) => Err(ExecutionError::function_error("@in", reason)),
        None => Ok(true),
    }
}

/// A list that is a set or a map.
#[derive(Debug, Clone)]
pub(super) struct KeyedList<'v> {
    items: CelList<'v>,
    by: By,
}

/// What tells its items apart.
#[derive(Debug, Clone)]
enum By {
    /// They themselves.
    Value,
    /// These fields of theirs.
    Fields(Arc<[KeyField]>),
}

#[derive(Debug)]
struct KeyField {
    escaped: String,
    /// The API server looks for keys under their escaped names when it compares, so it finds none of these.
    is_lost: bool,
}

/// What tells one item from another.
#[derive(PartialEq, Eq, Hash, Clone)]
enum Key<'a> {
    Nothing,
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(u64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Duration(i64, i32),
    Time(i64, u32),
}

impl KeyedList<'static> {
    /// The items of a list; a list that is neither set nor map is a plain one.
    pub(super) fn of(node: &Node, items: Vec<Boxed>) -> Boxed {
        let items = CelList::from(items);
        let by = match node.list_type {
            ListType::Atomic => return Box::new(items),
            ListType::Set => By::Value,
            ListType::Map => {
                let fields = node.list_keys.iter().map(|name| {
                    let escaped = escape(name);
                    let is_lost = escaped != **name;
                    KeyField { escaped, is_lost }
                });
                By::Fields(fields.collect())
            }
        };
        Box::new(Self { items, by })
    }
}

impl KeyedList<'_> {
    /// The key of an item; `Err` where a set holds what is no scalar.
    fn key<'a>(&self, item: &'a dyn Val) -> Result<Vec<Key<'a>>, &'static str> {
        match &self.by {
            By::Value
                if item.downcast_ref::<CelList>().is_some() || item.downcast_ref::<CelMap>().is_some() =>
            {
                Err("listSet operations are only supported on lists of scalar values")
            }
            By::Value => Ok(vec![scalar(item)]),
            By::Fields(fields) => Ok(fields.iter().map(|key| field(item, &key.escaped)).collect()),
        }
    }

    /// The key by which an item is compared.
    fn compared<'a>(&self, item: &'a dyn Val) -> Result<Vec<Key<'a>>, &'static str> {
        match &self.by {
            By::Value => self.key(item),
            By::Fields(fields) => {
                let found = fields.iter().filter(|key| !key.is_lost);
                Ok(found.map(|key| field(item, &key.escaped)).collect())
            }
        }
    }

    fn is_equal(&self, other: &dyn Val) -> Result<bool, &'static str> {
        let Some(other) = other.downcast_ref::<CelList>() else {
            return Err("no such overload");
        };
        if self.items.len() != other.len() {
            return Ok(false);
        }
        let mut mine = HashMap::with_capacity(self.items.len());
        for item in self.items.inner() {
            mine.insert(self.compared(&**item)?, item);
        }
        let mut seen = HashSet::with_capacity(mine.len());
        for item in other.inner() {
            let key = self.compared(&**item)?;
            match (mine.get(&key), &self.by) {
                (None, _) => return Ok(false),
                (Some(mine), By::Fields(_)) if !mine.equals(&**item) => return Ok(false),
                _ => {}
            }
            seen.insert(key);
        }
        Ok(seen.len() == mine.len())
    }
}

fn field<'a>(item: &'a dyn Val, name: &str) -> Key<'a> {
    let Some(indexer) = item.as_indexer() else {
        return Key::Nothing;
    };
    match indexer.get(&CelString::from(name)) {
        Ok(CowVal::Borrowed(value)) => scalar(value),
        _ => Key::Nothing,
    }
}

fn scalar(value: &dyn Val) -> Key<'_> {
    if let Some(text) = value.downcast_ref::<CelString>() {
        Key::Text(text.inner())
    } else if let Some(int) = value.downcast_ref::<CelInt>() {
        Key::Int(*int.inner())
    } else if let Some(int) = value.downcast_ref::<CelUInt>() {
        Key::Uint(*int.inner())
    } else if let Some(flag) = value.downcast_ref::<CelBool>() {
        Key::Bool(*flag.inner())
    } else if let Some(float) = value.downcast_ref::<CelDouble>() {
        // Zero is zero whatever its sign.
        Key::Double((float.inner() + 0.0).to_bits())
    } else if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        Key::Bytes(bytes.inner())
    } else if let Some(duration) = value.downcast_ref::<CelDuration>() {
        Key::Duration(duration.inner().num_seconds(), duration.inner().subsec_nanos())
    } else if let Some(time) = value.downcast_ref::<CelTimestamp>() {
        Key::Time(time.inner().timestamp(), time.inner().timestamp_subsec_nanos())
    } else if value.downcast_ref::<CelNull>().is_some() {
        Key::Null
    } else {
        Key::Nothing
    }
}

impl Val for KeyedList<'_> {
    fn get_type(&self) -> &Type {
        &LIST_TYPE
    }

    fn cel_type() -> &'static Type {
        &LIST_TYPE
    }

    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_container(&self) -> Option<&dyn Container> {
        self.items.as_container()
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        self.items.as_indexer()
    }

    fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
    where
        Self: 'v,
    {
        Box::new(self.items).into_indexer()
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        self.items.as_sizer()
    }

    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        self.items.as_zeroer()
    }

    fn equals(&self, other: &dyn Val) -> bool {
        self.is_equal(other).unwrap_or_else(|problem| {
            cannot_compare(problem);
            false
        })
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }

    fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
    where
        Self: 'v,
    {
        BuiltinRef::List(&self.items)
    }

    fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>>
    where
        Self: 'v,
    {
        Some(Builtin::List(self.items))
    }
}

impl Adder for KeyedList<'_> {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let failed = |problem: &str| ExecutionError::function_error("_+_", problem);
        let Some(other) = other.downcast_ref::<CelList>() else {
            return Err(failed("no such overload"));
        };
        let mut items: Vec<Box<dyn Val + 'v>> = self
            .items
            .inner()
            .iter()
            .map(|item| item.clone_as_boxed())
            .collect();
        let mut places = HashMap::with_capacity(items.len());
        for (place, item) in self.items.inner().iter().enumerate() {
            places.insert(self.key(&**item).map_err(failed)?, place);
        }
        for item in other.inner() {
            let key = self.key(&**item).map_err(failed)?;
            match (places.get(&key), &self.by) {
                (Some(place), By::Fields(_)) => {
                    if let Some(mine) = items.get_mut(*place) {
                        *mine = item.clone_as_boxed();
                    }
                }
                (Some(_), By::Value) => {}
                (None, by) => {
                    // A key that is added twice stays twice in a map, once in a set.
                    if matches!(by, By::Value) {
                        places.insert(key, items.len());
                    }
                    items.push(item.clone_as_boxed());
                }
            }
        }
        Ok(CowVal::owned(KeyedList {
            items: CelList::from(items),
            by: self.by.clone(),
        }))
    }
}

impl Iterable for KeyedList<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Iterable::iter(&self.items)
    }
}
