//! Decodes a posted request form.

use portico_api::names;
use portico_app::{Content, FormCommand, FormFields, FormState, RequestInput};
use serde_json::Value;

/// What a form was posted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormAction {
    /// To be shown again.
    Show(FormCommand),
    /// To be sent.
    Submit,
}

/// Decodes the names and values of [`portico_api::names`]. The Enter key presses no button: that is a review.
pub(super) fn decode(pairs: &[(String, String)]) -> (RequestInput, FormAction) {
    let form = Pairs(pairs);
    let action = match form.get(names::DO) {
        None | Some("review") => FormAction::Show(FormCommand::Review),
        Some("submit") => FormAction::Submit,
        Some("tab:yaml") => FormAction::Show(FormCommand::ShowYaml),
        Some("tab:form") => FormAction::Show(FormCommand::ShowFields),
        Some(_) => FormAction::Show(FormCommand::Update),
    };
    let owned = |name| form.filled(name).map(str::to_owned);
    let yaml_tab = form.get(names::TAB) == Some("yaml");
    let input = RequestInput {
        id: form.get(names::REQUEST).and_then(|id| id.parse().ok()),
        workspace: form.get(names::WORKSPACE).map(str::to_owned),
        name: form.get(names::NAME).unwrap_or_default().to_owned(),
        plan: owned(names::PLAN),
        region: owned(names::REGION),
        plane: owned(names::PLANE),
        labels: pairs
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(names::LABEL)?.to_owned(), value.clone())))
            .collect(),
        note: form.get(names::NOTE).unwrap_or_default().to_owned(),
        base_hash: owned(names::LIVE),
        take_over: pairs
            .iter()
            .filter(|(name, _)| name == names::TAKE_OVER)
            .map(|(_, field)| field.clone())
            .collect(),
        shown_plane: owned(names::PLACED),
        form: FormState {
            schema_hash: owned(names::SCHEMA),
            plan: owned(names::PLAN_WAS),
            yaml_tab,
            tried: form.get(names::TRIED).is_some(),
        },
        content: content(pairs, yaml_tab),
    };
    (input, action)
}

fn content(pairs: &[(String, String)], yaml_tab: bool) -> Content {
    let form = Pairs(pairs);
    let is_field = |name: &str| name.starts_with('/');
    if !pairs
        .iter()
        .any(|(name, _)| is_field(name) || name == names::YAML)
    {
        return Content::Presets;
    }
    if yaml_tab {
        return Content::Yaml(form.get(names::YAML).unwrap_or_default().to_owned());
    }
    let fields = pairs
        .iter()
        .filter(|(name, _)| is_field(name) || name == names::DO);
    Content::Fields(FormFields {
        pairs: fields.cloned().collect(),
        whole: form.object(names::WHOLE),
        kept: form.object(names::KEPT),
    })
}

struct Pairs<'a>(&'a [(String, String)]);

impl<'a> Pairs<'a> {
    /// The last value of that name.
    fn get(&self, name: &str) -> Option<&'a str> {
        let mut from_the_end = self.0.iter().rev();
        from_the_end
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The last value of that name without the blanks around it, unless there is nothing else.
    fn filled(&self, name: &str) -> Option<&'a str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// An object that the form carries as JSON.
    fn object(&self, name: &str) -> Option<Value> {
        let object: Value = serde_json::from_str(self.filled(name)?).ok()?;
        object.is_object().then_some(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> (RequestInput, FormAction) {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        decode(&pairs)
    }

    #[test]
    fn a_button_says_what_the_form_is_for() {
        for (button, action) in [
            ("submit", FormAction::Submit),
            ("review", FormAction::Show(FormCommand::Review)),
            ("tab:yaml", FormAction::Show(FormCommand::ShowYaml)),
            ("tab:form", FormAction::Show(FormCommand::ShowFields)),
            ("update", FormAction::Show(FormCommand::Update)),
            ("add:/spec/users", FormAction::Show(FormCommand::Update)),
        ] {
            assert_eq!(form(&[(names::DO, button)]).1, action, "{button}");
        }
        assert_eq!(form(&[]).1, FormAction::Show(FormCommand::Review));
    }

    #[test]
    fn fields_keep_their_commands_and_leave_the_rest_of_the_form_out() {
        let (input, _) = form(&[
            (names::NAME, " orders "),
            (names::LABEL, "x"),
            ("_label:zone", "a"),
            (names::DO, "add:/spec/users"),
            ("/spec/size", "5"),
            (names::WHOLE, r#"{"spec":{}}"#),
            (names::KEPT, "[]"),
        ]);
        let Content::Fields(fields) = input.content else {
            panic!("{input:?}");
        };
        let names: Vec<_> = fields.pairs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [names::DO, "/spec/size"]);
        assert_eq!(fields.whole, Some(serde_json::json!({"spec": {}})));
        assert_eq!(fields.kept, None, "not an object");
        assert_eq!(input.labels["zone"], "a");
    }

    #[test]
    fn the_shown_tab_decides_what_counts() {
        let both = [("/spec/size", "5"), (names::YAML, "spec: {}")];
        let yaml = form(&[both[0], both[1], (names::TAB, "yaml")]).0;
        assert_eq!(yaml.content, Content::Yaml("spec: {}".to_owned()));
        let fields = form(&[both[0], both[1], (names::TAB, "form")]).0;
        assert!(matches!(fields.content, Content::Fields(_)));
        assert!(form(&[(names::PLAN, "small")]).0.is_fresh());
    }
}
