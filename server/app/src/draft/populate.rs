//! Fills a request draft from presets and the posted form.

use std::sync::Arc;

use kube_schema::{Schema, yaml};
use portico_api::words::{DocumentProblem, DraftNote, DraftProblem, forbidden_field};
use portico_domain::documents::Plan;
use portico_domain::manifest::{base_hash, differences};
use portico_form::{self as form, Decoded, Form};
use portico_planes::HeldSchema;
use serde_json::{Map, Value, json};

use super::RequestDraft;
use super::input::{Content, FormCommand, FormFields, RequestInput};
use super::stages::Purpose;
use crate::offering::plan_title;

impl RequestDraft {
    /// Fills in the object.
    pub(crate) fn fill_in(&mut self, input: &RequestInput, purpose: Purpose) {
        let empty = Value::Object(Map::new());
        self.purpose = purpose;
        self.tried = input.form.tried;
        self.yaml_tab = input.form.yaml_tab;
        let live = self.live();
        self.live_hash = self
            .claim
            .as_ref()
            .map(|claim| base_hash(claim, &self.projection));
        let Some(schema) = self.schema() else {
            self.base = live.unwrap_or(empty);
            self.object = self.base.clone();
            return;
        };
        let hints = self.offered.form.clone();
        let plan = self.plan.clone();
        let begins = form::initial_object(&schema, &hints, plan.as_ref().map(Plan::for_form), &empty);
        self.base = live.unwrap_or_else(|| self.projection.user_fields(&begins));
        match &input.content {
            Content::Presets => self.object = self.base.clone(),
            Content::Yaml(text) => self.read_yaml(text),
            Content::Object(object) => self.take_document(Ok(object.clone())),
            Content::Fields(fields) => {
                if let Some(made_by) = self.made_by.clone() {
                    self.fill_in_again(&schema, &made_by, fields, input);
                } else {
                    let from = fields.whole.as_ref().unwrap_or(&self.base);
                    let mut decoded = form::decode(&schema, from, &fields.pairs);
                    form::apply_item_presets(&hints, &mut decoded);
                    self.take(decoded);
                    self.kept.clone_from(&fields.kept);
                }
            }
        }
        if !input.is_fresh() {
            self.keep_user_settable(&begins);
        }
        self.tell_kept();
        if let Some(plan) = plan.as_ref().filter(|_| !self.action.keeps_values()) {
            let was = input
                .form
                .plan
                .as_deref()
                .and_then(|was| self.offered.plans.iter().find(|plan| plan.name.as_str() == was))
                .or_else(|| {
                    let was = self.claim.as_ref()?.plan.as_ref()?;
                    self.offered.plans.iter().find(|plan| plan.name == *was)
                });
            if let Some(was) = was.filter(|was| was.name != plan.name) {
                drop_unchanged_presets(&mut self.object, &was.values);
                self.object = self.projection.user_fields(&form::initial_object(
                    &schema,
                    &hints,
                    Some(plan.for_form()),
                    &self.object,
                ));
            } else {
                let wished = self.object.clone();
                form::enforce_plan(plan.for_form(), &mut self.object);
                if matches!(input.content, Content::Yaml(_) | Content::Object(_)) {
                    self.tell_what_the_plan_locks(plan, &wished);
                }
            }
        }
        match purpose {
            Purpose::Show(FormCommand::ShowYaml) => {
                self.yaml_tab = true;
                self.yaml_text = None;
            }
            Purpose::Show(FormCommand::ShowFields) if self.yaml_problem.is_none() => self.yaml_tab = false,
            Purpose::Show(_) | Purpose::Submit => {}
        }
    }

    fn take(&mut self, decoded: Decoded) {
        self.object = decoded.object;
        self.typed = decoded.typed;
        self.violations = decoded.problems;
    }

    /// Parses the definitions that it is filled in and checked by.
    pub(super) async fn read_definitions(&mut self, input: &RequestInput) {
        if let Some((_, served)) = &self.served {
            // One that cannot be parsed again is as good as none; it does not happen.
            self.definition = served.definition.parsed().await.ok();
        }
        if let Some(made_by) = self.form_of_another_plane(input) {
            self.made_by = made_by.parsed().await;
        }
    }

    /// Returns the schema that the form was made from, if another control plane was chosen since.
    fn form_of_another_plane(&self, input: &RequestInput) -> Option<HeldSchema> {
        let (made_by, now) = (input.form.schema_hash.as_deref()?, self.schema_hash()?);
        if self.claim.is_some() || made_by == now {
            return None;
        }
        let mut all = self.offered.served.values();
        let served = all.find(|served| served.schema_hash == made_by)?;
        served.schema.clone()
    }

    /// Moves the input to the form of another control plane: typed values are taken over, initial ones are not, and
    /// values without a field here are stored until the other is chosen again.
    fn fill_in_again(
        &mut self,
        schema: &Schema,
        made_by: &Schema,
        fields: &FormFields,
        input: &RequestInput,
    ) {
        let hints = self.offered.form.clone();
        let empty = Value::Object(Map::new());
        let plan = input
            .form
            .plan
            .as_deref()
            .and_then(|was| self.offered.plans.iter().find(|plan| plan.name.as_str() == was))
            .or(self.plan.as_ref());
        let began = self.projection.user_fields(&form::initial_object(
            made_by,
            &hints,
            plan.map(Plan::for_form),
            &empty,
        ));
        let decoded = form::decode(made_by, fields.whole.as_ref().unwrap_or(&began), &fields.pairs);
        let mut typed = decoded.object.clone();
        if let Some(began) = began.as_object() {
            drop_unchanged_presets(&mut typed, began);
        }
        if let Some(kept) = fields.kept.clone() {
            fill_up(&mut typed, kept);
        }
        let fits = schema.pruned(&typed).0;
        self.kept = beyond(&typed, &fits);
        self.take(decoded);
        // Not projected yet: what is not for people to set is named by `take_what_is_theirs`, never dropped in silence.
        self.object = form::initial_object(schema, &hints, self.plan.as_ref().map(Plan::for_form), &fits);
    }

    /// Notes the values that are stored for another control plane.
    fn tell_kept(&mut self) {
        let mut paths = Vec::new();
        leaves(self.kept.as_ref().unwrap_or(&Value::Null), "", &mut paths);
        if !paths.is_empty() {
            self.notes.push(DraftNote::KeptForAnotherPlane { paths });
        }
    }

    /// Returns the object as JSON if the form does not show all of it.
    pub(crate) fn whole(&self, form: &Form) -> Option<String> {
        let schema = self.schema()?;
        let mut again = form::decode(&schema, &self.base, &form::encode(form)).object;
        if let Some(plan) = self.plan.as_ref().filter(|_| !self.action.keeps_values()) {
            form::enforce_plan(plan.for_form(), &mut again);
        }
        (again != self.object).then(|| self.object.to_string())
    }

    /// Returns the claim's current user fields.
    pub(crate) fn live(&self) -> Option<Value> {
        let claim = self.claim.as_ref()?;
        Some(self.projection.user_fields(&claim.object))
    }

    /// Reports the fields that people may not set, and removes them: nothing is dropped silently, and nothing is
    /// applied that is not shown.
    fn keep_user_settable(&mut self, begins: &Value) {
        let mut known = vec![begins];
        let live = self.claim.as_ref().map(|claim| Arc::clone(&claim.object));
        known.extend(live.as_deref());
        let identity = self.identity();
        let refused = self
            .projection
            .forbidden_fields(&self.object, &known, &identity, self.plan.as_ref());
        for found in refused {
            let problem = DraftProblem::ForbiddenField {
                message: forbidden_field(&found.reason),
            };
            self.field_problem(&found.path, problem);
        }
        self.object = self.projection.user_fields(&self.object);
    }

    /// Returns the fields that identify the object, whatever the input says.
    fn identity(&self) -> Value {
        let Some(resource) = self.resource() else {
            return Value::Null;
        };
        let mut metadata = json!({ "name": self.name });
        if resource.namespaced
            && let Some(namespace) = self.namespace()
        {
            metadata["namespace"] = Value::String(namespace);
        }
        json!({ "apiVersion": resource.api_version(), "kind": resource.kind, "metadata": metadata })
    }

    /// Reports changes of fields that the plan locks. A form cannot make them, YAML can.
    fn tell_what_the_plan_locks(&mut self, plan: &Plan, wished: &Value) {
        for (path, wish, locked) in differences(wished, &self.object) {
            // An empty `spec:` asks for nothing.
            if wish != "—" && wish != "null" {
                let problem = DraftProblem::LockedByPlan {
                    plan: plan_title(plan).to_owned(),
                    value: locked,
                };
                self.field_problem(&path, problem);
            }
        }
    }

    fn read_yaml(&mut self, text: &str) {
        self.yaml_text = Some(text.to_owned());
        self.take_document(yaml::parse(text).map_err(|error| DocumentProblem::Syntax {
            error: error.to_string(),
        }));
    }

    /// Reads an object that was written as a whole.
    fn take_document(&mut self, document: Result<Value, DocumentProblem>) {
        let problem = match document {
            Ok(Value::Null) => {
                self.object = Value::Object(Map::new());
                return;
            }
            Ok(object @ Value::Object(_)) => match object.get("spec") {
                None | Some(Value::Object(_) | Value::Null) => {
                    self.object = object;
                    return;
                }
                Some(_) => DocumentProblem::SpecNoMapping,
            },
            Ok(_) => DocumentProblem::NoMapping,
            Err(error) => error,
        };
        self.yaml_problem = Some(problem);
        self.object = self.base.clone();
    }
}

/// Removes values that the earlier plan set and nobody changed, so that the new plan's apply.
fn drop_unchanged_presets(object: &mut Value, was: &Map<String, Value>) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    for (key, value) in was {
        match (object.get_mut(key), value) {
            (Some(below @ Value::Object(_)), Value::Object(was)) => {
                drop_unchanged_presets(below, was);
                if below.as_object().is_some_and(Map::is_empty) {
                    object.shift_remove(key);
                }
            }
            (Some(found), value) if found == value => {
                object.shift_remove(key);
            }
            _ => {}
        }
    }
}

/// Returns the paths that have values. Lists are taken whole.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                leaves(value, &path, found);
            }
        }
        _ if path.is_empty() => {}
        _ => found.push(path.to_owned()),
    }
}

/// Adds fields that an object does not have.
fn fill_up(object: &mut Value, more: Value) {
    let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) else {
        return;
    };
    for (key, value) in more {
        match object.get_mut(&key) {
            Some(there) => fill_up(there, value),
            None => {
                object.insert(key, value);
            }
        }
    }
}

/// Returns what an object has that another has not. A list that differs is taken whole.
fn beyond(object: &Value, other: &Value) -> Option<Value> {
    match (object, other) {
        (Value::Object(object), Value::Object(other)) => {
            let more: Map<String, Value> = object
                .iter()
                .filter_map(|(key, value)| match other.get(key) {
                    Some(other) => Some((key.clone(), beyond(value, other)?)),
                    None => Some((key.clone(), value.clone())),
                })
                .collect();
            (!more.is_empty()).then_some(Value::Object(more))
        }
        (object, other) => (object != other).then(|| object.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_plan_set_gives_way_and_what_was_typed_stays() {
        let mut object = json!({"spec": {"size": "10Gi", "nodes": 5, "name": "x"}});
        let was = json!({"spec": {"size": "10Gi", "nodes": 1}});
        drop_unchanged_presets(&mut object, was.as_object().unwrap());
        assert_eq!(object, json!({"spec": {"nodes": 5, "name": "x"}}));
        let mut untouched = json!({"spec": {"size": "10Gi", "nodes": 1}});
        drop_unchanged_presets(&mut untouched, was.as_object().unwrap());
        assert_eq!(untouched, json!({}));
    }

    #[test]
    fn what_one_control_plane_lacks_is_kept_apart_and_comes_back() {
        let typed = json!({"spec": {"size": 5, "owner": "me", "disk": {"class": "fast", "iops": 3}}});
        let fits = json!({"spec": {"size": 5, "disk": {"class": "fast"}}});
        let kept = beyond(&typed, &fits).unwrap();
        assert_eq!(kept, json!({"spec": {"owner": "me", "disk": {"iops": 3}}}));
        let mut again = json!({"spec": {"size": 7, "disk": {"class": "slow"}}});
        fill_up(&mut again, kept);
        assert_eq!(
            again,
            json!({"spec": {"size": 7, "disk": {"class": "slow", "iops": 3}, "owner": "me"}})
        );
        assert_eq!(beyond(&fits, &fits), None);
    }
}
