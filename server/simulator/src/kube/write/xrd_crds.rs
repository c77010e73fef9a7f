//! The `CustomResourceDefinition`s that follow from a `CompositeResourceDefinition`.

use portico_domain::xrd::definitions;
use serde_json::Value;

use super::object_writes;
use super::xrd::is_anothers;
use crate::kube::registry::state::State;
use crate::kube::types::kind::GroupKind;
use crate::kube::types::object::{self, Key};
use crate::kube::types::options::WriteOptions;

/// Creates or updates the `CustomResourceDefinition`s of a composite resource definition.
pub(crate) fn write_crds(state: &mut State, old: Option<&Value>, xrd: &Value) {
    if object::is_deleting(xrd)
        || old.is_some_and(|old| {
            old["spec"] == xrd["spec"] && old["metadata"]["labels"] == xrd["metadata"]["labels"]
        })
    {
        return;
    }
    let Some(kind) = state.kinds.of(&GroupKind::new(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
    )) else {
        return;
    };
    let options = WriteOptions {
        manager: "apiextensions.crossplane.io/xrd".into(),
        ..WriteOptions::now()
    };
    for mut crd in definitions(xrd) {
        if is_anothers(state, &crd, object::name(xrd)) {
            tracing::warn!(definition = %object::name(xrd), "another definition has its kind already");
            continue;
        }
        let key = Key::of(&crd);
        let written = match state.store.get(&kind, &key) {
            Some(current) => {
                crd["status"] = current["status"].clone();
                object_writes::update(state, &kind, "v1", &key, crd, &options, None)
            }
            None => object_writes::create(state, &kind, "v1", "", crd, &options, None),
        };
        if let Err(error) = written {
            tracing::warn!(definition = %key.name, %error, "a composite resource definition brought no kind");
        }
    }
}
