//! What the demo's people did before it began: Pat accepted what Research publishes, Dana asked for one, and Ruth of
//! Research approved it; Dana asked for a workspace, and Pat approved it. All of it goes through the portal's own
//! operations, by the clock of the day before.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_app::configuration::LiveConfiguration;
use portico_app::{
    Caller, Content, Decide, DecidePermission, Env, Portal, RequestInput, RequestTarget, SubmitOutcome,
    SubmitRequest, Workspace,
};
use portico_domain::authz::{AuditEvent, SessionEvent, SystemAuthority};
use portico_domain::documents::Permission;
use portico_domain::names::{OfferingName, PublicationName, RequestId};
use portico_domain::tenancy::{KnownPerson, Person, Via, Viewer};
use portico_planes::{PlaneState, Planes};
use portico_simulator::demo::Demo;
use portico_store::Store;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::serve::configure;

const PUBLICATION: &str = "research-notebooks";
/// The permission that Pat refused.
const REFUSED: Permission = Permission::ReadNotes;

/// What Dana asked for.
const NOTEBOOK: DesiredClaim = DesiredClaim {
    offering: "notebooks.science.demo.portico.dev",
    claim: "churn",
    plan: Some("small"),
    note: "To find out why customers leave.",
    spec: || json!({ "image": "python" }),
};
const WORKSPACE: DesiredClaim = DesiredClaim {
    offering: "workspaces.tenancy.kcp.io",
    claim: "analytics",
    plan: None,
    note: "For what the checkout's experiments store, apart from the rest.",
    spec: || json!({}),
};

/// How long ago it was.
const AGO: SignedDuration = SignedDuration::from_hours(26);
/// How long the control planes may take until the offering can be requested.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why it was not done.
pub(super) type Failure = Box<dyn Error + Send + Sync>;

/// A claim that is requested.
struct DesiredClaim {
    offering: &'static str,
    claim: &'static str,
    plan: Option<&'static str>,
    note: &'static str,
    spec: fn() -> Value,
}

/// The portal of the day before. The worker applies what is approved there when the portal serves.
pub(super) struct Past<'a> {
    world: &'a Demo,
    configuration: &'a LiveConfiguration,
    store: &'a Store,
    planes: Planes,
    portal: Portal,
}

impl<'a> Past<'a> {
    /// Connects to the control planes.
    pub(super) fn new(
        world: &'a Demo,
        configuration: &'a LiveConfiguration,
        store: &'a Store,
        authority: &SystemAuthority,
    ) -> Self {
        let planes = Planes::new(portico_planes::Settings::default());
        configure(&planes, &configuration.current());
        let portal = Portal::new(
            store.clone(),
            planes.clone(),
            authority.rules(),
            configuration.clone(),
            Arc::new(Notify::new()),
            Env {
                now: Arc::new(now),
                ..Env::system()
            },
        );
        Self {
            world,
            configuration,
            store,
            planes,
            portal,
        }
    }

    /// Decides on the publication, and requests and approves a claim of it.
    ///
    /// # Errors
    /// When the documents of the demo were changed so that something is refused; when the database fails.
    pub(super) async fn publish(&self) -> Result<(), Failure> {
        let admin = self.sign_in("pat").await?;
        self.decide_permissions(&self.viewer(&admin)?).await?;
        // What was accepted makes Ruth an approver.
        self.make(&NOTEBOOK, "ruth", "Good luck with it.").await
    }

    /// Requests and approves a workspace of kcp.
    ///
    /// # Errors
    /// As [`Past::publish`].
    pub(super) async fn request_workspace(&self) -> Result<(), Failure> {
        self.make(&WORKSPACE, "pat", "It is empty: ask for what you need in it.")
            .await
    }

    async fn make(&self, desired: &DesiredClaim, approver: &str, comment: &str) -> Result<(), Failure> {
        let offering: OfferingName = desired.offering.parse()?;
        wait_for_offering(&self.planes, &offering).await?;
        let developer = self.sign_in("dana").await?;
        let submission = self
            .request(&self.viewer(&developer)?, &offering, desired)
            .await?;
        let approver = self.sign_in(approver).await?;
        let approver = self.viewer(&approver)?;
        let page = self.portal.request(&approver, submission).await?;
        let command = Decide {
            request: submission,
            revision: page.revision,
            approve: true,
            comment: Some(comment.to_owned()),
        };
        self.portal.decide(caller(&approver), command).await?;
        Ok(())
    }

    /// Records the sign-in of a person of the identity provider.
    async fn sign_in(&self, username: &str) -> Result<KnownPerson, Failure> {
        let at = now();
        let mut people = self.world.people.iter();
        let person = people
            .find(|person| person.username == username)
            .ok_or("nobody has this name")?;
        let known = KnownPerson {
            id: Uuid::now_v7(),
            person: Person {
                subject: format!("{}#{}", self.world.issuer, person.subject),
                name: person.name.clone(),
                email: Some(person.email.clone()),
            },
            groups: person.groups.iter().cloned().collect::<BTreeSet<_>>(),
            signed_in_at: at,
            suspended_at: None,
        };
        let configuration = self.configuration.current();
        let provider = configuration
            .provider_of(&known.person)
            .ok_or("the identity provider is not in the configuration")?;
        let event = AuditEvent::session(SessionEvent::Started, &known.person, &provider.name, at, None);
        self.store.sign_in(&known, event).await?;
        Ok(known)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the demo's people have just signed in, without a browser"
    )]
    fn viewer(&self, known: &KnownPerson) -> Result<Viewer, Failure> {
        known
            .viewer(&self.configuration.current(), Via::Session)
            .ok_or_else(|| "the identity provider is not in the configuration".into())
    }

    async fn decide_permissions(&self, admin: &Viewer) -> Result<(), Failure> {
        let name: PublicationName = PUBLICATION.parse()?;
        for asked in self.portal.publication(admin, &name).await?.permissions {
            let command = DecidePermission {
                publication: &name,
                permission: asked.permission,
                accept: asked.permission != REFUSED,
                asked: &asked.asked,
            };
            self.portal.decide_permission(caller(admin), command).await?;
        }
        Ok(())
    }

    async fn request(
        &self,
        developer: &Viewer,
        offering: &OfferingName,
        desired: &DesiredClaim,
    ) -> Result<RequestId, Failure> {
        let workspace = Workspace {
            tenant: "payments".parse()?,
            environment: "dev".parse()?,
        };
        let input = RequestInput {
            name: desired.claim.to_owned(),
            plan: desired.plan.map(str::to_owned),
            note: desired.note.to_owned(),
            content: Content::Object(json!({ "spec": (desired.spec)() })),
            ..RequestInput::default()
        };
        let command = SubmitRequest {
            target: RequestTarget::New(offering),
            workspace: Some(&workspace),
            input,
        };
        match self.portal.submit(caller(developer), command).await? {
            SubmitOutcome::Created(submission) => Ok(submission.id),
            SubmitOutcome::Invalid(form) => {
                let problems: Vec<_> = form.problems.iter().map(|problem| &*problem.message).collect();
                Err(format!("the request is invalid: {}", problems.join("; ")).into())
            }
            SubmitOutcome::DryRunFailed(_, error) => Err(error.into()),
            SubmitOutcome::Conflict(_, conflict) => {
                Err(format!("the request was not taken: {conflict:?}").into())
            }
        }
    }
}

fn now() -> Timestamp {
    Timestamp::now() - AGO
}

fn caller(viewer: &Viewer) -> Caller<'_> {
    Caller { viewer, remote: None }
}

/// Waits until the control planes have been read, the offering among what they serve.
async fn wait_for_offering(planes: &Planes, offering: &OfferingName) -> Result<(), Failure> {
    let is_read = || {
        let mut all = planes.summaries().into_iter();
        all.all(|plane| plane.state == PlaneState::Ready) && planes.catalog().offerings.contains_key(offering)
    };
    let begun = Instant::now();
    while !is_read() {
        if begun.elapsed() > TIMEOUT {
            return Err("not all control planes could be read".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
