//! The paths of the portal's pages and forms. They are made here and nowhere else; a test of `portico-web` holds them
//! against the table of routes.

use std::fmt::{self, Write as _};

use portico_domain::claim::ClaimRef;
use portico_domain::names::{OfferingName, PlaneName, PublicationName, RequestId, TenantName};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A page, or the target of a form. `Display` writes its path, and JSON has it as that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// The home page.
    Home,
    /// The catalog.
    Catalog,
    /// The page of an offering.
    Offering(OfferingName),
    /// Offerings side by side; the query names them.
    Compare,
    /// The form that requests a claim of an offering.
    NewRequest(OfferingName),
    /// The list of claims.
    Claims,
    /// The list of claims as a file.
    ClaimsExport,
    /// Saves a view of the list of claims.
    SaveClaimsView,
    /// Deletes a saved view of the list of claims.
    DeleteClaimsView,
    /// Does something with several claims.
    SeveralClaims,
    /// The page of a claim.
    Claim(ClaimRef),
    /// The form that changes a claim.
    ChangeClaim(ClaimRef),
    /// The form that adopts a claim.
    AdoptClaim(ClaimRef),
    /// The form that deletes a claim.
    DeleteClaim(ClaimRef),
    /// Renews a claim.
    RenewClaim(ClaimRef),
    /// Reveals the connection secret of a claim.
    RevealSecret(ClaimRef),
    /// The list of requests.
    Requests,
    /// The page of a request.
    Request(RequestId),
    /// Approves or rejects a request.
    Decide(RequestId),
    /// Takes a decision on a request back.
    UndoDecision(RequestId),
    /// Withdraws a request.
    Withdraw(RequestId),
    /// Comments on a request.
    Comment(RequestId),
    /// The approval queue.
    Approvals,
    /// What tenants used over time.
    Usage,
    /// Kubeconfigs for a person.
    Kubectl,
    /// A person's own API tokens.
    Tokens,
    /// Revokes an API token.
    RevokeToken(Uuid),
    /// A person's own sessions.
    Sessions,
    /// Ends a session, by its id for addresses, or `others`.
    EndSession(String),
    /// The first admin page that a person may see.
    Admin,
    /// The list of control planes.
    ControlPlanes,
    /// The page of a control plane.
    ControlPlane(PlaneName),
    /// Cordons a control plane.
    Cordon(PlaneName),
    /// Uncordons a control plane.
    Uncordon(PlaneName),
    /// Accepts another cluster for a control plane.
    AcceptCluster(PlaneName),
    /// Revokes an agent of a control plane.
    RevokeAgent(PlaneName, Uuid),
    /// The publications of tenants.
    Publications,
    /// The page of a publication.
    Publication(PublicationName),
    /// Accepts or refuses a permission of a publication.
    DecidePermission(PublicationName),
    /// What control planes serve differently of an offering.
    Differences(OfferingName),
    /// Tries a changed definition.
    TryDefinition,
    /// Tries health rules of an offering.
    TryHealth(OfferingName),
    /// The list of people.
    People,
    /// The page of a person.
    Person(Uuid),
    /// Ends a person's access.
    EndAccess(Uuid),
    /// The list of tenants.
    Tenants,
    /// The page of a tenant.
    Tenant(TenantName),
    /// The audit log.
    Record,
    /// The audit log as a file.
    RecordExport,
    /// Acknowledges the breaks of the audit log.
    AcknowledgeBreaks,
    /// The configuration in force.
    Configuration,
    /// The description of the JSON API.
    OpenApi,
    /// Ends the session.
    SignOut,
    /// Switches to another tenant or environment.
    Switch,
    /// Switches to another language.
    Language,
}

impl Link {
    /// Returns the path with `{parameters}`, as the server's table of routes has it.
    #[must_use]
    pub fn pattern(&self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Catalog => "/catalog",
            Self::Offering(_) => "/catalog/{offering}",
            Self::Compare => "/catalog/compare",
            Self::NewRequest(_) => "/catalog/{offering}/request",
            Self::Claims => "/claims",
            Self::ClaimsExport => "/claims/export",
            Self::SaveClaimsView => "/claims/views",
            Self::DeleteClaimsView => "/claims/views/delete",
            Self::SeveralClaims => "/claims/several",
            Self::Claim(_) => "/claims/{plane}/{offering}/{namespace}/{name}",
            Self::ChangeClaim(_) => "/claims/{plane}/{offering}/{namespace}/{name}/change",
            Self::AdoptClaim(_) => "/claims/{plane}/{offering}/{namespace}/{name}/adopt",
            Self::DeleteClaim(_) => "/claims/{plane}/{offering}/{namespace}/{name}/delete",
            Self::RenewClaim(_) => "/claims/{plane}/{offering}/{namespace}/{name}/renew",
            Self::RevealSecret(_) => "/claims/{plane}/{offering}/{namespace}/{name}/reveal",
            Self::Requests => "/requests",
            Self::Request(_) => "/requests/{id}",
            Self::Decide(_) => "/requests/{id}/decide",
            Self::UndoDecision(_) => "/requests/{id}/undo",
            Self::Withdraw(_) => "/requests/{id}/withdraw",
            Self::Comment(_) => "/requests/{id}/comment",
            Self::Approvals => "/approvals",
            Self::Usage => "/usage",
            Self::Kubectl => "/kubectl",
            Self::Tokens => "/tokens",
            Self::RevokeToken(_) => "/tokens/{id}/revoke",
            Self::Sessions => "/sessions",
            Self::EndSession(_) => "/sessions/{id}/end",
            Self::Admin => "/admin",
            Self::ControlPlanes => "/admin/control-planes",
            Self::ControlPlane(_) => "/admin/control-planes/{plane}",
            Self::Cordon(_) => "/admin/control-planes/{plane}/cordon",
            Self::Uncordon(_) => "/admin/control-planes/{plane}/uncordon",
            Self::AcceptCluster(_) => "/admin/control-planes/{plane}/cluster",
            Self::RevokeAgent(..) => "/admin/control-planes/{plane}/agents/{agent}/revoke",
            Self::Publications => "/admin/publications",
            Self::Publication(_) => "/admin/publications/{publication}",
            Self::DecidePermission(_) => "/admin/publications/{publication}/decide",
            Self::Differences(_) => "/admin/differences/{offering}",
            Self::TryDefinition => "/admin/try-definition",
            Self::TryHealth(_) => "/admin/health/{offering}",
            Self::People => "/admin/people",
            Self::Person(_) => "/admin/people/{id}",
            Self::EndAccess(_) => "/admin/people/{id}/end",
            Self::Tenants => "/admin/tenants",
            Self::Tenant(_) => "/admin/tenants/{tenant}",
            Self::Record => "/admin/record",
            Self::RecordExport => "/admin/record/export",
            Self::AcknowledgeBreaks => "/admin/record/acknowledge",
            Self::Configuration => "/admin/configuration",
            Self::OpenApi => "/api/v1/openapi.json",
            Self::SignOut => "/auth/logout",
            Self::Switch => "/switch",
            Self::Language => "/language",
        }
    }

    /// The values of the pattern's parameters, in its order.
    fn parameters(&self) -> Vec<String> {
        match self {
            Self::Offering(offering)
            | Self::NewRequest(offering)
            | Self::Differences(offering)
            | Self::TryHealth(offering) => vec![offering.to_string()],
            Self::Claim(claim)
            | Self::ChangeClaim(claim)
            | Self::AdoptClaim(claim)
            | Self::DeleteClaim(claim)
            | Self::RenewClaim(claim)
            | Self::RevealSecret(claim) => vec![
                claim.plane.to_string(),
                claim.offering.to_string(),
                claim.namespace.clone().unwrap_or_else(|| "-".to_owned()),
                claim.name.to_string(),
            ],
            Self::Request(id)
            | Self::Decide(id)
            | Self::UndoDecision(id)
            | Self::Withdraw(id)
            | Self::Comment(id) => {
                vec![id.to_string()]
            }
            Self::RevokeToken(id) | Self::Person(id) | Self::EndAccess(id) => vec![id.to_string()],
            Self::EndSession(id) => vec![id.clone()],
            Self::Tenant(tenant) => vec![tenant.to_string()],
            Self::ControlPlane(plane)
            | Self::Cordon(plane)
            | Self::Uncordon(plane)
            | Self::AcceptCluster(plane) => vec![plane.to_string()],
            Self::RevokeAgent(plane, agent) => vec![plane.to_string(), agent.to_string()],
            Self::Publication(publication) | Self::DecidePermission(publication) => {
                vec![publication.to_string()]
            }
            Self::Home
            | Self::Catalog
            | Self::Compare
            | Self::Claims
            | Self::ClaimsExport
            | Self::SaveClaimsView
            | Self::DeleteClaimsView
            | Self::SeveralClaims
            | Self::Requests
            | Self::Approvals
            | Self::Usage
            | Self::Kubectl
            | Self::Tokens
            | Self::Sessions
            | Self::Admin
            | Self::ControlPlanes
            | Self::Publications
            | Self::TryDefinition
            | Self::People
            | Self::Tenants
            | Self::Record
            | Self::RecordExport
            | Self::AcknowledgeBreaks
            | Self::Configuration
            | Self::OpenApi
            | Self::SignOut
            | Self::Switch
            | Self::Language => Vec::new(),
        }
    }

    /// Returns the path with a query of these pairs, without those whose value is empty.
    #[must_use]
    pub fn with_query<'q>(&self, pairs: impl IntoIterator<Item = (&'q str, &'q str)>) -> String {
        let mut url = self.to_string();
        let mut separator = '?';
        for (key, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            url.push(separator);
            separator = '&';
            encode(&mut url, key, "+");
            url.push('=');
            encode(&mut url, value, "+");
        }
        url
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parameters = self.parameters().into_iter();
        let mut path = String::new();
        for segment in self.pattern().split('/').skip(1) {
            path.push('/');
            if segment.starts_with('{') {
                encode(&mut path, &parameters.next().unwrap_or_default(), "%20");
            } else {
                path.push_str(segment);
            }
        }
        f.write_str(&path)
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters. A space becomes `space`.
fn encode(url: &mut String, text: &str, space: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                url.push(char::from(byte));
            }
            b' ' => url.push_str(space),
            // Writing to a String cannot fail.
            _ => drop(write!(url, "%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(namespace: Option<&str>) -> ClaimRef {
        ClaimRef {
            plane: "eu".parse().unwrap(),
            offering: "buckets.example.com".parse().unwrap(),
            namespace: namespace.map(str::to_owned),
            name: "files".parse().unwrap(),
        }
    }

    #[test]
    fn parameters_are_filled_in_and_escaped() {
        let link = Link::ChangeClaim(claim(Some("team-a")));
        assert_eq!(
            link.to_string(),
            "/claims/eu/buckets.example.com/team-a/files/change"
        );
        let link = Link::Claim(claim(None));
        assert_eq!(link.to_string(), "/claims/eu/buckets.example.com/-/files");
        let link = Link::Claim(claim(Some("a b/../ü?")));
        assert_eq!(
            link.to_string(),
            "/claims/eu/buckets.example.com/a%20b%2F..%2F%C3%BC%3F/files"
        );
        assert_eq!(Link::Home.to_string(), "/");
    }

    #[test]
    fn a_query_is_escaped_and_has_no_empty_values() {
        let pairs = [("q", "a b&c=ü"), ("plane", ""), ("page", "2")];
        assert_eq!(
            Link::Claims.with_query(pairs),
            "/claims?q=a+b%26c%3D%C3%BC&page=2"
        );
        assert_eq!(Link::Claims.with_query([]), "/claims");
    }
}
