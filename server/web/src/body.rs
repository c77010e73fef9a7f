//! Bodies of requests, limited in size.

use std::error::Error;

use axum::body::{Body, Bytes};
use http_body_util::LengthLimitError;

use super::problem::Problem;

/// Maximum size of a body, in bytes.
pub(super) const MAX_BODY_BYTES: usize = 1 << 20;

/// Maximum number of fields of a form.
pub(super) const MAX_FIELDS: usize = 20_000;

/// Names and values of a form, in order.
pub(super) type Fields = Vec<(String, String)>;

/// Reads a body of at most [`MAX_BODY_BYTES`].
pub(super) async fn read(body: Body) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| {
        let too_large = Error::source(&error).is_some_and(<dyn Error>::is::<LengthLimitError>);
        if too_large {
            Problem::too_large()
        } else {
            Problem::bad_request("The body did not arrive whole. Send it again.")
        }
    })
}
