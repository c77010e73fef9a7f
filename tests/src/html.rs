//! Pages as a browser without scripts sees them: text, links, forms.

use scraper::{ElementRef, Html, Selector};

/// A parsed page.
#[derive(Debug)]
pub struct Page {
    document: Html,
}

/// A form with its current values.
#[derive(Debug, Clone)]
pub struct Form {
    /// The `action`, as written.
    pub action: String,
    /// `get` or `post`.
    pub method: String,
    /// The successful controls in order, without buttons.
    pub fields: Vec<(String, String)>,
    /// Name, value and label of the submit buttons.
    pub buttons: Vec<(String, String, String)>,
}

impl Page {
    /// Parses HTML.
    #[must_use]
    pub fn parse(html: &str) -> Self {
        Self {
            document: Html::parse_document(html),
        }
    }

    /// The text of the first element that matches, with white space collapsed.
    #[must_use]
    pub fn text(&self, selector: &str) -> Option<String> {
        self.texts(selector).into_iter().next()
    }

    /// The texts of all elements that match.
    #[must_use]
    pub fn texts(&self, selector: &str) -> Vec<String> {
        self.document.select(&compiled(selector)).map(text_of).collect()
    }

    /// An attribute of all elements that match.
    #[must_use]
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let selector = compiled(selector);
        let found = self.document.select(&selector);
        found
            .filter_map(|element| element.attr(name))
            .map(str::to_owned)
            .collect()
    }

    /// The text of the body.
    #[must_use]
    pub fn body(&self) -> String {
        self.text("body").unwrap_or_default()
    }

    /// The value of the first hidden field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let selector = format!("input[name=\"{name}\"]");
        self.attributes(&selector, "value").into_iter().next()
    }

    /// The first form whose action contains `action`.
    #[must_use]
    pub fn form(&self, action: &str) -> Option<Form> {
        self.forms().into_iter().find(|form| form.action.contains(action))
    }

    /// All forms. Controls elsewhere that name a form by its id belong to it.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        self.document
            .select(&compiled("form"))
            .map(|form| {
                let mut read = Form {
                    action: form.attr("action").unwrap_or_default().to_owned(),
                    method: form.attr("method").unwrap_or("get").to_lowercase(),
                    fields: Vec::new(),
                    buttons: Vec::new(),
                };
                for control in self.document.select(&compiled("input, select, textarea, button")) {
                    let owner = match control.attr("form") {
                        Some(id) => form.attr("id") == Some(id),
                        None => control.ancestors().any(|ancestor| ancestor.id() == form.id()),
                    };
                    if owner {
                        read.take(control);
                    }
                }
                read
            })
            .collect()
    }
}

impl Form {
    fn take(&mut self, control: ElementRef<'_>) {
        let disabled = control.attr("disabled").is_some()
            || control
                .ancestors()
                .filter_map(ElementRef::wrap)
                .any(|outer| outer.value().name() == "fieldset" && outer.attr("disabled").is_some());
        let Some(name) = control.attr("name").filter(|_| !disabled).map(str::to_owned) else {
            return;
        };
        let value = control.attr("value").map(str::to_owned);
        let kind = control.attr("type").unwrap_or_default();
        match (control.value().name(), kind) {
            ("button", "" | "submit") | ("input", "submit") => {
                self.buttons
                    .push((name, value.unwrap_or_default(), text_of(control)));
            }
            ("button", _) | ("input", "button" | "reset" | "image" | "file") => {}
            ("input", "checkbox" | "radio") if control.attr("checked").is_none() => {}
            ("input", "checkbox" | "radio") => {
                self.fields.push((name, value.unwrap_or_else(|| "on".to_owned())));
            }
            ("input", _) => self.fields.push((name, value.unwrap_or_default())),
            ("textarea", _) => {
                let text: String = control.text().collect();
                self.fields
                    .push((name, text.strip_prefix('\n').map(str::to_owned).unwrap_or(text)));
            }
            ("select", _) => {
                let options: Vec<ElementRef<'_>> = control.select(&compiled("option")).collect();
                let chosen = options
                    .iter()
                    .find(|option| option.attr("selected").is_some())
                    .or_else(|| options.first().filter(|_| control.attr("multiple").is_none()));
                if let Some(option) = chosen {
                    let value = option
                        .attr("value")
                        .map_or_else(|| text_of(*option), str::to_owned);
                    self.fields.push((name, value));
                }
            }
            _ => {}
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Sets a field; adds it if the form lacks it, as an attacker would.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Removes a field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }
}

fn text_of(element: ElementRef<'_>) -> String {
    let mut out = String::new();
    for piece in element.text().flat_map(str::split_whitespace) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(piece);
    }
    out
}

fn compiled(selector: &str) -> Selector {
    Selector::parse(selector).unwrap_or_else(|error| panic!("{selector}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_posts_what_a_browser_would() {
        let page = Page::parse(
            r#"<form id=f action="/x" method=POST><input name=a value=1><input type=checkbox name=b><input type=checkbox name=c checked>
            <select name=d><option value=x>X<option value=y selected>Y</select><textarea name=e>
two</textarea><button name=do value=go>Go <b>now</b></button><fieldset disabled><input name=g value=2></fieldset></form>
            <input form=f name=h value=3>"#,
        );
        let form = page.form("/x").unwrap();
        let fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(
            fields,
            [("a", "1"), ("c", "on"), ("d", "y"), ("e", "two"), ("h", "3")]
        );
        assert_eq!(form.buttons, [("do".into(), "go".into(), "Go now".into())]);
        assert_eq!(form.method, "post");
    }
}
