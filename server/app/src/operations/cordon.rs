//! Cordon and uncordon: closing a control plane to new claims.

use portico_domain::authz;
use portico_domain::names::PlaneName;
use serde_json::json;

use crate::permissions::Attempt;
use crate::{Caller, Conflict, Portal, PortalError, Result};

/// A longer reason is cut off.
const MAX_REASON_CHARACTERS: usize = 300;

/// Closes a control plane to new claims.
#[derive(Debug)]
pub struct Cordon<'a> {
    /// The control plane.
    pub plane: &'a PlaneName,
    /// The reason, shown to requesters. Cut to 300 characters.
    pub reason: Option<&'a str>,
}

/// Opens a control plane to new claims again.
#[derive(Debug)]
pub struct Uncordon<'a> {
    /// The control plane.
    pub plane: &'a PlaneName,
}

impl Portal {
    /// Closes a control plane to new claims. Existing claims stay and can be changed; approved new claims wait until it
    /// is opened.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and when there is none of that name;
    /// [`PortalError::Conflict`] when it is closed already; when the database fails.
    pub async fn cordon(&self, caller: Caller<'_>, command: Cordon<'_>) -> Result<()> {
        let configuration = self.configuration();
        let attempt = Attempt::Change(&configuration);
        let grant = authz::cordon(caller.viewer, &configuration, command.plane).map_err(attempt.error())?;
        let reason = command
            .reason
            .map(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|reason| !reason.is_empty())
            .map(|reason| reason.chars().take(MAX_REASON_CHARACTERS).collect::<String>());
        let now = self.now();
        let event = grant
            .audit(now, caller.remote)
            .with_details(json!({ "reason": reason }));
        let reason = reason.as_deref();
        if self.store().cordon(&grant, reason, now, &[event]).await? {
            Ok(())
        } else {
            Err(PortalError::Conflict(Conflict::AlreadyCordoned))
        }
    }

    /// Opens a control plane to new claims again.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and when there is none of that name;
    /// [`PortalError::Conflict`] when nobody has closed it; when the database fails.
    pub async fn uncordon(&self, caller: Caller<'_>, command: Uncordon<'_>) -> Result<()> {
        let plane = command.plane;
        let configuration = self.configuration();
        let attempt = Attempt::Change(&configuration);
        let grant = authz::uncordon(caller.viewer, &configuration, plane).map_err(attempt.error())?;
        let event = grant.audit(self.now(), caller.remote);
        if self.store().uncordon(&grant, &[event]).await? {
            // What was approved meanwhile waits for this.
            self.store().wake_waiting_for_plane(plane, self.now()).await?;
            self.work_to_do();
            return Ok(());
        }
        let by_document = configuration
            .control_planes
            .get(plane)
            .is_some_and(|plane| plane.spec.cordoned);
        Err(PortalError::Conflict(if by_document {
            Conflict::CordonedByDocument
        } else {
            Conflict::NotCordoned
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SubmitOutcome;
    use crate::testing::{TestApp, caller, developer, everyone, platform_admin, sandbox};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_cordoned_plane_takes_no_new_claims() {
        let app = TestApp::new().await;
        let plane: PlaneName = "eu-shared".parse().unwrap();
        let cordon = || Cordon {
            plane: &plane,
            reason: Some(" Rebuilt  on Friday. "),
        };
        let pat = platform_admin();
        app.portal.cordon(caller(&pat), cordon()).await.unwrap();
        let again = app.portal.cordon(caller(&pat), cordon()).await;
        assert!(
            matches!(again, Err(PortalError::Conflict(Conflict::AlreadyCordoned))),
            "{again:?}"
        );
        let sent = app.submit(&developer(0), &sandbox(), "files").await.unwrap();
        let SubmitOutcome::Invalid(page) = sent else {
            panic!("{sent:?}");
        };
        let why = page.placement.candidates[0].ruled_out.join(" ");
        assert!(why.contains("Rebuilt on Friday."), "{why}");

        let uncordon = || Uncordon { plane: &plane };
        app.portal.uncordon(caller(&pat), uncordon()).await.unwrap();
        let again = app.portal.uncordon(caller(&pat), uncordon()).await;
        assert!(
            matches!(again, Err(PortalError::Conflict(Conflict::NotCordoned))),
            "{again:?}"
        );
        let sent = app.submit(&developer(0), &sandbox(), "files").await.unwrap();
        assert!(matches!(sent, SubmitOutcome::Created(_)), "{sent:?}");
        let verbs: Vec<_> = app
            .audited(None)
            .await
            .into_iter()
            .map(|(verb, _)| verb)
            .collect();
        assert!(verbs.iter().any(|verb| verb.contains("cordon")), "{verbs:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_exists_for_platform_admins_alone() {
        let app = TestApp::new().await;
        let plane = "eu-shared".parse().unwrap();
        for (who, viewer) in everyone() {
            let command = Cordon {
                plane: &plane,
                reason: None,
            };
            let done = app.portal.cordon(caller(&viewer), command).await;
            match who {
                "platform admin" => assert!(done.is_ok(), "{done:?}"),
                _ => assert!(matches!(done, Err(PortalError::NotFound)), "{who}: {done:?}"),
            }
        }
        let nowhere = "nowhere".parse().unwrap();
        let done = app
            .portal
            .uncordon(caller(&platform_admin()), Uncordon { plane: &nowhere })
            .await;
        assert!(matches!(done, Err(PortalError::NotFound)), "{done:?}");
    }
}
