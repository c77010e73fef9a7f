//! The catalog.

use portico_api::{CatalogPage, CategoryCount, Paged};
use portico_domain::documents::Category;
use portico_domain::names::PlaneName;
use portico_domain::tenancy::Viewer;

use super::index::Wanted;
use super::{Portal, Result, Workspace};

/// Offerings on a page.
const PER_PAGE: usize = 20;

/// Filters of the catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogQuery {
    /// Words to search for.
    pub words: String,
    /// One category.
    pub category: Option<Category>,
    /// One control plane.
    pub plane: Option<PlaneName>,
    /// The page, from 1.
    pub page: usize,
}

impl Portal {
    /// Returns the offerings that the viewer may request in the workspace. Reads caches only: it waits for no control
    /// plane.
    ///
    /// # Errors
    /// When the policies in force cannot be used.
    pub fn catalog(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        query: &CatalogQuery,
    ) -> Result<CatalogPage> {
        let configuration = self.configuration();
        let policies = self.policies()?;
        let index = self.index(viewer.audience(), workspace);
        let found = index.find(Wanted {
            words: &query.words,
            category: query.category,
            plane: query.plane.as_ref(),
        });
        let categories = Category::ALL
            .into_iter()
            .map(|category| CategoryCount {
                category,
                count: found.categories.get(&category).copied().unwrap_or(0),
            })
            .collect();
        let dead = self.unreachable_planes();
        let now = self.now();
        let page = Paged::cut(found.entries, query.page, PER_PAGE);
        Ok(CatalogPage {
            query: query.words.clone(),
            category: query.category,
            plane: query.plane.clone(),
            categories,
            planes: index.planes.clone(),
            cards: Paged {
                items: page
                    .items
                    .into_iter()
                    .map(|entry| entry.card(workspace, &configuration, &policies.1, &dead, now))
                    .collect(),
                total: page.total,
                page: page.page,
                per_page: page.per_page,
                more: page.more,
            },
            all: index.len(),
        })
    }
}
