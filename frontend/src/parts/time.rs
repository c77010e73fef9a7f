//! Times: relative in the text, exact in the tooltip.

use jiff::Timestamp;
use leptos::prelude::*;
pub(crate) use portico_api::{duration, relative};

/// `3 min ago`, with the exact time in a tooltip.
pub(crate) fn time(now: Timestamp, at: Timestamp) -> impl IntoView + use<> {
    view! { <time datetime=at.to_string() title=exact(at)>{relative(now, at)}</time> }
}

/// `3 min`: how long ago, with the exact time in a tooltip.
pub(crate) fn since(now: Timestamp, at: Timestamp) -> impl IntoView + use<> {
    let seconds = now.as_second().saturating_sub(at.as_second());
    let words = duration(u64::try_from(seconds).unwrap_or(0));
    view! { <time datetime=at.to_string() title=exact(at)>{words}</time> }
}

/// `2026-01-31 09:30:00 UTC`.
pub(crate) fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
