use serde_json::{Value, json};

use super::validate_crd;

fn definition(schema: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "buckets.storage.example.org"},
        "spec": {
            "group": "storage.example.org",
            "names": {"plural": "buckets", "kind": "Bucket"},
            "scope": "Namespaced",
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema},
            }],
        },
    })
}

/// The errors of a definition with the given property: the path below the property, and the message.
fn errors_of(property: &Value) -> Vec<(String, String)> {
    let schema = json!({"type": "object", "properties": {"it": property}});
    let errors = validate_crd(&definition(&schema)).into_iter();
    let prefix = "spec.validation.openAPIV3Schema.properties[it]";
    errors
        .map(|error| {
            let path = error.path.strip_prefix(prefix).unwrap_or(&error.path);
            (path.trim_start_matches('.').to_owned(), error.message)
        })
        .collect()
}

fn only(property: &Value) -> (String, String) {
    let errors = errors_of(property);
    assert_eq!(errors.len(), 1, "{property}: {errors:?}");
    errors.into_iter().next().unwrap()
}

#[test]
fn a_tidy_definition_has_no_errors() {
    let tidy = json!({"type": "object", "properties": {
        "port": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "any": {"x-kubernetes-preserve-unknown-fields": true},
        "names": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "size": {"type": "integer", "default": 3, "maximum": 5},
    }, "oneOf": [{"required": ["port"]}, {"properties": {"size": {"minimum": 1}}}]});
    assert_eq!(errors_of(&tidy), []);
}

#[test]
fn every_field_must_have_a_type() {
    assert_eq!(
        only(&json!({"description": "?"})),
        (
            "type".into(),
            "Required value: must not be empty for specified object fields".into()
        )
    );
    assert_eq!(
        only(&json!({"type": "array", "items": {}})),
        (
            "items.type".into(),
            "Required value: must not be empty for specified array items".into()
        )
    );
    assert_eq!(
        only(&json!({"type": "array"})),
        ("items".into(), "Required value: must be specified".into())
    );
    assert_eq!(
        only(&json!({"type": "text"})),
        (
            "type".into(),
            "Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \
             \"object\", \"string\""
                .into()
        )
    );
}

#[test]
fn branches_must_only_add_constraints() {
    let branch =
        json!({"type": "object", "anyOf": [{"nullable": true, "description": "x", "type": "object"}]});
    let mut places: Vec<String> = errors_of(&branch).into_iter().map(|(place, _)| place).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        ["anyOf[0].description", "anyOf[0].nullable", "anyOf[0].type"]
    );
    let undeclared =
        definition(&json!({"type": "object", "anyOf": [{"properties": {"spec": {"minimum": 1}}}]}));
    let error = &validate_crd(&undeclared)[0];
    assert_eq!(error.path, "spec.validation.openAPIV3Schema.properties[spec]");
    assert_eq!(
        error.message,
        "Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[spec]"
    );
}

#[test]
fn patterns_and_rules_must_compile() {
    assert_eq!(
        only(&json!({"type": "string", "pattern": "a("})),
        (
            "pattern".into(),
            "Invalid value: \"a(\": must be a valid regular expression, but isn't: error parsing regexp: missing \
             closing ): `a(`"
                .into()
        )
    );
    let (place, message) =
        only(&json!({"type": "string", "x-kubernetes-validations": [{"rule": "self ==="}]}));
    assert_eq!(place, "x-kubernetes-validations[0].rule");
    assert!(
        message.contains("compilation failed: ERROR: <input>:1:"),
        "{message}"
    );
    let listed = json!({"type": "array", "maxItems": 9, "items": {
        "type": "string", "maxLength": 9, "x-kubernetes-validations": [{"rule": "self == oldSelf"}],
    }});
    let (place, message) = only(&listed);
    assert_eq!(place, "items.x-kubernetes-validations[0].rule");
    assert!(
        message.contains("oldSelf cannot be used on the uncorrelatable portion"),
        "{message}"
    );
    // The fields of an object have their old values, also where it is applied as a whole.
    let whole = json!({"type": "object", "x-kubernetes-map-type": "atomic", "properties": {
        "name": {"type": "string", "maxLength": 9, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]},
    }});
    assert_eq!(errors_of(&whole), []);
    let idle =
        json!({"type": "string", "x-kubernetes-validations": [{"rule": "true", "optionalOldSelf": true}]});
    assert_eq!(only(&idle).0, "x-kubernetes-validations[0].optionalOldSelf");
    let lost =
        json!({"type": "object", "x-kubernetes-validations": [{"rule": "true", "fieldPath": ".nothing"}]});
    assert_eq!(only(&lost).0, "x-kubernetes-validations[0].fieldPath");
}

#[test]
fn rules_cannot_refer_to_fields_without_a_type() {
    let rules = json!([{"rule": "true"}]);
    let untyped = json!({"x-kubernetes-preserve-unknown-fields": true, "x-kubernetes-validations": rules});
    let listed = json!({
        "type": "array", "items": {"x-kubernetes-preserve-unknown-fields": true}, "x-kubernetes-validations": rules,
    });
    for schema in [untyped, listed] {
        let (place, message) = only(&schema);
        assert_eq!(place, "x-kubernetes-validations");
        assert!(message.starts_with("Internal error: "), "{message}");
    }
    let either = json!({"x-kubernetes-int-or-string": true, "x-kubernetes-validations": rules});
    let embedded = json!({
        "type": "array", "x-kubernetes-validations": rules,
        "items": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
    });
    for schema in [either, embedded] {
        let schema = json!({"type": "object", "properties": {"a": schema}});
        assert_eq!(errors_of(&schema), []);
    }
}

#[test]
fn rules_must_not_exceed_the_cost_limits() {
    let items = json!({"type": "string", "x-kubernetes-validations": [{"rule": "self.matches('^a')"}]});
    let list = json!({"type": "array", "items": items, "x-kubernetes-validations": [
        {"rule": "self.all(x, self.exists(y, x == y))"},
        {"rule": "self.size() > 1", "messageExpression": "self.join(self.join(''))"},
    ]});
    let errors = errors_of(&list);
    let too_much = |place: &str, what: &str| {
        let starts = format!("Forbidden: {what} exceeds budget by factor of ");
        assert!(
            errors
                .iter()
                .any(|(at, message)| at == place && message.starts_with(&starts)),
            "{place}: {errors:?}"
        );
    };
    too_much("items.x-kubernetes-validations[0].rule", "estimated rule cost");
    too_much("x-kubernetes-validations[0].rule", "estimated rule cost");
    too_much(
        "x-kubernetes-validations[1].messageExpression",
        "estimated messageExpression cost",
    );
    let all = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
    too_much("spec.validation.openAPIV3Schema", all);
    let mut bounded = list;
    bounded["maxItems"] = json!(5);
    bounded["items"]["maxLength"] = json!(9);
    assert_eq!(errors_of(&bounded), []);
}

#[test]
fn a_default_whose_rules_do_not_compile_ends_validation() {
    let with = |rule: &str| {
        json!({"type": "object", "default": {"a": "x"}, "properties": {
            "a": {"type": "string", "x-kubernetes-validations": [{"rule": rule}]},
        }})
    };
    for rule in ["self ===", "self + 1 == 2"] {
        let (place, message) = only(&with(rule));
        assert_eq!(place, "default.a");
        let words = "Invalid value: \"string\": rule compile error: compilation failed: ERROR: <input>:1:";
        assert!(message.starts_with(words), "{message}");
    }
    assert_eq!(errors_of(&with("self.size() > 0")), []);
}

/// As `errs :=` … `else if` of `ValidateDefaults` has it: what is no resource is not validated any further.
#[test]
fn a_default_of_the_whole_object_must_be_a_resource_first() {
    let with = |default: Value| {
        json!({"type": "object", "required": ["status"], "default": default, "properties": {
            "status": {"type": "object", "properties": {"state": {"type": "string"}}},
        }})
    };
    let places = |default: Value| -> Vec<String> {
        let errors = validate_crd(&definition(&with(default))).into_iter();
        let short = |path: String| path.replace("spec.validation.openAPIV3Schema.", "");
        errors.map(|error| short(error.path)).collect()
    };
    assert_eq!(
        places(json!({"unknown": 1})),
        ["default", "default.apiVersion", "default.kind"]
    );
    assert_eq!(
        places(json!({"apiVersion": "a/v1", "kind": "A"})),
        ["default.status"]
    );
}

#[test]
fn defaults_are_validated_where_the_type_does_not_exist() {
    let property = json!({"type": "object", "default": {"a": "x", "b": 1}, "properties": {
        "a": {"type": "null"}, "b": {"type": "integer"},
    }});
    let errors = errors_of(&property);
    let places: Vec<&str> = errors.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["default.a", "properties[a].type", "properties[a].type"]);
    assert!(
        errors[0].1.ends_with("in body must be of type null: \"string\""),
        "{errors:?}"
    );
}

#[test]
fn omitted_names_are_derived_from_the_kind_and_validated() {
    let mut document = definition(&json!({"type": "object"}));
    document["spec"]["names"] = json!({"plural": "buckets", "kind": "Not A Kind"});
    let errors = validate_crd(&document);
    let places: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
    assert_eq!(
        places,
        ["spec.names.singular", "spec.names.kind", "spec.names.listKind"]
    );
}

#[test]
fn the_keys_of_lists_of_type_map_must_be_required_or_have_a_default() {
    let list = |keys: &Value, key: &Value| {
        json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys,
            "items": {"type": "object", "properties": {"name": key}}})
    };
    assert_eq!(
        only(&list(&json!(["name"]), &json!({"type": "string"}))).0,
        "items.properties[name].default"
    );
    assert_eq!(
        only(&list(&json!(["other"]), &json!({"type": "string"}))).0,
        "x-kubernetes-list-map-keys"
    );
    assert_eq!(
        only(&list(&json!([]), &json!({"type": "string"}))).0,
        "x-kubernetes-list-map-keys"
    );
}

#[test]
fn a_default_must_match_its_own_schema_as_written() {
    let schema = json!({"type": "object", "properties": {
        "size": {"type": "integer", "maximum": 5, "default": 7},
        "fine": {"type": "object", "default": {}, "properties": {"a": {"type": "string", "default": "x"}}},
        "odd": {"type": "object", "default": {"b": 1}, "properties": {"a": {"type": "string"}}},
        "list": {"type": "array", "items": {
            "type": "object",
            "default": {},
            "properties": {"algorithm": {"type": "string", "default": "AES256"}},
            "x-kubernetes-validations": [{"rule": "self.algorithm != 'kms'", "message": "no kms"}],
        }},
        "map": {"type": "object", "additionalProperties": {"type": "integer", "default": "unseen"}},
    }});
    let errors = errors_of(&schema);
    let places: Vec<&str> = errors.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(
        places,
        [
            "properties[size].default",
            "properties[odd].default",
            "properties[list].items.default"
        ],
        "{errors:?}"
    );
    assert!(
        errors[1].1.ends_with("must not have unknown fields"),
        "{errors:?}"
    );
    assert_eq!(
        errors[2].1,
        "Invalid value: \"object\": no such key: algorithm evaluating rule: no kms"
    );
}

#[test]
fn everything_around_the_schema_is_validated() {
    let mut wrong = definition(&json!({"type": "object"}));
    wrong["metadata"]["name"] = json!("pails.storage.example.org");
    wrong["spec"]["scope"] = json!("Galaxy");
    wrong["spec"]["names"]["kind"] = json!("Not A Kind");
    wrong["spec"]["versions"][0]["name"] = json!("1.0");
    wrong["spec"]["versions"][0]["storage"] = json!(false);
    wrong["spec"]["versions"][0]["additionalPrinterColumns"] =
        json!([{"name": "a", "type": "text", "jsonPath": "b"}]);
    let errors = validate_crd(&wrong);
    let mut places: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "metadata.name",
            "spec.additionalPrinterColumns[0].JSONPath",
            "spec.additionalPrinterColumns[0].type",
            "spec.names.kind",
            "spec.names.listKind",
            "spec.names.singular",
            "spec.scope",
            "spec.version",
            "spec.versions",
            "spec.versions[0].name",
            "status.storedVersions",
        ]
    );
}

#[test]
fn errors_name_the_version_where_schemas_differ() {
    let mut two = definition(&json!({"type": "object", "properties": {"a": {"type": "string"}}}));
    let mut other = two["spec"]["versions"][0].clone();
    other["name"] = json!("v2");
    other["storage"] = json!(false);
    other["schema"]["openAPIV3Schema"]["properties"]["a"] = json!({});
    two["spec"]["versions"].as_array_mut().unwrap().push(other);
    let errors = validate_crd(&two);
    assert_eq!(
        errors[0].path,
        "spec.versions[1].schema.openAPIV3Schema.properties[a].type"
    );
}
