use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::document;
use crate::routes;

fn json() -> Value {
    let descriptions = routes::table().into_iter().filter_map(|route| route.description);
    serde_json::to_value(document(descriptions)).unwrap()
}

/// Returns every operation of the document: method, path and description.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let item = item.as_object().unwrap().clone();
        let path = path.clone();
        item.into_iter()
            .map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_route_of_the_api_is_described_and_no_other() {
    let routed: BTreeSet<(String, String)> = routes::table()
        .into_iter()
        .filter(|route| route.path.starts_with("/api/v1/"))
        .map(|route| (route.method.to_owned(), route.path))
        .collect();
    let described = operations(&json())
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    assert_eq!(routed, described);
}

#[test]
fn every_operation_describes_its_parameters_and_responses() {
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&json()) {
        let at = format!("{method} {path}");
        assert!(
            operation["summary"].as_str().is_some_and(|text| text.len() > 10),
            "{at}"
        );
        assert!(
            operation["tags"].as_array().is_some_and(|tags| tags.len() == 1),
            "{at}"
        );
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id.clone()), "{at}: {id} twice");
        let mut seen = BTreeSet::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let key = (
                parameter["in"].clone().to_string(),
                parameter["name"].clone().to_string(),
            );
            assert!(seen.insert(key), "{at}: {parameter}");
            let described = parameter["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty());
            assert!(described && parameter["schema"].is_object(), "{at}: {parameter}");
        }
        let in_path = path.matches('{').count();
        let in_path_only = |parameter: &&Value| parameter["in"] == "path";
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        assert_eq!(parameters.filter(in_path_only).count(), in_path, "{at}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let error = status.starts_with(['4', '5']);
            assert!(
                response["description"]
                    .as_str()
                    .is_some_and(|text| text.len() > 8),
                "{at} {status}"
            );
            let types = response["x-problem-types"].as_array().map_or(0, Vec::len);
            assert_eq!(error, types > 0, "{at} {status}");
            let content = response["content"]
                .as_object()
                .is_some_and(|content| !content.is_empty());
            assert_eq!(content, status != "204", "{at} {status}");
        }
    }
}

/// utoipa documents the parameters of a handler's `Query`. Those that the extractor reads must be named in `params`.
#[test]
fn handlers_that_use_the_workspace_name_its_parameters() {
    let sources = [
        include_str!("../access.rs"),
        include_str!("../admin.rs"),
        include_str!("../agents.rs"),
        include_str!("../catalog.rs"),
        include_str!("../claims.rs"),
        include_str!("../kubeconfigs.rs"),
        include_str!("../publications.rs"),
        include_str!("../requests.rs"),
        include_str!("../tokens.rs"),
        include_str!("../usage.rs"),
        include_str!("../viewer.rs"),
    ];
    let mut handlers = 0;
    for handler in sources
        .iter()
        .flat_map(|source| source.split("#[utoipa::path(").skip(1))
    {
        handlers += 1;
        let (attribute, code) = handler.split_once("async fn ").unwrap();
        let code = code.split("\n}\n").next().unwrap();
        // The parameters of usage have a tenant of their own.
        let named = attribute.contains("WorkspaceParams") || code.contains("UsageParams");
        assert_eq!(code.contains("context.workspace"), named, "{code}");
    }
    assert_eq!(handlers, operations(&json()).len() - 1);
}

#[test]
fn every_reference_resolves() {
    fn collect_references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| collect_references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| collect_references(value, found)),
            _ => {}
        }
    }
    let document = json();
    let mut found = Vec::new();
    collect_references(&document, &mut found);
    assert!(found.len() > 100, "answers are described: {}", found.len());
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(
            document.pointer(pointer).is_some_and(Value::is_object),
            "{reference}"
        );
    }
}

/// The document is in the tree so that reviews show each change of the API. `cargo xtask docs` writes it.
#[test]
fn the_document_in_the_tree_is_up_to_date() {
    let text = format!("{:#}\n", json());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/docs/reference/openapi.json");
    if std::env::var_os("PORTICO_WRITE_DOCS").is_some() {
        fs::write(&file, text).unwrap();
    } else {
        let known = fs::read_to_string(&file).unwrap_or_default();
        assert!(known == text, "run cargo xtask docs: {}", file.display());
    }
}
