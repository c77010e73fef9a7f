//! Admin pages: control planes, tenants, the configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use portico_api::words::{export_interrupted, plane_kind_title, repeated, role_title};
use portico_api::{
    ClusterProblem, ConfigurationError, ConfigurationPage, HomePlaneState, InheritedMember, Link, MatrixCell,
    MatrixRow, NamespaceRow, PlaneCluster, PlaneDetail, PlaneExport, PlaneExportPermission, PlaneExportState,
    PlaneRow, PlaneState, PlaneWorkspace, PlanesPage, RelatedTenant, TenantEnvironment, TenantPage,
    TenantPlane, TenantRow, TenantsPage,
};
use portico_domain::documents::{Configuration, ControlPlane, Tenant};
use portico_domain::names::{OfferingName, PlanName, PlaneName, TenantName};
use portico_domain::placement::{Cordon, may_use};
use portico_domain::tenancy::{Role, Viewer};
use portico_planes::{ClaimFilter, ClusterStatus, ExportState, ExportWatch, PlaneStatus};

use super::names::choice;
use super::permissions::platform_admin;
use super::quota_lines::UsageWithin;
use super::usage::{Usage, plans};
use super::{Portal, PortalError, Result, rows};
use crate::configuration::{HomeReport, Problem, Severity};

/// Seconds by which a control plane's clock is off before its page says so.
const MIN_CLOCK_OFFSET: u64 = 5;
/// Claims listed at most of a cordoned control plane.
const MAX_REMAINING_CLAIMS: usize = 500;

impl Portal {
    /// Returns the control planes, unhealthy ones first, and what each serves.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins; when the database fails.
    pub async fn planes_page(&self, viewer: &Viewer) -> Result<PlanesPage> {
        platform_admin(viewer)?;
        let cordons = self.store().cordons().await?;
        let configuration = self.configuration();
        let catalog = self.planes().catalog();
        let now = self.now();
        let mut rows: Vec<PlaneRow> = self
            .planes()
            .planes()
            .iter()
            .map(|status| row(status, &cordons))
            .collect();
        rows.sort_by_key(|row| (row.state == PlaneState::Ready, row.plane.name.clone()));
        let columns: Vec<_> = configuration.control_planes.values().map(choice).collect();
        let matrix = catalog
            .offerings
            .values()
            .map(|offered| {
                let cells: Vec<Option<MatrixCell>> = columns
                    .iter()
                    .map(|column| {
                        offered.served.get(&column.name).map(|served| MatrixCell {
                            version: served.resource.version.clone(),
                            schema: served.schema_hash.chars().take(8).collect(),
                            problem: served.problem.clone().or_else(|| served.form_problem.clone()),
                        })
                    })
                    .collect();
                let mut schemas: Vec<&String> = cells.iter().flatten().map(|cell| &cell.schema).collect();
                schemas.sort();
                schemas.dedup();
                MatrixRow {
                    offering: offered.name.clone(),
                    title: offered.title.clone(),
                    drift: schemas.len() > 1,
                    phase: offered.lifecycle.phase(now),
                    sunset: offered.lifecycle.deprecation().and_then(|it| it.sunset),
                    cells,
                }
            })
            .collect();
        Ok(PlanesPage {
            rows,
            columns,
            matrix,
        })
    }

    /// Returns the state of all control planes, for metrics.
    #[must_use]
    pub fn control_planes(&self) -> Vec<PlaneStatus> {
        self.planes().planes()
    }

    /// Returns the page of a control plane.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and when there is none of that name; when the
    /// database fails.
    pub async fn plane_page(&self, viewer: &Viewer, name: &PlaneName) -> Result<PlaneDetail> {
        platform_admin(viewer)?;
        let status = self
            .planes()
            .planes()
            .into_iter()
            .find(|status| status.name == *name)
            .ok_or(PortalError::NotFound)?;
        let catalog = self.planes().catalog();
        let configuration = self.configuration();
        let cordons = self.store().cordons().await?;
        let row = row(&status, &cordons);
        let remaining = if row.cordoned {
            let of_plane = ClaimFilter {
                plane: Some(name.clone()),
                ..ClaimFilter::default()
            };
            let mut claims = self.planes().claims(&viewer.scope(), &of_plane);
            claims.sort_by(|a, b| {
                (&a.tenant, &a.environment, &a.reference).cmp(&(&b.tenant, &b.environment, &b.reference))
            });
            claims
                .iter()
                .take(MAX_REMAINING_CLAIMS)
                .map(|claim| rows::claim(&configuration, &catalog, claim))
                .collect()
        } else {
            Vec::new()
        };
        Ok(PlaneDetail {
            row,
            cordon: cordons.into_iter().find(|cordon| cordon.plane == *name),
            cordoned_by_document: status.document.spec.cordoned,
            remaining,
            cluster: cluster(status.cluster.clone()),
            agents: self.plane_agents(&status.document).await?,
            namespaces: self.plane_namespaces(&status.document),
            workspace: workspace(&status),
            serves: catalog
                .offerings
                .values()
                .filter_map(|offered| {
                    let served = offered.served.get(name)?;
                    Some((
                        offered.name.clone(),
                        offered.title.clone(),
                        served.resource.version.clone(),
                    ))
                })
                .collect(),
            missing_rights: status.rights.missing,
            rights_reviewed_at: status.rights.reviewed_at,
            rights_unknown: status.rights.failed,
            left_out: status.skipped,
            warnings: status.warnings,
            clock_offset_seconds: Some(status.clock_offset.as_secs())
                .filter(|offset| offset.unsigned_abs() >= MIN_CLOCK_OFFSET),
            cache_bytes: (
                status.cache_bytes as u64,
                status.document.spec.limits.cache_bytes as u64,
            ),
            recent_errors: status
                .recent_errors
                .iter()
                .map(|note| (note.at, repeated(&note.message, note.times)))
                .collect(),
        })
    }

    /// Returns the tenants: all for platform admins, their own for tenant admins.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for others; when the database fails.
    pub async fn tenants_page(&self, viewer: &Viewer) -> Result<TenantsPage> {
        let configuration = self.configuration();
        let mut rows = Vec::new();
        let shown =
            |tenant: &&TenantName| viewer.is_platform_admin() || viewer.may(tenant, Role::TenantAdmin);
        let tenants = configuration.tenants.keys().filter(shown);
        let usage = self.usage_within(&configuration, tenants).await?;
        for (level, tenant) in configuration.nested(|tenant| shown(&&tenant.name)) {
            let row = self.tenant_row(viewer, &configuration, tenant, &usage);
            rows.push(TenantRow { level, ..row });
        }
        if rows.is_empty() && !viewer.is_platform_admin() {
            return Err(PortalError::NotFound);
        }
        Ok(TenantsPage { rows })
    }

    /// Returns the page of a tenant: where its environments are and how they are doing there.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for those who do not administer it; when the database fails.
    pub async fn tenant_page(&self, viewer: &Viewer, name: &TenantName) -> Result<TenantPage> {
        let configuration = self.configuration();
        let administers = viewer.is_platform_admin() || viewer.may(name, Role::TenantAdmin);
        let tenant = configuration.tenants.get(name).filter(|_| administers);
        let tenant = tenant.ok_or(PortalError::NotFound)?;
        let related = configuration.lineage(tenant).chain(configuration.children(name));
        let usage = self
            .usage_within(&configuration, related.map(|tenant| &tenant.name))
            .await?;
        let related_tenant = |tenant: &Tenant| relative(viewer, &configuration, tenant, &usage);
        let mut above: Vec<_> = configuration
            .lineage(tenant)
            .skip(1)
            .map(related_tenant)
            .collect();
        above.reverse();
        let claims = self
            .planes()
            .claims(&viewer.scope(), &ClaimFilter::of_tenant(name.clone()));
        let environments = tenant.spec.environments.iter();
        Ok(TenantPage {
            row: self.tenant_row(viewer, &configuration, tenant, &usage),
            above,
            below: configuration.children(name).map(related_tenant).collect(),
            environments: environments
                .map(|environment| {
                    let own: Vec<_> = claims
                        .iter()
                        .filter(|claim| claim.environment.as_ref() == Some(&environment.name))
                        .collect();
                    let planes = planes_of(&configuration, tenant)
                        .filter(|plane| plane.may_serve(environment))
                        .filter_map(|plane| {
                            let there = own.iter().filter(|claim| claim.reference.plane == plane.name);
                            self.tenant_plane(viewer, plane, &environment.namespace, there.count())
                        });
                    TenantEnvironment {
                        name: environment.name.clone(),
                        namespace: environment.namespace.clone(),
                        production: environment.production,
                        claims: own.len(),
                        planes: planes.collect(),
                    }
                })
                .collect(),
        })
    }

    fn tenant_plane(
        &self,
        viewer: &Viewer,
        plane: &ControlPlane,
        namespace: &str,
        claims: usize,
    ) -> Option<TenantPlane> {
        let summary = self.planes().summary(&plane.name)?;
        let known = self.plane_namespaces(plane);
        let row = known.and_then(|known| known.rows.into_iter().find(|row| row.name == namespace));
        Some(TenantPlane {
            plane: choice(plane),
            state: plane_state(&summary.state),
            cordoned: plane.spec.cordoned,
            claims,
            namespace: row.map(|row| NamespaceRow {
                // These are for the platform team: they may name others.
                problems: if viewer.is_platform_admin() {
                    row.problems
                } else {
                    Vec::new()
                },
                ..row
            }),
        })
    }

    fn tenant_row(
        &self,
        viewer: &Viewer,
        configuration: &Configuration,
        tenant: &Tenant,
        usage: &UsageWithin,
    ) -> TenantRow {
        let mut parents = configuration.lineage(tenant).skip(1);
        TenantRow {
            name: tenant.name.clone(),
            title: tenant.title().to_owned(),
            parent: tenant.spec.parent.clone(),
            parent_title: parents.next().map(|parent| parent.title().to_owned()),
            level: 0,
            environments: tenant
                .spec
                .environments
                .iter()
                .map(|environment| {
                    (
                        environment.name.clone(),
                        environment.namespace.clone(),
                        environment.production,
                    )
                })
                .collect(),
            members: tenant
                .spec
                .members
                .iter()
                .map(|member| (member.group_ref().to_string(), role_title(member.role).to_owned()))
                .collect(),
            inherited_members: configuration
                .members(tenant)
                .filter(|(of, _)| of.name != tenant.name)
                .map(|(of, member)| InheritedMember {
                    group: member.group_ref().to_string(),
                    role: role_title(member.role).to_owned(),
                    from: of.title().to_owned(),
                })
                .collect(),
            planes: planes_of(configuration, tenant).map(choice).collect(),
            claims: self
                .planes()
                .claims(&viewer.scope(), &ClaimFilter::of_tenant(tenant.name.clone()))
                .len(),
            quota: quota_use(tenant, usage),
        }
    }

    /// Returns the configuration in force and the problems of its files.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins.
    pub fn configuration_page(&self, viewer: &Viewer) -> Result<ConfigurationPage> {
        platform_admin(viewer)?;
        let configuration = self.configuration();
        let report = self.shared.configuration.report();
        let (errors, warnings): (Vec<_>, Vec<_>) = report
            .problems
            .iter()
            .partition(|problem| problem.severity == Severity::Error);
        let shown = |problems: Vec<&Problem>| {
            problems
                .into_iter()
                .map(|problem| ConfigurationError {
                    file: problem.file.display().to_string(),
                    line: problem.line.and_then(|line| usize::try_from(line).ok()),
                    field: problem.field.clone(),
                    message: problem.message.clone(),
                })
                .collect::<Vec<_>>()
        };
        let documents = BTreeMap::from([
            ("ControlPlane", configuration.control_planes.len()),
            ("Offering", configuration.offerings.len()),
            ("Tenant", configuration.tenants.len()),
            ("ApprovalPolicy", configuration.policies.len()),
            ("NamespaceTemplate", configuration.namespace_templates.len()),
            ("Publication", configuration.publications.len()),
        ]);
        Ok(ConfigurationPage {
            loaded_at: report.taken_at,
            documents: documents
                .into_iter()
                .map(|(kind, count)| (kind.to_owned(), count))
                .collect(),
            errors: shown(errors),
            warnings: {
                let mut warnings: Vec<ConfigurationError> = shown(warnings);
                let of_home = home_problems(report.home.as_ref(), Severity::Warning);
                warnings.extend(shown(of_home));
                warnings.extend(self.claims_of_no_known_plan(viewer));
                warnings
            },
            home: report.home.as_ref().map(|home| HomePlaneState {
                synced: home.synced,
                failure: home.failure.as_ref().map(|failure| failure.message.clone()),
                failing_since: home.failure.as_ref().map(|failure| failure.since),
                blocked: home.blocked.clone(),
                unwritten: home.unwritten.clone(),
                errors: shown(home_problems(Some(home), Severity::Error)),
            }),
        })
    }

    /// Warns of claims whose plan their offering does not have. The files alone do not show this.
    fn claims_of_no_known_plan(&self, viewer: &Viewer) -> Vec<ConfigurationError> {
        let catalog = self.planes().catalog();
        let mut unknown: BTreeMap<(OfferingName, PlanName), usize> = BTreeMap::new();
        for claim in self.planes().claims(&viewer.scope(), &ClaimFilter::default()) {
            let plans = plans(&catalog, &claim.reference.offering);
            if let Some(plan) = &claim.plan
                && !plans.is_empty()
                && plans.iter().all(|known| known.name != *plan)
            {
                let named = (claim.reference.offering.clone(), plan.clone());
                *unknown.entry(named).or_default() += 1;
            }
        }
        unknown
            .into_iter()
            .map(|((offering, plan), count)| ConfigurationError::unknown_plan(&offering, &plan, count))
            .collect()
    }
}

/// The problems of the home plane's objects of this severity.
fn home_problems(home: Option<&HomeReport>, severity: Severity) -> Vec<&Problem> {
    let problems = home.into_iter().flat_map(|home| &home.problems);
    problems.filter(|problem| problem.severity == severity).collect()
}

/// A tenant above or below one that the viewer administers.
fn relative(
    viewer: &Viewer,
    configuration: &Configuration,
    tenant: &Tenant,
    usage: &UsageWithin,
) -> RelatedTenant {
    let administered = viewer.is_platform_admin() || viewer.may(&tenant.name, Role::TenantAdmin);
    RelatedTenant {
        name: tenant.name.clone(),
        title: tenant.title().to_owned(),
        administered,
        tenants_below: administered.then(|| configuration.subtree(&tenant.name).len() - 1),
        quota: quota_use(tenant, usage),
    }
}

/// Returns the quota of a tenant and what it and everything below it use of it: resource, used, limit.
fn quota_use(tenant: &Tenant, usage: &UsageWithin) -> Vec<(String, u64, u64)> {
    let used = usage.get(&tenant.name).map(Usage::total).unwrap_or_default();
    let limits = tenant.spec.quota.0.iter();
    limits
        .map(|(resource, limit)| (resource.clone(), used.get(resource).copied().unwrap_or(0), *limit))
        .collect()
}

fn planes_of<'c>(
    configuration: &'c Configuration,
    tenant: &'c Tenant,
) -> impl Iterator<Item = &'c ControlPlane> {
    configuration
        .control_planes
        .values()
        .filter(move |plane| may_use(tenant, plane))
}

/// The state of a control plane as pages have it.
pub(crate) fn plane_state(state: &portico_planes::PlaneState) -> PlaneState {
    match state {
        portico_planes::PlaneState::Connecting => PlaneState::Connecting,
        portico_planes::PlaneState::Ready => PlaneState::Ready,
        portico_planes::PlaneState::Unreachable => PlaneState::Unreachable,
        portico_planes::PlaneState::Misconfigured(_) => PlaneState::Misconfigured,
    }
}

fn cluster(status: ClusterStatus) -> PlaneCluster {
    PlaneCluster {
        found: status.found,
        recorded: status.recorded,
        problem: status.problem.map(|problem| match problem {
            portico_planes::ClusterProblem::Another => ClusterProblem::Another,
            portico_planes::ClusterProblem::Unknown => ClusterProblem::Unknown,
            portico_planes::ClusterProblem::SameAs(other) => ClusterProblem::SameAs(other),
        }),
    }
}

/// The workspace of kcp that a control plane is.
fn workspace(status: &PlaneStatus) -> Option<PlaneWorkspace> {
    let exports = status.exports.iter().map(|export| {
        let (state, reason) = match &export.state {
            ExportState::Unknown => (PlaneExportState::Unknown, None),
            ExportState::Unbound(why) => (PlaneExportState::Unbound, why.clone()),
            ExportState::Binding(why) => (PlaneExportState::Binding, why.clone()),
            ExportState::Bound => match &export.watch {
                ExportWatch::Interrupted(why) => (PlaneExportState::Bound, Some(export_interrupted(why))),
                ExportWatch::Shared | ExportWatch::Each(_) => (PlaneExportState::Bound, None),
            },
        };
        let permissions = export.permissions.iter().map(|permission| PlaneExportPermission {
            resource: permission.name(),
            accepted: permission.accepted.clone(),
            waiting: permission.waiting.clone(),
        });
        PlaneExport {
            name: export.export.full_name(),
            state,
            reason,
            watched_alone: match &export.watch {
                ExportWatch::Shared | ExportWatch::Interrupted(_) => None,
                ExportWatch::Each(why) => Some(why.clone()),
            },
            permissions: permissions.collect(),
        }
    });
    Some(PlaneWorkspace {
        path: status.workspace.as_ref()?.to_string(),
        logical_cluster: status.logical_cluster.as_ref().map(ToString::to_string),
        exports: exports.collect(),
    })
}

fn row(status: &PlaneStatus, cordons: &[Cordon]) -> PlaneRow {
    let spec = &status.document.spec;
    let state = plane_state(&status.state);
    let problem = match &status.state {
        portico_planes::PlaneState::Connecting | portico_planes::PlaneState::Ready => None,
        portico_planes::PlaneState::Unreachable => {
            status.recent_errors.first().map(|note| note.message.clone())
        }
        portico_planes::PlaneState::Misconfigured(why) => Some(why.clone()),
    };
    PlaneRow {
        plane: choice(&status.document),
        kind: plane_kind_title(spec.kind).to_owned(),
        state,
        since: status.since,
        last_seen: status.last_seen,
        problem,
        version: status.version.clone(),
        claims: status.claims,
        offerings: status.offerings.len(),
        // What it took while it still answered says nothing of now.
        latency_ms: status
            .latency
            .filter(|_| matches!(status.state, portico_planes::PlaneState::Ready))
            .map(milliseconds),
        lag_ms: status.lag.map(milliseconds),
        certificate_expires_at: status.certificate_expires_at,
        cordoned: spec.cordoned || cordons.iter().any(|cordon| cordon.plane == status.name),
        dedicated_to: spec.dedicated_to.clone(),
        environments: spec.environments.clone(),
        claim: status.document.claim().map(|at| Link::Claim(at.claim.clone())),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
