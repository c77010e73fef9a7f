//! What pages are made of: the document, the frame, and small things that several pages show.

mod document;
mod frame;
mod icon;
mod time;

pub(crate) use document::{bare_document, document};
pub(crate) use frame::notices;
pub(crate) use icon::{glyph, icon};
pub(crate) use time::{exact, relative, time};
