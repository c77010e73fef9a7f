//! A list to choose from, above a list that it narrows.

use leptos::prelude::*;

use super::icon;

/// A choice of one value; `None` where there is nothing to choose from. `any` stands for no choice.
pub(crate) fn pick(
    name: &'static str,
    label: &'static str,
    any: &'static str,
    options: Vec<(String, String)>,
    chosen: Option<&str>,
) -> Option<impl IntoView + use<>> {
    (!options.is_empty()).then(|| {
        let options: Vec<_> = options
            .into_iter()
            .map(|(value, words)| {
                let selected = chosen == Some(value.as_str());
                view! { <option value=value selected=selected>{words}</option> }
            })
            .collect();
        view! {
            <label class="select">
                <span class="unseen">{label}</span>
                <select name=name><option value="">{any}</option>{options}</select>
                {icon("down")}
            </label>
        }
    })
}
