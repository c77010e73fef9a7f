//! Whose a claim is: by its namespace, and by its label only where it has none.

use std::collections::{BTreeSet, HashMap};

use portico_domain::claim::marks;
use portico_domain::documents::Tenant;
use portico_domain::names::{EnvironmentName, TenantName};
use serde_json::Value;

/// Whose a namespace is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tenancy {
    by_namespace: HashMap<String, (TenantName, EnvironmentName)>,
    environments: HashMap<TenantName, BTreeSet<EnvironmentName>>,
}

impl Tenancy {
    pub(crate) fn of(tenants: &[Tenant]) -> Self {
        let mut tenancy = Self::default();
        for tenant in tenants {
            for environment in &tenant.spec.environments {
                let owner = (tenant.name.clone(), environment.name.clone());
                tenancy.by_namespace.insert(environment.namespace.clone(), owner);
                tenancy
                    .environments
                    .entry(tenant.name.clone())
                    .or_default()
                    .insert(environment.name.clone());
            }
        }
        tenancy
    }

    /// Every namespace that is some environment's, sorted.
    pub(crate) fn namespaces(&self) -> BTreeSet<&str> {
        self.by_namespace.keys().map(String::as_str).collect()
    }

    pub(super) fn owner(
        &self,
        namespace: Option<&str>,
        labels: Option<&Value>,
    ) -> (Option<TenantName>, Option<EnvironmentName>) {
        if let Some(namespace) = namespace {
            let owner = self.by_namespace.get(namespace);
            return (
                owner.map(|(tenant, _)| tenant.clone()),
                owner.map(|(_, environment)| environment.clone()),
            );
        }
        let label = |key: &str| labels?.get(key)?.as_str();
        let tenant = label(marks::TENANT).and_then(|name| TenantName::new(name).ok());
        let Some((tenant, environments)) = tenant.and_then(|name| self.environments.get_key_value(&name))
        else {
            return (None, None);
        };
        let environment = label(marks::ENVIRONMENT).and_then(|name| EnvironmentName::new(name).ok());
        (
            Some(tenant.clone()),
            environment.filter(|name| environments.contains(name)),
        )
    }
}
