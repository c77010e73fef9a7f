//! A select that filters a list.

use leptos::prelude::*;

use super::icon;

/// A select for one value; `None` if there are no options. `any` is the text for no choice.
pub(crate) fn select(
    name: &'static str,
    label: &'static str,
    any: &'static str,
    options: Vec<(String, String)>,
    chosen: Option<&str>,
) -> Option<impl IntoView + use<>> {
    (!options.is_empty()).then(|| {
        view! {
            <label class="select">
                <span class="unseen">{label}</span>
                <select name=name>{self::options(any, options, chosen)}</select>
                {icon("down")}
            </label>
        }
    })
}

/// The options of a `<select>`: `any` for no choice, then values with their texts.
pub(crate) fn options(
    any: &'static str,
    options: Vec<(String, String)>,
    chosen: Option<&str>,
) -> impl IntoView + use<> {
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, words)| {
            let selected = chosen == Some(value.as_str());
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect();
    view! {
        <option value="">{any}</option>
        {options}
    }
}
