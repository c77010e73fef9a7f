//! The demo's embedded files are consistent.

use portico_domain::documents::{
    API_VERSION, ApprovalPolicySpec, ControlPlaneSpec, OfferingSpec, PortalSpec, PublicationSpec, TenantSpec,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    api_version: String,
    kind: String,
    metadata: Value,
    spec: Value,
}

fn documents() -> Vec<Document> {
    let addresses = configuration::Addresses {
        public_url: "http://127.0.0.1:8080",
        listen: "127.0.0.1:8080",
        issuer: "http://127.0.0.1:9",
        undo_seconds: 10,
    };
    let mut texts: Vec<String> = configuration::DOCUMENTS
        .iter()
        .map(|(_, text)| (*text).to_owned())
        .collect();
    texts.push(addresses.portal());
    let parse = |text: &String| serde_saphyr::from_multiple::<Document>(text).unwrap();
    texts.iter().flat_map(parse).collect()
}

pub(super) fn specs<T: serde::de::DeserializeOwned>(kind: &str) -> Vec<(String, T)> {
    let read = |document: Document| {
        assert_eq!(document.api_version, API_VERSION);
        let name = document.metadata["name"].as_str().unwrap().to_owned();
        let spec =
            serde_json::from_value(document.spec).unwrap_or_else(|error| panic!("{kind} {name}: {error}"));
        (name, spec)
    };
    documents()
        .into_iter()
        .filter(|document| document.kind == kind)
        .map(read)
        .collect()
}

#[test]
fn every_configuration_document_parses_strictly() {
    let portal = &specs::<PortalSpec>("Portal")[0].1;
    assert_eq!(portal.sign_in.providers[0].issuer, "http://127.0.0.1:9");
    assert_eq!(
        specs::<ControlPlaneSpec>("ControlPlane").len(),
        people::PLANES.len()
    );
    assert_eq!(specs::<TenantSpec>("Tenant").len(), 2);
    assert_eq!(specs::<ApprovalPolicySpec>("ApprovalPolicy").len(), 1);
    assert_eq!(specs::<PublicationSpec>("Publication").len(), 2);
    assert_eq!(specs::<OfferingSpec>("Offering").len(), kinds::OFFERED.len());
}

#[test]
fn tenant_namespaces_exist_on_the_planes_that_tenants_may_use() {
    let planes = specs::<ControlPlaneSpec>("ControlPlane");
    for (tenant, spec) in specs::<TenantSpec>("Tenant") {
        for (name, plane) in &planes {
            let dedicated = plane.dedicated_to.iter().any(|other| other.as_str() == tenant);
            let shared = plane.dedicated_to.is_empty()
                && (spec
                    .control_planes
                    .names
                    .iter()
                    .any(|granted| granted.as_str() == name)
                    || !spec.control_planes.match_labels.is_empty());
            let plane = people::PLANES.iter().find(|plane| plane.name == name).unwrap();
            for environment in &spec.environments {
                let there = plane.namespaces.contains(&environment.namespace.as_str());
                assert_eq!(there, dedicated || shared, "{} on {name}", environment.namespace);
            }
        }
    }
}

#[test]
fn every_group_of_a_person_is_used_in_the_configuration() {
    let tenants = specs::<TenantSpec>("Tenant");
    let admins = &specs::<PortalSpec>("Portal")[0].1.sign_in.admin_groups;
    for person in people::people() {
        for group in &person.groups {
            let member = tenants
                .iter()
                .any(|(_, spec)| spec.members.iter().any(|member| member.group == *group));
            assert!(
                member || admins.iter().any(|admin| admin.group == *group),
                "{group}"
            );
        }
    }
}

#[test]
fn every_offering_has_a_kind_that_some_plane_serves() {
    let served: Vec<String> = people::PLANES
        .iter()
        .flat_map(|plane| kinds::definitions(plane.name).unwrap())
        .map(|definition| {
            let spec = &definition["spec"];
            let names = if spec["claimNames"].is_object() {
                &spec["claimNames"]
            } else {
                &spec["names"]
            };
            format!(
                "{}.{}",
                names["plural"].as_str().unwrap_or_default(),
                spec["group"].as_str().unwrap_or_default()
            )
        })
        .collect();
    for (name, _) in specs::<OfferingSpec>("Offering") {
        assert!(served.contains(&name), "{name}");
    }
}

#[test]
fn what_is_published_and_accepted_is_a_kind_that_only_the_publisher_has() {
    let (_, publication) = specs::<PublicationSpec>("Publication")
        .into_iter()
        .find(|(name, _)| name == "research-notebooks")
        .unwrap();
    let serves = |plane: &str| {
        let definitions = kinds::definitions(plane).unwrap();
        let name = publication.offering.as_str();
        definitions
            .iter()
            .any(|definition| definition["metadata"]["name"] == name)
    };
    for plane in people::PLANES {
        let is_publishers = plane.name == publication.control_plane.as_str();
        assert_eq!(serves(plane.name), is_publishers, "{}", plane.name);
    }
}

#[test]
fn control_planes_differ_a_little() {
    let enumerated = |plane: &str| {
        let definitions = kinds::definitions(plane).unwrap();
        let xrd = definitions
            .iter()
            .find(|d| d["metadata"]["name"] == "xpostgresqlinstances.databases.demo.portico.dev");
        xrd.unwrap()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["version"]
            ["enum"]
            .clone()
    };
    assert_eq!(enumerated("eu-shared"), json!(["15", "16", "17", "18"]));
    assert_eq!(enumerated("us-shared"), json!(["15", "16", "17"]));
}
