//! The form of a request: as it opens, or as it stands after an input.

use portico_api::RequestFormPage;
use portico_domain::tenancy::Viewer;

use super::input::{FormCommand, RequestInput, RequestTarget};
use super::stages::Purpose;
use crate::{Portal, Result, Workspace};

impl Portal {
    /// Returns the form. [`FormCommand::Review`] runs all checks and the dry run.
    ///
    /// # Errors
    /// [`crate::PortalError::NotFound`] when the offering or the claim does not exist for the viewer,
    /// [`crate::PortalError::Forbidden`] when they may not request it; when the database fails.
    pub async fn form(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        target: RequestTarget<'_>,
        input: &RequestInput,
        command: FormCommand,
    ) -> Result<RequestFormPage> {
        let purpose = Purpose::Show(command);
        let filled = self.fill(viewer, workspace, target, input, purpose).await?;
        let checked = self.check(viewer, filled, input, purpose).await?;
        if input.is_fresh() || !purpose.checks_everything() {
            return checked.page(self, input.is_fresh());
        }
        self.dry_run(checked).await.page(self, true)
    }
}
