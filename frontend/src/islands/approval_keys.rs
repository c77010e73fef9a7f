//! Keyboard shortcuts of the approval queue.

use leptos::prelude::*;

/// Keyboard shortcuts of the approval queue: j and k select the next and previous request, a and r go to its buttons.
#[island]
pub fn ApprovalKeys() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    imp::start();
}

#[cfg(feature = "hydrate")]
mod imp {
    use wasm_bindgen::JsCast;
    use web_sys::{Element, KeyboardEvent};

    use crate::islands::browser::{collect, document, find, focus, on, target};

    pub(super) fn start() {
        if find("[data-decide]").is_none() {
            return;
        }
        on(&document(), "keydown", |event| {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
                return;
            };
            let typing = target(&event).is_some_and(|element| {
                element
                    .matches("input, textarea, select, dialog *")
                    .unwrap_or(false)
            });
            if typing || key.ctrl_key() || key.meta_key() || key.alt_key() {
                return;
            }
            let done = match key.key().as_str() {
                "j" => go(1),
                "k" => go(-1),
                "a" => press_next("approve"),
                "r" => press_next("reject"),
                _ => false,
            };
            if done {
                event.prevent_default();
            }
        });
    }

    fn all() -> Vec<Element> {
        collect(
            document()
                .query_selector_all("[data-decide] details.approval")
                .ok(),
        )
    }

    /// The request with the focus, else the open one.
    fn current(all: &[Element]) -> Option<usize> {
        let focused = document()
            .active_element()
            .and_then(|element| element.closest("details.approval").ok().flatten());
        all.iter()
            .position(|each| Some(each) == focused.as_ref())
            .or_else(|| all.iter().position(|each| each.has_attribute("open")))
    }

    fn go(by: isize) -> bool {
        let all = all();
        if all.is_empty() {
            return false;
        }
        let focused = document()
            .active_element()
            .is_some_and(|element| element.closest("details.approval").ok().flatten().is_some());
        let next = match current(&all) {
            // Nothing is selected yet: start with the open request.
            Some(index) if !focused => index,
            Some(index) => index.saturating_add_signed(by).min(all.len() - 1),
            None => 0,
        };
        for (index, each) in all.iter().enumerate() {
            let _ = each.toggle_attribute_with_force("open", index == next);
        }
        if let Some(summary) = all
            .get(next)
            .and_then(|each| each.query_selector("summary").ok().flatten())
        {
            focus(&summary);
        }
        true
    }

    /// Moves the focus to the button. Enter then decides, so that no single key does.
    fn press_next(decision: &str) -> bool {
        let all = all();
        let Some(current) = current(&all).and_then(|index| all.get(index)) else {
            return false;
        };
        let _ = current.set_attribute("open", "");
        match current.query_selector(&format!("button[value={decision}]")) {
            Ok(Some(button)) => {
                focus(&button);
                true
            }
            _ => false,
        }
    }
}
