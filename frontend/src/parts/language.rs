//! The words of the page that is being rendered, in its language.
//!
//! [`super::document`] puts the language into the Leptos context. Outside of a page it is English.

use leptos::prelude::*;
use portico_api::{Language, Text, words};

/// Private characters that stand for the views of a message while it is put into words.
const FIRST_MARK: u32 = 0xE000;

/// A message of the catalogue in the language of the page: `text!("claims-count", count = n)`.
macro_rules! text {
    ($($message:tt)*) => {
        $crate::parts::words(&portico_api::message!($($message)*))
    };
}
pub(crate) use text;

/// The language of the page.
pub(crate) fn language() -> Language {
    use_context().unwrap_or_default()
}

/// A text in the language of the page.
pub(crate) fn words(text: &Text) -> String {
    text.in_language(language())
}

/// A message with views among its words: `rich(message!("wait", count = 2), [("who", view)])`.
pub(crate) fn rich<const N: usize>(message: Text, views: [(&'static str, AnyView); N]) -> AnyView {
    let mut message = message;
    let mut waiting = Vec::with_capacity(N);
    for (place, (name, view)) in (FIRST_MARK..).zip(views) {
        let mark = char::from_u32(place).unwrap_or_default();
        message = message.with(name, mark.to_string());
        waiting.push((mark, view));
    }
    let words = words(&message);
    let mut rest = words.as_str();
    let mut parts: Vec<AnyView> = Vec::with_capacity(2 * N + 1);
    while let Some((at, index)) = waiting
        .iter()
        .enumerate()
        .filter_map(|(index, (mark, _))| Some((rest.find(*mark)?, index)))
        .min()
    {
        let (mark, view) = waiting.remove(index);
        if at > 0 {
            parts.push(rest[..at].to_owned().into_any());
        }
        parts.push(view);
        rest = &rest[at + mark.len_utf8()..];
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned().into_any());
    }
    parts.into_any()
}

/// An amount of money in the language of the page: `1,450 EUR`.
pub(crate) fn money(amount: f64, currency: &str) -> String {
    words::money_in(amount, currency, language())
}

#[cfg(test)]
mod tests {
    use portico_api::message;

    use super::*;

    fn shown(text: Text, language: Language) -> String {
        Owner::new_root(None).with(|| {
            provide_context(language);
            let link = view! { <b>"x"</b> }.into_any();
            rich(text, [("day", link)]).to_html().replace("<!>", "")
        })
    }

    #[test]
    fn views_stand_among_the_words_of_a_message() {
        let message = || message!("time-day", month = "May", year = "2027");
        assert_eq!(shown(message(), Language::English), "<b>x</b> May 2027");
        assert_eq!(shown(message(), Language::German), "<b>x</b>. May 2027");
        // A message without the place for a view still has its words.
        assert_eq!(shown(message!("time-now"), Language::English), "just now");
    }
}
