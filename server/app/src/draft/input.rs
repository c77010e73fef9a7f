//! The input of a request, decoded from a form or the API and not checked yet.

use std::collections::BTreeMap;

use portico_domain::claim::ClaimRef;
use portico_domain::names::{OfferingName, RequestId};
use serde_json::Value;

/// What a request is about.
#[derive(Debug, Clone, Copy)]
pub enum RequestTarget<'a> {
    /// A new claim of an offering.
    New(&'a OfferingName),
    /// A change to a claim.
    Change(&'a ClaimRef),
    /// A renewal of a claim.
    Renew(&'a ClaimRef),
    /// The adoption of a claim.
    Adopt(&'a ClaimRef),
}

/// The input of a request. Forms and the API both decode into it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestInput {
    /// The id that the sender chose: sending it twice makes one request. `None` for a new one.
    pub id: Option<RequestId>,
    /// The workspace that a form was opened in, as `tenant/environment`; `None` for the current one.
    pub workspace: Option<String>,
    /// The claim's name. Not read for a change.
    pub name: String,
    /// The plan; `None` for the offering's first, or the claim's own.
    pub plan: Option<String>,
    /// The region to run in; `None` for any.
    pub region: Option<String>,
    /// The control plane to run on; `None` to let placement choose.
    pub plane: Option<String>,
    /// Labels that the control plane must have.
    pub labels: BTreeMap<String, String>,
    /// The control plane that an earlier preview chose; `None` for the first.
    pub shown_plane: Option<String>,
    /// A note for the approvers.
    pub note: String,
    /// The fields of the claim.
    pub content: Content,
    /// For a change: the hash of the claim's user fields as the sender saw them.
    pub base_hash: Option<String>,
    /// For a change: fields to take over from other field managers, as the control plane names them.
    pub take_over: Vec<String>,
    /// What a form says about itself. Empty for the API.
    pub form: FormState,
}

/// The fields of a claim, in the sender's notation.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Content {
    /// No fields: those that plan and defaults set, or the claim as it is.
    #[default]
    Presets,
    /// The inputs of a form.
    Fields(FormFields),
    /// YAML text.
    Yaml(String),
    /// An object.
    Object(Value),
}

/// The inputs of a form. A schema gives them values; see [`portico_form::decode`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FormFields {
    /// Names and values in the order of the form, and the command of a list's or map's button.
    pub pairs: Vec<(String, String)>,
    /// The object that the form was made from, if its inputs do not show all of it.
    pub whole: Option<Value>,
    /// Fields that were filled in for another control plane and do not exist on this one.
    pub kept: Option<Value>,
}

/// The state that a form was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormState {
    /// The hash of the schema that it was made from.
    pub schema_hash: Option<String>,
    /// The plan that it was made with.
    pub plan: Option<String>,
    /// Whether its YAML tab was shown.
    pub yaml_tab: bool,
    /// Whether it listed its problems, because it was reviewed or sent before.
    pub tried: bool,
}

/// The command that a form is posted with, other than sending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormCommand {
    /// Shows it again, for another plan or region, or with another row.
    Update,
    /// Checks everything, the control plane's dry run included.
    Review,
    /// Shows its YAML tab.
    ShowYaml,
    /// Shows its fields.
    ShowFields,
}

impl RequestInput {
    /// True if the form was just opened and nothing is filled in.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.content == Content::Presets
    }
}
