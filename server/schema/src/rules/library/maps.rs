//! The functions behind comprehensions with two variables (`ext.TwoVarComprehensions` of cel-go).

use std::collections::HashMap;

use cel::common::types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelString, CelUInt, DYN_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::super::budget::{self, copy_cost};
use super::formatting::go_printed;
use super::overload::{Args, Returned, entries, failed};

/// The entries of a list or map, as lists of two.
pub(in super::super) const PAIRS: &str = "kube_schema_pairs";
/// Inserts an entry into a map.
pub(in super::super) const INSERT: &str = "kube_schema_insert";
/// Inserts the entries of another map.
pub(in super::super) const MERGE: &str = "kube_schema_merge";

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let any = |count| std::iter::repeat_with(|| DYN_TYPE).take(count).collect();
    env.add_overload(PAIRS, "kube_schema_pairs(dyn)", any(1), pairs)?;
    env.add_overload(INSERT, "kube_schema_insert(dyn,dyn,dyn)", any(3), insert)?;
    env.add_overload(MERGE, "kube_schema_merge(dyn,dyn)", any(2), merge)
}

fn no_overload() -> ExecutionError {
    failed("no such overload")
}

fn pairs<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let [range] = args.as_slice() else {
        return Err(no_overload());
    };
    budget::charge(copy_cost(range.as_ref()))?;
    let entries: Vec<(Box<dyn Val + 'v>, Box<dyn Val + 'v>)> = match range.downcast_ref::<CelList>() {
        Some(list) => (0_i64..)
            .zip(list.inner())
            .map(|(index, item)| {
                (
                    Box::new(CelInt::from(index)) as Box<dyn Val + 'v>,
                    item.clone_as_boxed(),
                )
            })
            .collect(),
        None if range.as_indexer().is_some() => entries(range.as_ref()),
        None => return Err(no_overload()),
    };
    let pairs = entries
        .into_iter()
        .map(|(key, value)| Box::new(CelList::from(vec![key, value])) as Box<dyn Val + 'v>);
    Ok(CowVal::owned(CelList::from(pairs.collect::<Vec<_>>())))
}

fn insert<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let [map, key, value] = args.as_slice() else {
        return Err(no_overload());
    };
    let mut all = copied(map)?;
    put(&mut all, key.as_ref(), value.clone_as_boxed())?;
    Ok(CowVal::owned(CelMap::from(all)))
}

fn merge<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let [map, more] = args.as_slice() else {
        return Err(no_overload());
    };
    let mut all = copied(map)?;
    for (key, value) in entries(more.as_ref()) {
        put(&mut all, &*key, value)?;
    }
    Ok(CowVal::owned(CelMap::from(all)))
}

fn copied<'v>(map: &CowVal<'_, 'v>) -> Result<HashMap<CelMapKey<'v>, Box<dyn Val + 'v>>, ExecutionError> {
    budget::charge(copy_cost(map.as_ref()))?;
    let map = map.downcast_ref::<CelMap>().ok_or_else(no_overload)?;
    let copies = map
        .inner()
        .iter()
        .map(|(key, value)| (key.clone(), value.clone_as_boxed()));
    Ok(copies.collect())
}

/// # Errors
/// If the key exists.
fn put<'v>(
    all: &mut HashMap<CelMapKey<'v>, Box<dyn Val + 'v>>,
    key: &dyn Val,
    value: Box<dyn Val + 'v>,
) -> Result<(), ExecutionError> {
    let key = key_of(key).ok_or_else(|| failed("unsupported key type"))?;
    if all.contains_key(&key) {
        return Err(failed(format!(
            "insert failed: key {} already exists",
            go_printed(key.inner())
        )));
    }
    all.insert(key, value);
    Ok(())
}

fn key_of(key: &dyn Val) -> Option<CelMapKey<'static>> {
    if let Some(text) = key.downcast_ref::<CelString>() {
        return Some(text.inner().to_owned().into());
    }
    if let Some(int) = key.downcast_ref::<CelInt>() {
        return Some(CelMapKey::Int(CelInt::from(*int.inner())));
    }
    if let Some(int) = key.downcast_ref::<CelUInt>() {
        return Some(CelMapKey::UInt(CelUInt::from(*int.inner())));
    }
    key.downcast_ref::<CelBool>()
        .map(|flag| CelMapKey::Bool(CelBool::from(*flag.inner())))
}
