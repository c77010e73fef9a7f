//! Panels of which one is shown, chosen by radio buttons: they need no scripts, and the arrow keys work.

use leptos::prelude::*;

/// Panels by title, of which the first is shown at first. `name` must be unique in the page; `label` says what is chosen.
pub(crate) fn tabs(
    name: &'static str,
    label: &'static str,
    panels: Vec<(String, AnyView)>,
) -> Option<AnyView> {
    let each: Vec<_> = panels
        .into_iter()
        .enumerate()
        .map(|(index, (title, panel))| {
            let id = format!("{name}-tab-{index}");
            view! {
                <label class="tab">
                    <input type="radio" name=name id=id value=title.clone() checked=index == 0 autocomplete="off" />
                    {title}
                </label>
                <div class="panel">{panel}</div>
            }
        })
        .collect();
    (!each.is_empty()).then(|| {
        view! {
            <fieldset class="tab-box">
                <legend class="unseen">{label}</legend>
                {each}
            </fieldset>
        }
        .into_any()
    })
}
