//! CEL types as in cel-go's checker (`common/types` of cel-go).

use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::decl_type::{DeclType, DeclTypeKind};

/// Type names are truncated to this length, in bytes.
const MAX_NAME_BYTES: usize = 2_000;

/// The type of an expression.
#[derive(Debug, Clone)]
pub(in crate::rules) enum Type {
    /// The type of an expression with a type error.
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
    /// A library type that is assignable only to itself: `net.IP`.
    Opaque(&'static str),
    /// A library type that counts as an object without fields: `kubernetes.Quantity`.
    Struct(&'static str),
    /// An object that the schema declares.
    Object(ObjectType),
    /// A type variable, or in a signature a type parameter.
    Param(usize),
}

/// The type of an object that the schema declares. Each schema node has a separate one.
#[derive(Debug, Clone)]
pub(in crate::rules) struct ObjectType {
    name: Arc<str>,
    decl_type: Arc<DeclType>,
}

impl ObjectType {
    /// True if both are of the same schema node.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.decl_type, &other.decl_type)
    }

    /// The type of a field. Reserved words need no escaping.
    pub(super) fn field(&self, name: &str) -> Option<Type> {
        let DeclTypeKind::Object(fields) = &self.decl_type.kind else {
            return None;
        };
        let (name, field) = fields
            .get_key_value(name)
            .or_else(|| fields.get_key_value(format!("__{name}__").as_str()))?;
        Some(Type::declared(field, &format!("{}.{name}", self.name)))
    }
}

impl Type {
    /// The type for a schema's CEL type. The types of nested objects are named `name.…`.
    pub(super) fn declared(decl_type: &Arc<DeclType>, name: &str) -> Self {
        match &decl_type.kind {
            DeclTypeKind::Dyn => Self::Dyn,
            DeclTypeKind::Bool => Self::Bool,
            DeclTypeKind::Int => Self::Int,
            DeclTypeKind::Double => Self::Double,
            DeclTypeKind::String => Self::String,
            DeclTypeKind::Bytes => Self::Bytes,
            DeclTypeKind::Duration => Self::Duration,
            DeclTypeKind::Timestamp => Self::Timestamp,
            DeclTypeKind::List(item) => Self::list(Self::declared(item, &format!("{name}.@idx"))),
            DeclTypeKind::Map(value) => {
                Self::map(Self::String, Self::declared(value, &format!("{name}.@elem")))
            }
            DeclTypeKind::Object(_) => Self::Object(ObjectType {
                name: name.into(),
                decl_type: Arc::clone(decl_type),
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

    /// Returns the inner type of an optional type, or the type itself; and whether it is optional.
    pub(super) fn unwrapped(&self) -> (&Self, bool) {
        match self {
            Self::Optional(inner) => (inner, true),
            other => (other, false),
        }
    }

    /// The name without type arguments.
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

    /// A type without arguments, by its name in signatures.
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

    fn write(&self, out: &mut TypeName) -> fmt::Result {
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

/// Formats the type as in error messages (cel-go's `FormatCELType`).
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = TypeName(String::new());
        let whole = self.write(&mut name);
        f.write_str(&name.0)?;
        f.write_str(if whole.is_err() { "…" } else { "" })
    }
}

/// A type name of limited length.
struct TypeName(String);

impl fmt::Write for TypeName {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() > MAX_NAME_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
