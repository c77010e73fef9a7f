//! Forms for the published definitions and objects of some sixty projects. They are not part of this repository;
//! `PORTICO_CORPUS` names their folder.

#![expect(clippy::unwrap_used, reason = "a test ends at what it does not expect")]

mod completion;
mod forms;
#[path = "../../../schema/tests/corpus/kinds.rs"]
mod kinds;

use std::path::PathBuf;

fn corpus() -> Option<PathBuf> {
    kinds::find("PORTICO_CORPUS")
}
