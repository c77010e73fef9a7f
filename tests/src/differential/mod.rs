//! The differential test: validates the same objects by a control plane's dry run and by Portico, and compares
//! verdicts, fields, messages, and the stored object.
//!
//! `corpus` reads definitions and samples, `places` finds what can be changed in a sample, `mutate` changes it
//! with the seeded `rng`, `values` generates values, `case` asks both sides and compares, `run` goes through a
//! corpus. `refusals` compares definitions instead of objects, with the rules that `rules` generates.

mod case;
mod corpus;
mod literals;
mod mutate;
mod places;
mod refusals;
mod rng;
mod rules;
mod run;
mod tighten;
mod values;

pub use corpus::{Corpus, Kind, Sample};
pub use refusals::run_definitions;
pub use run::{Options, Tally, run};
