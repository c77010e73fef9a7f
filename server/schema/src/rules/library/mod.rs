//! Kubernetes' CEL functions (`k8s.io/apiserver/pkg/cel/library`) and the cel-go extensions that the API server
//! enables, with their error messages.
//!
//! `kube-cel` has most of them, but on an older release of the `cel` crate and with different details (rounding of
//! quantities, Go's URLs, build metadata of versions, formatting).

#![expect(
    clippy::needless_pass_by_value,
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape of an overload"
)]

mod conversions;
mod datetime;
mod formatting;
mod lists;
mod maps;
mod network;
mod patterns;
mod quantity;
mod semver;
mod strings;
mod url;
mod validators;

use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

pub(super) use conversions::RENAMED as CONVERSIONS;
pub(super) use datetime::{IN_UTC, PARTS, SUBTRACT, add as add_times, read as read_time};
pub(super) use formatting::FORMAT;
use formatting::go_printed;
pub(super) use lists::{COPYING, DISTINCT};
pub(super) use maps::{INSERT, MERGE, PAIRS};
pub(super) use patterns::MATCHES;
pub(super) use strings::{INDEX_OF, JOIN, LAST_INDEX_OF, REPLACE};

/// Declares all functions.
///
/// # Errors
/// If a function of that name exists.
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    cel::extensions::strings(env)?;
    cel::extensions::lists(env)?;
    conversions::declare(env)?;
    formatting::declare(env)?;
    lists::declare(env)?;
    maps::declare(env)?;
    network::declare(env)?;
    patterns::declare(env)?;
    quantity::declare(env)?;
    semver::declare(env)?;
    strings::declare(env)?;
    datetime::declare(env)?;
    url::declare(env)?;
    validators::declare(env)?;
    conversions::declare_string(env)
}

/// The arguments of an overload, with the receiver first.
type Args<'b, 'v> = Vec<CowVal<'b, 'v>>;
/// The result of an overload.
type Returned<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// An error with the API server's message.
fn failed(words: impl ToString) -> ExecutionError {
    ExecutionError::function_error("", words)
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
use value_type;
