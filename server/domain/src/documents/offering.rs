use std::collections::BTreeMap;
use std::num::NonZeroU16;

use indexmap::IndexMap;
use portico_form::{FormHints, PlanValues};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Consumption;
use crate::names::{OfferingName, PlanName};

/// An entry of the catalog: what a document adds to a kind that control planes serve.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offering {
    /// `<plural>.<group>` of the requested kind, like the name of its `CustomResourceDefinition`.
    pub name: OfferingName,
    /// The specification.
    pub spec: OfferingSpec,
}

/// `spec` of an `Offering`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OfferingSpec {
    /// The name to show. Without it: the kind.
    pub title: Option<String>,
    /// What it is, in one line.
    pub summary: Option<String>,
    /// The documentation, in markdown.
    pub documentation: Option<String>,
    /// Its category in the catalog.
    pub category: Category,
    /// The team that runs it.
    pub owner: Option<String>,
    /// The name of a glyph: `postgresql`, `mysql`, `redis`, `kafka`, `rabbitmq`, `bucket`, `kubernetes`, or a category's.
    pub icon: Option<String>,
    /// Words by which the search finds it, besides title and summary.
    pub keywords: Vec<String>,
    /// Presets of its fields; the first is the default. Empty: people fill in the form freely.
    pub plans: Vec<Plan>,
    /// Machinery that people may set although it is otherwise reserved: paths such as `spec.compositionSelector`,
    /// `spec.crossplane.compositionRef`, `metadata.labels.<key>` and `metadata.annotations.<key>`. The other fields
    /// below `spec` they may set anyway. See [`crate::projection`].
    pub settable: Vec<String>,
    /// How the form is laid out.
    pub form: FormHints,
    /// How people connect to a claim.
    pub access: Access,
    /// How to read the health of a claim, if the kind's adapter does not know.
    pub health: HealthExpressions,
    /// Labels that a control plane must have to serve it.
    pub control_plane_labels: BTreeMap<String, String>,
    /// The version of its API to use. Without it: the storage version.
    pub version: Option<String>,
    /// After how many days a claim has to be renewed. A claim that is not renewed is marked, and nothing else happens to it.
    pub lifetime_days: Option<NonZeroU16>,
    /// Leaves it out of the catalog. Its claims stay.
    pub hidden: bool,
}

/// A category of the catalog.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// All categories, in the order of the catalog.
    pub const ALL: [Self; 5] = [
        Self::Databases,
        Self::Queues,
        Self::Clusters,
        Self::Storage,
        Self::Other,
    ];

    /// Returns the name in URLs, documents and annotations.
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

    /// Returns the name on screens.
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

    /// Returns the category with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.slug() == slug)
    }
}

/// A named preset of an offering's fields.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Its name, in labels and URLs.
    pub name: PlanName,
    /// The name to show. Without it: `name`.
    #[serde(default)]
    pub title: Option<String>,
    /// What it is for, in one line.
    #[serde(default)]
    pub summary: Option<String>,
    /// The values that it sets, as a part of the object, usually below `spec`.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Paths (`spec.storage.size`) of values that people may change. All others that the plan sets are locked.
    #[serde(default)]
    pub adjustable: Vec<String>,
    /// Facts to compare plans by, shown as they are and in this order: `Memory: 4 GiB`.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    pub facts: IndexMap<String, String>,
    /// What a claim of this plan counts against the tenant's quota, by resource name, besides 1 of `claims`.
    #[serde(default)]
    pub consumes: BTreeMap<String, Consumption>,
    /// What it costs.
    #[serde(default)]
    pub price: Option<Price>,
}

impl Plan {
    /// Returns the parts that a form needs.
    #[must_use]
    pub fn for_form(&self) -> PlanValues<'_> {
        PlanValues {
            title: self.title.as_deref().unwrap_or(self.name.as_str()),
            values: &self.values,
            adjustable: &self.adjustable,
        }
    }
}

/// What a claim costs, as the platform team calculates it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Price {
    /// The amount for a month.
    pub monthly: f64,
    /// The currency, by its ISO 4217 code.
    pub currency: String,
}

impl Price {
    /// Returns the price in words: `28 EUR a month`.
    #[must_use]
    pub fn in_words(&self) -> String {
        format!("{} a month", self.amount(self.monthly))
    }

    fn amount(&self, amount: f64) -> String {
        let digits = if amount.fract() == 0.0 {
            format!("{amount:.0}")
        } else {
            format!("{amount:.2}")
        };
        format!("{} {}", grouped(&digits), self.currency)
    }

    /// Returns the amount for a month and its currency: `1,450 EUR`.
    #[must_use]
    pub fn monthly_amount(&self) -> String {
        self.amount(self.monthly)
    }

    /// Returns the price compared with the current one: `190 EUR a month, 162 EUR more than now`.
    #[must_use]
    pub fn compared_with(&self, now: Option<&Self>) -> String {
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

/// How to read the health of a claim: CEL expressions over `object`, the claim as its control plane returns it. A
/// missing field makes an expression false. They are not evaluated while `status.observedGeneration` is behind the
/// last change; conditions of an older generation are ignored.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HealthExpressions {
    /// True when it works.
    pub ready: Option<String>,
    /// True when something is wrong. Evaluated before `ready`.
    pub failed: Option<String>,
    /// A text that explains why it does not work.
    pub message: Option<String>,
}

/// How people connect to a claim.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Access {
    /// Where the connection secret is, if the kind's adapter does not know.
    pub secret: Option<SecretSource>,
    /// Labels that the kind's controller sets on the secret, with values that name the claim by `{name}`,
    /// `{namespace}` and `{uid}`: `cnpg.io/cluster: "{name}"`. Together they prove that the secret belongs to the
    /// claim if no owner reference leads to the claim. They replace those of the kind's adapter.
    pub secret_labels: BTreeMap<String, String>,
    /// Keys of the secret, by their meaning: `host`, `port`, `username`, `password`, `database`, `uri`, `kubeconfig`.
    pub keys: BTreeMap<String, String>,
    /// Addresses in the claim's status.
    pub endpoints: Vec<Endpoint>,
    /// The protocol of the code snippets: `postgresql`, `mysql`, `redis`, `kafka`, `amqp`, `s3`, `kubernetes`.
    pub protocol: Option<String>,
}

/// Where a claim's connection secret is.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum SecretSource {
    /// A name derived from the claim's: `{name}-app`.
    Name(String),
    /// A path in the claim's status to the name: `status.binding.name`. Never a field that people may set.
    Path(String),
}

/// An address in a claim's status.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// Its name on the page.
    pub title: String,
    /// The path of the address in the claim: `status.host`.
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
    /// True if its objects live in namespaces.
    pub namespaced: bool,
}

impl ResourceRef {
    /// Returns `group/version`.
    #[must_use]
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }
}

/// Separates the thousands of a decimal number: `1450.50` is `1,450.50`.
fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut grouped = String::with_capacity(digits.len() + 2);
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use super::Price;

    #[test]
    fn compares_a_price_with_the_current_one() {
        let price = |monthly: f64, currency: &str| Price {
            monthly,
            currency: currency.to_owned(),
        };
        let small = price(28.0, "EUR");
        assert_eq!(small.in_words(), "28 EUR a month");
        assert_eq!(price(9.5, "USD").in_words(), "9.50 USD a month");
        assert_eq!(price(1_450.0, "EUR").in_words(), "1,450 EUR a month");
        assert_eq!(price(1_234_567.5, "EUR").in_words(), "1,234,567.50 EUR a month");
        let compared_with =
            |monthly: f64, currency: &str| price(monthly, currency).compared_with(Some(&small));
        assert_eq!(
            compared_with(190.0, "EUR"),
            "190 EUR a month, 162 EUR more than now"
        );
        assert_eq!(compared_with(9.0, "EUR"), "9 EUR a month, 19 EUR less than now");
        assert_eq!(compared_with(28.0, "EUR"), "28 EUR a month, as now");
        assert_eq!(
            compared_with(30.0, "USD"),
            "30 USD a month, in place of 28 EUR a month"
        );
    }
}
