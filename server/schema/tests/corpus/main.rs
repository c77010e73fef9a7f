//! Tests against definitions and objects as some sixty projects publish them, with the verdicts of the API server's
//! own library. The corpus is no part of this crate: `KUBE_SCHEMA_CORPUS` says where it is.

#![expect(clippy::unwrap_used, reason = "a test ends at what it does not expect")]

mod kinds;
mod suites;
mod verdicts;

use std::path::PathBuf;

fn corpus() -> Option<PathBuf> {
    kinds::find("KUBE_SCHEMA_CORPUS")
}
