//! The rights that Portico needs on a control plane. The review of rights asks for each of them, and `portico rbac`
//! prints roles that grant them.

use std::collections::{BTreeMap, BTreeSet};

use portico_domain::claim::ClaimKind;
use portico_domain::claimed_tenant::DOCUMENTS_GROUP;
use portico_domain::documents::{ActAs, Configuration, ControlPlane, Kcp};
use portico_domain::names::OfferingName;
use portico_domain::tenant_namespace::{template_kinds, tenant_namespaces};
use serde_json::Value;

use crate::discovery::{Kind, Xrd, is_offered};
use crate::home::HOME_KINDS;

/// The group of Crossplane's own definitions.
pub(crate) const CROSSPLANE: &str = "apiextensions.crossplane.io";

/// A kind that people can request, as far as rights on it depend on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestableKind {
    /// Its API group.
    pub group: String,
    /// Its plural name, as in URLs.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it is a claim of a cluster-scoped Crossplane composite.
    pub legacy_claim: bool,
}

/// One right, wherever it is needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequiredRight {
    /// A verb of Kubernetes' RBAC: `get`, `impersonate`.
    pub verb: &'static str,
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural name.
    pub resource: String,
    /// The one object that it is needed for; `None`: all.
    pub name: Option<String>,
    /// The namespaces that it is needed in; `None`: the whole control plane.
    pub namespaces: Option<BTreeSet<String>>,
}

impl RequiredRight {
    fn everywhere(verb: &'static str, group: &str, resource: &str) -> Self {
        Self {
            verb,
            group: group.to_owned(),
            resource: resource.to_owned(),
            name: None,
            namespaces: None,
        }
    }

    fn in_each(verb: &'static str, group: &str, resource: &str, namespaces: &BTreeSet<String>) -> Self {
        Self {
            namespaces: Some(namespaces.clone()),
            ..Self::everywhere(verb, group, resource)
        }
    }
}

/// Lists everything that Portico does on the home plane to follow Portico's documents there and to say what becomes of them.
#[must_use]
pub fn home_rights() -> Vec<RequiredRight> {
    let on = |verb: &'static str, part: &'static str| {
        HOME_KINDS
            .map(|(_, plural)| RequiredRight::everywhere(verb, DOCUMENTS_GROUP, &format!("{plural}{part}")))
    };
    [on("list", ""), on("watch", ""), on("patch", "/status")].concat()
}

/// True if all that can be requested are Portico's own documents. Those have no namespaces, secrets and composed resources.
#[must_use]
pub fn only_documents(kinds: &BTreeSet<RequestableKind>) -> bool {
    !kinds.is_empty() && kinds.iter().all(|kind| kind.group == DOCUMENTS_GROUP)
}

/// Lists everything that Portico does in its own name on a control plane that offers `kinds`.
///
/// `namespaces` are those of the environments that may use the control plane; `crossplane` says whether Crossplane runs
/// there.
#[must_use]
pub fn required_rights(
    act_as: &ActAs,
    kinds: &BTreeSet<RequestableKind>,
    namespaces: &BTreeSet<String>,
    crossplane: bool,
) -> Vec<RequiredRight> {
    let none = BTreeSet::new();
    let namespaces = if only_documents(kinds) { &none } else { namespaces };
    let definitions =
        |verb| RequiredRight::everywhere(verb, "apiextensions.k8s.io", "customresourcedefinitions");
    let mut rights: Vec<_> = ["get", "list", "watch"].map(definitions).into();
    if crossplane {
        let xrds = |verb| RequiredRight::everywhere(verb, CROSSPLANE, "compositeresourcedefinitions");
        rights.extend(["list", "watch"].map(xrds));
    }
    let on_claims: &[&'static str] = match act_as {
        ActAs::Portico => &["get", "list", "watch", "create", "patch", "delete"],
        ActAs::Person(_) => &["list", "watch"],
    };
    for kind in kinds {
        rights.extend(on_claims.iter().map(|verb| {
            if kind.namespaced {
                RequiredRight::in_each(verb, &kind.group, &kind.plural, namespaces)
            } else {
                RequiredRight::everywhere(verb, &kind.group, &kind.plural)
            }
        }));
    }
    // Its uid says which cluster answers.
    let kube_system = BTreeSet::from(["kube-system".to_owned()]);
    rights.push(RequiredRight::in_each("get", "", "namespaces", &kube_system));
    rights.push(RequiredRight::in_each("get", "", "secrets", namespaces));
    match act_as {
        ActAs::Portico => {
            rights.push(RequiredRight::in_each("get", "", "namespaces", namespaces));
            rights.push(RequiredRight::in_each("list", "", "events", namespaces));
            // Kubernetes keeps the events of objects without a namespace in `default`.
            if kinds.iter().any(|kind| kind.legacy_claim || !kind.namespaced) {
                let default = BTreeSet::from(["default".to_owned()]);
                rights.push(RequiredRight::in_each("list", "", "events", &default));
            }
        }
        ActAs::Person(passed_on) => {
            rights.push(RequiredRight::everywhere("impersonate", "", "users"));
            if passed_on.groups.is_empty() || !passed_on.group_prefixes.is_empty() {
                rights.push(RequiredRight::everywhere("impersonate", "", "groups"));
            }
            // A role may name the groups that may be impersonated, so each is asked for by its name.
            rights.extend(passed_on.groups.iter().map(|group| RequiredRight {
                name: Some(group.clone()),
                ..RequiredRight::everywhere("impersonate", "", "groups")
            }));
        }
    }
    rights
}

/// Changes the rights to those in a workspace of kcp: bindings say what it offers, and with exports they alone do.
#[must_use]
pub fn in_workspace(rights: Vec<RequiredRight>, kcp: &Kcp) -> Vec<RequiredRight> {
    let is_on_definitions =
        |right: &RequiredRight| right.group == "apiextensions.k8s.io" || right.group == CROSSPLANE;
    let own = [
        RequiredRight::everywhere("get", "core.kcp.io", "logicalclusters"),
        RequiredRight::everywhere("list", "apis.kcp.io", "apibindings"),
        RequiredRight::everywhere("watch", "apis.kcp.io", "apibindings"),
    ];
    own.into_iter()
        .chain(rights)
        .filter(|right| kcp.exports.is_empty() || !is_on_definitions(right))
        .collect()
}

/// Lists what Portico does in its own name to keep the namespaces of tenants as their templates have them; empty if no
/// template is for the control plane.
#[must_use]
pub fn tenancy_rights(configuration: &Configuration, plane: &ControlPlane) -> Vec<RequiredRight> {
    let namespaces = tenant_namespaces(configuration, plane);
    let mut consumers = configuration.consumer_namespaces().into_iter();
    let mut rights = Vec::new();
    if consumers.any(|consumer| consumer.plane == plane.name) {
        // The namespaces of consumers are looked for, and made with the first claim.
        rights.extend(["get", "create"].map(|verb| RequiredRight::everywhere(verb, "", "namespaces")));
    }
    if namespaces.is_empty() {
        return rights;
    }
    rights.extend(["list", "create", "patch"].map(|verb| RequiredRight::everywhere(verb, "", "namespaces")));
    for kind in template_kinds(configuration) {
        let verbs = ["list", "create", "patch", "delete"];
        rights.extend(verbs.map(|verb| RequiredRight::everywhere(verb, &kind.group, &kind.plural)));
    }
    // A role may be bound by who has all that is in it, or this right.
    let roles: BTreeSet<&String> = namespaces
        .iter()
        .flat_map(|namespace| namespace.roles.values())
        .collect();
    rights.extend(roles.into_iter().map(|role| RequiredRight {
        name: Some(role.clone()),
        ..RequiredRight::everywhere("bind", "rbac.authorization.k8s.io", "clusterroles")
    }));
    if namespaces.iter().any(|namespace| namespace.kubeconfig.is_some()) {
        rights.push(RequiredRight::everywhere("create", "", "serviceaccounts/token"));
    }
    rights
}

/// What definitions of a control plane say of the kinds that people can request there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requestable {
    /// Those that an Offering names or a label offers.
    pub kinds: BTreeSet<RequestableKind>,
    /// Whether Crossplane runs there.
    pub crossplane: bool,
    /// Whether Crossplane runs there and none of its definitions is among those read: they may offer more.
    pub lacks_xrds: bool,
    /// Offerings that no definition is there for.
    pub undefined: BTreeSet<OfferingName>,
}

impl Requestable {
    /// Reads `CustomResourceDefinition`s and `CompositeResourceDefinition`s. Other objects, and definitions that serve
    /// nothing, are ignored.
    #[must_use]
    pub fn read(definitions: &[Value], offerings: &BTreeSet<OfferingName>) -> Self {
        let of_kind = |kind: &'static str| {
            let is = move |object: &&Value| object.get("kind").and_then(Value::as_str) == Some(kind);
            definitions.iter().filter(is)
        };
        let mut xrds = BTreeMap::new();
        let mut kinds = BTreeMap::new();
        for object in of_kind("CompositeResourceDefinition") {
            if let Some(xrd) = Xrd::read(object) {
                if let Some(kind) = defined_by(&xrd, object) {
                    kinds.insert(xrd.crd.clone(), (xrd.offered, kind));
                }
                xrds.insert(xrd.crd.clone(), xrd);
            }
        }
        let mut crossplane = !xrds.is_empty();
        for crd in of_kind("CustomResourceDefinition") {
            let name = crd
                .pointer("/metadata/name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            crossplane |= name.split_once('.').is_some_and(|(_, group)| group == CROSSPLANE);
            let xrd = xrds.get(name);
            let Ok(kind) = Kind::read(crd, None, xrd.map(|xrd| xrd.claim_kind)) else {
                continue;
            };
            let requestable = RequestableKind {
                namespaced: kind.resource.namespaced,
                legacy_claim: kind.claim_kind == ClaimKind::LegacyClaim,
                group: kind.resource.group.clone(),
                plural: kind.resource.plural.clone(),
            };
            let offered = is_offered(crd) || xrd.is_some_and(|xrd| xrd.offered);
            kinds.insert(name.to_owned(), (offered, requestable));
        }
        let named: BTreeSet<String> = offerings.iter().map(ToString::to_string).collect();
        Self {
            crossplane,
            lacks_xrds: crossplane && xrds.is_empty(),
            undefined: offerings
                .iter()
                .filter(|offering| !kinds.contains_key(&offering.to_string()))
                .cloned()
                .collect(),
            kinds: kinds
                .into_iter()
                .filter(|(name, (offered, _))| *offered || named.contains(name))
                .map(|(_, (_, kind))| kind)
                .collect(),
        }
    }
}

/// The kind that an XRD defines, for a file that lacks the CRD which Crossplane makes of it.
fn defined_by(xrd: &Xrd, object: &Value) -> Option<RequestableKind> {
    let (plural, group) = xrd.crd.split_once('.')?;
    let text = |pointer: &str| object.pointer(pointer)?.as_str();
    let legacy_claim = xrd.claim_kind == ClaimKind::LegacyClaim;
    // A file may leave the scope out: v2 defaults to Namespaced, v1 to LegacyCluster, whose composites are cluster-scoped.
    let is_v2 = || text("/apiVersion").is_some_and(|version| version.ends_with("/v2"));
    let namespaced = legacy_claim || text("/spec/scope").map_or_else(is_v2, |scope| scope == "Namespaced");
    Some(RequestableKind {
        group: group.to_owned(),
        plural: plural.to_owned(),
        namespaced,
        legacy_claim,
    })
}

#[cfg(test)]
mod tests {
    use portico_domain::documents::ExportReference;
    use serde_json::json;

    use super::*;

    fn crd(plural: &str, scope: &str, offered: bool) -> Value {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.example.org"), "labels": { "portico.dev/offered": offered.to_string() } },
            "spec": {
                "group": "example.org", "scope": scope, "names": { "plural": plural, "kind": "Any" },
                "versions": [{
                    "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": { "type": "object" } },
                }],
            },
        })
    }

    #[test]
    fn crossplane_without_its_definitions_is_noticed() {
        let mut claim = crd("dbs", "Namespaced", true);
        claim["spec"]["names"]["categories"] = json!(["claim"]);
        let mut xrds = crd("compositeresourcedefinitions", "Cluster", false);
        xrds["metadata"]["name"] = json!("compositeresourcedefinitions.apiextensions.crossplane.io");
        xrds["spec"]["group"] = json!(CROSSPLANE);
        let read = Requestable::read(&[claim, xrds], &BTreeSet::new());
        assert!(read.crossplane && read.lacks_xrds);
        let kinds: Vec<_> = read.kinds.iter().collect();
        assert!(matches!(kinds[..], [kind] if kind.legacy_claim), "{kinds:?}");
    }

    #[test]
    fn kinds_that_a_document_names_or_a_label_offers_are_requestable() {
        let xrd = json!({
            "apiVersion": "apiextensions.crossplane.io/v2", "kind": "CompositeResourceDefinition",
            "metadata": { "name": "xdbs.example.org", "labels": { "portico.dev/offered": "true" } },
            "spec": {
                "group": "example.org", "scope": "LegacyCluster",
                "names": { "plural": "xdbs", "kind": "XDB" }, "claimNames": { "plural": "dbs", "kind": "DB" },
            },
        });
        let definitions = [
            crd("queues", "Namespaced", false),
            crd("accounts", "Cluster", true),
            crd("secrets", "Namespaced", false),
            json!({ "kind": "ConfigMap" }),
            xrd,
        ];
        let offerings = ["queues.example.org", "gone.example.org"];
        let offerings = offerings.iter().map(|name| name.parse().unwrap()).collect();
        let read = Requestable::read(&definitions, &offerings);
        let kind = |plural: &str, namespaced, legacy_claim| RequestableKind {
            group: "example.org".into(),
            plural: plural.into(),
            namespaced,
            legacy_claim,
        };
        let expected = [
            kind("accounts", false, false),
            kind("dbs", true, true),
            kind("queues", true, false),
        ];
        assert_eq!(read.kinds, expected.into());
        assert!(read.crossplane);
        assert_eq!(
            read.undefined,
            BTreeSet::from(["gone.example.org".parse().unwrap()])
        );
    }

    #[test]
    fn a_workspace_with_exports_needs_no_right_on_definitions() {
        let mut kcp = Kcp::default();
        let of = |kcp: &Kcp| {
            let rights = required_rights(&ActAs::Portico, &BTreeSet::new(), &BTreeSet::new(), true);
            let rights = in_workspace(rights, kcp);
            rights
                .into_iter()
                .map(|right| format!("{} {}", right.verb, right.resource))
                .collect::<Vec<_>>()
        };
        let all = of(&kcp);
        assert!(all.contains(&"list apibindings".to_owned()), "{all:?}");
        assert!(
            all.contains(&"watch customresourcedefinitions".to_owned()),
            "{all:?}"
        );
        kcp.exports = vec![ExportReference {
            path: "root:platform".into(),
            name: "things".into(),
        }];
        let some = of(&kcp);
        assert!(some.contains(&"get logicalclusters".to_owned()), "{some:?}");
        assert!(
            !some.iter().any(|right| right.ends_with("definitions")),
            "{some:?}"
        );
    }

    #[test]
    fn a_legacy_claim_needs_the_events_of_the_default_namespace() {
        let kind = RequestableKind {
            group: "example.org".into(),
            plural: "dbs".into(),
            namespaced: true,
            legacy_claim: true,
        };
        let namespaces = BTreeSet::from(["team".to_owned()]);
        let rights = required_rights(&ActAs::Portico, &BTreeSet::from([kind]), &namespaces, true);
        let events: Vec<_> = rights.iter().filter(|right| right.resource == "events").collect();
        let default = BTreeSet::from(["default".to_owned()]);
        assert_eq!(
            events
                .iter()
                .map(|right| right.namespaces.as_ref().unwrap())
                .collect::<Vec<_>>(),
            [&namespaces, &default]
        );
    }
}
