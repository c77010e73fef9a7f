//! The record: who did what to what, when, from where.

use portico_domain::names::TenantName;
use portico_domain::tenancy::{Role, Viewer};
use portico_domain::view::{RecordPage, RecordRow};
use portico_store::{EventFilter, Page};

use super::names::request_href;
use super::{Portal, PortalError, Result, sentence};

/// Events on a page.
const PER_PAGE: u32 = 100;
/// Pages read on for a text that is looked for.
const READ_ON: usize = 20;

/// What the record is limited to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordQuery {
    /// In who, what, or to what.
    pub words: String,
    /// One verb; ending in a dot, all that begin so.
    pub verb: Option<String>,
    /// One tenant.
    pub tenant: Option<TenantName>,
    /// Only what is older than this event.
    pub before: Option<i64>,
}

impl Portal {
    /// The record, the newest first. Platform admins see all of it and whether its chain holds; admins of a tenant see
    /// what concerns their tenant.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for others; when the database fails.
    pub async fn record(&self, viewer: &Viewer, query: &RecordQuery) -> Result<RecordPage> {
        let mut scope = viewer.scope();
        if !viewer.platform_admin {
            let tenant = query
                .tenant
                .clone()
                .or_else(|| {
                    viewer
                        .roles
                        .keys()
                        .find(|tenant| viewer.may(tenant, Role::TenantAdmin))
                        .cloned()
                })
                .filter(|tenant| viewer.may(tenant, Role::TenantAdmin))
                .ok_or(PortalError::NotFound)?;
            scope = scope.narrow(&tenant);
        }
        let filter = EventFilter {
            tenant: query.tenant.clone(),
            verb: query.verb.clone(),
            ..EventFilter::default()
        };
        let words = query.words.trim().to_lowercase();
        let mut rows = Vec::new();
        let mut before = query.before;
        for _ in 0..READ_ON {
            let found = self
                .store()
                .events(
                    &scope,
                    &filter,
                    &Page {
                        limit: PER_PAGE,
                        before,
                    },
                )
                .await?;
            before = found.next;
            rows.extend(
                found
                    .items
                    .into_iter()
                    .map(|event| RecordRow {
                        sentence: sentence::event(&event),
                        href: event.event.request.map(request_href),
                        event,
                    })
                    .filter(|row| {
                        words.is_empty()
                            || row.sentence.to_lowercase().contains(&words)
                            || row.event.event.verb.contains(&words)
                            || row.event.event.subject.to_lowercase().contains(&words)
                    }),
            );
            if before.is_none() || rows.len() >= PER_PAGE as usize || words.is_empty() {
                break;
            }
        }
        let chain = if viewer.platform_admin {
            Some(self.chain().await?)
        } else {
            None
        };
        Ok(RecordPage {
            query: query.words.clone(),
            verb: query.verb.clone(),
            tenant: query.tenant.clone(),
            rows,
            before,
            chain,
        })
    }
}
