//! Comments on a request.

use portico_api::CommentResult;
use portico_domain::authz;
use portico_domain::names::RequestId;
use portico_domain::request::{Comment, MAX_COMMENT_CHARACTERS};
use serde_json::json;

use crate::cut::requester_name;
use crate::permissions::Attempt;
use crate::{Caller, InputError, Portal, PortalError, Result};

/// Comments on a request.
#[derive(Debug)]
pub struct PostComment {
    /// The request.
    pub request: RequestId,
    /// The text, of at most [`MAX_COMMENT_CHARACTERS`] characters.
    pub text: String,
}

impl Portal {
    /// Comments on a request. Open pages of the request show it at once.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such request for the viewer, [`PortalError::Forbidden`] when
    /// they have no part in it, [`PortalError::Malformed`] when it is empty or too long,
    /// [`PortalError::Conflict`] when the request has as many comments as it may have.
    pub async fn comment(&self, caller: Caller<'_>, command: PostComment) -> Result<CommentResult> {
        let request = self.visible_request(caller.viewer, command.request).await?;
        let requester = requester_name(caller.viewer, &self.configuration(), &request);
        let grant = authz::comment(caller.viewer, request).map_err(Attempt::Request(&requester).error())?;
        let comment = Comment {
            id: self.new_id(),
            by: grant.person().clone(),
            text: readable(&command.text)?,
            at: self.now(),
        };
        let details = json!({ "claim": grant.target().claim.to_string(), "comment": comment.text });
        let event = grant.audit(self.now(), caller.remote).with_details(details);
        self.store().insert_comment(&grant, &comment, &[event]).await?;
        Ok(comment.into())
    }
}

/// The text as it is kept. Browsers send line breaks as CR LF.
fn readable(text: &str) -> Result<String> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() {
        return Err(PortalError::Malformed(InputError::EmptyComment));
    }
    let length = text.chars().count();
    if length > MAX_COMMENT_CHARACTERS {
        return Err(PortalError::Malformed(InputError::LongComment {
            length,
            most: MAX_COMMENT_CHARACTERS,
        }));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestApp, caller, developer, everyone};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn those_who_have_a_part_in_the_request_comment_on_it() {
        let app = TestApp::new().await;
        let id = app.submitted(&developer(0), "files").await;
        let comment = |text: &str| PostComment {
            request: id,
            text: text.to_owned(),
        };
        for (who, viewer) in everyone() {
            let sent = app
                .portal
                .comment(caller(&viewer), comment("Why so large?"))
                .await;
            match who {
                "approver" | "tenant admin" | "lead" => assert!(sent.is_ok(), "{who}: {sent:?}"),
                "of another tenant" => assert!(matches!(sent, Err(PortalError::NotFound)), "{who}: {sent:?}"),
                _ => assert!(matches!(sent, Err(PortalError::Forbidden(_))), "{who}: {sent:?}"),
            }
        }
        let own = app
            .portal
            .comment(caller(&developer(0)), comment(" It\r\nis. "))
            .await
            .unwrap();
        assert_eq!(own.text, "It\nis.");
        let page = app.portal.request(&developer(0), id).await.unwrap();
        assert_eq!(page.steps.iter().filter(|step| step.remark).count(), 4);
        let empty = app.portal.comment(caller(&developer(0)), comment(" ")).await;
        assert!(matches!(empty, Err(PortalError::Malformed(_))), "{empty:?}");
    }

    #[test]
    fn a_comment_is_kept_as_it_was_typed_within_its_bounds() {
        assert_eq!(
            readable(" Why?\r\nIt is large. \n").unwrap(),
            "Why?\nIt is large."
        );
        assert!(readable(" \r\n").is_err());
        assert!(readable(&"ü".repeat(MAX_COMMENT_CHARACTERS)).is_ok());
        assert!(readable(&"ü".repeat(MAX_COMMENT_CHARACTERS + 1)).is_err());
    }
}
