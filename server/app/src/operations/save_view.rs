//! Saves and deletes a person's own views of the list of claims.

use portico_api::{ClaimsFilter, Link};
use portico_domain::tenancy::Viewer;
use portico_store::SavedView;

use crate::{InputError, Portal, PortalError, Result};

/// The longest name.
const MAX_NAME_CHARACTERS: usize = 60;
/// The name of the list in the database.
const LIST: &str = "claims";

/// Saves the filters and the order of the list of claims under a name, in place of what has that name.
#[derive(Debug, Clone, PartialEq)]
pub struct SaveView {
    /// The name.
    pub name: String,
    /// The filters and the order.
    pub filter: ClaimsFilter,
}

impl Portal {
    /// Returns the viewer's own views of the list of claims: their names, and the query of each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn saved_views(&self, viewer: &Viewer) -> Result<Vec<(String, String)>> {
        let views = self.store().saved_views(&viewer.person().subject, LIST).await?;
        Ok(views.into_iter().map(|view| (view.name, view.query)).collect())
    }

    /// Saves a view for the viewer.
    ///
    /// # Errors
    /// [`PortalError::Malformed`] for a bad name, [`PortalError::Conflict`] when they have too many.
    pub async fn save_view(&self, viewer: &Viewer, command: SaveView) -> Result<()> {
        let name = command.name.trim().to_owned();
        let length = name.chars().count();
        if length == 0 || length > MAX_NAME_CHARACTERS || name.chars().any(char::is_control) {
            let most = MAX_NAME_CHARACTERS;
            return Err(PortalError::Malformed(InputError::ViewName { most }));
        }
        let parameters = command.filter.parameters();
        let pairs = parameters.iter().map(|(key, value)| (*key, value.as_str()));
        let address = Link::Claims.with_query(pairs);
        let query = address.split_once('?').map_or("", |(_, query)| query).to_owned();
        let view = SavedView { name, query };
        self.store()
            .save_view(&viewer.person().subject, LIST, &view, self.now())
            .await?;
        Ok(())
    }

    /// Deletes a view of the viewer.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when they have none of that name.
    pub async fn delete_view(&self, viewer: &Viewer, name: &str) -> Result<()> {
        let subject = &viewer.person().subject;
        let deleted = self.store().delete_view(subject, LIST, name.trim()).await?;
        deleted.then_some(()).ok_or(PortalError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestApp, developer};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_person_saves_a_view_under_a_name_and_deletes_it() {
        let app = TestApp::new().await;
        let (dana, other) = (developer(0), developer(1));
        let filter = ClaimsFilter {
            query: "pay & go".to_owned(),
            mine: true,
            sort: Some("-age".to_owned()),
            ..ClaimsFilter::default()
        };
        let named = |name: &str| SaveView {
            name: name.to_owned(),
            filter: filter.clone(),
        };
        app.portal.save_view(&dana, named(" Mine ")).await.unwrap();
        let saved = app.portal.saved_views(&dana).await.unwrap();
        let expected = ("Mine".to_owned(), "q=pay+%26+go&mine=true&sort=-age".to_owned());
        assert_eq!(saved, [expected]);
        assert!(app.portal.saved_views(&other).await.unwrap().is_empty());
        for bad in ["", "  ", "two\nlines", &"x".repeat(61)] {
            let refused = app.portal.save_view(&dana, named(bad)).await;
            assert!(
                matches!(refused, Err(PortalError::Malformed(_))),
                "{bad}: {refused:?}"
            );
        }
        let not_theirs = app.portal.delete_view(&other, "Mine").await;
        assert!(matches!(not_theirs, Err(PortalError::NotFound)), "{not_theirs:?}");
        app.portal.delete_view(&dana, "Mine").await.unwrap();
        assert!(app.portal.saved_views(&dana).await.unwrap().is_empty());
    }
}
