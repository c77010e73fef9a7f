//! Tests against the published definitions and objects of some sixty projects, with the results of the API server's
//! own library. The corpus is not part of this crate: `KUBE_SCHEMA_CORPUS` names its folder.

#![expect(clippy::unwrap_used, reason = "tests may panic")]

mod kinds;
mod suites;
mod verdicts;

use std::path::PathBuf;

fn corpus() -> Option<PathBuf> {
    kinds::find("KUBE_SCHEMA_CORPUS")
}
