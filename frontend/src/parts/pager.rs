//! Pagination.

use leptos::prelude::*;
use portico_api::Paged;

use super::Query;
use super::text::grouped;

/// `1–20 of 5,000`, with links to the pages before and after; `None` if there is only one page.
pub(crate) fn pager<T>(paged: &Paged<T>, query: &Query) -> Option<AnyView> {
    if paged.page <= 1 && !paged.more {
        return None;
    }
    let first = (paged.page.saturating_sub(1)) * paged.per_page + 1;
    let last = first + paged.items.len().saturating_sub(1);
    let range = if paged.items.is_empty() {
        "Nothing on this page".to_owned()
    } else {
        match paged.total {
            Some(total) => format!("{}–{} of {}", grouped(first), grouped(last), grouped(total)),
            None => format!("{}–{}", grouped(first), grouped(last)),
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
    let back = (paged.page > 1)
        .then(|| view! { <a class="button" rel="prev" href=page(paged.page - 1)>"Previous"</a> });
    let next = paged
        .more
        .then(|| view! { <a class="button" rel="next" href=page(paged.page + 1)>"Next"</a> });
    Some(
        view! {
            <nav class="pager" aria-label="Pages">
                <span>{range}</span>
                {back}
                {next}
            </nav>
        }
        .into_any(),
    )
}
