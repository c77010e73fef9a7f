//! Tenants that are claims: somebody asks for one in the catalog, and the claim is the `Tenant` on the home control plane.
//!
//! Whoever writes a `Tenant` decides who has rights, so Portico judges each request for one, when it is sent, decided on
//! and applied. Such a tenant is within the one that asks for it and bears its name, so it can take nothing that that one
//! does not have. What the platform has not opened comes from the plan.

use serde_json::{Map, Value, json};

use crate::documents::{
    ClaimedTenant, Configuration, HealthExpressions, Member, Offering, Plan, ResourceRef, Tenant,
    TenantField, TenantSpec,
};
use crate::names::{OfferingName, TenantName, is_dns_label};
pub use crate::obstacle::TenantFault;
use crate::role::Role;
use crate::tenancy::Viewer;
use crate::tenant_tree::MAX_TENANT_LEVELS;

/// The API group of Portico's own documents.
pub const DOCUMENTS_GROUP: &str = "portico.dev";
/// The name of the only offering whose claims may be documents of Portico.
pub const TENANT_OFFERING: &str = "tenants.portico.dev";

/// A request for a tenant, or for a change of one.
#[derive(Debug, Clone, Copy)]
pub struct TenantRequest<'a> {
    /// What the offering's document says; `None` if it says nothing.
    pub declared: Option<&'a ClaimedTenant>,
    /// The documents in force.
    pub configuration: &'a Configuration,
    /// The tenant that asks.
    pub tenant: &'a Tenant,
    /// Who asks, with the groups that they have now.
    pub requester: &'a Viewer,
    /// The plan.
    pub plan: Option<&'a Plan>,
    /// The manifest, as it would be applied.
    pub manifest: &'a Value,
    /// The object as it is; `None` for a new one.
    pub before: Option<&'a Value>,
}

/// True if objects of this kind are documents of Portico.
#[must_use]
pub fn is_document(resource: &ResourceRef) -> bool {
    resource.group == DOCUMENTS_GROUP
}

/// Returns the tenant that a claim of this offering is, if its document says that its claims are tenants.
#[must_use]
pub fn tenant_of<'c>(
    configuration: &'c Configuration,
    offering: &OfferingName,
    claim: &str,
) -> Option<&'c Tenant> {
    let declared = configuration.offerings.get(offering)?;
    declared.spec.tenant.as_ref()?;
    configuration.tenants.get(&claim.parse::<TenantName>().ok()?)
}

/// Completes the document of an offering whose claims are tenants: what it does not say of their health.
pub fn complete(offering: &mut Offering) {
    if offering.spec.tenant.is_none() || offering.spec.health != HealthExpressions::default() {
        return;
    }
    let accepted = |status: &str| {
        format!(
            "object.status.conditions.exists(c, c.type == 'Accepted' && c.status == '{status}' && c.observedGeneration == \
             object.metadata.generation)"
        )
    };
    offering.spec.health = HealthExpressions {
        ready: Some(accepted("True")),
        failed: Some(accepted("False")),
        message: Some("object.status.conditions.filter(c, c.type == 'Accepted')[0].message".to_owned()),
    };
}

/// Returns the fields of a tenant that people do not see in the form: what the platform sets, and namespaces.
#[must_use]
pub fn hidden_fields(declared: &ClaimedTenant, plans: &[Plan]) -> Vec<String> {
    let closed = TenantField::ALL
        .into_iter()
        .filter(|field| !declared.open.contains(field) && !plans.iter().any(|plan| adjusts(plan, *field)))
        .map(|field| format!("spec.{}", field.name()));
    let never = [
        "spec.parent",
        "spec.controlPlanes",
        "spec.environments[].namespace",
    ]
    .map(str::to_owned);
    closed.chain(never).collect()
}

/// Writes what Portico itself sets: the parent, and where the plan says nothing, the control planes and offerings of the
/// tenant that asks. What somebody wrote there stays, to be refused.
pub fn settle(tenant: &Tenant, manifest: &mut Value) {
    let Some(manifest) = manifest.as_object_mut() else {
        return;
    };
    let spec = manifest.entry("spec").or_insert_with(|| json!({}));
    let Some(spec) = spec.as_object_mut() else {
        return;
    };
    spec.entry("parent").or_insert_with(|| json!(tenant.name));
    if !spec.contains_key("controlPlanes") {
        spec.insert("controlPlanes".to_owned(), json!(tenant.spec.control_planes));
    }
    if !spec.contains_key("offerings") && !tenant.spec.offerings.is_empty() {
        spec.insert("offerings".to_owned(), json!(tenant.spec.offerings));
    }
}

fn adjusts(plan: &Plan, field: TenantField) -> bool {
    let path = format!("spec.{}", field.name());
    let below = format!("{path}.");
    let mut adjustable = plan.adjustable.iter();
    adjustable.any(|adjustable| *adjustable == path || adjustable.starts_with(&below))
}

impl TenantRequest<'_> {
    /// Returns what is wrong with it, each with its field; empty for an object that is no document of Portico.
    #[must_use]
    pub fn faults(&self, resource: &ResourceRef) -> Vec<(String, TenantFault)> {
        if !is_document(resource) {
            return Vec::new();
        }
        let Some(declared) = self.declared.filter(|_| resource.kind == "Tenant") else {
            return vec![("metadata.name".to_owned(), TenantFault::NotOffered)];
        };
        let mut faults = Vec::new();
        self.place(&mut faults);
        let asked = match spec_of(self.manifest) {
            Ok(asked) => asked,
            Err(error) => {
                faults.push(("spec".to_owned(), TenantFault::Malformed(error)));
                return faults;
            }
        };
        if asked.parent.as_ref() != Some(&self.tenant.name) {
            let field = "spec.parent".to_owned();
            faults.push((field.clone(), TenantFault::Closed { field }));
        }
        self.closed(declared, &asked, &mut faults);
        self.environments(&asked, &mut faults);
        self.members(declared, &asked, &mut faults);
        let allowed = &self.tenant.spec.offerings;
        let is_allowed = |offering: &OfferingName| allowed.contains(offering);
        if !allowed.is_empty() && (asked.offerings.is_empty() || !asked.offerings.iter().all(is_allowed)) {
            let fault = TenantFault::Offerings {
                tenant: self.tenant.title().to_owned(),
                offerings: allowed.clone(),
            };
            faults.push(("spec.offerings".to_owned(), fault));
        }
        faults
    }

    fn name(&self) -> &str {
        let name = self.manifest.pointer("/metadata/name");
        name.and_then(Value::as_str).unwrap_or_default()
    }

    /// The name, and where it is in the tree.
    fn place(&self, faults: &mut Vec<(String, TenantFault)>) {
        let name = self.name();
        let at_name = || "metadata.name".to_owned();
        let own = name.strip_prefix(self.tenant.name.as_str());
        if !own.is_some_and(|rest| rest.len() > 1 && rest.starts_with('-')) {
            let fault = TenantFault::Name {
                tenant: self.tenant.name.clone(),
                name: name.to_owned(),
            };
            faults.push((at_name(), fault));
        } else if self.before.is_none()
            && name
                .parse()
                .is_ok_and(|name: TenantName| self.configuration.tenants.contains_key(&name))
        {
            let name = name.to_owned();
            faults.push((at_name(), TenantFault::NameTaken { name }));
        }
        if self.configuration.lineage(self.tenant).count() >= MAX_TENANT_LEVELS {
            faults.push((at_name(), TenantFault::TooDeep));
        }
    }

    /// Fields that the platform sets. What is there already may stay.
    fn closed(&self, declared: &ClaimedTenant, asked: &TenantSpec, faults: &mut Vec<(String, TenantFault)>) {
        let mut of_plan = json!({ "spec": { "members": [], "environments": [] } });
        if let (Some(Value::Object(set)), Some(spec)) = (
            self.plan.and_then(|plan| plan.values.get("spec")),
            of_plan["spec"].as_object_mut(),
        ) {
            spec.extend(set.clone());
        }
        settle(self.tenant, &mut of_plan);
        let of_plan = spec_of(&of_plan).ok();
        let before = self.before.and_then(|before| spec_of(before).ok());
        let is_set = |same: &dyn Fn(&TenantSpec) -> bool| {
            of_plan.as_ref().is_some_and(same) || before.as_ref().is_some_and(same)
        };
        let mut close = |name: &str, same: &dyn Fn(&TenantSpec) -> bool| {
            if !is_set(same) {
                let field = format!("spec.{name}");
                faults.push((field.clone(), TenantFault::Closed { field }));
            }
        };
        close("controlPlanes", &|set| set.control_planes == asked.control_planes);
        for field in TenantField::ALL {
            if declared.open.contains(&field) || self.plan.is_some_and(|plan| adjusts(plan, field)) {
                continue;
            }
            close(field.name(), &|set| match field {
                TenantField::Title => set.title == asked.title,
                TenantField::Members => set.members == asked.members,
                TenantField::Environments => set.environments == asked.environments,
                TenantField::Quota => set.quota == asked.quota,
                TenantField::Offerings => set.offerings == asked.offerings,
            });
        }
    }

    /// Namespaces are made of the tenant's name, so that nobody names one of others.
    fn environments(&self, asked: &TenantSpec, faults: &mut Vec<(String, TenantFault)>) {
        let name = self.name();
        for (index, environment) in asked.environments.iter().enumerate() {
            let namespace = environment.namespace_of(name);
            let fault = if !environment.namespace.is_empty() && environment.namespace != namespace {
                TenantFault::Namespace { namespace }
            } else if !is_dns_label(&namespace) {
                TenantFault::NamespaceTooLong { namespace }
            } else if self
                .configuration
                .owner_of_namespace(&namespace)
                .is_some_and(|(owner, _)| owner.name.as_str() != name)
            {
                TenantFault::NamespaceTaken { namespace }
            } else {
                continue;
            };
            faults.push((format!("spec.environments[{index}].name"), fault));
        }
    }

    /// Groups and roles that are new.
    fn members(&self, declared: &ClaimedTenant, asked: &TenantSpec, faults: &mut Vec<(String, TenantFault)>) {
        let mut known: Vec<Member> = self
            .before
            .and_then(|before| spec_of(before).ok())
            .unwrap_or_default()
            .members;
        if let Some(set) = self.plan.and_then(|plan| plan.values.get("spec")?.get("members")) {
            known.extend(serde_json::from_value::<Vec<Member>>(set.clone()).unwrap_or_default());
        }
        let title = || self.tenant.title().to_owned();
        for (index, member) in asked.members.iter().enumerate() {
            if known.contains(member) {
                continue;
            }
            let of_tenant = self
                .configuration
                .members(self.tenant)
                .any(|(_, own)| own.group_ref() == member.group_ref());
            if !of_tenant && !self.requester.is_in(&member.group_ref()) {
                let fault = TenantFault::Group {
                    group: member.group.clone(),
                    tenant: title(),
                };
                faults.push((format!("spec.members[{index}].group"), fault));
            }
            if !declared.roles.contains(&member.role) {
                let fault = TenantFault::Role { tenant: title() };
                faults.push((format!("spec.members[{index}].role"), fault));
            }
        }
    }
}

/// Reads the `spec` of a `Tenant`.
fn spec_of(object: &Value) -> Result<TenantSpec, String> {
    let spec = object
        .get("spec")
        .cloned()
        .unwrap_or_else(|| Value::Object(Map::new()));
    serde_json::from_value(spec).map_err(|error| error.to_string())
}

/// The roles that are handed out where the offering's document does not say: those that decide nothing.
pub(crate) fn usual_roles() -> Vec<Role> {
    vec![Role::Viewer, Role::Developer]
}

#[cfg(test)]
#[path = "claimed_tenant_tests.rs"]
mod tests;
