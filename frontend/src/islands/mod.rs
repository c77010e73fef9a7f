//! What lives in the browser. Each island improves on something that works without it.

mod theme;

pub use theme::ThemeSwitch;
