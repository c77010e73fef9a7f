//! Building blocks of pages: the document, the frame, and parts that several pages use.

pub(crate) mod badge;
pub(crate) mod chart;
mod document;
pub(crate) mod form;
mod frame;
mod icon;
mod language;
pub(crate) mod lifecycle;
mod pager;
mod query;
pub(crate) mod rows;
mod select;
pub(crate) mod summary;
pub(crate) mod tabs;
pub(crate) mod text;
mod time;
mod visible_text;

pub(crate) use document::{bare_document, document};
pub(crate) use frame::{languages, notice};
pub(crate) use icon::{glyph, glyph_tile, icon};
pub(crate) use language::{language, money, rich, text, words};
pub(crate) use pager::pager;
pub(crate) use query::Query;
pub(crate) use select::{options, select};
pub(crate) use time::{duration, exact, past_time, relative, since, time};
