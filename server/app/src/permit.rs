//! Checks again whether a request may be applied: at each decision, and before each attempt to apply it.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use kube_schema::Reason;
use portico_api::words::over_quota;
use portico_domain::authz::Visible;
use portico_domain::claim::Claim;
use portico_domain::claimed_tenant::TenantRequest;
use portico_domain::documents::{Configuration, ControlPlane, Environment, Permission, Phase, Plan, Tenant};
use portico_domain::manifest::{differences, requester_of};
use portico_domain::obstacle::{NeededBy, Obstacle};
use portico_domain::permission::{ApplyPermission, NotChecked, PermissionCheck};
use portico_domain::policy::{PolicyDecision, PolicyInput, Requester, quota_consumption, unmet};
use portico_domain::publication::{PlaneUse, Service, is_consumer_namespace};
use portico_domain::quota;
use portico_domain::request::{Action, Request, RuleNeed, manifest_hash};
use portico_domain::tenancy::{Role, Viewer};
use portico_form as form;
use portico_planes::{Offered, Served};
use serde_json::Value;

use super::lookups::{Lookups, deleted_tenant, takes_of_quota};
use super::names::{claim_place, title};
use super::offering::plan_title;
use super::quota_lines::Effect;
use super::usage::{Usage, plans};
use super::{Portal, PortalError, Result, Unavailable, rows};

impl PermissionCheck for Portal {
    fn check<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<ApplyPermission, NotChecked>> + Send + 'a>> {
        Box::pin(async move {
            self.permit(request, Moment::Apply)
                .await
                .map_err(|error| NotChecked(error.to_string()))
        })
    }
}

/// When a request is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Somebody decides on it, or checks whether they can. The requester need not be signed in.
    Decision,
    /// It is about to be applied as the requester.
    Apply,
}

/// The current state that a request is checked by.
struct Now<'a> {
    request: &'a Request,
    /// Its manifest merged with what controllers set, as the API server will.
    merged: Cow<'a, Value>,
    configuration: &'a Configuration,
    tenant: &'a Tenant,
    environment: &'a Environment,
    requester: &'a Viewer,
    plane: Option<&'a ControlPlane>,
    offered: Option<&'a Offered>,
    claim: Option<&'a Claim>,
}

impl Now<'_> {
    fn served(&self) -> Option<&Served> {
        let served = self.offered?.served.get(&self.request.claim.plane)?;
        Some(served)
    }

    fn plan(&self) -> Option<&Plan> {
        let plans = &self.offered?.plans;
        plans
            .iter()
            .find(|plan| Some(&plan.name) == self.request.plan.as_ref())
    }

    /// Returns the service of another tenant that the request is for.
    fn service(&self) -> Option<Service<'_>> {
        let offering = &self.request.claim.offering;
        match self.configuration.plane_use(self.tenant, self.plane?, offering)? {
            PlaneUse::Consumer(service) => Some(service),
            PlaneUse::Direct => None,
        }
    }

    /// Returns what requester and approvers read in place of the control plane's title.
    fn place(&self, plane: &ControlPlane) -> String {
        match self.service() {
            Some(service) => service.title(),
            None => title(plane).to_owned(),
        }
    }

    /// True if it creates something on the control plane.
    fn sets_something(&self) -> bool {
        matches!(self.request.action, Action::Create | Action::Change)
    }
}

impl Portal {
    /// Checks a request with its frozen manifest as if it were submitted now: requester, placement, offering, policy
    /// and quota. Earlier decisions count by the current policy.
    ///
    /// # Errors
    /// When the database fails, or the policies cannot be used: nothing is known then.
    pub(super) async fn permit(&self, request: &Request, moment: Moment) -> Result<ApplyPermission> {
        let configuration = self.configuration_now().await?;
        let lookups = self
            .lookups(&configuration, std::slice::from_ref(request))
            .await?;
        self.permit_by(&configuration, &lookups, request, moment)
    }

    /// As [`Portal::permit`], with state that was read before.
    pub(super) fn permit_by(
        &self,
        configuration: &Configuration,
        lookups: &Lookups,
        request: &Request,
        moment: Moment,
    ) -> Result<ApplyPermission> {
        if manifest_hash(&request.manifest) != request.manifest_hash {
            return Ok(ApplyPermission::Refused(Obstacle::Altered));
        }
        if self.shared.configuration.blocked().is_some() {
            let plane = "the home control plane".to_owned();
            return Ok(ApplyPermission::Refused(Obstacle::NotRead { plane }));
        }
        let place = || format!("{}/{}", request.tenant, request.environment);
        let tenant = configuration.tenants.get(&request.tenant);
        let environment = tenant.and_then(|tenant| tenant.environment(&request.environment));
        let (Some(tenant), Some(environment)) = (tenant, environment) else {
            return Ok(ApplyPermission::Refused(Obstacle::NoSuchPlace { place: place() }));
        };
        if has_moved(configuration, request, tenant, environment) {
            return Ok(ApplyPermission::Refused(Obstacle::Moved { place: place() }));
        }
        let Some((known, requester)) = lookups.as_last_known(configuration, &request.requester) else {
            return Ok(ApplyPermission::Refused(not_a_developer(request, tenant)));
        };
        let lapse = known.lapse(&configuration.portal.spec.tokens, self.now());
        if let (Some(why), Moment::Apply) = (lapse, moment) {
            return Ok(ApplyPermission::Refused(Obstacle::Lapsed {
                requester: request.requester.name.clone(),
                why,
            }));
        }
        let catalog = self.planes().catalog();
        let claim = if request.action == Action::Create {
            None
        } else {
            let everything = self.rules().of_all_tenants();
            let claim = self.planes().claim(&everything, &request.claim);
            claim.map(Visible::into_inner)
        };
        let claim = claim
            .as_deref()
            .filter(|claim| Some(&claim.uid) == request.uid.as_ref());
        let now = Now {
            request,
            merged: merged(request, claim),
            configuration,
            tenant,
            environment,
            requester: &requester,
            // One that is not configured is waited for: a reload may be half way.
            plane: configuration.control_planes.get(&request.claim.plane),
            offered: catalog.get(&request.claim.offering).map(AsRef::as_ref),
            claim,
        };
        let obstacle = standing(&now)
            .or_else(|| managed_elsewhere(&now))
            .or_else(|| self.not_abandoned(configuration, request, now.claim?))
            .or_else(|| place_of(&now))
            .or_else(|| closed(&now, lookups, self.now()))
            .or_else(|| self.offering_of(&now))
            .or_else(|| plan_of(&now))
            .or_else(|| tenant_faults(&now))
            .or_else(|| self.tenant_in_use(&now, lookups))
            .or_else(|| validity(&now, lookups));
        if let Some(obstacle) = obstacle {
            return Ok(ApplyPermission::Refused(obstacle));
        }
        let verdict = self.policy_on(&now)?;
        if matches!(verdict, ApplyPermission::Refused(_)) {
            return Ok(verdict);
        }
        let over = self.quota_of(&now, lookups)?;
        Ok(over.map_or(verdict, ApplyPermission::Refused))
    }

    fn offering_of(&self, now: &Now<'_>) -> Option<Obstacle> {
        let request = now.request;
        // What is no longer offered may still be given back.
        if request.action == Action::Delete {
            return None;
        }
        let name = &request.claim.offering;
        let gone = || Obstacle::NotOffered {
            offering: rows::display(&self.planes().catalog(), name).title,
        };
        let Some(offered) = now.offered else {
            return Some(if self.planes().offerings_synced(&request.claim.plane) {
                gone()
            } else {
                Obstacle::NotRead {
                    plane: claim_place(now.configuration, &request.claim),
                }
            });
        };
        if request.action != Action::Create {
            return None;
        }
        let for_tenant = now.tenant.spec.offerings.is_empty() || now.tenant.spec.offerings.contains(name);
        if !for_tenant || !offered.is_listed_for(now.requester.audience()) {
            return Some(gone());
        }
        // A request that was sent before the deprecation goes on, but not after the sunset date.
        let lifecycle = &offered.lifecycle;
        let sunset = lifecycle
            .sunset
            .filter(|_| lifecycle.phase(self.now()) == Phase::Ended)?;
        Some(Obstacle::OfferingEnded {
            offering: offered.title.clone(),
            sunset,
        })
    }

    fn policy_on(&self, now: &Now<'_>) -> Result<ApplyPermission> {
        let request = now.request;
        let catalog = self.planes().catalog();
        let policies = self.policies()?;
        let object = now.claim.map(|claim| &*claim.object);
        let facts = PolicyInput {
            action: request.action,
            manifest: match request.action {
                Action::Delete => object.unwrap_or(&now.merged),
                _ => &now.merged,
            },
            previous: object.or(request.previous.as_ref()),
            offering: &request.claim.offering,
            kind: &request.resource.kind,
            category: rows::display(&catalog, &request.claim.offering).category,
            plan: now.plan(),
            plans: plans(&catalog, &request.claim.offering),
            tenant: now.tenant,
            environment: now.environment,
            requester: Requester::of(now.requester, &now.tenant.name),
            take_over: &request.take_over,
            plane: now.plane,
        };
        let decision = policies.1.evaluate(&facts);
        let decision = match now.service() {
            Some(service) if request.action != Action::Delete => {
                service.also_requires(&now.tenant.name, decision)
            }
            _ => decision,
        };
        Ok(match decision {
            PolicyDecision::Deny(reasons) => ApplyPermission::Refused(Obstacle::Denied { reasons }),
            PolicyDecision::RequireApproval {
                rules,
                expires_after_hours,
            } if !is_met(now, &rules) => ApplyPermission::NeedsApproval {
                rules,
                expires_after_hours,
                // What was judged by no schema, as a deletion, means the same by any.
                schema_hash: now
                    .served()
                    .filter(|_| request.schema_hash.is_some())
                    .map(|served| served.schema_hash.clone()),
            },
            PolicyDecision::Allow | PolicyDecision::RequireApproval { .. } => ApplyPermission::Granted {
                provider: now.requester.provider().to_owned(),
                groups: now.requester.groups().clone(),
            },
        })
    }

    /// A tenant that is a claim goes when nothing is in it any more.
    fn tenant_in_use(&self, now: &Now<'_>, lookups: &Lookups) -> Option<Obstacle> {
        let request = now.request;
        let tenant = deleted_tenant(now.configuration, request)?;
        let title = tenant.title().to_owned();
        if !self.claims_are_known(Some(&tenant.name)) {
            return Some(Obstacle::NotRead { plane: title });
        }
        let claims = lookups.usage().get(&tenant.name).map_or(0, Usage::claims);
        let tenants = now.configuration.children(&tenant.name).count();
        (claims + tenants > 0).then_some(Obstacle::TenantInUse {
            tenant: title,
            claims,
            tenants,
        })
    }

    fn quota_of(&self, now: &Now<'_>, lookups: &Lookups) -> Result<Option<Obstacle>> {
        let request = now.request;
        if !takes_of_quota(now.configuration, request) {
            return Ok(None);
        }
        let catalog = self.planes().catalog();
        let after = quota_consumption(
            plans(&catalog, &request.claim.offering),
            request.plan.as_ref(),
            &now.merged,
        );
        let effect = Effect {
            claim: Some(&request.claim),
            exists: request.action == Action::Change,
            after: &after,
        };
        let lines = effect.lines(now.configuration, now.tenant, lookups.usage());
        let Some(lines) = lines else {
            let tenant = request.tenant.clone();
            return Err(PortalError::Unavailable(Unavailable::QuotaUnknown { tenant }));
        };
        let sentences: Vec<String> = quota::exceeded(&lines).map(over_quota).collect();
        Ok((!sentences.is_empty()).then_some(Obstacle::OverQuota { sentences }))
    }
}

/// True if claims of the environment are in another namespace now. That the tenant may not use the control plane any more,
/// another check says.
fn has_moved(
    configuration: &Configuration,
    request: &Request,
    tenant: &Tenant,
    environment: &Environment,
) -> bool {
    let Some(namespace) = &request.claim.namespace else {
        return false;
    };
    let plane = configuration.control_planes.get(&request.claim.plane);
    let offering = &request.claim.offering;
    match plane.and_then(|plane| configuration.namespace_on(tenant, environment, plane, offering)) {
        Some(now) => *namespace != now,
        None => *namespace != environment.namespace && !is_consumer_namespace(namespace),
    }
}

/// Why the control plane takes no new claims.
fn closed(now: &Now<'_>, lookups: &Lookups, at: Timestamp) -> Option<Obstacle> {
    let plane = now.plane.filter(|_| now.request.action == Action::Create)?;
    if let Some(window) = plane.maintenance_at(at) {
        return Some(Obstacle::Maintenance {
            plane: now.place(plane),
            until: window.to,
            reason: window.reason.clone().filter(|_| now.service().is_none()),
        });
    }
    let cordon = lookups.cordon(&plane.name);
    (cordon.is_some() || plane.spec.cordoned || lookups.is_leaving(plane)).then(|| Obstacle::Cordoned {
        plane: now.place(plane),
        reason: cordon
            .and_then(|cordon| cordon.reason.clone())
            .filter(|_| now.service().is_none()),
    })
}

/// True if the valid decisions suffice for the request as it is now.
fn is_met(now: &Now<'_>, rules: &[RuleNeed]) -> bool {
    let mut as_it_is = now.request.clone();
    // By another schema the same manifest may come to something else: who agreed to that did not agree to this.
    if let Some(served) = now.served()
        && as_it_is.schema_hash.is_some()
    {
        as_it_is.schema_hash = Some(served.schema_hash.clone());
    }
    unmet(rules, &as_it_is.valid_decisions()).is_empty()
}

fn standing(now: &Now<'_>) -> Option<Obstacle> {
    (!now.requester.may(&now.tenant.name, Role::Developer)).then(|| not_a_developer(now.request, now.tenant))
}

/// What manages the claim now and would undo it.
fn managed_elsewhere(now: &Now<'_>) -> Option<Obstacle> {
    let manager = now.claim?.manager.as_deref()?;
    manager.undoes().then(|| Obstacle::ManagedElsewhere {
        manager: manager.clone(),
    })
}

fn not_a_developer(request: &Request, tenant: &Tenant) -> Obstacle {
    Obstacle::NotADeveloper {
        requester: request.requester.name.clone(),
        tenant: tenant.title().to_owned(),
    }
}

fn place_of(now: &Now<'_>) -> Option<Obstacle> {
    let plane = now.plane?;
    let offering = &now.request.claim.offering;
    let plane_use = now.configuration.plane_use(now.tenant, plane, offering);
    if plane_use.is_none() || !plane.serves_environment(&now.environment.name) {
        return Some(Obstacle::PlaneTaken {
            tenant: now.tenant.title().to_owned(),
            plane: now.place(plane),
        });
    }
    if let Some(closed) = service_closed(now) {
        return Some(closed);
    }
    if now.request.action != Action::Create {
        return None;
    }
    let of_environment = now
        .environment
        .control_plane_labels
        .iter()
        .map(|label| (NeededBy::Environment, label));
    let offered = now
        .offered
        .into_iter()
        .flat_map(|offered| &offered.control_plane_labels);
    let of_offering = offered.map(|label| (NeededBy::Offering, label));
    of_environment
        .chain(of_offering)
        .find(|(_, (key, value))| plane.labels.get(*key) != Some(value))
        .map(|(whose, (key, value))| Obstacle::PlaneUnfit {
            plane: now.place(plane),
            label: format!("{key}={value}"),
            whose,
        })
}

/// Why the service of another tenant does not take the request. What is no longer taken may still be given back.
fn service_closed(now: &Now<'_>) -> Option<Obstacle> {
    let service = now.service().filter(|_| now.request.action != Action::Delete)?;
    let tenant = &now.tenant.name;
    if let Err(why) = service.check_open(tenant) {
        return Some(Obstacle::ServiceClosed {
            service: service.title(),
            why,
        });
    }
    let names_requester = requester_of(&now.request.manifest).is_some();
    (names_requester && !service.holds(Permission::KnowRequesters, tenant)).then(|| {
        Obstacle::ServiceMayNotKnow {
            requester: now.request.requester.name.clone(),
            service: service.title(),
        }
    })
}

fn plan_of(now: &Now<'_>) -> Option<Obstacle> {
    let offered = now
        .offered
        .filter(|offered| now.sets_something() && !offered.plans.is_empty())?;
    let Some(plan) = now.plan() else {
        let plan = now
            .request
            .plan
            .as_ref()
            .map_or("that it had", |plan| plan.as_str());
        return Some(Obstacle::PlanGone {
            plan: plan.to_owned(),
        });
    };
    let projection = offered.projection(Some(&now.request.claim.plane));
    let frozen = projection.user_fields(&now.request.manifest);
    let mut locked = frozen.clone();
    form::enforce_plan(plan.for_form(), &mut locked);
    let field = differences(&frozen, &locked).into_iter().next()?.0;
    Some(Obstacle::PlanChanged {
        plan: plan_title(plan).to_owned(),
        field,
    })
}

/// Why a tenant may not be as it is asked for.
fn tenant_faults(now: &Now<'_>) -> Option<Obstacle> {
    let request = now.request;
    if request.action == Action::Delete {
        return None;
    }
    let document = now.configuration.offerings.get(&request.claim.offering);
    let asked = TenantRequest {
        declared: document.and_then(|document| document.spec.tenant.as_ref()),
        configuration: now.configuration,
        tenant: now.tenant,
        requester: now.requester,
        plan: now.plan(),
        manifest: &request.manifest,
        before: now.claim.map(|claim| &*claim.object),
    };
    let (_, fault) = asked.faults(&request.resource).into_iter().next()?;
    let why = fault.to_string();
    Some(Obstacle::TenantRefused { why })
}

/// The manifest of a request merged with what controllers set in the claim.
fn merged<'a>(request: &'a Request, claim: Option<&Claim>) -> Cow<'a, Value> {
    let fields = claim.and_then(|claim| Some((claim, claim.controller_fields.as_deref()?)));
    match fields {
        Some((claim, fields)) if matches!(request.action, Action::Change | Action::Renew) => {
            let mut whole = request.manifest.clone();
            fields.complete(&mut whole, &claim.object);
            Cow::Owned(whole)
        }
        _ => Cow::Borrowed(&request.manifest),
    }
}

/// Returns why it is invalid by the current definition, if that has changed since it was checked.
fn validity(now: &Now<'_>, lookups: &Lookups) -> Option<Obstacle> {
    let request = now.request;
    let served = now.served().filter(|_| now.sets_something())?;
    if request
        .schema_hash
        .as_ref()
        .is_none_or(|judged_by| *judged_by == served.schema_hash)
    {
        return None;
    }
    let before = now.claim.map(|claim| &*claim.object);
    let definition = lookups.definition(&served.definition);
    let judgement =
        definition.and_then(|definition| definition.validate(&request.resource.version, &now.merged, before));
    let why = match judgement {
        Err(error) => error.to_string(),
        Ok(judgement) => {
            let mut wrong = judgement
                .violations
                .iter()
                // What cannot be judged here, the control plane judges.
                .filter(|violation| violation.reason != Reason::Indeterminate);
            match (wrong.next(), judgement.pruned.first()) {
                (Some(violation), _) => violation.message.clone(),
                (None, Some(path)) => format!("there is no field {path}"),
                (None, None) => return None,
            }
        }
    };
    Some(Obstacle::NotValid {
        why: why.trim_end_matches('.').to_owned(),
    })
}
