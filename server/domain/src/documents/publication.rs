use serde::{Deserialize, Serialize};

use super::GroupRef;
use crate::names::{OfferingName, PlaneName, PublicationName, TenantName};

/// A service that a tenant offers to other tenants: an offering, served from a control plane of its own. It is in the
/// catalog of its consumers once a platform admin has accepted each permission that it cannot do without.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The publication's name: a DNS label.
    pub name: PublicationName,
    /// The specification.
    pub spec: PublicationSpec,
}

/// `spec` of a `Publication`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicationSpec {
    /// The tenant that publishes it.
    pub publisher: TenantName,
    /// The offering, as `<plural>.<group>`. Its objects must be in namespaces.
    pub offering: OfferingName,
    /// The control plane that takes the claims. It must be dedicated to the publisher alone, and may not act as people.
    pub control_plane: PlaneName,
    /// The tenants that see it in their catalog.
    pub consumers: Consumers,
    /// Who of the publisher decides on requests of the consumers, besides those whom approval policies name. Needs the
    /// permission `decide`.
    #[serde(default)]
    pub approvers: Option<PublisherApprovers>,
    /// What it asks for. A platform admin accepts or refuses each by itself.
    pub permissions: Vec<PermissionClaim>,
}

/// The consumers of a publication.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Consumers {
    /// Every tenant but the publisher, also those that come later.
    All {},
    /// These tenants.
    Tenants(Vec<TenantName>),
}

/// Who of the publisher decides on requests. Nobody may approve their own request.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum PublisherApprovers {
    /// Approvers and admins of the publisher.
    OfPublisher {},
    /// Members of one of these SSO groups.
    Groups(#[cfg_attr(test, schemars(with = "Vec<super::reference::WrittenGroup>"))] Vec<GroupRef>),
}

/// A permission that a publication asks for.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PermissionClaim {
    /// The permission.
    pub permission: Permission,
    /// What it is needed for, in a sentence for the platform admin who decides.
    pub reason: String,
    /// True if the service works without it. Otherwise it is in nobody's catalog until the permission is accepted.
    /// `takeClaims` and `decide` cannot be optional.
    #[serde(default)]
    pub optional: bool,
}

/// What a publisher may do for, and know of, its consumers.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = PublicationPermission))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Permission {
    /// Take claims of the consumers on its control plane, those of each environment in a namespace that Portico makes.
    TakeClaims,
    /// Let its approvers decide on requests of the consumers. They see the manifest, tenant and environment.
    Decide,
    /// Have the consumers shown the connection secrets of their claims.
    HandOutSecrets,
    /// Know who asks: name and account are on the claim, and its approvers see the name.
    KnowRequesters,
    /// Let its approvers read the notes and comments of requests.
    ReadNotes,
}

impl Permission {
    /// All permissions, in the order of pages.
    pub const ALL: [Self; 5] = [
        Self::TakeClaims,
        Self::Decide,
        Self::HandOutSecrets,
        Self::KnowRequesters,
        Self::ReadNotes,
    ];

    /// Returns the name in documents, URLs, JSON and the database.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::TakeClaims => "takeClaims",
            Self::Decide => "decide",
            Self::HandOutSecrets => "handOutSecrets",
            Self::KnowRequesters => "knowRequesters",
            Self::ReadNotes => "readNotes",
        }
    }

    /// Returns the permission with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.slug() == slug)
    }

    /// Completes "it may".
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::TakeClaims => "take claims of other tenants",
            Self::Decide => "decide on requests of other tenants",
            Self::HandOutSecrets => "hand out connection secrets",
            Self::KnowRequesters => "know who asks",
            Self::ReadNotes => "read notes and comments",
        }
    }

    /// True if a publication may say that it works without it.
    #[must_use]
    pub fn can_be_optional(self) -> bool {
        !matches!(self, Self::TakeClaims | Self::Decide)
    }
}

impl Consumers {
    /// True if the tenant is one of them.
    #[must_use]
    pub fn include(&self, tenant: &TenantName) -> bool {
        match self {
            Self::All {} => true,
            Self::Tenants(tenants) => tenants.contains(tenant),
        }
    }
}

impl Publication {
    /// Returns what it asks for under this permission; `None` if it does not ask for it.
    #[must_use]
    pub fn claim(&self, permission: Permission) -> Option<&PermissionClaim> {
        let mut claims = self.spec.permissions.iter();
        claims.find(|claim| claim.permission == permission)
    }
}
