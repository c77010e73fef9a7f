//! An offering's page.

use portico_api::{
    ConnectionOutline, MAX_COMPARED, MAX_OFFERING_CLAIMS, OfferingLifecycle, OfferingPage, PlanColumn,
    ReceivedItem, ServedOn,
};
use portico_domain::claim::{ClaimRef, Health};
use portico_domain::documents::{Access, NewClaims, Phase, Plan, SecretSource};
use portico_domain::names::OfferingName;
use portico_domain::placement::NotUsable;
use portico_domain::projection::Projection;
use portico_domain::tenancy::{Role, Viewer};
use portico_planes::{Catalog, ClaimFilter, Offered, PlaneState, PlaneSummary};

use super::{Denial, Portal, PortalError, Result, Workspace, rows};

impl Portal {
    /// Returns an offering's page.
    ///
    /// # Errors
    /// [`super::PortalError::NotFound`] when there is no such offering for the viewer where they work.
    pub fn offering(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        name: &OfferingName,
    ) -> Result<OfferingPage> {
        let configuration = self.configuration();
        let policies = self.policies()?;
        let catalog = self.planes().catalog();
        let index = self.index(viewer.audience(), workspace);
        let entry = index
            .get(name)
            .ok_or_else(|| self.offering_not_there(viewer, workspace, name))?;
        let offered = entry.offered();
        let card = entry.card(
            workspace,
            &configuration,
            &policies.1,
            &self.unreachable_planes(),
            self.now(),
        );

        let facts = facts(offered);
        let statuses = self.planes().summaries();
        let served_on = card
            .planes
            .iter()
            .filter_map(|choice| {
                let served = offered.served.get(&choice.name)?;
                let status = statuses.iter().find(|status| status.name == choice.name);
                Some(ServedOn {
                    plane: choice.clone(),
                    version: served.resource.version.clone(),
                    deprecated: served.deprecated.clone(),
                    reachable: status.is_some_and(|status| status.state == PlaneState::Ready),
                    last_seen: status.and_then(|status| status.last_seen),
                })
            })
            .collect();
        let mut claims: Vec<_> = match workspace {
            Some(workspace) => {
                let filter = ClaimFilter {
                    offering: Some(name.clone()),
                    ..ClaimFilter::of_tenant(workspace.tenant.clone())
                };
                self.planes().claims(&viewer.scope(), &filter)
            }
            None => Vec::new(),
        };
        claims.sort_by_key(|claim| (claim.status.health == Health::Ready, claim.reference.name.clone()));
        claims.truncate(MAX_OFFERING_CLAIMS);

        Ok(OfferingPage {
            kind: offered.kind.clone(),
            group: offered.group.clone(),
            owner: offered.owner.clone(),
            support: offered.support.clone(),
            documentation_html: offered.documentation.as_deref().map(safe_html),
            plans: plan_columns(offered, &facts),
            facts,
            receives: ReceivedItem::all_of(&offered.access),
            connection: outline(&offered.access),
            served_on,
            claims: claims
                .iter()
                .map(|claim| rows::claim(&configuration, &catalog, claim))
                .collect(),
            may_request: may_request(viewer, workspace, card.problem.as_deref())
                .and_then(|_| takes_new_claims(&card.title, &card.lifecycle))
                .into(),
            card,
        })
    }
}

impl Portal {
    /// Returns the pages of offerings to compare them, in the order of `names`: at most [`MAX_COMPARED`], and none of those
    /// that the viewer does not have where they work.
    ///
    /// # Errors
    /// As [`Portal::offering`] of the first when none is left.
    pub fn comparison(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        names: &[OfferingName],
    ) -> Result<Vec<OfferingPage>> {
        let mut pages: Vec<OfferingPage> = Vec::new();
        for name in names {
            if pages.len() == MAX_COMPARED || pages.iter().any(|page| page.card.name == *name) {
                continue;
            }
            match self.offering(viewer, workspace, name) {
                Ok(page) => pages.push(page),
                Err(PortalError::NotFound | PortalError::NotSynced { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        match (pages.is_empty(), names.first()) {
            (true, Some(first)) => self.offering(viewer, workspace, first).map(|page| vec![page]),
            _ => Ok(pages),
        }
    }
}

/// Returns the workspace if the viewer may request something there.
pub(super) fn may_request<'w>(
    viewer: &Viewer,
    workspace: Option<&'w Workspace>,
    problem: Option<&str>,
) -> Result<&'w Workspace, Denial> {
    let workspace = workspace.ok_or(Denial::NotAMember)?;
    if !viewer.may(&workspace.tenant, Role::Developer) {
        return Err(Denial::CannotRequest {
            tenant: workspace.tenant.clone(),
        });
    }
    match problem {
        Some(problem) => Err(Denial::NotRequestable {
            problem: problem.to_owned(),
        }),
        None => Ok(workspace),
    }
}

/// Returns why an offering with this title takes no new claims.
pub(super) fn takes_new_claims(title: &str, lifecycle: &OfferingLifecycle) -> Result<(), Denial> {
    if lifecycle.new_claims == NewClaims::Allowed {
        return Ok(());
    }
    let offering = title.to_owned();
    let replacement = lifecycle.replacement.as_ref().map(|other| other.title.clone());
    Err(
        match lifecycle.sunset.filter(|_| lifecycle.phase == Phase::Ended) {
            Some(sunset) => Denial::OfferingEnded {
                offering,
                sunset,
                replacement,
            },
            None => Denial::OfferingDeprecated {
                offering,
                replacement,
            },
        },
    )
}

/// Returns the names of all facts that plans state, in order of appearance.
pub(super) fn facts(offered: &Offered) -> Vec<String> {
    let mut facts: Vec<String> = Vec::new();
    for fact in offered.plans.iter().flat_map(|plan| plan.facts.keys()) {
        if !facts.contains(fact) {
            facts.push(fact.clone());
        }
    }
    facts
}

/// Returns the plans as columns of a table whose rows are `facts`.
pub(super) fn plan_columns(offered: &Offered, facts: &[String]) -> Vec<PlanColumn> {
    offered
        .plans
        .iter()
        .map(|plan| PlanColumn {
            name: plan.name.clone(),
            title: plan_title(plan).to_owned(),
            summary: plan.summary.clone(),
            facts: facts
                .iter()
                .map(|fact| plan.facts.get(fact).cloned().unwrap_or_default())
                .collect(),
            price: plan.price.clone(),
            adjustable: plan.adjustable.iter().map(|path| label(offered, path)).collect(),
        })
        .collect()
}

/// Returns the projection of a claim. For an offering that is gone, everything is shown.
pub(super) fn projection(catalog: &Catalog, claim: &ClaimRef) -> Projection {
    let offered = catalog.get(&claim.offering);
    offered.map_or_else(Projection::default, |offered| {
        offered.projection(Some(&claim.plane))
    })
}

/// Returns a plan's title.
pub(super) fn plan_title(plan: &Plan) -> &str {
    plan.title.as_deref().unwrap_or(plan.name.as_str())
}

fn label(offered: &Offered, path: &str) -> String {
    offered
        .form
        .fields
        .get(path)
        .and_then(|hint| hint.label.clone())
        .unwrap_or_else(|| {
            let last = path.rsplit('.').next().unwrap_or(path);
            let mut words = String::new();
            for letter in last.chars() {
                if letter.is_uppercase() && !words.is_empty() {
                    words.push(' ');
                }
                words.extend(letter.to_lowercase());
            }
            words
        })
}

fn outline(access: &Access) -> ConnectionOutline {
    ConnectionOutline {
        endpoints: access
            .endpoints
            .iter()
            .map(|endpoint| endpoint.title.clone())
            .collect(),
        secret: match &access.secret {
            Some(SecretSource::Name(name)) => Some(name.clone()),
            Some(SecretSource::Path(_)) | None => None,
        },
        keys: access.keys.values().cloned().collect(),
    }
}

/// Renders Markdown as safe HTML: elements and attributes that ammonia does not allow are removed, and images, which
/// would call other hosts.
fn safe_html(markdown: &str) -> String {
    let options = pulldown_cmark::Options::ENABLE_TABLES | pulldown_cmark::Options::ENABLE_STRIKETHROUGH;
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new_ext(markdown, options));
    ammonia::Builder::default()
        .rm_tags(["img"])
        .link_rel(Some("noopener noreferrer nofollow"))
        .clean(&html)
        .to_string()
        // Wide code scrolls within itself: by keyboard too.
        .replace("<pre>", "<pre tabindex=\"0\">")
}

/// Returns why a control plane does not answer; `None` if it does.
pub(super) fn unreachable(status: Option<&PlaneSummary>) -> Option<NotUsable> {
    match status.map(|status| (&status.state, status.last_seen)) {
        Some((PlaneState::Ready, _)) => None,
        Some((PlaneState::Misconfigured(_), _)) => Some(NotUsable::Misconfigured),
        Some((PlaneState::Connecting, _)) | None => Some(NotUsable::Connecting),
        Some((PlaneState::Unreachable, since)) => Some(NotUsable::Unreachable { since }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_does_no_harm() {
        let html = safe_html(
            "# Title\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![i](https://evil.example/x.png) **b**",
        );
        assert!(html.contains("<strong>b</strong>"), "{html}");
        for bad in ["script", "javascript", "img", "evil"] {
            assert!(!html.contains(bad), "{bad} in {html}");
        }
    }
}
