//! `portico rbac`: prints the Kubernetes roles that a control plane must grant to Portico, and not a verb more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write};
use std::path::PathBuf;

use clap::Args;
use kube_schema::yaml;
use portico_domain::documents::{ActAs, Configuration, Connection, ControlPlane, HomePlane, Offering};
use portico_domain::names::PlaneName;
use portico_domain::ownership::Ownership;
use portico_planes::{
    HOME_KINDS, Requestable, RequestableKind, RequiredRight, home_rights, in_workspace, only_documents,
    required_rights, tenancy_rights,
};
use serde_json::{Value, json};

use super::agent_rules::agent_rules;
use crate::config;

/// What `portico rbac` takes.
#[derive(Args)]
pub struct RbacArguments {
    /// The folder of the configuration.
    #[arg(long, env = "PORTICO_CONFIG")]
    config: PathBuf,
    /// The control plane, by its name in the configuration.
    #[arg(long = "for", value_name = "CONTROLPLANE", required_unless_present = "home")]
    control_plane: Option<PlaneName>,
    /// The home control plane, which holds Portico's documents. If it takes claims too, because tenants can be asked for,
    /// the roles for that are printed as well.
    #[arg(long, conflicts_with = "control_plane")]
    home: bool,
    /// The definitions that the control plane serves, `-` for standard input: what `kubectl get
    /// customresourcedefinitions,compositeresourcedefinitions --output yaml` prints. Without it: every offering of the
    /// configuration, as a kind with namespaces.
    #[arg(long, value_name = "FILE")]
    definitions: Option<PathBuf>,
    /// The service account that the roles are bound to.
    #[arg(
        long,
        value_name = "NAMESPACE/NAME",
        default_value = "portico/portico",
        conflicts_with = "user"
    )]
    service_account: String,
    /// The user that the roles are bound to, in place of a service account.
    #[arg(long)]
    user: Option<String>,
    /// Prints `spec` of the agent's document too: the rules that let exactly this through.
    #[arg(long)]
    agent: bool,
}

/// Why no roles could be printed.
#[derive(Debug, thiserror::Error)]
pub enum RbacError {
    /// The configuration has errors.
    #[error("the configuration has errors: run portico check-config {0}")]
    Configuration(PathBuf),
    /// The configuration has no such control plane.
    #[error("there is no control plane {name} in the configuration; there are: {known}")]
    NoSuchPlane {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The configuration names no home control plane.
    #[error("the configuration names no home control plane, in spec.home of the Portal")]
    NoHome,
    /// A file could not be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file is not YAML.
    #[error("{path} is not YAML: {error}")]
    NotYaml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: String,
    },
    /// The service account is not `namespace/name`.
    #[error("--service-account takes NAMESPACE/NAME, not {0}")]
    ServiceAccount(String),
    /// The output could not be written to.
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

/// Prints the roles and bindings as YAML for `kubectl apply --filename -`.
///
/// # Errors
/// When the configuration or the definitions cannot be read, or `out` cannot be written to.
pub fn rbac(arguments: &RbacArguments, out: &mut impl Write) -> Result<(), RbacError> {
    let loaded = config::load(&arguments.config);
    let Some(configuration) = &loaded.configuration else {
        return Err(RbacError::Configuration(arguments.config.clone()));
    };
    let subject = subject(arguments)?;
    if arguments.home {
        return home(arguments, configuration, &subject, out);
    }
    let planes = &configuration.control_planes;
    let asked = arguments.control_plane.as_ref();
    let Some(plane) = asked.and_then(|name| planes.get(name)) else {
        let known: Vec<_> = planes.keys().map(ToString::to_string).collect();
        return Err(RbacError::NoSuchPlane {
            name: asked.map(ToString::to_string).unwrap_or_default(),
            known: known.join(", "),
        });
    };
    control_plane(arguments, configuration, plane, &subject, out)
}

/// Prints the roles for the home plane, and for the control plane of the same connection, if there is one.
fn home(
    arguments: &RbacArguments,
    configuration: &Configuration,
    subject: &Value,
    out: &mut impl Write,
) -> Result<(), RbacError> {
    let Some(home) = &configuration.portal.spec.home else {
        return Err(RbacError::NoHome);
    };
    let plurals = HOME_KINDS.map(|(_, plural)| plural).join(", ");
    writeln!(
        out,
        "# The role that Portico needs on the home control plane, to follow the {plurals} there and to write their status.\n\
         # Portico installs no definitions there: whoever runs `portico crds | kubectl apply --server-side --filename -` needs\n\
         # the right to create and patch customresourcedefinitions."
    )?;
    let rights = home_rights();
    let rights: Vec<_> = rights.iter().collect();
    let name = "portico-home";
    for document in [
        role("ClusterRole", name, None, &rules(&rights)),
        binding("ClusterRoleBinding", None, "ClusterRole", name, subject),
    ] {
        write!(out, "---\n{}", yaml::print(&document))?;
    }
    let takes_claims = configuration
        .control_planes
        .values()
        .filter(|plane| is_home(home, &plane.spec.connection));
    for plane in takes_claims {
        writeln!(out, "---")?;
        control_plane(arguments, configuration, plane, subject, out)?;
    }
    Ok(())
}

/// True if the control plane of this connection is the home plane.
fn is_home(home: &HomePlane, connection: &Connection) -> bool {
    match (home, connection) {
        (
            HomePlane::Kubeconfig { path, context },
            Connection::Kubeconfig {
                path: other,
                context: other_context,
            },
        ) => path == other && context == other_context,
        (HomePlane::InCluster {}, Connection::InCluster {}) => true,
        _ => false,
    }
}

/// Prints the roles for a control plane.
fn control_plane(
    arguments: &RbacArguments,
    configuration: &Configuration,
    plane: &ControlPlane,
    subject: &Value,
    out: &mut impl Write,
) -> Result<(), RbacError> {
    let offerings = configuration.offerings.values();
    let requestable = match &arguments.definitions {
        Some(path) => {
            let named = offerings.map(|offering| offering.name.clone()).collect();
            Requestable::read(&read_definitions(path)?, &named)
        }
        None => assumed(
            offerings
                .filter(|offering| !arguments.home || offering.spec.tenant.is_some())
                .filter(|offering| plane.has_labels(&offering.spec.control_plane_labels)),
        ),
    };
    let consumers = configuration.consumer_namespaces();
    let consumers = consumers
        .into_iter()
        .filter(|consumer| consumer.plane == plane.name);
    let ownership = Ownership::of(configuration.tenants.values(), [plane]).with_consumers(consumers);
    let namespaces = if only_documents(&requestable.kinds) {
        BTreeSet::new()
    } else {
        ownership
            .namespaces(&plane.name)
            .into_iter()
            .map(str::to_owned)
            .collect()
    };

    let mut rights = required_rights(
        &plane.spec.act_as,
        &requestable.kinds,
        &namespaces,
        requestable.crossplane,
    );
    if let Some(kcp) = &plane.spec.kcp {
        rights = in_workspace(rights, kcp);
    }
    let for_templates = tenancy_rights(configuration, plane);
    let makes_namespaces = !for_templates.is_empty();
    if makes_namespaces {
        // No role can be bound in a namespace that is made only later.
        let in_environments = rights
            .iter_mut()
            .filter(|right| right.namespaces.as_ref() == Some(&namespaces));
        in_environments.for_each(|right| right.namespaces = None);
    }
    rights.extend(for_templates);
    for line in notes(plane, arguments, &requestable, &namespaces, makes_namespaces) {
        writeln!(out, "# {line}")?;
    }
    if arguments.agent {
        writeln!(out, "---\n# Into the agent's document, below spec:")?;
        write!(out, "{}", yaml::print(&agent_rules(&rights)))?;
    }
    let bound_in = if makes_namespaces {
        BTreeSet::new()
    } else {
        namespaces
    };
    for document in documents(&rights, &bound_in, subject) {
        write!(out, "---\n{}", yaml::print(&document))?;
    }
    Ok(())
}

/// What to know before applying the roles, a line each.
fn notes(
    plane: &ControlPlane,
    arguments: &RbacArguments,
    requestable: &Requestable,
    namespaces: &BTreeSet<String>,
    makes_namespaces: bool,
) -> Vec<String> {
    let name = &plane.name;
    let mut notes = Vec::new();
    match &plane.spec.act_as {
        ActAs::Portico => notes.push(format!(
            "The roles that Portico needs on {name}, where it acts in its own name."
        )),
        ActAs::Person(passed_on) => {
            notes.push(format!(
                "The roles that Portico needs on {name}, where it acts in each person's name. People need roles of their own."
            ));
            if passed_on.groups.is_empty() || !passed_on.group_prefixes.is_empty() {
                notes.push(
                    "WARNING: these let Portico impersonate every group, system:masters too. Name the groups in \
                     actAs.person.groups to restrict it."
                        .to_owned(),
                );
            }
        }
    }
    if arguments.definitions.is_none() && arguments.home {
        notes.push("Without --definitions, only tenants are taken to be offered there.".to_owned());
    } else if arguments.definitions.is_none() {
        notes.push(
            "Without --definitions, each offering is assumed to be a namespaced kind, and kinds that are offered by \
             their label are missing."
                .to_owned(),
        );
    }
    if plane.spec.kcp.is_some() {
        notes.push(
            "kcp lets nobody into a workspace without the verb access on the non-resource URL /: grant it beside these roles."
                .to_owned(),
        );
    }
    if requestable.lacks_xrds {
        notes.push(
            "WARNING: Crossplane runs there, and --definitions has no compositeresourcedefinitions: what they offer is \
             missing."
                .to_owned(),
        );
    }
    if !requestable.undefined.is_empty() {
        let undefined: Vec<_> = requestable.undefined.iter().map(ToString::to_string).collect();
        notes.push(format!(
            "Offerings that --definitions does not have, so that there are no rights for them: {}.",
            undefined.join(", ")
        ));
    }
    if arguments.user.is_none() {
        let account = &arguments.service_account;
        notes.push(format!(
            "They are bound to the service account {account}, which must exist."
        ));
    }
    if matches!(plane.spec.act_as, ActAs::Portico)
        && !requestable.kinds.is_empty()
        && !only_documents(&requestable.kinds)
    {
        notes.push(
            "To show what claims are composed of, grant get, list and watch on those kinds beside these roles.".to_owned(),
        );
    }
    let names: Vec<&str> = namespaces.iter().map(String::as_str).collect();
    let names = names.join(", ");
    notes.extend(if only_documents(&requestable.kinds) {
        None
    } else if namespaces.is_empty() {
        Some(format!(
            "No tenant may use {name}, so there is no role for their namespaces."
        ))
    } else if makes_namespaces {
        Some(format!(
            "Portico makes these namespaces, so that no role can be bound in them before. These roles \
             are for all namespaces: {names}."
        ))
    } else {
        Some(format!("These namespaces must exist: {names}."))
    });
    notes
}

/// Every offering, as a namespaced kind that is no Crossplane claim.
fn assumed<'o>(offerings: impl Iterator<Item = &'o Offering>) -> Requestable {
    let kind = |offering: &Offering| {
        let (plural, group) = offering.name.as_str().split_once('.')?;
        Some(RequestableKind {
            group: group.to_owned(),
            plural: plural.to_owned(),
            // Tenants have no namespace.
            namespaced: offering.spec.tenant.is_none(),
            legacy_claim: false,
        })
    };
    Requestable {
        kinds: offerings.filter_map(kind).collect(),
        ..Requestable::default()
    }
}

/// The objects of a file; those of a `List` one by one.
fn read_definitions(path: &PathBuf) -> Result<Vec<Value>, RbacError> {
    let read = |error| RbacError::Read {
        path: path.clone(),
        error,
    };
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(read)?;
        text
    } else {
        fs::read_to_string(path).map_err(read)?
    };
    let documents = yaml::parse_all(&text).map_err(|error| RbacError::NotYaml {
        path: path.clone(),
        error: error.to_string(),
    })?;
    Ok(documents
        .into_iter()
        .flat_map(|mut document| match document.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => vec![document],
        })
        .collect())
}

fn subject(arguments: &RbacArguments) -> Result<Value, RbacError> {
    if let Some(user) = &arguments.user {
        return Ok(json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user }));
    }
    let account = &arguments.service_account;
    let (namespace, name) = account
        .split_once('/')
        .filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty())
        .ok_or_else(|| RbacError::ServiceAccount(account.clone()))?;
    Ok(json!({ "kind": "ServiceAccount", "namespace": namespace, "name": name }))
}

/// The roles, each followed by what binds it. Rights that are needed in the same places are one role.
fn documents(rights: &[RequiredRight], namespaces: &BTreeSet<String>, subject: &Value) -> Vec<Value> {
    let (wide, narrow): (Vec<_>, Vec<_>) = rights.iter().partition(|right| right.namespaces.is_none());
    let mut documents = Vec::new();
    documents.push(role("ClusterRole", "portico", None, &rules(&wide)));
    documents.push(binding(
        "ClusterRoleBinding",
        None,
        "ClusterRole",
        "portico",
        subject,
    ));

    let (in_environments, elsewhere): (Vec<_>, Vec<_>) = narrow
        .into_iter()
        .partition(|right| right.namespaces.as_ref() == Some(namespaces));
    if !namespaces.is_empty() {
        let name = "portico-environment";
        documents.push(role("ClusterRole", name, None, &rules(&in_environments)));
        let bound =
            |namespace: &String| binding("RoleBinding", Some(namespace), "ClusterRole", name, subject);
        documents.extend(namespaces.iter().map(bound));
    }

    let mut others: BTreeMap<&str, Vec<&RequiredRight>> = BTreeMap::new();
    for right in elsewhere {
        for namespace in right.namespaces.iter().flatten() {
            others.entry(namespace).or_default().push(right);
        }
    }
    for (namespace, rights) in others {
        documents.push(role("Role", "portico", Some(namespace), &rules(&rights)));
        documents.push(binding(
            "RoleBinding",
            Some(namespace),
            "Role",
            "portico",
            subject,
        ));
    }
    documents
}

/// Group, resource, and whether single objects are named.
type Key<'r> = (&'r str, &'r str, bool);

/// Rules, one for each resource, with all its verbs; objects that are named have a rule of their own.
fn rules(rights: &[&RequiredRight]) -> Vec<Value> {
    let mut verbs: Vec<(Key<'_>, BTreeSet<&str>, Vec<&str>)> = Vec::new();
    for right in rights {
        let key = (
            right.group.as_str(),
            right.resource.as_str(),
            right.name.is_some(),
        );
        let at = verbs
            .iter()
            .position(|(known, _, _)| *known == key)
            .unwrap_or_else(|| {
                verbs.push((key, BTreeSet::new(), Vec::new()));
                verbs.len() - 1
            });
        verbs[at].2.extend(right.name.as_deref());
        verbs[at].1.insert(right.verb);
    }
    verbs
        .into_iter()
        .map(|((group, resource, _), names, named)| {
            let mut rule = json!({ "apiGroups": [group], "resources": [resource], "verbs": names });
            if !named.is_empty() {
                rule["resourceNames"] = json!(named);
            }
            rule
        })
        .collect()
}

fn role(kind: &str, name: &str, namespace: Option<&str>, rules: &[Value]) -> Value {
    let mut metadata = json!({ "name": name });
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "rules": rules,
    })
}

fn binding(kind: &str, namespace: Option<&str>, role_kind: &str, role: &str, subject: &Value) -> Value {
    let mut metadata = json!({ "name": role });
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role },
        "subjects": [subject],
    })
}
