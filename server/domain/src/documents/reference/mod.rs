//! The configuration reference, `deploy/docs/reference`: generated from these types and their doc comments, with an
//! example of each field from documents that are read as the program reads them. Compiled for tests only.
//!
//! `cargo xtask docs` writes the pages; `every_page_is_up_to_date` fails while they differ.

mod definitions;
mod examples;
mod page;
mod shape;
mod structural;

use std::fs;
use std::path::PathBuf;

use schemars::{JsonSchema, SchemaGenerator};

use super::{
    Agent, ApprovalPolicy, ControlPlane, NamespaceTemplate, Offering, PassedOn, Portal, Publication, Tenant,
};
use examples::Examples;
use page::Page;

/// How [`super::ActAs`] is written.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is read")]
pub(super) enum WrittenActAs {
    /// One word: all of a person's groups are passed on.
    Word(ActAsWord),
    /// With the groups that are passed on.
    Groups {
        /// The groups of the person that the control plane receives.
        person: PassedOn,
    },
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is read")]
pub(super) enum ActAsWord {
    /// Portico's own rights.
    Portico,
    /// The person's rights, by impersonation: the control plane's RBAC and audit log see who did it.
    Person,
}

/// A group of people at an identity provider.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is read")]
pub(super) enum WrittenGroup {
    /// The group's name, where there is one identity provider.
    Name(String),
    /// The group and its provider, if there are several.
    AtProvider {
        /// The identity provider of the group, by its name in `spec.signIn.providers`.
        provider: String,
        /// The group, exactly as the provider's claim has it.
        group: String,
    },
}

/// A kind of document: its name, the file of its page, and its schema.
struct Kind {
    name: &'static str,
    file: &'static str,
    schema: fn() -> schemars::Schema,
}

fn schema_of<T: JsonSchema>() -> schemars::Schema {
    SchemaGenerator::default().into_root_schema_for::<T>()
}

const KINDS: [Kind; 8] = [
    Kind {
        name: "Portal",
        file: "portal",
        schema: schema_of::<Portal>,
    },
    Kind {
        name: "ControlPlane",
        file: "control-plane",
        schema: schema_of::<ControlPlane>,
    },
    Kind {
        name: "Offering",
        file: "offering",
        schema: schema_of::<Offering>,
    },
    Kind {
        name: "Tenant",
        file: "tenant",
        schema: schema_of::<Tenant>,
    },
    Kind {
        name: "ApprovalPolicy",
        file: "approval-policy",
        schema: schema_of::<ApprovalPolicy>,
    },
    Kind {
        name: "NamespaceTemplate",
        file: "namespace-template",
        schema: schema_of::<NamespaceTemplate>,
    },
    Kind {
        name: "Agent",
        file: "agent",
        schema: schema_of::<Agent>,
    },
    Kind {
        name: "Publication",
        file: "publication",
        schema: schema_of::<Publication>,
    },
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/docs/reference")
}

fn pages() -> Vec<(&'static Kind, Page)> {
    let read = |kind: &'static Kind| {
        let examples = Examples::read(&folder(), kind.file);
        (kind, Page::of(kind.name, &(kind.schema)(), examples))
    };
    KINDS.iter().map(read).collect()
}

#[test]
fn every_field_has_a_description_and_an_example() {
    let missing: Vec<String> = pages()
        .iter()
        .flat_map(|(kind, page)| {
            page.missing()
                .into_iter()
                .map(|what| format!("{}: {what}", kind.name))
        })
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_page_is_up_to_date() {
    let write = std::env::var_os("PORTICO_WRITE_DOCS").is_some();
    let mut stale = Vec::new();
    for (kind, page) in pages() {
        let file = folder().join(format!("{}.md", kind.file));
        let text = page.markdown(kind.file);
        if write {
            fs::write(&file, text).unwrap();
        } else if fs::read_to_string(&file).unwrap_or_default() != text {
            stale.push(format!("deploy/docs/reference/{}.md", kind.file));
        }
    }
    assert!(stale.is_empty(), "run cargo xtask docs: {}", stale.join(", "));
}
