use portico_domain::claim::{ClaimRef, Health};
use portico_domain::documents::Stage;
use portico_domain::names::{EnvironmentName, OfferingName, TenantName};
use serde::{Serialize, Serializer};

use super::{Link, RequestRow};

/// Something that was found.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchResult {
    /// What it is.
    pub kind: SearchResultKind,
    /// Its name.
    pub title: String,
    /// What tells it from others of that name.
    pub detail: String,
    /// Where it leads; empty for what is done on the spot.
    #[serde(serialize_with = "path_or_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub href: Option<Link>,
    /// What is done on the spot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<ClientAction>,
    /// For [`ClientAction::SwitchWorkspace`]: the tenant and environment to work in, as `tenant/environment`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
}

/// What was found.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SearchResultKind {
    /// Something to do.
    Action,
    /// An offering.
    Offering,
    /// A claim.
    Claim,
    /// A request.
    Request,
    /// A page.
    Page,
}

/// What a browser does on the spot, without going anywhere.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ClientAction {
    /// Goes on to the next theme.
    Theme,
    /// Ends the session.
    SignOut,
    /// Works in another environment from now on.
    SwitchWorkspace,
}

impl SearchResult {
    /// The form that requests a claim of an offering, in this tenant and environment.
    #[must_use]
    pub fn of_new_request(
        offering: OfferingName,
        title: &str,
        place: Option<(&TenantName, &EnvironmentName)>,
    ) -> Self {
        Self {
            kind: SearchResultKind::Action,
            title: format!("Request {title}"),
            detail: place.map_or_else(String::new, |(tenant, environment)| {
                format!("in {tenant}/{environment}")
            }),
            href: Some(Link::NewRequest(offering)),
            action: None,
            workspace: None,
        }
    }

    /// An offering.
    #[must_use]
    pub fn of_offering(name: OfferingName, title: &str, summary: Option<&str>, stage: Stage) -> Self {
        let mark = match stage {
            Stage::Draft => "Draft",
            Stage::Published => "",
            Stage::Deprecated => "Deprecated",
        };
        let detail = [mark, summary.unwrap_or_default()];
        let detail: Vec<&str> = detail.into_iter().filter(|part| !part.is_empty()).collect();
        Self {
            kind: SearchResultKind::Offering,
            title: title.to_owned(),
            detail: detail.join(" · "),
            href: Some(Link::Offering(name)),
            action: None,
            workspace: None,
        }
    }

    /// A claim.
    #[must_use]
    pub fn of_claim(
        claim: &ClaimRef,
        tenant: Option<&TenantName>,
        environment: Option<&EnvironmentName>,
        offering: &str,
        health: Health,
    ) -> Self {
        Self {
            kind: SearchResultKind::Claim,
            title: claim.name.to_string(),
            // What tells two of one name apart comes first: the rest may not fit.
            detail: format!(
                "{} / {} · {offering} · {}",
                tenant.map_or("-", AsRef::as_ref),
                environment.map_or("-", AsRef::as_ref),
                health.title()
            ),
            href: Some(Link::Claim(claim.clone())),
            action: None,
            workspace: None,
        }
    }

    /// A request.
    #[must_use]
    pub fn of_request(row: &RequestRow) -> Self {
        Self {
            kind: SearchResultKind::Request,
            title: row.claim.name.to_string(),
            detail: format!(
                "{}/{} · {} · {} · {}",
                row.tenant,
                row.environment,
                row.action.slug(),
                row.offering_title,
                row.state.title()
            ),
            href: Some(Link::Request(row.id)),
            action: None,
            workspace: None,
        }
    }

    /// A page of the navigation; `None` for other links.
    #[must_use]
    pub fn of_page(page: Link) -> Option<Self> {
        let title = match page {
            Link::Home => "Home",
            Link::Catalog => "Catalog",
            Link::Claims => "Claims",
            Link::Requests => "Requests",
            Link::Approvals => "Approvals",
            Link::Usage => "Usage",
            Link::Kubectl => "kubectl access",
            Link::Tokens => "API tokens",
            Link::Sessions => "Sessions",
            Link::ControlPlanes => "Admin: control planes",
            Link::TryDefinition => "Admin: try a changed definition",
            Link::Tenants => "Admin: tenants",
            Link::Record => "Admin: record",
            Link::People => "Admin: people",
            Link::Configuration => "Admin: configuration",
            _ => return None,
        };
        Some(Self {
            kind: SearchResultKind::Page,
            title: title.to_owned(),
            detail: String::new(),
            href: Some(page),
            action: None,
            workspace: None,
        })
    }

    /// Something that the browser does on the spot.
    #[must_use]
    pub fn of_action(action: ClientAction) -> Self {
        let (title, detail) = match action {
            ClientAction::Theme => ("Switch theme", "light, dark, as the system has it"),
            ClientAction::SignOut => ("Sign out", ""),
            ClientAction::SwitchWorkspace => ("Switch environment", ""),
        };
        Self {
            kind: SearchResultKind::Action,
            title: title.to_owned(),
            detail: detail.to_owned(),
            href: None,
            action: Some(action),
            workspace: None,
        }
    }

    /// The switch to another environment.
    #[must_use]
    pub fn of_workspace(tenant: &TenantName, title: &str, environment: &EnvironmentName) -> Self {
        Self {
            title: format!("Switch to {environment}"),
            detail: format!("of {title}"),
            workspace: Some(format!("{tenant}/{environment}")),
            ..Self::of_action(ClientAction::SwitchWorkspace)
        }
    }
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn path_or_empty<S: Serializer>(href: &Option<Link>, serializer: S) -> Result<S::Ok, S::Error> {
    match href {
        Some(link) => link.serialize(serializer),
        None => serializer.serialize_str(""),
    }
}
