//! Lists (`library.Lists`) and sets (`ext.Sets` of cel-go).

use std::cmp::Ordering;

use cel::common::types::{CelBool, CelDouble, CelDuration, CelInt, CelList, CelOptional, CelUInt, DYN_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::super::budget::{self, copy_cost};
use super::super::unconvertible::Unconvertible;
use super::overload::{Args, Returned, failed};

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_member_overload!(env, fn is_sorted: (CelList) -> Result<CelBool>)?;
    env.add_member_overload("sum", "list.sum()", CelList::cel_type().to_owned(), vec![], sum)?;
    env.add_member_overload("min", "list.min()", CelList::cel_type().to_owned(), vec![], min)?;
    env.add_member_overload("max", "list.max()", CelList::cel_type().to_owned(), vec![], max)?;
    let any = || vec![DYN_TYPE];
    env.add_member_overload(
        "indexOf",
        "list.indexOf(dyn)",
        CelList::cel_type().to_owned(),
        any(),
        index_of,
    )?;
    env.add_member_overload(
        "lastIndexOf",
        "list.lastIndexOf(dyn)",
        CelList::cel_type().to_owned(),
        any(),
        last_index_of,
    )?;
    let list = CelList::cel_type().to_owned();
    env.add_member_overload(DISTINCT, "list.kube_schema_distinct()", list, vec![], distinct)?;
    env.add_member_overload("includes", "dyn.includes(dyn)", DYN_TYPE, any(), includes)?;
    env.add_member_overload(
        "first",
        "list.first()",
        CelList::cel_type().to_owned(),
        vec![],
        first,
    )?;
    env.add_member_overload(
        "last",
        "list.last()",
        CelList::cel_type().to_owned(),
        vec![],
        last,
    )?;
    cel::add_overload!(env, fn contains: (CelList, CelList) -> Result<CelBool>, name = "sets.contains")?;
    cel::add_overload!(env, fn equivalent: (CelList, CelList) -> Result<CelBool>, name = "sets.equivalent")?;
    cel::add_overload!(env, fn intersects: (CelList, CelList) -> Result<CelBool>, name = "sets.intersects")
}

/// `distinct`, metered: it compares each item with all distinct ones before it.
pub(in super::super) const DISTINCT: &str = "kube_schema_distinct";

/// Functions that copy their receiver.
pub(in super::super) const COPYING: [&str; 6] = [
    "flatten",
    "reverse",
    "slice",
    "sort",
    "@sortByAssociatedKeys",
    "isSorted",
];

fn no_overload() -> ExecutionError {
    failed("no such overload")
}

/// The receiver's items.
fn items<'a, 'v>(args: &'a [CowVal<'_, 'v>]) -> Result<&'a [Box<dyn Val + 'v>], ExecutionError> {
    let list = args.first().and_then(|list| list.downcast_ref::<CelList>());
    list.map(CelList::inner).ok_or_else(no_overload)
}

/// Compares two values; `None` if their types differ, which the API server ignores.
///
/// # Errors
/// If values of that type cannot be compared.
fn compared(left: &dyn Val, right: &dyn Val) -> Result<Option<Ordering>, ExecutionError> {
    let comparer = left.as_comparer().ok_or_else(no_overload)?;
    Ok(comparer.compare(right).ok())
}

fn is_sorted(list: &CelList<'_>) -> Result<CelBool, ExecutionError> {
    for pair in list.inner().windows(2) {
        if compared(&*pair[0], &*pair[1])? == Some(Ordering::Greater) {
            return Ok(false.into());
        }
    }
    Ok(true.into())
}

/// The sum of an empty list is 0, whatever its item type.
fn sum<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let items = items(&args)?;
    let Some(first) = items.first() else {
        return Ok(CowVal::owned(CelInt::from(0)));
    };
    let is_addable = first.downcast_ref::<CelInt>().is_some()
        || first.downcast_ref::<CelUInt>().is_some()
        || first.downcast_ref::<CelDouble>().is_some()
        || first.downcast_ref::<CelDuration>().is_some();
    if !is_addable {
        return Err(failed("no such overload: sum(list)"));
    }
    let mut total = first.clone_as_boxed();
    for item in &items[1..] {
        let adder = total.as_adder().ok_or_else(no_overload)?;
        if let Some(Unconvertible(reason)) = item.downcast_ref::<Unconvertible>() {
            return Err(failed(reason));
        }
        let sum = adder.add(&**item)?.into_owned();
        total = sum;
    }
    Ok(CowVal::Owned(total))
}

fn min<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    extreme(&args, "min", Ordering::Less)
}

fn max<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    extreme(&args, "max", Ordering::Greater)
}

fn extreme<'b, 'v>(args: &[CowVal<'_, 'v>], name: &str, wanted: Ordering) -> Returned<'b, 'v> {
    let (first, rest) = items(args)?
        .split_first()
        .ok_or_else(|| failed(format!("{name} called on empty list")))?;
    let mut found = first;
    for item in rest {
        if compared(&**item, &**found)? == Some(wanted) {
            found = item;
        }
    }
    Ok(CowVal::Owned(found.clone_as_boxed()))
}

fn index_of<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let found = items(&args)?
        .iter()
        .position(|item| item.equals(args[1].as_ref()));
    Ok(CowVal::owned(place(found)))
}

fn last_index_of<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let found = items(&args)?
        .iter()
        .rposition(|item| item.equals(args[1].as_ref()));
    Ok(CowVal::owned(place(found)))
}

fn place(found: Option<usize>) -> CelInt {
    CelInt::from(found.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1))
}

fn includes<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let [this, wanted] = args.as_slice() else {
        return Err(no_overload());
    };
    let wanted = wanted.as_ref();
    let found = match this.downcast_ref::<CelList>() {
        Some(list) => list.inner().iter().any(|item| item.equals(wanted)),
        None => this.equals(wanted),
    };
    Ok(CowVal::owned(CelBool::from(found)))
}

fn first<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    Ok(optional(items(&args)?.first().map(|item| &**item)))
}

fn last<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    Ok(optional(items(&args)?.last().map(|item| &**item)))
}

fn optional<'b, 'v>(item: Option<&(dyn Val + 'v)>) -> CowVal<'b, 'v> {
    CowVal::owned(match item {
        Some(item) => CelOptional::of(item.clone_as_boxed()),
        None => CelOptional::none(),
    })
}

fn distinct<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let mut found: Vec<&dyn Val> = Vec::new();
    let items = items(&args)?;
    for item in items {
        budget::charge(found.len())?;
        if !found.iter().any(|known| item.equals(*known)) {
            found.push(&**item);
        }
    }
    let copies = found.into_iter().map(Val::clone_as_boxed);
    Ok(CowVal::owned(CelList::from(copies.collect::<Vec<_>>())))
}

/// Every item of one list is compared with every item of the other.
fn charge(left: &CelList<'_>, right: &CelList<'_>) -> Result<(), ExecutionError> {
    budget::charge(copy_cost(left).saturating_mul(copy_cost(right)))
}

fn has(list: &CelList<'_>, wanted: &dyn Val) -> bool {
    list.inner().iter().any(|item| item.equals(wanted))
}

fn contains(list: &CelList<'_>, wanted: &CelList<'_>) -> Result<CelBool, ExecutionError> {
    charge(list, wanted)?;
    Ok(wanted.inner().iter().all(|item| has(list, &**item)).into())
}

fn equivalent(left: &CelList<'_>, right: &CelList<'_>) -> Result<CelBool, ExecutionError> {
    Ok((*contains(left, right)?.inner() && *contains(right, left)?.inner()).into())
}

fn intersects(left: &CelList<'_>, right: &CelList<'_>) -> Result<CelBool, ExecutionError> {
    charge(left, right)?;
    Ok(right.inner().iter().any(|item| has(left, &**item)).into())
}
