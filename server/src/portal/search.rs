//! Search everywhere: offerings, claims, requests, actions.

use portico_domain::tenancy::Viewer;
use portico_planes::ClaimFilter;
use serde::Serialize;

use super::index::Wanted;
use super::names::claim_href;
use super::{Portal, Result, Work};

/// Hits of one kind at most.
const MOST: usize = 6;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// What it is.
    pub kind: HitKind,
    /// Its name.
    pub title: String,
    /// What tells it from others of that name.
    pub detail: String,
    /// Where it leads.
    pub href: String,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum HitKind {
    /// Something to do, or a page.
    Action,
    /// An offering.
    Offering,
    /// A claim.
    Claim,
}

impl Portal {
    /// What the words find, best first within its kind. Read from caches.
    ///
    /// # Errors
    /// When the policies in force cannot be used.
    pub fn search(&self, viewer: &Viewer, work: Option<&Work>, words: &str) -> Result<Vec<Hit>> {
        let index = self.index(work);
        let text = words.trim().to_lowercase();
        let mut hits: Vec<Hit> = Vec::new();
        let offerings = index
            .find(Wanted {
                words,
                ..Wanted::default()
            })
            .entries;
        for entry in offerings.iter().take(MOST) {
            let name = &entry.offered().name;
            hits.push(Hit {
                kind: HitKind::Offering,
                title: entry.title().to_owned(),
                detail: entry.offered().summary.clone().unwrap_or_default(),
                href: format!("/catalog/{name}"),
            });
        }
        if !text.is_empty() {
            let mut claims = self.planes().claims(&viewer.scope(), &ClaimFilter::default());
            claims.retain(|claim| claim.reference.name.as_str().contains(&text));
            claims.sort_by_key(|claim| {
                (
                    !claim.reference.name.as_str().starts_with(&text),
                    claim.reference.name.clone(),
                )
            });
            hits.extend(claims.iter().take(MOST).map(|claim| Hit {
                kind: HitKind::Claim,
                title: claim.reference.name.to_string(),
                detail: format!(
                    "{} · {}/{} · {}",
                    claim.resource.kind,
                    claim.tenant.as_ref().map_or("-", AsRef::as_ref),
                    claim.environment.as_ref().map_or("-", AsRef::as_ref),
                    claim.verdict.health.title()
                ),
                href: claim_href(&claim.reference),
            }));
        }
        let pages = [
            ("home", "/"),
            ("catalog", "/catalog"),
            ("claims", "/claims"),
            ("requests", "/requests"),
            ("approvals", "/approvals"),
            ("API tokens", "/tokens"),
        ];
        hits.extend(
            pages
                .into_iter()
                .filter(|(title, _)| !text.is_empty() && title.to_lowercase().contains(&text))
                .map(|(title, href)| Hit {
                    kind: HitKind::Action,
                    title: format!("Go to {title}"),
                    detail: String::new(),
                    href: href.to_owned(),
                }),
        );
        Ok(hits)
    }
}
