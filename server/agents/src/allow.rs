//! The rules of an agent's document.

use http::HeaderMap;
use portico_domain::documents::{AgentRule, AgentSpec};

use crate::request_info::{RequestInfo, Target};

/// The group of reviews of one's own rights, which every client may ask for.
const AUTHORIZATION: &str = "authorization.k8s.io";
const OWN_REVIEWS: [&str; 2] = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
/// The one group of Kubernetes itself that may be passed on: it says nothing.
const EVERYBODY: &str = "system:authenticated";

/// Why a call is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    /// No rule allows it.
    #[error(
        "its document does not allow {verb} of {}: add a rule with apiGroups [{group:?}], resources [{resource}] and \
         verbs [{verb}] to spec.allow", about(group, resource, namespace.as_deref())
    )]
    NoRule {
        /// The verb.
        verb: &'static str,
        /// The API group.
        group: String,
        /// The resource.
        resource: String,
        /// The namespace.
        namespace: Option<String>,
    },
    /// Acting as a person is not allowed.
    #[error("its document does not allow acting as a person: it needs spec.impersonate: true")]
    Impersonation,
    /// Nobody may act as Kubernetes itself.
    #[error("acting as a user or group of Kubernetes itself (system:…) is never let through")]
    SystemIdentity,
}

fn about(group: &str, resource: &str, namespace: Option<&str>) -> String {
    let dot = if group.is_empty() { "" } else { "." };
    match namespace {
        Some(namespace) => format!("{resource}{dot}{group} in the namespace {namespace}"),
        None => format!("{resource}{dot}{group} in all namespaces"),
    }
}

/// Checks a call by the rules.
///
/// # Errors
/// Which rule is missing.
pub(crate) fn allows(spec: &AgentSpec, request: &RequestInfo) -> Result<(), Denied> {
    let Target::Resource {
        group,
        resource,
        namespace,
    } = &request.target
    else {
        return Ok(());
    };
    let own_review =
        group == AUTHORIZATION && OWN_REVIEWS.contains(&resource.as_str()) && request.verb == "create";
    // So that Portico can tell that the agent is beside the right cluster.
    let identity = request.verb == "get"
        && group.is_empty()
        && resource == "namespaces"
        && namespace.as_deref() == Some("kube-system");
    if own_review || identity || has_rule(spec, request.verb, group, resource, namespace.as_deref()) {
        return Ok(());
    }
    Err(Denied::NoRule {
        verb: request.verb,
        group: group.clone(),
        resource: resource.clone(),
        namespace: namespace.clone(),
    })
}

/// True if a rule allows this verb. `*` asks for all verbs, resources or groups.
pub(crate) fn has_rule(
    spec: &AgentSpec,
    verb: &str,
    group: &str,
    resource: &str,
    namespace: Option<&str>,
) -> bool {
    spec.allow
        .iter()
        .any(|rule| matches(rule, verb, group, resource, namespace))
}

fn matches(rule: &AgentRule, verb: &str, group: &str, resource: &str, namespace: Option<&str>) -> bool {
    let has = |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
    // As in RBAC: `*` includes subresources, and `*/status` stands for that subresource of all.
    let of_all = resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
    has(&rule.verbs, verb)
        && has(&rule.api_groups, group)
        && (has(&rule.resources, resource) || of_all.is_some_and(|sub| rule.resources.contains(&sub)))
        && (rule.namespaces.is_empty()
            || namespace.is_some_and(|wanted| rule.namespaces.iter().any(|one| one == wanted)))
}

/// Checks the impersonation headers of a call.
///
/// # Errors
/// If there are some, and may not be.
pub(crate) fn allows_impersonation(spec: &AgentSpec, headers: &HeaderMap) -> Result<(), Denied> {
    let mut given = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("impersonate-"))
        .peekable();
    if given.peek().is_none() {
        return Ok(());
    }
    if !spec.impersonate {
        return Err(Denied::Impersonation);
    }
    for (name, value) in given {
        let value = String::from_utf8_lossy(value.as_bytes()).trim().to_lowercase();
        let may = match name.as_str() {
            "impersonate-user" => !value.starts_with("system:"),
            "impersonate-group" => !value.starts_with("system:") || value == EVERYBODY,
            _ => true,
        };
        if !may {
            return Err(Denied::SystemIdentity);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};
    use portico_domain::documents::AgentConnection;

    use super::*;
    use crate::request_info::request_info;

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], namespaces: &[&str]) -> AgentRule {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        AgentRule {
            api_groups: owned(groups),
            resources: owned(resources),
            verbs: owned(verbs),
            namespaces: owned(namespaces),
        }
    }

    fn spec(allow: Vec<AgentRule>) -> AgentSpec {
        AgentSpec {
            addresses: Vec::new(),
            state: String::new(),
            connection: AgentConnection::InCluster {},
            impersonate: false,
            allow,
        }
    }

    fn call(spec: &AgentSpec, method: &Method, path: &str) -> Result<(), Denied> {
        allows(spec, &request_info(method, path).unwrap())
    }

    #[test]
    fn only_what_a_rule_says_is_allowed() {
        let databases = rule(
            &["example.org"],
            &["databases"],
            &["get", "list", "create"],
            &["a"],
        );
        let spec = spec(vec![databases, rule(&[""], &["*/status", "pods"], &["get"], &[])]);
        for (method, path) in [
            (Method::GET, "/version"),
            (Method::GET, "/apis"),
            (Method::GET, "/api/v1/namespaces/kube-system"),
            (
                Method::POST,
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            ),
            (Method::GET, "/apis/example.org/v1/namespaces/a/databases"),
            (Method::GET, "/apis/example.org/v2/namespaces/a/databases/x"),
            (
                Method::POST,
                "/apis/example.org/v1/namespaces/a/databases?dryRun=All",
            ),
            (Method::GET, "/api/v1/namespaces/b/pods/p"),
            (Method::GET, "/api/v1/nodes/n/status"),
        ] {
            assert_eq!(call(&spec, &method, path), Ok(()), "{method} {path}");
        }
        for (method, path) in [
            (Method::GET, "/apis/example.org/v1/databases"),
            (Method::GET, "/apis/example.org/v1/namespaces/b/databases"),
            (Method::GET, "/apis/example.org/v1/namespaces/a/databases?watch=1"),
            (
                Method::GET,
                "/apis/example.org/v1/namespaces/a/databases/x/status",
            ),
            (Method::DELETE, "/apis/example.org/v1/namespaces/a/databases/x"),
            (Method::GET, "/apis/other.example.org/v1/namespaces/a/databases"),
            (Method::GET, "/api/v1/namespaces/b/pods"),
            (Method::GET, "/api/v1/namespaces/b/pods/p/log"),
            (Method::GET, "/api/v1/namespaces/a/secrets/s"),
            (Method::POST, "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
            (Method::GET, "/api/v1/namespaces/other"),
            (Method::DELETE, "/api/v1/namespaces/kube-system"),
            (Method::PATCH, "/api/v1/namespaces/kube-system"),
            (Method::GET, "/api/v1/namespaces/kube-system/events"),
            (Method::GET, "/api/v1/namespaces/kube-system/secrets"),
        ] {
            assert!(call(&spec, &method, path).is_err(), "{method} {path}");
        }
        let denied = call(
            &spec,
            &Method::DELETE,
            "/apis/example.org/v1/namespaces/a/databases/x",
        );
        assert_eq!(
            denied.unwrap_err().to_string(),
            "its document does not allow delete of databases.example.org in the namespace a: add a rule with apiGroups \
             [\"example.org\"], resources [databases] and verbs [delete] to spec.allow"
        );
    }

    #[test]
    fn impersonation_needs_permission_and_never_reaches_kubernetes_itself() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            let pairs = pairs.iter().map(|(name, value)| {
                (
                    name.parse::<http::HeaderName>().unwrap(),
                    HeaderValue::from_static(value),
                )
            });
            pairs.collect()
        };
        let mut spec = spec(Vec::new());
        let ada = headers(&[("impersonate-user", "ada"), ("impersonate-group", "payments")]);
        assert_eq!(allows_impersonation(&spec, &HeaderMap::new()), Ok(()));
        assert_eq!(allows_impersonation(&spec, &ada), Err(Denied::Impersonation));
        assert_eq!(
            allows_impersonation(&spec, &headers(&[("impersonate-extra-x", "y")])),
            Err(Denied::Impersonation)
        );
        spec.impersonate = true;
        assert_eq!(allows_impersonation(&spec, &ada), Ok(()));
        let everybody = headers(&[("impersonate-user", "ada"), ("impersonate-group", EVERYBODY)]);
        assert_eq!(allows_impersonation(&spec, &everybody), Ok(()));
        for system in [
            headers(&[("impersonate-user", "system:admin")]),
            headers(&[("impersonate-user", "System:admin")]),
            headers(&[
                ("impersonate-user", "ada"),
                ("impersonate-group", "system:masters"),
            ]),
            headers(&[("impersonate-group", " system:masters ")]),
        ] {
            assert_eq!(
                allows_impersonation(&spec, &system),
                Err(Denied::SystemIdentity),
                "{system:?}"
            );
        }
    }
}
