//! What the overloads share: their signature, their errors, and CEL types made of Rust types.

use cel::ExecutionError;
use cel::common::value::{CowVal, Val};

/// The arguments of an overload, with the receiver first.
pub(super) type Args<'b, 'v> = Vec<CowVal<'b, 'v>>;
/// The result of an overload.
pub(super) type Returned<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// An error with the API server's message.
pub(super) fn failed(words: impl ToString) -> ExecutionError {
    ExecutionError::function_error("", words)
}

/// The entries of a map.
pub(super) fn entries<'v>(map: &(dyn Val + 'v)) -> Vec<(Box<dyn Val + 'v>, Box<dyn Val + 'v>)> {
    let mut found = Vec::new();
    let (Some(iterable), Some(indexer)) = (map.as_iterable(), map.as_indexer()) else {
        return found;
    };
    let mut keys = iterable.iter();
    while let Some(key) = keys.next() {
        if let Ok(value) = indexer.get(key) {
            found.push((key.clone_as_boxed(), value.into_owned()));
        }
    }
    found
}

/// Makes a Rust type a CEL type. Two values are equal if they are equal in Rust.
macro_rules! value_type {
    ($rust:ty, $name:literal) => {
        impl cel::common::value::Val for $rust {
            fn get_type(&self) -> &cel::common::types::Type {
                <Self as cel::common::value::Val>::cel_type()
            }

            fn cel_type() -> &'static cel::common::types::Type {
                static TYPE: cel::common::types::Type = cel::common::types::Type::new_unspecified_type($name);
                &TYPE
            }

            fn equals(&self, other: &dyn cel::common::value::Val) -> bool {
                other
                    .downcast_ref::<Self>()
                    .is_some_and(|other| self == other)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn cel::common::value::Val + 'v> {
                Box::new(self.clone())
            }

            fn as_any(&self) -> Option<&dyn std::any::Any> {
                Some(self)
            }
        }

        impl cel::common::value::StaticVal for $rust {}
    };
}
pub(super) use value_type;
