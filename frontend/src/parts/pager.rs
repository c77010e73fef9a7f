//! Pagination.

use leptos::prelude::*;
use portico_api::Paged;

use super::{Query, text};

/// `1–20 of 5,000`, with links to the pages before and after; `None` if there is only one page.
pub(crate) fn pager<T>(paged: &Paged<T>, query: &Query) -> Option<AnyView> {
    if paged.page <= 1 && !paged.more {
        return None;
    }
    let first = (paged.page.saturating_sub(1)) * paged.per_page + 1;
    let last = first + paged.items.len().saturating_sub(1);
    let range = if paged.items.is_empty() {
        text!("pager-nothing")
    } else {
        match paged.total {
            Some(total) => text!("pager-range-of", first = first, last = last, total = total),
            None => text!("pager-range", first = first, last = last),
        }
    };
    let page = |number: usize| {
        let number = if number > 1 {
            number.to_string()
        } else {
            String::new()
        };
        query.clone().with("page", number).href()
    };
    let back = (paged.page > 1).then(
        || view! { <a class="button" rel="prev" href=page(paged.page - 1)>{text!("pager-previous")}</a> },
    );
    let next = paged
        .more
        .then(|| view! { <a class="button" rel="next" href=page(paged.page + 1)>{text!("pager-next")}</a> });
    Some(
        view! {
            <nav class="pager" aria-label=text!("pager-label")>
                <span>{range}</span>
                {back}
                {next}
            </nav>
        }
        .into_any(),
    )
}
