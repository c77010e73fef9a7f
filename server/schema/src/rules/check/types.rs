//! The types of expressions, as cel-go's checker has them (`common/types` of cel-go).

use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::declaration::{Declaration, Declared};
use super::unify::Bindings;

/// Longer names of types say no more.
const LONGEST_NAME: usize = 2_000;

/// The type of an expression.
#[derive(Debug, Clone)]
pub(in crate::rules) enum Type {
    /// That of an expression with a type error.
    Error,
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List(Arc<Type>),
    /// The types of keys and values.
    Map(Arc<(Type, Type)>),
    Optional(Arc<Type>),
    /// The type of a type.
    Meta(Arc<Type>),
    /// A type of a library that is equal to itself alone: `net.IP`.
    Opaque(&'static str),
    /// A type of a library that counts as an object without fields: `kubernetes.Quantity`.
    Struct(&'static str),
    /// An object that the schema declares.
    Object(ObjectType),
    /// A type that is yet to be found, or in the signature of a function a parameter.
    Param(usize),
}

/// An object that the schema declares. Each place of a schema has a type of its own.
#[derive(Debug, Clone)]
pub(in crate::rules) struct ObjectType {
    name: Arc<str>,
    declaration: Arc<Declaration>,
}

impl ObjectType {
    /// Whether both are of the same place.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.declaration, &other.declaration)
    }

    /// The type of a field. Reserved words may be written as they are.
    pub(super) fn field(&self, name: &str) -> Option<Type> {
        let Declared::Object(fields) = &self.declaration.declared else {
            return None;
        };
        let (name, field) = fields
            .get_key_value(name)
            .or_else(|| fields.get_key_value(format!("__{name}__").as_str()))?;
        Some(Type::declared(field, &format!("{}.{name}", self.name)))
    }
}

impl Type {
    /// The type of what a schema declares; objects within get names that begin with `name`.
    pub(super) fn declared(declaration: &Arc<Declaration>, name: &str) -> Self {
        match &declaration.declared {
            Declared::Dyn => Self::Dyn,
            Declared::Bool => Self::Bool,
            Declared::Int => Self::Int,
            Declared::Double => Self::Double,
            Declared::String => Self::String,
            Declared::Bytes => Self::Bytes,
            Declared::Duration => Self::Duration,
            Declared::Timestamp => Self::Timestamp,
            Declared::List(item) => Self::list(Self::declared(item, &format!("{name}.@idx"))),
            Declared::Map(value) => Self::map(Self::String, Self::declared(value, &format!("{name}.@elem"))),
            Declared::Object(_) => Self::Object(ObjectType {
                name: name.into(),
                declaration: Arc::clone(declaration),
            }),
        }
    }

    pub(super) fn list(item: Self) -> Self {
        Self::List(Arc::new(item))
    }

    pub(super) fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new((key, value)))
    }

    pub(super) fn optional(inner: Self) -> Self {
        Self::Optional(Arc::new(inner))
    }

    pub(super) fn of_type(inner: Self) -> Self {
        Self::Meta(Arc::new(inner))
    }

    /// What an optional value holds, or the type itself; and whether it is optional.
    pub(super) fn unwrapped(&self) -> (&Self, bool) {
        match self {
            Self::Optional(inner) => (inner, true),
            other => (other, false),
        }
    }

    /// Whether types are the same, all parts included, as far as anybody wants to compare them.
    pub(in crate::rules) fn is_same(&self, other: &Self) -> bool {
        Bindings::new().same(self, other)
    }

    /// The name of a type without what it is made of.
    pub(super) fn plain_name(&self) -> &str {
        match self {
            Self::Error => "!error!",
            Self::Dyn => "dyn",
            Self::Null => "null_type",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "google.protobuf.Timestamp",
            Self::Duration => "google.protobuf.Duration",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Optional(_) => "optional_type",
            Self::Meta(_) => "type",
            Self::Opaque(name) | Self::Struct(name) => name,
            Self::Object(object) => &object.name,
            Self::Param(_) => "_var",
        }
    }

    /// A type without parts, by its name in signatures.
    pub(super) fn named(name: &str) -> Option<Self> {
        const STRUCTS: [&str; 9] = [
            "kubernetes.Quantity",
            "kubernetes.Semver",
            "kubernetes.URL",
            "kubernetes.NamedFormat",
            "kubernetes.authorization.Authorizer",
            "kubernetes.authorization.PathCheck",
            "kubernetes.authorization.GroupCheck",
            "kubernetes.authorization.ResourceCheck",
            "kubernetes.authorization.Decision",
        ];
        const OPAQUE: [&str; 2] = ["net.IP", "net.CIDR"];
        Some(match name {
            "dyn" => Self::Dyn,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::String,
            "bytes" => Self::Bytes,
            "timestamp" => Self::Timestamp,
            "duration" => Self::Duration,
            _ => match STRUCTS.iter().find(|known| **known == name) {
                Some(known) => Self::Struct(known),
                None => Self::Opaque(OPAQUE.iter().find(|known| **known == name)?),
            },
        })
    }

    fn write(&self, out: &mut Name) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Timestamp => out.write_str("timestamp"),
            Self::Duration => out.write_str("duration"),
            Self::Param(id) => write!(out, "_var{id}"),
            Self::List(inner) | Self::Optional(inner) | Self::Meta(inner) => {
                write!(out, "{}(", self.plain_name())?;
                inner.write(out)?;
                out.write_str(")")
            }
            Self::Map(parts) => {
                out.write_str("map(")?;
                parts.0.write(out)?;
                out.write_str(", ")?;
                parts.1.write(out)?;
                out.write_str(")")
            }
            other => out.write_str(other.plain_name()),
        }
    }
}

/// As messages name a type (`FormatCELType`).
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = Name(String::new());
        let whole = self.write(&mut name);
        f.write_str(&name.0)?;
        f.write_str(if whole.is_err() { "…" } else { "" })
    }
}

/// A name of a type that does not grow without end.
struct Name(String);

impl fmt::Write for Name {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() > LONGEST_NAME {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
