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
mod overload;
mod patterns;
mod quantity;
mod semver;
mod strings;
mod url;
mod validators;

use cel::{DeclarationError, Env};

pub(super) use conversions::RENAMED as CONVERSIONS;
pub(super) use datetime::{IN_UTC, PARTS, SUBTRACT, add as add_times};
pub(super) use formatting::FORMAT;
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
