//! A select that filters a list.

use leptos::prelude::*;

use super::icon;

/// A select for one value; `None` if there are no options. `any` is the text for no choice.
pub(crate) fn select(
    name: &'static str,
    label: impl Into<String>,
    any: impl Into<String>,
    options: Vec<(String, String)>,
    chosen: Option<&str>,
) -> Option<AnyView> {
    let (label, any) = (label.into(), any.into());
    (!options.is_empty()).then(|| {
        view! {
            <label class="select">
                <span class="unseen">{label}</span>
                <select name=name>{self::options(any, options, chosen)}</select>
                {icon("down")}
            </label>
        }
        .into_any()
    })
}

/// The options of a `<select>`: `any` for no choice, then values with their texts.
pub(crate) fn options(
    any: impl Into<String>,
    options: Vec<(String, String)>,
    chosen: Option<&str>,
) -> AnyView {
    let any = any.into();
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
    .into_any()
}
