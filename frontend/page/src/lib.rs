//! What pages, islands and the decoders of forms agree on: the [`names`] of form inputs, and how text with invisible
//! characters is shown ([`visible`]).
//!
//! It depends on nothing, and is all that the browser code takes from the rest of Portico: with the view models, the
//! schemas and their rules would be compiled to WebAssembly too.

pub mod names;
pub mod visible;
