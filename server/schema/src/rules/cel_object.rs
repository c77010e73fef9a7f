//! Objects with declared properties as CEL values (`k8s.io/apiserver/pkg/cel/common`, `unstructuredMap`).

use std::any::Any;
use std::borrow::Cow;

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator, Sizer, Zeroer};
use cel::common::types::{CelInt, CelMap, CelMapKey, CelString, MAP_TYPE, Type};
use cel::common::value::{Builtin, BuiltinRef, CowVal, StaticVal, Val};
use serde_json::{Map, Value};

use super::comparison_error::fail_comparison;
use super::escaping::unescape;
use super::unconvertible::Problem;

/// An object. Fields that are null count in its size, but are not set.
#[derive(Debug, Clone)]
pub(super) struct CelObject {
    /// Fields that are set and can be converted.
    pub(super) fields: CelMap<'static>,
    /// Fields that are null.
    pub(super) nulls: Vec<Box<str>>,
    /// Fields that are set but cannot be converted.
    pub(super) unconvertible: Vec<(Box<str>, Problem)>,
    /// Fields that the schema does not declare. They are compared as JSON.
    pub(super) undeclared: Map<String, Value>,
    /// True if any property is declared: then names are escaped.
    pub(super) has_properties: bool,
}

impl CelObject {
    /// The field for a name as written in a rule.
    fn name<'n>(&self, written: &'n str) -> Option<Cow<'n, str>> {
        if self.has_properties {
            unescape(written)
        } else {
            Some(Cow::Borrowed(written))
        }
    }

    fn find(&self, written: &str) -> Option<CowVal<'_, 'static>> {
        let name = self.name(written)?;
        Indexer::get(&self.fields, &CelString::from(&*name)).ok()
    }

    /// Why a field cannot be converted, if it cannot.
    fn conversion_error(&self, written: &str) -> Option<&Problem> {
        let name = self.name(written).filter(|_| !self.unconvertible.is_empty())?;
        let mut fields = self.unconvertible.iter();
        fields
            .find(|(field, _)| **field == *name)
            .map(|(_, reason)| reason)
    }

    fn count(&self) -> usize {
        let hidden = self.undeclared.values().filter(|value| value.is_null()).count();
        self.fields.inner().len() + self.nulls.len() + self.unconvertible.len() + hidden
    }

    /// Not symmetric, as in the API server: fields that only `other` has count in its size, but are not compared.
    fn is_equal(&self, other: &Self) -> bool {
        if let Some((_, reason)) = self.unconvertible.first().or(other.unconvertible.first()) {
            fail_comparison(reason.clone());
            return false;
        }
        let declared = self.fields.inner().keys().filter_map(|key| match key {
            CelMapKey::String(name) => Some(name.inner()),
            _ => None,
        });
        self.count() == other.count()
            && declared
                .filter(|name| !self.undeclared.contains_key(*name))
                .chain(self.nulls.iter().map(|name| &**name))
                .all(|name| match (self.find(name), other.find(name)) {
                    (Some(value), Some(other)) => value.equals(other.as_ref()),
                    (None, None) => true,
                    _ => false,
                })
            && self
                .undeclared
                .iter()
                .all(|(name, value)| other.undeclared.get(name).is_none_or(|other| value == other))
    }
}

impl StaticVal for CelObject {}

impl Val for CelObject {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        match other.downcast_ref::<Self>() {
            Some(other) => self.is_equal(other),
            None => self.nulls.is_empty() && self.unconvertible.is_empty() && self.fields.equals(other),
        }
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
    where
        Self: 'v,
    {
        BuiltinRef::Map(&self.fields)
    }

    fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>> {
        Some(Builtin::Map(self.fields))
    }
}

impl Container for CelObject {
    fn contains(&self, key: &dyn Val) -> Result<bool, ExecutionError> {
        match key.downcast_ref::<CelString>() {
            // The API server converts the value to test whether the field is set.
            Some(name) => match self.conversion_error(name.inner()) {
                Some(reason) => Err(ExecutionError::function_error("has", reason)),
                None => Ok(self.find(name.inner()).is_some()),
            },
            None => Container::contains(&self.fields, key),
        }
    }
}

impl Indexer for CelObject {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let Some(name) = key.downcast_ref::<CelString>() else {
            return Indexer::get(&self.fields, key);
        };
        match self.find(name.inner()) {
            Some(value) => Ok(value),
            None if let Some(reason) = self.conversion_error(name.inner()) => {
                Err(ExecutionError::function_error("get", reason))
            }
            None => Err(ExecutionError::no_such_key(name.inner())),
        }
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let value: Box<dyn Val> = self.get(key)?.into_owned();
        Ok(value)
    }
}

impl Iterable for CelObject {
    fn iter<'b, 'v>(&'b self) -> Box<dyn Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Iterable::iter(&self.fields)
    }
}

impl Sizer for CelObject {
    fn size(&self) -> CelInt {
        i64::try_from(self.count()).unwrap_or(i64::MAX).into()
    }
}

impl Zeroer for CelObject {
    fn is_zero_value(&self) -> bool {
        self.count() == 0
    }
}
