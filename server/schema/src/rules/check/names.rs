//! Type names, which are values in CEL.

use super::types::Type;

/// What a name that is not a variable refers to.
#[derive(Debug)]
pub(super) enum Named {
    /// A type.
    Type(Type),
    /// A type that can be named, but not used in a program.
    Undefined(&'static str, Type),
    /// Something that this crate does not support.
    Unknown,
}

/// Looks up a name.
pub(super) fn find(name: &str) -> Option<Named> {
    Some(Named::Type(match name {
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "string" => Type::String,
        "null_type" => Type::Null,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "type" => Type::of_type(Type::Dyn),
        "optional_type" => Type::optional(Type::Dyn),
        "google.protobuf.Duration" => Type::Duration,
        "google.protobuf.Timestamp" => Type::Timestamp,
        "net.IP" | "net.CIDR" => Type::named(name)?,
        "duration" => return Some(Named::Undefined("duration", Type::Duration)),
        "timestamp" => return Some(Named::Undefined("timestamp", Type::Timestamp)),
        // Protocol buffer messages; the packages are listed above.
        name if name.starts_with("google.protobuf.") => return Some(Named::Unknown),
        _ => return None,
    }))
}
