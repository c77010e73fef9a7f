//! Comments on a request.

use portico_api::CommentResult;
use portico_domain::authz;
use portico_domain::names::RequestId;
use portico_domain::request::{COMMENT_CHARACTERS, Comment};
use portico_domain::tenancy::Viewer;
use serde_json::json;
use uuid::Uuid;

use super::permissions::Denial;
use super::{Portal, PortalError, Result};

impl Portal {
    /// Says something about a request. Those who look at it see it at once.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such request for the viewer, [`PortalError::Forbidden`] when
    /// they have no part in it, [`PortalError::Malformed`] when it is empty or too long,
    /// [`PortalError::Conflict`] when the request has as many comments as it may have.
    pub async fn comment(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        id: RequestId,
        text: &str,
    ) -> Result<CommentResult> {
        let request = self.visible_request(viewer, id).await?;
        let requester = request.requester.name.clone();
        let grant = authz::comment(viewer, request).map_err(Denial::Request(&requester).error())?;
        let comment = Comment {
            id: Uuid::now_v7(),
            by: grant.person().clone(),
            text: readable(text)?,
            at: self.now(),
        };
        let details = json!({ "claim": grant.target().claim.to_string(), "comment": comment.text });
        let event = grant.audit(self.now(), remote).with_details(details);
        self.store().insert_comment(&grant, &comment, &[event]).await?;
        Ok(comment.into())
    }
}

/// The text as it is kept. Browsers send line breaks as CR LF.
fn readable(text: &str) -> Result<String> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() {
        return Err(PortalError::Malformed("Write something to send.".to_owned()));
    }
    let length = text.chars().count();
    if length > COMMENT_CHARACTERS {
        return Err(PortalError::Malformed(format!(
            "A comment has at most {COMMENT_CHARACTERS} characters, and this one has {length}. Go back and \
             shorten it."
        )));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{COMMENT_CHARACTERS, readable};

    #[test]
    fn a_comment_is_kept_as_it_was_typed_within_its_bounds() {
        assert_eq!(
            readable(" Why?\r\nIt is large. \n").unwrap(),
            "Why?\nIt is large."
        );
        assert!(readable(" \r\n").is_err());
        assert!(readable(&"ü".repeat(COMMENT_CHARACTERS)).is_ok());
        assert!(readable(&"ü".repeat(COMMENT_CHARACTERS + 1)).is_err());
    }
}
