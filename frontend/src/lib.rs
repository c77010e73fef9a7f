//! The pages of Portico, as Leptos views. Depends only on view models.
//!
//! Each page is a function from a view model to an HTML document. Every page works without scripts; the crate
//! `portico-islands` adds what must be live.

pub mod pages;
mod parts;
