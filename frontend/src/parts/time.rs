//! Times: relative in the text, exact in the tooltip.

use jiff::Timestamp;
use leptos::prelude::*;

use super::words;

/// `3 min ago`, in the language of the page.
pub(crate) fn relative(now: Timestamp, at: Timestamp) -> String {
    words(&portico_api::relative(now, at))
}

/// `3 min`, in the language of the page.
pub(crate) fn duration(seconds: u64) -> String {
    words(&portico_api::duration(seconds))
}

/// `3 min ago`, with the exact time in a tooltip.
pub(crate) fn time(now: Timestamp, at: Timestamp) -> impl IntoView + use<> {
    view! { <time datetime=at.to_string() title=exact(at)>{relative(now, at)}</time> }
}

/// As [`time`], for what a control plane says has happened: by its clock that may be in the future.
pub(crate) fn past_time(now: Timestamp, at: Timestamp) -> impl IntoView + use<> {
    view! { <time datetime=at.to_string() title=exact(at)>{relative(now, at.min(now))}</time> }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_happened_is_not_in_the_future() {
        let now: Timestamp = "2026-11-30T10:00:00Z".parse().unwrap();
        let by_a_clock_that_is_ahead: Timestamp = "2026-11-30T10:07:00Z".parse().unwrap();
        let shown = past_time(now, by_a_clock_that_is_ahead).to_html();
        assert!(
            shown.contains("just now") && shown.contains("10:07:00"),
            "{shown}"
        );
        let before: Timestamp = "2026-11-30T09:57:00Z".parse().unwrap();
        assert!(past_time(now, before).to_html().contains("3 min ago"));
    }
}
