//! The audit log: who did what to what, when, from where. Its page is called *Record*.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use portico_api::words::event_sentence;
use portico_api::{Link, RecordPage, RecordRow};
use portico_domain::audit_log::{Event, SignedHead};
use portico_domain::authz;
use portico_domain::names::TenantName;
use portico_domain::tenancy::{Role, Scope, Viewer};
use portico_store::{ChainEnd, EventFilter, Page};
use serde_json::json;

use super::{Portal, PortalError, Result};

/// Events on a page.
const PER_PAGE: u32 = 100;
/// Pages read at most in search of a text.
const MAX_PAGES_SEARCHED: usize = 20;
/// Events read at a time for an export.
const EXPORT_BATCH: u32 = 500;

/// Filters of the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditLogQuery {
    /// Text in actor, action or subject.
    pub words: String,
    /// One verb, or all verbs with a prefix that ends in a dot: `request.`.
    pub verb: Option<String>,
    /// One tenant.
    pub tenant: Option<TenantName>,
    /// One person, by their subject.
    pub person: Option<String>,
    /// From the beginning of this day, in UTC.
    pub since: Option<Date>,
    /// Until the end of this day, in UTC.
    pub until: Option<Date>,
    /// Only events older than this one.
    pub before: Option<i64>,
}

/// An export of the audit log, newest first, in batches.
pub struct AuditLogExport {
    portal: Portal,
    scope: Scope,
    query: AuditLogQuery,
    filter: EventFilter,
    before: Option<i64>,
    ended: bool,
    head: Option<SignedHead>,
}

impl Portal {
    /// Returns a page of the audit log, newest first. Platform admins see all of it and whether its chain holds; tenant
    /// admins see the events of their tenants.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for others; when the database fails.
    pub async fn audit_log(&self, viewer: &Viewer, query: &AuditLogQuery) -> Result<RecordPage> {
        let (scope, _) =
            authz::may_read_audit_log(viewer, query.tenant.as_ref()).map_err(|_| PortalError::NotFound)?;
        let filter = query.filter();
        let mut rows = Vec::new();
        let mut before = query.before;
        for _ in 0..MAX_PAGES_SEARCHED {
            let page = Page {
                limit: PER_PAGE,
                before,
            };
            let found = self.store().events(&scope, &filter, &page).await?;
            before = found.next;
            rows.extend(
                found
                    .items
                    .into_iter()
                    .filter(|event| query.matches(event))
                    .map(|event| RecordRow {
                        sentence: event_sentence(&event),
                        href: event.event.request.map(Link::Request),
                        event,
                    }),
            );
            if before.is_none() || rows.len() >= PER_PAGE as usize || query.words.trim().is_empty() {
                break;
            }
        }
        let chain = if viewer.is_platform_admin() {
            Some(self.chain().await?)
        } else {
            None
        };
        let configuration = self.configuration();
        Ok(RecordPage {
            query: query.words.clone(),
            verb: query.verb.clone(),
            tenant: query.tenant.clone(),
            person: query.person.clone(),
            since: query.since.map(|day| day.to_string()),
            until: query.until.map(|day| day.to_string()),
            tenants: configuration
                .tenants
                .values()
                .filter(|tenant| viewer.is_platform_admin() || viewer.may(&tenant.name, Role::TenantAdmin))
                .map(|tenant| (tenant.name.clone(), tenant.title().to_owned()))
                .collect(),
            people: self.store().actors(&scope).await?,
            rows,
            before,
            chain,
        })
    }

    /// Exports the audit log with the filters of [`Portal::record`]. The export is recorded first, and ends before that
    /// event.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for those who may not see the record; when the database fails.
    pub async fn export_audit_log(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        query: &AuditLogQuery,
    ) -> Result<AuditLogExport> {
        let grant =
            authz::export_audit_log(viewer, query.tenant.as_ref()).map_err(|_| PortalError::NotFound)?;
        let event = grant.audit(self.now(), remote).with_details(json!({
            "words": query.words,
            "verb": query.verb,
            "person": query.person,
            "since": query.since,
            "until": query.until,
        }));
        let scope = grant.target().scope.clone();
        let recorded = self.store().append(event).await?;
        // Who gets all of it gets the proof of it.
        let end = ChainEnd {
            sequence: recorded.sequence,
            hash: recorded.hash,
        };
        let head = if viewer.is_platform_admin() {
            self.signed(&end)
        } else {
            None
        };
        Ok(AuditLogExport {
            portal: self.clone(),
            scope,
            filter: query.filter(),
            before: Some(query.before.unwrap_or(end.sequence)),
            head,
            query: query.clone(),
            ended: false,
        })
    }
}

impl AuditLogExport {
    /// The signed head of the audit log at the time of the export, for those who may read all of it.
    #[must_use]
    pub fn head(&self) -> Option<&SignedHead> {
        self.head.as_ref()
    }

    /// Returns the next batch; `None` at the end. A batch may be empty.
    ///
    /// # Errors
    /// When the database fails: what came before is then not all.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>> {
        if self.ended {
            return Ok(None);
        }
        let page = Page {
            limit: EXPORT_BATCH,
            before: self.before,
        };
        let found = self
            .portal
            .store()
            .events(&self.scope, &self.filter, &page)
            .await?;
        self.before = found.next;
        self.ended = found.next.is_none();
        let mut events = found.items;
        events.retain(|event| self.query.matches(event));
        Ok(Some(events))
    }
}

impl AuditLogQuery {
    fn filter(&self) -> EventFilter {
        EventFilter {
            tenant: self.tenant.clone(),
            verb: self.verb.clone(),
            actor: self.person.clone(),
            since: self.since.and_then(begin_of),
            until: self
                .until
                .and_then(|day| begin_of(day.checked_add(1.day()).ok()?)),
            ..EventFilter::default()
        }
    }

    /// True if the event contains the words. The database does not filter by them.
    fn matches(&self, event: &Event) -> bool {
        let words = self.words.trim().to_lowercase();
        words.is_empty()
            || event_sentence(event).to_lowercase().contains(&words)
            || event.event.verb.contains(&words)
            || event.event.subject.to_lowercase().contains(&words)
    }
}

/// Returns when a day begins in UTC.
fn begin_of(day: Date) -> Option<Timestamp> {
    let begin = day.to_zoned(TimeZone::UTC).ok()?;
    Some(begin.timestamp())
}
