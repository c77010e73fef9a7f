//! What lives in the browser. Each island improves on something that works without it: a link, a form,
//! a page that one could reload.
//!
//! Islands do not draw pages a second time. They ask the server for the page anew and take over what
//! differs ([`renew`]), so that there is one place that knows how a page looks.

#[cfg(feature = "hydrate")]
mod browser;
mod copy;
mod decide;
mod live;
mod live_form;
mod palette;
#[cfg(feature = "hydrate")]
mod renew;
mod reveal;
mod search;
mod theme;

pub use copy::Copy;
pub use decide::Decide;
pub use live::Live;
pub use live_form::LiveForm;
pub use palette::Palette;
pub use reveal::Reveal;
pub use search::Search;
pub use theme::ThemeSwitch;
