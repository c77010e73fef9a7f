//! What lives in the browser. Each island improves on something that works without it: a link, a form,
//! a page that one could reload.
//!
//! Islands do not draw pages a second time. They ask the server for the page anew and take over what
//! differs ([`renew`]), so that there is one place that knows how a page looks.

#![expect(
    clippy::must_use_candidate,
    reason = "a view that is not shown is seen to be missing, and the macro drops the attribute"
)]

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "hydrate")]
mod busy;
pub mod copy;
pub mod decide;
#[cfg(feature = "hydrate")]
mod drafts;
#[cfg(feature = "hydrate")]
mod held;
pub mod live;
pub mod live_form;
pub mod palette;
#[cfg(feature = "hydrate")]
mod renew;
pub mod reveal;
pub mod search;
pub mod theme;
#[cfg(feature = "hydrate")]
mod toast;

pub use copy::Copy;
pub use decide::Decide;
pub use live::Live;
pub use live_form::LiveForm;
pub use palette::Palette;
pub use reveal::Reveal;
pub use search::Search;
pub use theme::ThemeSwitch;
