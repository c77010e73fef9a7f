//! Comments on requests.

use std::collections::BTreeMap;

use portico_domain::authz::{self, AuditEvent, Granted, Visible};
use portico_domain::names::RequestId;
use portico_domain::request::{Comment, Request};
use portico_domain::tenancy::Person;

use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError};

/// Maximum number of comments on one request.
const MAX_COMMENTS: i64 = 200;

impl Store {
    /// Inserts a comment on the request that the grant names, with its audit events in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::NotCovered`] when the comment is not by the person that the grant names, [`StoreError::Full`]
    /// when the request has the maximum number of comments, [`StoreError::Duplicate`] when the comment exists.
    pub async fn insert_comment(
        &self,
        grant: &Granted<Request, authz::Comment>,
        comment: &Comment,
        events: &[AuditEvent],
    ) -> Result<()> {
        let request = grant.target();
        if comment.by != *grant.person() {
            return Err(StoreError::NotCovered(request.id));
        }
        let mut transaction = self.backend.begin().await?;
        let count = Query::new(
            "SELECT count(*) AS amount FROM comments WHERE request_id = $1",
            [request.id.to_string().into()],
        );
        let rows = transaction.fetch(count).await?;
        let count = rows.first().map_or(Ok(0), |row| row.integer("amount"))?;
        if count >= MAX_COMMENTS {
            return Err(StoreError::Full(format!("it has {MAX_COMMENTS} comments")));
        }
        let insert = Query::new(
            "INSERT INTO comments (id, request_id, author, author_name, author_email, text, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            [
                comment.id.to_string().into(),
                request.id.to_string().into(),
                comment.by.subject.as_str().into(),
                comment.by.name.as_str().into(),
                comment.by.email.as_deref().into(),
                comment.text.as_str().into(),
                comment.at.into(),
            ],
        );
        if transaction.execute(insert).await? == 0 {
            return Err(StoreError::Duplicate(format!("comment {}", comment.id)));
        }
        crate::audit_log::append(&mut *transaction, events).await?;
        transaction.commit().await?;
        self.notify_subscribers(request.id, &request.tenant, request.state);
        Ok(())
    }

    /// Selects the comments on a request, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn comments_of(&self, request: &Visible<Request>) -> Result<Vec<Comment>> {
        let comments = self.read_comments([request.id]).await?;
        Ok(comments.into_values().next().unwrap_or_default())
    }

    /// Selects the comments on each of these requests, oldest first. A request without comments has no entry.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn comments_on(
        &self,
        requests: &[Visible<&Request>],
    ) -> Result<BTreeMap<RequestId, Vec<Comment>>> {
        if requests.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.read_comments(requests.iter().map(|request| request.id))
            .await
    }

    async fn read_comments(
        &self,
        requests: impl IntoIterator<Item = RequestId>,
    ) -> Result<BTreeMap<RequestId, Vec<Comment>>> {
        let mut comments: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut select = Query::new(
            "SELECT request_id, id, author, author_name, author_email, text, at FROM comments WHERE request_id IN ",
            [],
        );
        select.bind_list(requests.into_iter().map(|id| id.to_string()));
        select.push(" ORDER BY request_id, id");
        for row in self.backend.fetch(select).await? {
            let comments_of_request = comments.entry(row.parsed("request_id")?).or_default();
            comments_of_request.push(Comment::try_from(&row)?);
        }
        Ok(comments)
    }
}

impl TryFrom<&Row> for Comment {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            by: Person {
                subject: row.text("author")?,
                name: row.text("author_name")?,
                email: row.text_if_any("author_email")?,
            },
            text: row.text("text")?,
            at: row.time("at")?,
        })
    }
}
