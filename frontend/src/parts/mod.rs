//! What pages are made of: the document, the frame, and small things that several pages show.

pub(crate) mod badge;
mod document;
pub(crate) mod form;
mod frame;
mod icon;
mod pager;
mod pick;
mod query;
pub(crate) mod rows;
mod shown;
pub(crate) mod summary;
pub(crate) mod text;
mod time;

pub(crate) use document::{bare_document, document};
pub(crate) use frame::notices;
pub(crate) use icon::{glyph, icon};
pub(crate) use pager::pager;
pub(crate) use pick::{options, pick};
pub(crate) use query::Query;
pub(crate) use time::{duration, relative, time};
