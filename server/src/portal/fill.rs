//! Filling a request in: from what its form begins with, and what was posted.

use std::sync::Arc;

use portico_domain::claim::Claim;
use portico_domain::documents::Plan;
use portico_domain::manifest::differences;
use portico_domain::projection::Projection;
use portico_domain::request::{Action, manifest_hash};
use portico_domain::schema::{form, yaml};
use portico_domain::view::names as field;
use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::form::Posted;
use super::offering::plan_title;

impl Draft {
    /// Fills the object in.
    pub(super) fn fill_in(&mut self, posted: &Posted) {
        let empty = Value::Object(Map::new());
        self.command = posted.get(field::DO).map(str::to_owned);
        self.tried = posted.get(field::TRIED).is_some();
        self.yaml_tab = posted.get(field::TAB) == Some("yaml");
        let live = self.live();
        self.live_hash = self
            .claim
            .as_ref()
            .map(|claim| live_hash(claim, &self.projection));
        let Some(schema) = self.schema() else {
            self.base = live.unwrap_or(empty);
            self.object = self.base.clone();
            return;
        };
        let hints = self.offered.form.clone();
        let plan = self.plan.clone();
        let begins = form::start(&schema, &hints, plan.as_ref(), &empty);
        self.base = live.unwrap_or_else(|| self.projection.of(&begins));
        if posted.has_fields() {
            if self.yaml_tab {
                self.read_yaml(posted.get(field::YAML).unwrap_or_default());
            } else {
                let mut decoded = form::decode(&schema, &self.base, &posted.pairs);
                form::preset_added(&hints, &mut decoded);
                self.object = decoded.object;
                self.typed = decoded.typed;
                self.violations = decoded.problems;
            }
            self.take_what_is_theirs(&begins);
        } else {
            self.object = self.base.clone();
        }
        if let Some(plan) = plan.as_ref().filter(|_| self.action != Action::Renew) {
            let was = posted
                .get(field::PLAN_WAS)
                .and_then(|was| self.offered.plans.iter().find(|plan| plan.name.as_str() == was))
                .or_else(|| {
                    let was = self.claim.as_ref()?.plan.as_ref()?;
                    self.offered.plans.iter().find(|plan| plan.name == *was)
                });
            if let Some(was) = was.filter(|was| was.name != plan.name) {
                give_way(&mut self.object, &was.values);
                self.object = self
                    .projection
                    .of(&form::start(&schema, &hints, Some(plan), &self.object));
            } else {
                let wished = self.object.clone();
                form::enforce(plan, &mut self.object);
                if self.yaml_tab && posted.has_fields() {
                    self.tell_what_the_plan_locks(plan, &wished);
                }
            }
        }
        match self.command.as_deref() {
            Some("tab:yaml") => {
                self.yaml_tab = true;
                self.yaml_text = None;
            }
            Some("tab:form") if self.yaml_problem.is_none() => self.yaml_tab = false,
            _ => {}
        }
    }

    /// What of the claim a person may set, as it is.
    pub(super) fn live(&self) -> Option<Value> {
        let claim = self.claim.as_ref()?;
        Some(self.projection.of(&claim.object))
    }

    /// Says what of the object is not for people to set, and goes on without it: nothing that was asked for is passed
    /// over in silence, and nothing is applied that is not shown.
    fn take_what_is_theirs(&mut self, begins: &Value) {
        let mut known = vec![begins];
        let live = self.claim.as_ref().map(|claim| Arc::clone(&claim.object));
        known.extend(live.as_deref());
        let identity = self.identity();
        let refused = self
            .projection
            .not_yours(&self.object, &known, &identity, self.plan.as_ref());
        for found in refused {
            self.problem(&found.path, found.message);
        }
        self.object = self.projection.of(&self.object);
    }

    /// How Portico calls the object, whatever somebody writes.
    fn identity(&self) -> Value {
        let Some(resource) = self.resource() else {
            return Value::Null;
        };
        let mut metadata = json!({ "name": self.name });
        if resource.namespaced
            && let Some(environment) = self.environment()
        {
            metadata["namespace"] = Value::String(environment.namespace.clone());
        }
        json!({ "apiVersion": resource.api_version(), "kind": resource.kind, "metadata": metadata })
    }

    /// In the form such a field cannot be filled in; what was written as YAML must not be passed over in silence.
    fn tell_what_the_plan_locks(&mut self, plan: &Plan, wished: &Value) {
        for (path, wish, locked) in differences(wished, &self.object) {
            // An empty `spec:` asks for nothing.
            if wish != "—" && wish != "null" {
                let plan = plan_title(plan);
                let why =
                    format!("The plan {plan} sets this to {locked}. Leave it out, or choose another plan.");
                self.problem(&path, why);
            }
        }
    }

    fn read_yaml(&mut self, text: &str) {
        self.yaml_text = Some(text.to_owned());
        match yaml::parse(text) {
            Ok(object @ Value::Object(_))
                if matches!(object.get("spec"), None | Some(Value::Object(_) | Value::Null)) =>
            {
                self.object = object;
                return;
            }
            Ok(Value::Object(_)) => {
                self.yaml_problem = Some("`spec` must be a mapping, as `spec: { size: 10Gi }`.".to_owned());
            }
            Ok(Value::Null) => {
                self.object = Value::Object(Map::new());
                return;
            }
            Ok(_) => self.yaml_problem = Some("It must be a mapping, with `spec:` at its top.".to_owned()),
            Err(error) => self.yaml_problem = Some(error.to_string()),
        }
        self.object = self.base.clone();
    }
}

/// The identity of what a person may set of a claim, its plan included.
pub(super) fn live_hash(claim: &Claim, projection: &Projection) -> String {
    manifest_hash(&json!({ "object": projection.of(&claim.object), "plan": claim.plan }))
}

/// Takes out what a plan had set and nobody changed since: it gives way to what another plan sets.
fn give_way(object: &mut Value, was: &Map<String, Value>) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    for (key, value) in was {
        match (object.get_mut(key), value) {
            (Some(below @ Value::Object(_)), Value::Object(was)) => give_way(below, was),
            (Some(found), value) if found == value => {
                object.shift_remove(key);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_plan_set_gives_way_and_what_was_typed_stays() {
        let mut object = json!({"spec": {"size": "10Gi", "nodes": 5, "name": "x"}});
        let was = json!({"spec": {"size": "10Gi", "nodes": 1}});
        give_way(&mut object, was.as_object().unwrap());
        assert_eq!(object, json!({"spec": {"nodes": 5, "name": "x"}}));
    }
}
