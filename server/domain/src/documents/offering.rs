use std::collections::BTreeMap;
use std::num::NonZeroU16;

use portico_form::{FormHints, PlanValues};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Consumption;
use crate::names::{OfferingName, PlanName};

/// One thing in the catalog: what a document adds to a kind that control planes serve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offering {
    /// `metadata.name`: `<plural>.<group>` of the kind that one asks for.
    pub name: OfferingName,
    /// The specification.
    pub spec: OfferingSpec,
}

/// `spec` of an `Offering`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OfferingSpec {
    /// The name to show; the kind where there is none.
    pub title: Option<String>,
    /// One line.
    pub summary: Option<String>,
    /// The documentation, in markdown.
    pub documentation: Option<String>,
    /// Where it stands in the catalog.
    pub category: Category,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// The name of a glyph: `postgresql`, `mysql`, `redis`, `kafka`, `rabbitmq`, `bucket`, `kubernetes`, or a category's.
    pub icon: Option<String>,
    /// Words that the search finds it by, besides its title and summary.
    pub keywords: Vec<String>,
    /// Presets of its parameters, the first being the default. Empty: one fills in the form freely.
    pub plans: Vec<Plan>,
    /// What people may set of the machinery, which they otherwise may not: paths such as `spec.compositionSelector`,
    /// `spec.crossplane.compositionRef`, `metadata.labels.<key>` and `metadata.annotations.<key>`. What else is below
    /// `spec` is theirs anyway. See [`crate::projection`].
    pub settable: Vec<String>,
    /// How the form is laid out.
    pub form: FormHints,
    /// What one receives.
    pub access: Access,
    /// Where a claim says how it is, if the kind's adapter does not know.
    pub health: HealthExpressions,
    /// Labels that a control plane must have to serve it.
    pub control_plane_labels: BTreeMap<String, String>,
    /// The version of its API to use; the storage version where there is none.
    pub version: Option<String>,
    /// After how many days a claim has to be renewed. Nothing happens to one that is not, save that it says so.
    pub lifetime_days: Option<NonZeroU16>,
    /// Leaves it out of the catalog; claims of it stay.
    pub hidden: bool,
}

/// Where an offering stands in the catalog.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Category {
    /// Databases.
    Databases,
    /// Queues and streams.
    Queues,
    /// Clusters.
    Clusters,
    /// Storage.
    Storage,
    /// Anything else.
    #[default]
    Other,
}

impl Category {
    /// All of them, in the order of the catalog.
    pub const ALL: [Self; 5] = [
        Self::Databases,
        Self::Queues,
        Self::Clusters,
        Self::Storage,
        Self::Other,
    ];

    /// The word in URLs, documents and annotations.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Databases => "databases",
            Self::Queues => "queues",
            Self::Clusters => "clusters",
            Self::Storage => "storage",
            Self::Other => "other",
        }
    }

    /// The words on the screen.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Databases => "Databases",
            Self::Queues => "Queues and streams",
            Self::Clusters => "Clusters",
            Self::Storage => "Storage",
            Self::Other => "Other",
        }
    }

    /// The category that `slug` names.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.slug() == slug)
    }
}

/// A named preset of an offering's parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Its name, in labels and URLs.
    pub name: PlanName,
    /// The name to show; `name` where there is none.
    #[serde(default)]
    pub title: Option<String>,
    /// One line.
    #[serde(default)]
    pub summary: Option<String>,
    /// What it sets, as a part of the object: usually below `spec`.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Paths (`spec.storage.size`) below which what the plan sets may be changed. All else that it sets is locked.
    #[serde(default)]
    pub adjustable: Vec<String>,
    /// Facts to compare plans by, shown as they are: `Memory: 4 GiB`.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
    /// What one claim of it takes of the tenant's quota, by resource name, besides 1 `claims`.
    #[serde(default)]
    pub consumes: BTreeMap<String, Consumption>,
    /// What it costs.
    #[serde(default)]
    pub price: Option<Price>,
}

impl Plan {
    /// What a form knows of it.
    #[must_use]
    pub fn for_form(&self) -> PlanValues<'_> {
        PlanValues {
            title: self.title.as_deref().unwrap_or(self.name.as_str()),
            values: &self.values,
            adjustable: &self.adjustable,
        }
    }
}

/// What a claim costs, as its platform team reckons it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Price {
    /// The amount a month.
    pub monthly: f64,
    /// ISO 4217.
    pub currency: String,
}

impl Price {
    /// The price in words: `28 EUR a month`.
    #[must_use]
    pub fn in_words(&self) -> String {
        format!("{} a month", self.amount(self.monthly))
    }

    fn amount(&self, amount: f64) -> String {
        if amount.fract() == 0.0 {
            format!("{amount:.0} {}", self.currency)
        } else {
            format!("{amount:.2} {}", self.currency)
        }
    }

    /// The price in words beside what is paid now: `190 EUR a month, 162 EUR more than now`.
    #[must_use]
    pub fn beside(&self, now: Option<&Self>) -> String {
        let words = self.in_words();
        match now {
            Some(now) if now.currency == self.currency => {
                let more = self.monthly - now.monthly;
                if more.abs() < 0.005 {
                    format!("{words}, as now")
                } else if more > 0.0 {
                    format!("{words}, {} more than now", self.amount(more))
                } else {
                    format!("{words}, {} less than now", self.amount(-more))
                }
            }
            Some(now) => format!("{words}, in place of {}", now.in_words()),
            None => words,
        }
    }
}

/// Where a claim says how it is: CEL expressions over `object`, the claim as its control plane has it. A field that is
/// not there makes an expression false. None of them is asked while the operator has not seen the last change, by
/// `status.observedGeneration`; conditions of an older generation are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HealthExpressions {
    /// True when it works.
    pub ready: Option<String>,
    /// True when something is wrong. Asked before `ready`.
    pub failed: Option<String>,
    /// Text that explains why it does not work.
    pub message: Option<String>,
}

/// What one receives with a claim.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Access {
    /// Where the connection secret is, if the kind's adapter does not know.
    pub secret: Option<SecretSource>,
    /// Labels that the kind's controller sets on the secret, with values that name the claim by `{name}`,
    /// `{namespace}` and `{uid}`: `cnpg.io/cluster: "{name}"`. Together they prove that the secret is the claim's,
    /// where it has no owner reference that leads to the claim. Instead of what the kind's adapter knows.
    pub secret_labels: BTreeMap<String, String>,
    /// Keys of the secret, by what they mean: `host`, `port`, `username`, `password`, `database`, `uri`, `kubeconfig`.
    pub keys: BTreeMap<String, String>,
    /// Addresses that stand in the claim's status.
    pub endpoints: Vec<Endpoint>,
    /// The protocol that snippets are made for: `postgresql`, `mysql`, `redis`, `kafka`, `amqp`, `s3`, `kubernetes`.
    pub protocol: Option<String>,
}

/// Where a claim's connection secret is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum SecretSource {
    /// A name made of the claim's: `{name}-app`.
    Name(String),
    /// A path in the claim's status to the name: `status.binding.name`. Never a field that a person may set.
    Path(String),
}

/// An address in a claim's status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// What to call it.
    pub title: String,
    /// A path in the claim: `status.host`.
    pub path: String,
}

/// One version of one kind, as a control plane serves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRef {
    /// The API group; never empty for what Portico offers.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural, as in URLs.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

impl ResourceRef {
    /// `group/version`.
    #[must_use]
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::Price;

    #[test]
    fn a_price_is_told_beside_what_is_paid_now() {
        let price = |monthly: f64, currency: &str| Price {
            monthly,
            currency: currency.to_owned(),
        };
        let small = price(28.0, "EUR");
        assert_eq!(small.in_words(), "28 EUR a month");
        assert_eq!(price(9.5, "USD").in_words(), "9.50 USD a month");
        let beside = |monthly: f64, currency: &str| price(monthly, currency).beside(Some(&small));
        assert_eq!(beside(190.0, "EUR"), "190 EUR a month, 162 EUR more than now");
        assert_eq!(beside(9.0, "EUR"), "9 EUR a month, 19 EUR less than now");
        assert_eq!(beside(28.0, "EUR"), "28 EUR a month, as now");
        assert_eq!(beside(30.0, "USD"), "30 USD a month, in place of 28 EUR a month");
    }
}
