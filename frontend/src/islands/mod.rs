//! Code that runs in the browser. Each island enhances something that works without it: a link, a form, or a page that
//! one could reload.
//!
//! Islands do not render pages. They fetch the page from the server again and apply the differences ([`morph`]), so
//! that there is only one place that knows what a page looks like.

#![expect(
    clippy::must_use_candidate,
    reason = "a view that is not shown is seen to be missing, and the macro drops the attribute"
)]

pub mod approval_keys;
#[cfg(feature = "hydrate")]
mod browser;
#[cfg(feature = "hydrate")]
mod busy;
pub mod command_palette;
pub mod copy;
#[cfg(feature = "hydrate")]
mod drafts;
pub mod live;
pub mod live_form;
#[cfg(feature = "hydrate")]
mod morph;
pub mod reveal;
pub mod search;
pub mod theme;
#[cfg(feature = "hydrate")]
mod toast;
#[cfg(feature = "hydrate")]
mod user_state;

pub use approval_keys::ApprovalKeys;
pub use command_palette::CommandPalette;
pub use copy::Copy;
pub use live::Live;
pub use live_form::LiveForm;
pub use reveal::Reveal;
pub use search::Search;
pub use theme::ThemeSwitch;
