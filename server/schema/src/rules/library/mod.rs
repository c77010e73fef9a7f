//! Kubernetes' functions for rules (`k8s.io/apiserver/pkg/cel/library`) and those of cel-go's extensions that the API
//! server has, with the words of their errors: what a rule says of bad input is shown to people.
//!
//! `kube-cel` has most of them, on an older release of the `cel` crate; it departs in too many details (rounding of
//! quantities, Go's URLs, build metadata of versions, formatting) to be held against the real API server.

#![expect(
    clippy::needless_pass_by_value,
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape of an overload"
)]

mod conversions;
mod formatting;
mod lists;
mod maps;
mod network;
mod patterns;
mod quantity;
mod semver;
mod texts;
mod times;
mod url;
mod validators;

use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

pub(super) use conversions::RENAMED as CONVERSIONS;
pub(super) use formatting::FORMAT;
use formatting::go_printed;
pub(super) use lists::{COPYING, DISTINCT};
pub(super) use maps::{INSERT, MERGE, PAIRS};
pub(super) use patterns::MATCHES;
pub(super) use texts::{INDEX_OF, JOIN, LAST_INDEX_OF, REPLACE};
pub(super) use times::{IN_UTC, PARTS, SUBTRACT, add as add_times, read as read_time};

/// Declares all functions.
///
/// # Errors
/// When one of them is there already.
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
    texts::declare(env)?;
    times::declare(env)?;
    url::declare(env)?;
    validators::declare(env)?;
    conversions::declare_string(env)
}

/// What an overload is given: the receiver, where there is one, and the arguments.
type Args<'b, 'v> = Vec<CowVal<'b, 'v>>;
/// What an overload answers.
type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// An error in the API server's words.
fn failed(words: impl ToString) -> ExecutionError {
    ExecutionError::function_error("", words)
}

/// Makes a Rust type a type of rules: two values are equal when they are in Rust.
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
