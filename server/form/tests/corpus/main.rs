//! Forms over the definitions and objects that some sixty projects publish. They are no part of this repository:
//! `PORTICO_CORPUS` says where they are.

#![expect(clippy::unwrap_used, reason = "a test ends at what it does not expect")]

mod completion;
mod forms;
#[path = "../../../schema/tests/corpus/kinds.rs"]
mod kinds;

use std::path::PathBuf;

fn corpus() -> Option<PathBuf> {
    kinds::find("PORTICO_CORPUS")
}
