//! Tenants within tenants: an organisation and its projects.
//!
//! Who has a role in a tenant has it in everything below. The quota of a tenant bounds what it and everything below it
//! hold together. Nobody has anything upwards or sideways.

use std::collections::{BTreeMap, BTreeSet};

use crate::documents::{Configuration, Member, Tenant};
use crate::names::TenantName;
use crate::role::Role;

/// How many tenants one line may have, from the outermost to the innermost.
pub const MAX_TENANT_LEVELS: usize = 5;

/// The tenants above one tenant, the nearest first. Ends at a parent that does not exist, and after
/// [`MAX_TENANT_LEVELS`], whatever the documents say.
struct Ancestors<'c> {
    tenants: &'c BTreeMap<TenantName, Tenant>,
    next: Option<&'c TenantName>,
    left: usize,
}

impl<'c> Iterator for Ancestors<'c> {
    type Item = &'c Tenant;

    fn next(&mut self) -> Option<&'c Tenant> {
        self.left = self.left.checked_sub(1)?;
        let tenant = self.tenants.get(self.next?)?;
        self.next = tenant.spec.parent.as_ref();
        Some(tenant)
    }
}

impl Configuration {
    /// Returns the tenant and those above it, itself first, the outermost last.
    pub fn lineage<'c>(&'c self, tenant: &'c Tenant) -> impl Iterator<Item = &'c Tenant> {
        let above = Ancestors {
            tenants: &self.tenants,
            next: tenant.spec.parent.as_ref(),
            left: MAX_TENANT_LEVELS - 1,
        };
        std::iter::once(tenant).chain(above)
    }

    /// Returns the outermost tenant above this one: the same for all whose quotas bound each other. A name without a
    /// tenant is its own.
    #[must_use]
    pub fn outermost<'c>(&'c self, tenant: &'c TenantName) -> &'c TenantName {
        let tenant_of = self.tenants.get(tenant);
        tenant_of
            .and_then(|tenant| self.lineage(tenant).last())
            .map_or(tenant, |outermost| &outermost.name)
    }

    /// Returns the tenants whose parent this is.
    pub fn children<'c>(&'c self, tenant: &'c TenantName) -> impl Iterator<Item = &'c Tenant> {
        let tenants = self.tenants.values();
        tenants.filter(move |child| child.spec.parent.as_ref() == Some(tenant))
    }

    /// Returns the names of the tenant and of everything below it: what its quota bounds.
    #[must_use]
    pub fn subtree(&self, tenant: &TenantName) -> BTreeSet<TenantName> {
        let mut within = BTreeSet::from([tenant.clone()]);
        let mut open = vec![tenant];
        while let Some(tenant) = open.pop() {
            for child in self.children(tenant) {
                if within.insert(child.name.clone()) {
                    open.push(&child.name);
                }
            }
        }
        within
    }

    /// Returns these tenants as a tree is written: each after the one that it is in, with the number of the shown ones above
    /// it.
    #[must_use]
    pub fn nested(&self, is_shown: impl Fn(&Tenant) -> bool) -> Vec<(usize, &Tenant)> {
        let mut shown: Vec<_> = self
            .tenants
            .values()
            .filter(|tenant| is_shown(tenant))
            .map(|tenant| {
                let lineage = self.lineage(tenant).filter(|above| is_shown(above));
                let mut path: Vec<&TenantName> = lineage.map(|above| &above.name).collect();
                path.reverse();
                (path, tenant)
            })
            .collect();
        shown.sort_by(|(one, _), (other, _)| one.cmp(other));
        let levels = shown.into_iter().map(|(path, tenant)| (path.len() - 1, tenant));
        levels.collect()
    }

    /// Returns the members of the tenant, its own and those of the tenants above it, each with the tenant that names them.
    pub fn members<'c>(&'c self, tenant: &'c Tenant) -> impl Iterator<Item = (&'c Tenant, &'c Member)> {
        self.lineage(tenant)
            .flat_map(|of| of.spec.members.iter().map(move |member| (of, member)))
    }

    /// Returns the roles in each tenant of somebody who is a member where `is_member` says so, without tenants where they
    /// have none.
    pub(crate) fn roles_of(
        &self,
        is_member: impl Fn(&Member) -> bool,
    ) -> BTreeMap<TenantName, BTreeSet<Role>> {
        // Each document is asked once, however many tenants are below it.
        let own: BTreeMap<&TenantName, BTreeSet<Role>> = self
            .tenants
            .values()
            .map(|tenant| {
                let members = tenant.spec.members.iter().filter(|member| is_member(member));
                (&tenant.name, members.map(|member| member.role).collect())
            })
            .collect();
        let of = |tenant: &Tenant| -> BTreeSet<Role> {
            let lineage = self.lineage(tenant);
            lineage.flat_map(|of| own[&of.name].iter().copied()).collect()
        };
        let roles = self
            .tenants
            .values()
            .map(|tenant| (tenant.name.clone(), of(tenant)));
        roles.filter(|(_, roles)| !roles.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tenancy::{KnownPerson, Person, Via, Viewer};

    fn name(name: &str) -> TenantName {
        name.parse().unwrap()
    }

    fn tenant(own: &str, parent: Option<&str>, members: &Value) -> Tenant {
        let spec = json!({ "parent": parent, "members": members, "environments": [] });
        Tenant {
            name: name(own),
            spec: serde_json::from_value(spec).unwrap(),
        }
    }

    /// `shop` with `web` and `app` in it, `app` with `ios`; `bank` beside it.
    fn configuration(more: impl IntoIterator<Item = Tenant>) -> Configuration {
        let group = |group: &str, role: &str| json!([{ "group": group, "role": role }]);
        let tenants = [
            tenant("shop", None, &group("shop", "approver")),
            tenant("web", Some("shop"), &group("web", "developer")),
            tenant("app", Some("shop"), &group("app", "tenantAdmin")),
            tenant("ios", Some("app"), &group("ios", "viewer")),
            tenant("bank", None, &group("bank", "developer")),
        ];
        let tenants: BTreeMap<_, _> = tenants
            .into_iter()
            .chain(more)
            .map(|tenant| (tenant.name.clone(), tenant))
            .collect();
        let sso = json!({ "name": "sso", "issuer": "https://sso.example.com", "clientId": "portico" });
        serde_json::from_value(json!({
            "portal": { "name": "portico", "spec": {
                "publicUrl": "https://portico.example.com", "signIn": { "providers": [sso] },
            } },
            "controlPlanes": {}, "offerings": {}, "tenants": tenants, "policies": {}, "namespaceTemplates": {},
            "publications": {},
        }))
        .unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "tests what the groups come to")]
    fn viewer(configuration: &Configuration, groups: &[&str]) -> Viewer {
        let known = KnownPerson {
            id: uuid::Uuid::nil(),
            person: Person {
                subject: "https://sso.example.com#ada".to_owned(),
                name: "Ada".to_owned(),
                email: None,
            },
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            signed_in_at: jiff::Timestamp::UNIX_EPOCH,
            suspended_at: None,
        };
        known.viewer(configuration, Via::Session).unwrap()
    }

    fn names<'t>(tenants: impl IntoIterator<Item = &'t Tenant>) -> Vec<&'t str> {
        tenants.into_iter().map(|tenant| tenant.name.as_str()).collect()
    }

    #[test]
    fn a_role_reaches_everything_below_and_nothing_above_or_beside() {
        let configuration = configuration([]);
        let sees = |groups: &[&str]| {
            let viewer = viewer(&configuration, groups);
            let seen = configuration.tenants.keys().filter(|tenant| viewer.sees(tenant));
            seen.map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(sees(&["shop"]), ["app", "ios", "shop", "web"]);
        assert_eq!(sees(&["app"]), ["app", "ios"]);
        assert_eq!(sees(&["web"]), ["web"]);
        assert_eq!(sees(&["ios"]), ["ios"]);
        assert_eq!(sees(&["bank"]), ["bank"]);

        let both = viewer(&configuration, &["shop", "ios"]);
        assert_eq!(
            both.roles()[&name("ios")],
            BTreeSet::from([Role::Viewer, Role::Approver])
        );
        assert!(both.may(&name("ios"), Role::Approver) && !both.may(&name("ios"), Role::Developer));
        assert!(viewer(&configuration, &["app"]).may(&name("ios"), Role::Developer));
    }

    #[test]
    fn who_is_above_and_below() {
        let configuration = configuration([]);
        let ios = &configuration.tenants[&name("ios")];
        assert_eq!(names(configuration.lineage(ios)), ["ios", "app", "shop"]);
        assert_eq!(names(configuration.children(&name("shop"))), ["app", "web"]);
        assert_eq!(*configuration.outermost(&name("ios")), name("shop"));
        assert_eq!(*configuration.outermost(&name("bank")), name("bank"));
        assert_eq!(*configuration.outermost(&name("gone")), name("gone"));
        let below = configuration.subtree(&name("app"));
        assert_eq!(below, BTreeSet::from([name("app"), name("ios")]));
        let nested = |is_shown: &dyn Fn(&Tenant) -> bool| -> Vec<(usize, &str)> {
            let tenants = configuration.nested(is_shown);
            tenants
                .into_iter()
                .map(|(level, tenant)| (level, tenant.name.as_str()))
                .collect()
        };
        assert_eq!(
            nested(&|_| true),
            [(0, "bank"), (0, "shop"), (1, "app"), (2, "ios"), (1, "web")]
        );
        assert_eq!(
            nested(&|tenant| tenant.spec.parent.is_some()),
            [(0, "app"), (1, "ios"), (0, "web")]
        );
        let members: Vec<_> = configuration
            .members(ios)
            .map(|(of, member)| (of.name.as_str(), member.group.as_str()))
            .collect();
        assert_eq!(members, [("ios", "ios"), ("app", "app"), ("shop", "shop")]);
    }

    #[test]
    fn a_parent_that_is_gone_and_a_circle_end_the_line() {
        let nobody = || json!([]);
        let configuration = configuration([
            tenant("orphan", Some("gone"), &nobody()),
            tenant("a", Some("b"), &nobody()),
            tenant("b", Some("a"), &nobody()),
        ]);
        let lineage = |of: &str| configuration.lineage(&configuration.tenants[&name(of)]).count();
        assert_eq!(lineage("orphan"), 1);
        assert_eq!(lineage("a"), MAX_TENANT_LEVELS);
        assert_eq!(
            configuration.subtree(&name("a")),
            BTreeSet::from([name("a"), name("b")])
        );
    }
}
