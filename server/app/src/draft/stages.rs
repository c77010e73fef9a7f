//! The form for a new claim or a change.

use portico_api::{RequestFormPage, names as field};
use portico_domain::tenancy::Viewer;

use super::draft::RequestDraft;
use super::form_data::{FormData, FormTarget};
use super::{Portal, Result, Workspace};

impl Portal {
    /// The form: as it is to begin with, or as it stands after what was posted. With the command `review` it is
    /// checked whole, the control plane's dry run too.
    ///
    /// # Errors
    /// [`super::PortalError::NotFound`] when there is no such offering or claim for the viewer, [`super::PortalError::Forbidden`]
    /// when they may not ask for it; when the database fails.
    pub async fn form(
        &self,
        viewer: &Viewer,
        work: Option<&Workspace>,
        target: FormTarget<'_>,
        posted: &FormData,
    ) -> Result<RequestFormPage> {
        let mut draft = self.draft(viewer, work, target, posted).await?;
        let review = posted.has_fields() && matches!(draft.command.as_deref(), None | Some("review"));
        if review {
            draft.notice_stale(posted);
        }
        draft.notice_change(posted, review);
        if review {
            draft.notice_nothing();
        }
        let mut dry_run = None;
        if review && draft.problem_count() == 0 {
            dry_run = Some(self.dry_run(&mut draft).await);
        }
        let fresh = !posted.has_fields();
        let reviewed = review && draft.problem_count() == 0;
        self.form_page(&draft, dry_run, reviewed, fresh)
    }
}

impl RequestDraft {
    /// Says so when the form was made by another schema than the one it would be judged by.
    pub(super) fn notice_stale(&mut self, posted: &FormData) {
        let stale = match (posted.filled(field::SCHEMA), &self.served) {
            (Some(was), Some((_, served))) => was != served.schema_hash,
            _ => false,
        };
        // Of a name that is taken, that alone is worth telling: placement may have moved on because it was.
        if stale && (self.name.is_empty() || self.name_problems.is_empty()) {
            self.problem(
                "",
                "The form has changed since you opened it: the control plane that would serve it has other fields for \
                 it. What you typed is still here; look it over and send it again.",
            );
        }
    }

    /// Says so when the claim is no longer as it was when the form was made: what others changed meanwhile would be
    /// changed back. Reported until the user reviews or submits; from then on the form is based on the current claim.
    pub(super) fn notice_change(&mut self, posted: &FormData, looked_over: bool) {
        let Some(was) = posted.filled(field::LIVE) else {
            return;
        };
        if self.live_hash.as_deref().is_none_or(|is| is == was) {
            return;
        }
        if !looked_over {
            self.live_hash = Some(was.to_owned());
        }
        self.problem(
            "",
            "It was changed since you opened this form. What you typed is still here: “What changes” says what \
             would now become of it, what others changed included. Look that over and send it again.",
        );
    }
}
