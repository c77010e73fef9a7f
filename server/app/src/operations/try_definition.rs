//! Tries a changed definition against all live claims of an offering: which would be refused, defaulted otherwise, or
//! pruned. Changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portico_api::words::TrialProblem;
use portico_api::{DefinitionTrial, PlaneChoice, PlaneTrial, TrialOutcome};
use portico_domain::authz;
use portico_domain::definition_change::{ChangedDefinition, DefinitionChange, ratchets};
use portico_domain::documents::Configuration;
use portico_domain::names::{OfferingName, PlaneName};
use portico_domain::tenancy::Viewer;
use portico_planes::{ClaimFilter, Offered, PlaneState, Served};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::definition_trial::{ClaimsByName, PlaneRun, plane_problem};
use crate::names::choice;
use crate::permissions::{Attempt, platform_admin};
use crate::{Caller, InputError, Portal, PortalError, Result, Unavailable};

/// Control planes read at once.
const CONCURRENT_PLANES: usize = 4;
/// How long it may take in all. What is not tried by then is named as not tried.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Tries a changed definition.
#[derive(Debug)]
pub struct TryDefinition<'a> {
    /// A `CustomResourceDefinition` or `CompositeResourceDefinition`, as YAML or JSON.
    pub document: &'a str,
}

impl Portal {
    /// Tries a changed definition against the claims of all control planes that offer it.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins; [`PortalError::Malformed`] if the document is no
    /// definition; [`PortalError::Busy`] and [`PortalError::Unavailable`] if it could not be checked; when the
    /// database fails. A control plane that fails is no error but a [`PlaneTrial::problem`].
    pub async fn try_definition(
        &self,
        caller: Caller<'_>,
        command: TryDefinition<'_>,
    ) -> Result<DefinitionTrial> {
        platform_admin(caller.viewer)?;
        let Ok(_permit) = self.shared.trials.try_acquire() else {
            return Err(PortalError::Busy {
                retry_after: Duration::from_secs(5),
            });
        };
        let until = Instant::now() + TIME_LIMIT;
        let document = command.document.to_owned();
        let subject = &caller.viewer.person().subject;
        let changed = self
            .shared
            .judging
            .run(subject, move || ChangedDefinition::read(&document))
            .await?
            .map_err(|error| PortalError::Malformed(InputError::Definition(error)))?;
        let mut trial = DefinitionTrial {
            definition: changed.definition.name.clone(),
            kind: changed.definition.kind.clone(),
            title: None,
            derived: changed.derived,
            faults: changed.faults.clone(),
            missing_version: None,
            planes: Vec::new(),
        };
        let Ok(offering) = OfferingName::new(&changed.definition.name) else {
            return Ok(trial);
        };
        let catalog = self.planes().catalog();
        let Some(offered) = catalog.get(&offering) else {
            return Ok(trial);
        };
        let configuration = self.configuration();
        trial.title = Some(offered.title.clone());
        trial.missing_version = missing_version(&configuration, &offering, &changed);
        trial.planes = self
            .try_on_planes(caller, &configuration, offered, &changed, until)
            .await?;
        Ok(trial)
    }

    async fn try_on_planes(
        &self,
        caller: Caller<'_>,
        configuration: &Configuration,
        offered: &Offered,
        changed: &ChangedDefinition,
        until: Instant,
    ) -> Result<Vec<PlaneTrial>> {
        let viewer = caller.viewer;
        let grant = authz::try_definition(viewer, offered.name.clone())
            .map_err(Attempt::Change(configuration).error())?;
        // Written before anything is read.
        let planes: Vec<&PlaneName> = offered.served.keys().collect();
        let event = grant
            .audit(self.now(), caller.remote)
            .with_details(json!({ "controlPlanes": planes }));
        self.store().append(event).await?;
        let turns = Arc::new(Semaphore::new(CONCURRENT_PLANES));
        let mut reading = JoinSet::new();
        let mut broken_off = HashMap::new();
        let mut trials = Vec::new();
        for (plane, served) in &offered.served {
            let Some(document) = configuration.control_planes.get(plane) else {
                continue;
            };
            let claims = self.claims_by_name(viewer, &offered.name, plane);
            let definition = match served.definition.parsed().await {
                Ok(definition) => definition,
                Err(error) => {
                    let error = error.to_string();
                    let trial = empty(choice(document), served, claims.len());
                    trials.push(not_tried(trial, &TrialProblem::Check { error }));
                    continue;
                }
            };
            let mut trial = empty(choice(document), served, claims.len());
            trial.removed_versions = DefinitionChange::removed_versions(&definition, &changed.definition);
            trial.faults = DefinitionChange::immutable_fields(&definition, &changed.definition);
            let status = self.planes().status(plane);
            if status
                .as_ref()
                .is_none_or(|status| status.state != PlaneState::Ready)
            {
                trials.push(not_tried(trial, &TrialProblem::Unreachable));
                continue;
            }
            let version = status.and_then(|status| status.version);
            let change = DefinitionChange::new(
                definition,
                changed,
                &served.resource.version,
                ratchets(version.as_deref()),
            );
            let change = match change {
                Ok(change) => Arc::new(change),
                Err(error) => {
                    trials.push(not_tried(trial, &TrialProblem::Definition(error)));
                    continue;
                }
            };
            trial.tried_version = Some(change.tried_version().to_owned());
            let pages = match self.planes().objects(&grant, plane, &served.resource) {
                Ok(pages) => pages,
                Err(error) => {
                    trials.push(not_tried(trial, &plane_problem(&error)));
                    continue;
                }
            };
            let unfinished = trial.clone();
            let run = PlaneRun {
                portal: self.clone(),
                subject: viewer.person().subject.clone(),
                change,
                claims,
                until,
                trial,
                findings: BTreeMap::new(),
            };
            let turns = Arc::clone(&turns);
            let started = reading.spawn(async move {
                let _turn = turns.acquire_owned().await;
                run.finish(pages).await
            });
            broken_off.insert(started.id(), unfinished);
        }
        while let Some(trial) = reading.join_next_with_id().await {
            trials.push(match trial {
                Ok((_, trial)) => trial,
                Err(error) => {
                    tracing::error!(%error, "trying a definition broke off");
                    let Some(trial) = broken_off.remove(&error.id()) else {
                        continue;
                    };
                    let error = Unavailable::CheckFailed.to_string();
                    not_tried(trial, &TrialProblem::Check { error })
                }
            });
        }
        trials.sort_by(|a, b| a.plane.name.cmp(&b.plane.name));
        Ok(trials)
    }

    /// The claims of the offering on the control plane, by namespace and name.
    fn claims_by_name(&self, viewer: &Viewer, offering: &OfferingName, plane: &PlaneName) -> ClaimsByName {
        let filter = ClaimFilter {
            offering: Some(offering.clone()),
            plane: Some(plane.clone()),
            ..ClaimFilter::default()
        };
        let claims = self.planes().claims(&viewer.scope(), &filter);
        claims
            .into_iter()
            .map(|claim| {
                let reference = &claim.reference;
                ((reference.namespace.clone(), reference.name.to_string()), claim)
            })
            .collect()
    }
}

/// The version that the offering's document names, if the changed definition does not serve it.
fn missing_version(
    configuration: &Configuration,
    offering: &OfferingName,
    changed: &ChangedDefinition,
) -> Option<String> {
    let named = configuration.offerings.get(offering)?.spec.version.as_ref()?;
    let is_served = changed
        .definition
        .version(named)
        .is_some_and(|version| version.served);
    (!is_served).then(|| named.clone())
}

fn empty(plane: PlaneChoice, served: &Served, known: usize) -> PlaneTrial {
    PlaneTrial {
        plane,
        outcome: TrialOutcome::Complete,
        problem: None,
        known,
        tried: 0,
        unaffected: 0,
        version: served.resource.version.clone(),
        tried_version: None,
        removed_versions: Vec::new(),
        faults: Vec::new(),
        findings: Vec::new(),
        claims: Vec::new(),
        more_claims: 0,
    }
}

fn not_tried(trial: PlaneTrial, problem: &TrialProblem) -> PlaneTrial {
    PlaneTrial {
        outcome: TrialOutcome::NotTried,
        problem: Some(problem.to_string()),
        ..trial
    }
}

#[cfg(test)]
mod tests {
    use portico_api::TrialEffect;
    use portico_domain::definition_change::{DefaultChange, DocumentError, Refusal};
    use portico_simulator::kube::{Fault, Matcher};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{TestApp, bucket_kind, caller, everyone, platform_admin};

    /// The definition of buckets, with other properties of `spec`.
    fn with_properties(properties: &Value) -> Value {
        let mut kind = bucket_kind();
        kind["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] =
            properties.clone();
        kind
    }

    async fn try_it(app: &TestApp, document: &str) -> Result<DefinitionTrial> {
        let pat = platform_admin();
        app.portal
            .try_definition(caller(&pat), TryDefinition { document })
            .await
    }

    async fn trial(app: &TestApp, definition: &Value) -> DefinitionTrial {
        try_it(app, &definition.to_string()).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_claims_that_something_happens_to_are_named() {
        let app = TestApp::new().await;
        app.bucket_of("t0-sandbox", "small", json!({"sizeGb": 5})).await;
        app.bucket_of("t0-sandbox", "large", json!({"sizeGb": 50})).await;
        app.bucket_of("t1-dev", "old", json!({"sizeGb": 50, "versioned": true}))
            .await;
        let changed = with_properties(&json!({"sizeGb": {"type": "integer", "minimum": 10}}));
        let found = trial(&app, &changed).await;
        assert_eq!(found.definition, "buckets.storage.demo.portico.dev");
        assert_eq!((found.title.as_deref(), found.faults.len()), (Some("Bucket"), 0));
        let [plane] = &found.planes[..] else {
            panic!("{:?}", found.planes);
        };
        assert_eq!((plane.outcome, &plane.problem), (TrialOutcome::Complete, &None));
        assert_eq!((plane.known, plane.tried, plane.unaffected), (3, 3, 1));
        let claims: Vec<_> = plane
            .claims
            .iter()
            .map(|claim| (claim.name.as_str(), &claim.effects[..]))
            .collect();
        let refused = TrialEffect::Refused(Refusal {
            update: portico_domain::definition_change::RefusedUpdate::OfField,
            create: true,
            path: "spec.sizeGb".to_owned(),
            message: "Invalid value: should be greater than or equal to 10".to_owned(),
        });
        let pruned = TrialEffect::Pruned {
            path: "spec.versioned".to_owned(),
        };
        assert_eq!(claims, [("small", &[refused][..]), ("old", &[pruned][..])]);
        let of_tenant = |index: usize| plane.claims[index].tenant.as_ref().map(ToString::to_string);
        assert_eq!(
            (of_tenant(0), of_tenant(1)),
            (Some("t0".into()), Some("t1".into()))
        );
        assert!(plane.claims.iter().all(|claim| claim.href.is_some()));
        let counts: Vec<usize> = plane.findings.iter().map(|finding| finding.claims).collect();
        assert_eq!(counts, [1, 1]);
        let audited = app.audited(None).await;
        assert_eq!(audited.last().unwrap().0, "definition.tried");
        assert_eq!(audited.last().unwrap().1["by"], "platformAdmin");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn another_default_is_reported_and_a_removed_version() {
        let app = TestApp::new().await;
        app.bucket("t0-sandbox", "files").await;
        let mut changed = with_properties(&json!({
            "sizeGb": {"type": "integer"}, "versioned": {"type": "boolean"},
            "region": {"type": "string", "default": "eu"},
        }));
        changed["spec"]["versions"][0]["name"] = json!("v1");
        let found = trial(&app, &changed).await;
        let plane = &found.planes[0];
        assert_eq!(plane.removed_versions, ["v1alpha1"]);
        assert_eq!(
            (plane.version.as_str(), plane.tried_version.as_deref()),
            ("v1alpha1", Some("v1"))
        );
        let [effect] = &plane.claims[0].effects[..] else {
            panic!("{:?}", plane.claims);
        };
        assert_eq!(
            *effect,
            TrialEffect::Defaulted(DefaultChange {
                path: "spec.region".to_owned(),
                from: None,
                to: Some(json!("eu")),
                when: portico_domain::definition_change::DefaultedWhen::Read,
            })
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn pages_are_followed_to_the_end() {
        let app = TestApp::new().await;
        let objects = app.simulated.objects();
        app.bucket("t0-sandbox", "files").await;
        for number in 0..450 {
            objects
                .create(json!({
                    "apiVersion": "storage.demo.portico.dev/v1alpha1", "kind": "Bucket",
                    "metadata": {"name": format!("b-{number}"), "namespace": "t0-sandbox"},
                    "spec": {"sizeGb": number},
                }))
                .unwrap();
        }
        let found = trial(
            &app,
            &with_properties(&json!({"sizeGb": {"type": "integer", "maximum": -1}})),
        )
        .await;
        let plane = &found.planes[0];
        assert_eq!((plane.tried, plane.unaffected), (451, 0));
        assert_eq!(
            (plane.claims.len(), plane.more_claims, plane.findings.len()),
            (451, 0, 1)
        );
        assert_eq!(plane.findings[0].claims, 451);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_control_plane_that_does_not_answer_is_not_shown_as_fine() {
        let app = TestApp::new().await;
        app.bucket("t0-sandbox", "files").await;
        let definition = bucket_kind();
        let faults = app.simulated.faults();
        let id = faults.add(
            Matcher::of("list", "buckets"),
            Fault::Status {
                code: 403,
                message: "buckets is forbidden".to_owned(),
                retry_after: None,
            },
        );
        let found = trial(&app, &definition).await;
        let plane = &found.planes[0];
        assert_eq!(
            (plane.outcome, plane.known, plane.tried),
            (TrialOutcome::NotTried, 1, 0)
        );
        let problem = plane.problem.as_deref().unwrap();
        assert!(problem.contains("forbidden"), "{problem}");
        faults.remove(id);
        faults.refuse_connections(true);
        let found = trial(&app, &definition).await;
        let plane = &found.planes[0];
        assert_eq!(
            (plane.outcome, plane.known, plane.tried),
            (TrialOutcome::NotTried, 1, 0)
        );
        assert!(plane.problem.is_some());
        faults.clear();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn faults_of_the_definition_and_kinds_that_nobody_offers_are_reported() {
        let app = TestApp::new().await;
        let mut cluster = bucket_kind();
        cluster["spec"]["scope"] = json!("Cluster");
        cluster["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["sizeGb"]
            ["default"] = json!("ten");
        let found = trial(&app, &cluster).await;
        assert_eq!(found.faults.len(), 1, "{:?}", found.faults);
        assert!(
            found.faults[0].contains("must be of type integer"),
            "{:?}",
            found.faults
        );
        assert_eq!(
            found.planes[0].faults,
            [r#"spec.scope: Invalid value: "Cluster": field is immutable"#]
        );
        let mut unknown = bucket_kind();
        unknown["metadata"]["name"] = json!("pails.storage.demo.portico.dev");
        unknown["spec"]["names"]["plural"] = json!("pails");
        let found = trial(&app, &unknown).await;
        assert_eq!((found.title, found.planes), (None, vec![]));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_trials_run_at_once_than_there_is_memory_for() {
        let app = TestApp::new().await;
        let permits = u32::try_from(crate::definition_trial::CONCURRENT_TRIALS).unwrap();
        let running = app.portal.shared.trials.acquire_many(permits).await.unwrap();
        let tried = try_it(&app, &bucket_kind().to_string()).await;
        assert!(matches!(tried, Err(PortalError::Busy { .. })), "{tried:?}");
        drop(running);
        assert!(try_it(&app, &bucket_kind().to_string()).await.is_ok());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_no_definition_is_refused() {
        let app = TestApp::new().await;
        for document in ["", "a: [1", "apiVersion: v1\nkind: Secret", "a: 1\n---\nb: 2"] {
            let tried = try_it(&app, document).await;
            assert!(
                matches!(tried, Err(PortalError::Malformed(InputError::Definition(_)))),
                "{document}: {tried:?}"
            );
        }
        let error = PortalError::Malformed(InputError::Definition(DocumentError::WrongKind {
            found: "v1 Secret".to_owned(),
        }));
        assert!(error.to_string().starts_with("This is a v1 Secret."), "{error}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_exists_for_platform_admins_alone() {
        let app = TestApp::new().await;
        app.bucket("t0-sandbox", "files").await;
        let document = bucket_kind().to_string();
        for (who, viewer) in everyone() {
            let command = TryDefinition { document: &document };
            let tried = app.portal.try_definition(caller(&viewer), command).await;
            match who {
                "platform admin" => assert_eq!(tried.unwrap().planes[0].unaffected, 1),
                _ => assert!(matches!(tried, Err(PortalError::NotFound)), "{who}: {tried:?}"),
            }
        }
    }
}
