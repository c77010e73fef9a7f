//! The same objects, judged by a control plane's dry run and by Portico: verdict, fields, and for what is accepted
//! the object as it would be stored.
//!
//! `corpus` reads definitions and samples, `places` finds what in a sample can be changed, `mutate` changes it by
//! seeded `chance`, `values` makes values up, `case` asks both sides and compares, `run` goes through all of it;
//! `refusals` asks about definitions in place of objects, `rules` makes rules for them up.

mod case;
mod chance;
mod corpus;
mod mutate;
mod places;
mod refusals;
mod rules;
mod run;
mod tighten;
mod values;

pub use corpus::{Corpus, Kind, Sample};
pub use refusals::run_definitions;
pub use run::{Options, Tally, run};
