//! Compares the namespaces of one control plane with their templates, and puts right what differs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use portico_api::{Correction, NamespaceRow, NamespaceState};
use portico_domain::authz::SystemAuthority;
use portico_domain::documents::{Configuration, ControlPlane, ResourceRef};
use portico_domain::names::{EnvironmentName, TenantName};
use portico_domain::tenant_namespace::{
    ACCOUNTS_NAMESPACE, TenantNamespace, digest, namespace_resource, template_kinds, tenant_namespaces,
};
use portico_planes::{Actor, ObjectMetadata, PlaneError};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::report::NamespaceReport;
use crate::Portal;

/// An object that has been put right this often in this time is left alone for this time: somebody else insists.
const MAX_CORRECTIONS: usize = 3;
const CORRECTIONS_WITHIN: Duration = Duration::from_mins(15);

/// What is remembered of a control plane between two comparisons.
#[derive(Default)]
pub(crate) struct Memory {
    objects: HashMap<Key, LastApplied>,
    corrections: HashMap<String, Correction>,
    /// The kinds that were in a template once: what is left of them is still looked for.
    kinds: BTreeSet<ResourceRef>,
}

/// Kind, namespace and name. The namespace of a namespace is empty.
type Key = (ResourceRef, String, String);

/// An object after it was last applied.
#[derive(Default, Clone)]
struct LastApplied {
    version: String,
    digest: String,
    corrections: Vec<Instant>,
}

/// Works on one control plane.
pub(super) struct Keeper<'a> {
    portal: &'a Portal,
    authority: &'a SystemAuthority,
    configuration: &'a Configuration,
    plane: &'a ControlPlane,
}

/// An object as it should be, and as it was found.
struct Wanted<'a> {
    resource: &'a ResourceRef,
    namespace: &'a str,
    name: &'a str,
    manifest: &'a Value,
    found: Option<&'a ObjectMetadata>,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(
        portal: &'a Portal,
        authority: &'a SystemAuthority,
        configuration: &'a Configuration,
        plane: &'a ControlPlane,
    ) -> Self {
        Self {
            portal,
            authority,
            configuration,
            plane,
        }
    }

    /// Compares and corrects, and returns what is to be shown.
    pub(super) async fn keep(&self, memory: &mut Memory) -> Result<Vec<NamespaceRow>, PlaneError> {
        let wanted = tenant_namespaces(self.configuration, self.plane);
        memory.kinds.extend(template_kinds(self.configuration));
        let namespaces: BTreeMap<String, ObjectMetadata> = self
            .list(&namespace_resource())
            .await?
            .into_iter()
            .map(|found| (found.name.clone(), found))
            .collect();
        let mut objects: BTreeMap<Key, ObjectMetadata> = BTreeMap::new();
        let mut unlisted: BTreeMap<ResourceRef, PlaneError> = BTreeMap::new();
        for kind in memory.kinds.clone() {
            match self.list(&kind).await {
                Ok(found) => objects.extend(
                    found
                        .into_iter()
                        .map(|it| ((kind.clone(), it.namespace.clone(), it.name.clone()), it)),
                ),
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => drop(unlisted.insert(kind, error)),
            }
        }
        if wanted.iter().any(|namespace| namespace.kubeconfig.is_some()) {
            let planes = self.portal.planes();
            planes
                .ensure_namespace(
                    self.authority,
                    &self.plane.name,
                    ACCOUNTS_NAMESPACE,
                    &BTreeMap::new(),
                )
                .await?;
        }
        let mut rows = Vec::new();
        for namespace in &wanted {
            let row = self.namespace(
                namespace,
                namespaces.get(&namespace.name),
                &objects,
                &unlisted,
                memory,
            );
            rows.push(row.await?);
        }
        let used: BTreeSet<&str> = wanted.iter().map(|namespace| namespace.name.as_str()).collect();
        let unused = namespaces
            .values()
            .filter(|found| self.is_ours(found) && !used.contains(found.name.as_str()));
        for mut report in unused.filter_map(unused_namespace) {
            let name = report.0.name.clone();
            // Rights end with the reason for them; quotas and policies stay with what may still be there.
            let rights = objects.iter().filter(|((kind, namespace, _), _)| {
                *namespace == name && matches!(kind.kind.as_str(), "RoleBinding" | "ServiceAccount")
            });
            self.delete(rights, &mut report).await?;
            rows.push(report.0);
        }
        self.prune_accounts(&wanted, &objects).await?;
        rows.sort_by(|one, other| (one.state, &one.name).cmp(&(other.state, &other.name)));
        Ok(rows)
    }

    async fn list(&self, kind: &ResourceRef) -> Result<Vec<ObjectMetadata>, PlaneError> {
        let planes = self.portal.planes();
        planes
            .tenancy_objects(self.authority, &self.plane.name, kind)
            .await
    }

    /// True if this portal keeps the object.
    fn is_ours(&self, found: &ObjectMetadata) -> bool {
        found.portal.as_deref() == Some(self.configuration.portal.name.as_str())
    }

    /// Keeps one namespace.
    async fn namespace(
        &self,
        wanted: &TenantNamespace,
        found: Option<&ObjectMetadata>,
        objects: &BTreeMap<Key, ObjectMetadata>,
        unlisted: &BTreeMap<ResourceRef, PlaneError>,
        memory: &mut Memory,
    ) -> Result<NamespaceRow, PlaneError> {
        let mut report =
            NamespaceReport::new(&wanted.name, wanted.tenant.clone(), wanted.environment.clone());
        report.0.objects = wanted.objects.len();
        report.0.corrected = memory.corrections.get(&wanted.name).cloned();
        if let Some(why) = found.and_then(|found| self.not_ours(found, &wanted.tenant)) {
            report.problem(NamespaceState::Foreign, why);
            return Ok(report.0);
        }
        if found.is_some_and(|found| found.deleting) {
            report.problem(
                NamespaceState::Deleting,
                "it is being deleted, and comes back when that is done",
            );
            return Ok(report.0);
        }
        let kind = namespace_resource();
        let itself = Wanted {
            resource: &kind,
            namespace: "",
            name: &wanted.name,
            manifest: &wanted.manifest,
            found,
        };
        match self
            .object(&itself, &wanted.tenant, &wanted.name, memory, &mut report)
            .await
        {
            Ok(()) => {}
            Err(PlaneError::AlreadyExists { .. }) => {
                report.problem(
                    NamespaceState::Foreign,
                    format!(
                        "a namespace of this name exists: label it portico.dev/tenant={} to hand it over",
                        wanted.tenant
                    ),
                );
                return Ok(report.0);
            }
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => {
                report.error("the namespace", &error);
                return Ok(report.0);
            }
        }
        for object in &wanted.objects {
            let what = format!("{} {}", object.resource.kind, object.name);
            if let Some(error) = unlisted.get(&object.resource) {
                report.error(&what, error);
                continue;
            }
            let key = (
                object.resource.clone(),
                object.namespace.clone(),
                object.name.clone(),
            );
            let found = objects.get(&key);
            if let Some(other) = found.filter(|found| found.portal.is_some() && !self.is_ours(found)) {
                let other = other.portal.as_deref().unwrap_or_default();
                report.problem(
                    NamespaceState::Incomplete,
                    format!("{what}: the portal {other} keeps it"),
                );
                continue;
            }
            let one = Wanted {
                resource: &object.resource,
                namespace: &object.namespace,
                name: &object.name,
                manifest: &object.manifest,
                found,
            };
            match self.object(&one, &wanted.tenant, &wanted.name, memory, &mut report).await {
                Ok(()) => {}
                Err(error) if error.is_retryable() => return Err(error),
                Err(PlaneError::AlreadyExists { .. }) => report.problem(
                    NamespaceState::Incomplete,
                    format!("{what}: one of this name exists that is not Portico’s: delete it, or rename that of the template"),
                ),
                Err(error) => report.error(&what, &error),
            }
        }
        self.prune(wanted, objects, &mut report).await?;
        Ok(report.0)
    }

    /// Why the namespace is not this portal's to keep.
    fn not_ours(&self, found: &ObjectMetadata, tenant: &TenantName) -> Option<String> {
        match (&found.tenant, &found.portal) {
            (_, Some(portal)) if *portal != self.configuration.portal.name => {
                Some(format!("the portal {portal} keeps it"))
            }
            (Some(other), _) if other != tenant.as_str() => Some(format!(
                "its label says that it is the tenant {other}’s: change it to hand it over"
            )),
            _ => None,
        }
    }

    /// Applies the object unless it is as it was left. What somebody else had changed or deleted is recorded.
    async fn object(
        &self,
        wanted: &Wanted<'_>,
        tenant: &TenantName,
        namespace: &str,
        memory: &mut Memory,
        report: &mut NamespaceReport,
    ) -> Result<(), PlaneError> {
        let digest = digest(wanted.manifest).unwrap_or_default();
        let key = (
            wanted.resource.clone(),
            wanted.namespace.to_owned(),
            wanted.name.to_owned(),
        );
        let mut seen = memory.objects.get(&key).cloned().unwrap_or_default();
        let untouched = |found: &ObjectMetadata| {
            found.applied.as_deref() == Some(digest) && found.resource_version == seen.version
        };
        if wanted.found.is_some_and(untouched) {
            return Ok(());
        }
        let what = if wanted.namespace.is_empty() {
            "the namespace itself".to_owned()
        } else {
            format!("{} {}", wanted.resource.kind, wanted.name)
        };
        let now = Instant::now();
        seen.corrections
            .retain(|at| now.duration_since(*at) < CORRECTIONS_WITHIN);
        let by = wanted.found.and_then(|found| found.changed_by.as_ref());
        if seen.corrections.len() >= MAX_CORRECTIONS {
            let by = by.map_or("somebody", |(manager, _)| manager);
            report.problem(
                NamespaceState::Incomplete,
                format!("{what}: {by} keeps changing it, so it is left alone for some minutes"),
            );
            return Ok(());
        }
        let uid = wanted.found.map(|found| found.uid.as_str());
        let plane = &self.plane.name;
        let version = self
            .portal
            .planes()
            .apply_tenancy_object(self.authority, plane, wanted.resource, wanted.manifest, uid)
            .await?;
        let was_ours = seen.digest == digest;
        let changed = match wanted.found {
            // It had been applied as it should be, and was not so any more.
            Some(found) => {
                found.resource_version != version && (was_ours || found.applied.as_deref() == Some(digest))
            }
            None => was_ours,
        };
        if changed {
            seen.corrections.push(now);
            let by = by.map(|(manager, _)| manager.clone());
            report.corrected(self.portal.now(), &what, by.clone());
            if let Some(correction) = &report.0.corrected {
                memory
                    .corrections
                    .insert(namespace.to_owned(), correction.clone());
            }
            let details = json!({ "namespace": namespace, "object": what, "changedBy": by });
            self.record("namespace.corrected", tenant, details).await;
        } else if wanted.found.is_none() && wanted.namespace.is_empty() {
            self.record("namespace.created", tenant, json!({ "namespace": namespace }))
                .await;
        }
        seen.version = version;
        digest.clone_into(&mut seen.digest);
        memory.objects.insert(key, seen);
        Ok(())
    }

    /// Deletes what this portal put into the namespace and no template has any more.
    async fn prune(
        &self,
        wanted: &TenantNamespace,
        objects: &BTreeMap<Key, ObjectMetadata>,
        report: &mut NamespaceReport,
    ) -> Result<(), PlaneError> {
        let kept: BTreeSet<(&ResourceRef, &str)> = wanted
            .objects
            .iter()
            .map(|object| (&object.resource, object.name.as_str()))
            .collect();
        let left = objects.iter().filter(|((kind, namespace, name), _)| {
            *namespace == wanted.name && !kept.contains(&(kind, name.as_str()))
        });
        self.delete(left, report).await
    }

    /// Deletes the service accounts of this portal that no namespace needs any more, and with them all their tokens.
    async fn prune_accounts(
        &self,
        wanted: &[TenantNamespace],
        objects: &BTreeMap<Key, ObjectMetadata>,
    ) -> Result<(), PlaneError> {
        let needed: BTreeSet<&str> = wanted
            .iter()
            .flat_map(|namespace| &namespace.objects)
            .filter(|object| object.namespace == ACCOUNTS_NAMESPACE)
            .map(|object| object.name.as_str())
            .collect();
        let left = objects.iter().filter(|((_, namespace, name), _)| {
            namespace == ACCOUNTS_NAMESPACE && !needed.contains(name.as_str())
        });
        for (key, found) in left {
            let Some(mut report) = unused_namespace(found) else {
                continue;
            };
            self.delete(std::iter::once((key, found)), &mut report).await?;
        }
        Ok(())
    }

    /// Deletes those of these objects that are this portal's.
    async fn delete<'o>(
        &self,
        objects: impl Iterator<Item = (&'o Key, &'o ObjectMetadata)>,
        report: &mut NamespaceReport,
    ) -> Result<(), PlaneError> {
        let ours = objects.filter(|(_, found)| self.is_ours(found) && !found.deleting);
        for ((kind, namespace, name), found) in ours {
            let deleted = self
                .portal
                .planes()
                .delete(
                    self.authority,
                    &self.plane.name,
                    &Actor::system(self.authority),
                    kind,
                    Some(namespace),
                    name,
                    Some(&found.uid),
                )
                .await;
            match deleted {
                Ok(()) | Err(PlaneError::Gone { .. }) => {}
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => {
                    report.error(
                        &format!("{} {name}, which no template has any more", kind.kind),
                        &error,
                    );
                }
            }
        }
        Ok(())
    }

    async fn record(&self, verb: &str, tenant: &TenantName, details: Value) {
        let event = self
            .authority
            .audit_plane(verb, &self.plane.name, tenant, self.portal.now())
            .with_details(details);
        if let Err(error) = self.portal.store().append(event).await {
            tracing::warn!(%error, verb, "a change of a tenant's namespace could not be recorded");
        }
    }
}

/// The report of a namespace that no tenant uses any more.
fn unused_namespace(found: &ObjectMetadata) -> Option<NamespaceReport> {
    let tenant = found.tenant.as_deref()?.parse().ok()?;
    let environment: EnvironmentName = found.environment.as_deref()?.parse().ok()?;
    let mut report = NamespaceReport::new(&found.name, tenant, environment);
    report.problem(
        NamespaceState::Unused,
        "no tenant uses it any more on this control plane: its rights are taken back, all else is left as it is",
    );
    Some(report)
}
