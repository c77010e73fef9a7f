//! Views of lists that people saved under a name of their own.

use jiff::Timestamp;

use crate::backend::Query;
use crate::{Result, Store, StoreError};

/// Views that a person may have of a list.
const MAX_VIEWS: usize = 30;

/// A view of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// The name that the person gave it.
    pub name: String,
    /// The query of the list's address, without `?`.
    pub query: String,
}

impl Store {
    /// Selects a person's views of a list, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn saved_views(&self, subject: &str, list: &str) -> Result<Vec<SavedView>> {
        let select = Query::new(
            "SELECT name, query FROM saved_views WHERE subject = $1 AND list = $2 ORDER BY lower(name), name",
            [subject.into(), list.into()],
        );
        let rows = self.backend.fetch(select).await?;
        rows.iter()
            .map(|row| {
                Ok(SavedView {
                    name: row.text("name")?,
                    query: row.text("query")?,
                })
            })
            .collect()
    }

    /// Saves a person's view of a list, in place of the one of that name.
    ///
    /// # Errors
    /// [`StoreError::Full`] when they have too many, or when the database fails.
    pub async fn save_view(&self, subject: &str, list: &str, view: &SavedView, now: Timestamp) -> Result<()> {
        let others = self.saved_views(subject, list).await?;
        if others.iter().filter(|other| other.name != view.name).count() >= MAX_VIEWS {
            return Err(StoreError::Full(format!("there are {MAX_VIEWS} saved views")));
        }
        let upsert = Query::new(
            "INSERT INTO saved_views (subject, list, name, query, saved_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (subject, list, name) DO UPDATE SET query = excluded.query, saved_at = excluded.saved_at",
            [
                subject.into(),
                list.into(),
                view.name.as_str().into(),
                view.query.as_str().into(),
                now.into(),
            ],
        );
        self.write(upsert).await?;
        Ok(())
    }

    /// Deletes a person's view of a list. False if there was none of that name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_view(&self, subject: &str, list: &str, name: &str) -> Result<bool> {
        let delete = Query::new(
            "DELETE FROM saved_views WHERE subject = $1 AND list = $2 AND name = $3",
            [subject.into(), list.into(), name.into()],
        );
        Ok(self.write(delete).await? > 0)
    }
}
