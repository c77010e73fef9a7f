//! Lists of type `set` and `map` as CEL values (`k8s.io/apiserver/pkg/cel/common`): they are equal in any order, and
//! `+` merges them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::{Adder, Container, Indexer, Iterable, Iterator, Sizer, Zeroer};
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelNull, CelString, CelTimestamp,
    CelUInt, LIST_TYPE, Type,
};
use cel::common::value::{Builtin, BuiltinRef, CowVal, Val};

use super::comparison_error::fail_comparison;
use super::escaping::escape;
use crate::node::{ListType, Node};

/// A list of type `set` or `map`.
#[derive(Debug, Clone)]
pub(super) struct SetOrMapList<'v> {
    items: CelList<'v>,
    identity: ItemIdentity,
}

/// What identifies the items of a list.
#[derive(Debug, Clone)]
enum ItemIdentity {
    /// Type `set`: the item itself.
    Value,
    /// Type `map`: its key fields.
    Fields(Arc<[KeyField]>),
}

#[derive(Debug)]
struct KeyField {
    escaped: String,
    /// The API server compares by escaped names and never finds a key whose name needs escaping.
    is_ignored: bool,
}

/// The identity of an item.
#[derive(PartialEq, Eq, Hash, Clone)]
enum ItemKey<'a> {
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

impl SetOrMapList<'static> {
    /// Makes a CEL list of the items: of this type for list types `set` and `map`, else a plain one.
    pub(super) fn of(node: &Node, items: Vec<Box<dyn Val>>) -> Box<dyn Val> {
        let items = CelList::from(items);
        let identity = match node.list_type {
            ListType::Atomic => return Box::new(items),
            ListType::Set => ItemIdentity::Value,
            ListType::Map => {
                let fields = node.list_map_keys.iter().map(|name| {
                    let escaped = escape(name);
                    let is_ignored = escaped != **name;
                    KeyField { escaped, is_ignored }
                });
                ItemIdentity::Fields(fields.collect())
            }
        };
        Box::new(Self { items, identity })
    }
}

impl SetOrMapList<'_> {
    /// The identity of an item; `Err` if a set contains a list or map.
    fn key<'a>(&self, item: &'a dyn Val) -> Result<Vec<ItemKey<'a>>, &'static str> {
        match &self.identity {
            ItemIdentity::Value
                if item.downcast_ref::<CelList>().is_some() || item.downcast_ref::<CelMap>().is_some() =>
            {
                Err("listSet operations are only supported on lists of scalar values")
            }
            ItemIdentity::Value => Ok(vec![scalar(item)]),
            ItemIdentity::Fields(fields) => Ok(fields.iter().map(|key| field(item, &key.escaped)).collect()),
        }
    }

    /// The identity of an item in comparisons.
    fn comparison_key<'a>(&self, item: &'a dyn Val) -> Result<Vec<ItemKey<'a>>, &'static str> {
        match &self.identity {
            ItemIdentity::Value => self.key(item),
            ItemIdentity::Fields(fields) => {
                let found = fields.iter().filter(|key| !key.is_ignored);
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
            mine.insert(self.comparison_key(&**item)?, item);
        }
        let mut seen = HashSet::with_capacity(mine.len());
        for item in other.inner() {
            let key = self.comparison_key(&**item)?;
            match (mine.get(&key), &self.identity) {
                (None, _) => return Ok(false),
                (Some(mine), ItemIdentity::Fields(_)) if !mine.equals(&**item) => return Ok(false),
                _ => {}
            }
            seen.insert(key);
        }
        Ok(seen.len() == mine.len())
    }
}

fn field<'a>(item: &'a dyn Val, name: &str) -> ItemKey<'a> {
    let Some(indexer) = item.as_indexer() else {
        return ItemKey::Nothing;
    };
    match indexer.get(&CelString::from(name)) {
        Ok(CowVal::Borrowed(value)) => scalar(value),
        _ => ItemKey::Nothing,
    }
}

fn scalar(value: &dyn Val) -> ItemKey<'_> {
    if let Some(text) = value.downcast_ref::<CelString>() {
        ItemKey::Text(text.inner())
    } else if let Some(int) = value.downcast_ref::<CelInt>() {
        ItemKey::Int(*int.inner())
    } else if let Some(int) = value.downcast_ref::<CelUInt>() {
        ItemKey::Uint(*int.inner())
    } else if let Some(flag) = value.downcast_ref::<CelBool>() {
        ItemKey::Bool(*flag.inner())
    } else if let Some(float) = value.downcast_ref::<CelDouble>() {
        // Positive and negative zero are equal.
        ItemKey::Double((float.inner() + 0.0).to_bits())
    } else if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        ItemKey::Bytes(bytes.inner())
    } else if let Some(duration) = value.downcast_ref::<CelDuration>() {
        ItemKey::Duration(duration.inner().num_seconds(), duration.inner().subsec_nanos())
    } else if let Some(time) = value.downcast_ref::<CelTimestamp>() {
        ItemKey::Time(time.inner().timestamp(), time.inner().timestamp_subsec_nanos())
    } else if value.downcast_ref::<CelNull>().is_some() {
        ItemKey::Null
    } else {
        ItemKey::Nothing
    }
}

impl Val for SetOrMapList<'_> {
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
            fail_comparison(problem);
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

impl Adder for SetOrMapList<'_> {
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
            match (places.get(&key), &self.identity) {
                (Some(place), ItemIdentity::Fields(_)) => {
                    if let Some(mine) = items.get_mut(*place) {
                        *mine = item.clone_as_boxed();
                    }
                }
                (Some(_), ItemIdentity::Value) => {}
                (None, identity) => {
                    // An added key that occurs twice stays twice in a list of type `map`, but not in a set.
                    if matches!(identity, ItemIdentity::Value) {
                        places.insert(key, items.len());
                    }
                    items.push(item.clone_as_boxed());
                }
            }
        }
        Ok(CowVal::owned(SetOrMapList {
            items: CelList::from(items),
            identity: self.identity.clone(),
        }))
    }
}

impl Iterable for SetOrMapList<'_> {
    fn iter<'b, 'v>(&'b self) -> Box<dyn Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Iterable::iter(&self.items)
    }
}
