//! A form's target, and the names and values that it posted.

use portico_api::names as field;
use portico_domain::claim::ClaimRef;
use portico_domain::names::{OfferingName, RequestId};
use uuid::Uuid;

/// What a form is for.
#[derive(Debug, Clone, Copy)]
pub enum FormTarget<'a> {
    /// A new claim of an offering.
    New(&'a OfferingName),
    /// A change to a claim.
    Change(&'a ClaimRef),
    /// The same claim for longer.
    Renew(&'a ClaimRef),
}

/// What a form posted: names and values, as [`portico_api::names`] has them. Nothing for a form just opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormData {
    /// In the order of the form.
    pub pairs: Vec<(String, String)>,
}

impl FormData {
    /// The last value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The last value of that name, unless it is blank.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// What is filled in below a prefix, by the rest of the name, without the white space around it.
    pub fn below<'p>(&'p self, prefix: &str) -> impl Iterator<Item = (&'p str, &'p str)> {
        self.pairs.iter().filter_map(move |(name, value)| {
            let (rest, value) = (name.strip_prefix(prefix)?, value.trim());
            (!rest.is_empty() && !value.is_empty()).then_some((rest, value))
        })
    }

    /// Whether it holds a form that was filled in, and not only choices that came with a link.
    #[must_use]
    pub fn has_fields(&self) -> bool {
        self.pairs
            .iter()
            .any(|(name, _)| name.starts_with('/') || name == field::YAML)
    }

    /// The identity that the form gives its request, if it gives one.
    pub(super) fn given_id(&self) -> Option<RequestId> {
        self.get(field::REQUEST).and_then(|id| id.parse().ok())
    }

    pub(super) fn request_id(&self) -> RequestId {
        self.given_id().unwrap_or_else(|| RequestId(Uuid::now_v7()))
    }
}
