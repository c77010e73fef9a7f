//! Control planes, offerings, tenants and approval policies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use portico_domain::claim::{HealthRules, path};
use portico_domain::documents::{
    Access, ActAs, ApprovalPolicy, ApprovalPolicySpec, ApprovalRule, Approvers, Connection, Consumption,
    ControlPlane, Offering, Outcome, Plan, Provider, SecretSource, Tenant,
};
use portico_domain::names::{PlaneName, TenantName, is_dns_label};
use portico_domain::policy::Policies;
use portico_domain::projection::settable_error;
use portico_planes::check_kubeconfig;
use serde_json::Value;

use super::super::load::LocatedDocument;
use super::super::parse::Document;
use super::{Findings, of_kind, portal};

fn planes(documents: &[LocatedDocument]) -> impl Iterator<Item = (usize, &ControlPlane)> {
    of_kind(documents, |document| match document {
        Document::ControlPlane(plane) => Some(plane),
        _ => None,
    })
}

fn all_tenants(documents: &[LocatedDocument]) -> impl Iterator<Item = (usize, &Tenant)> {
    of_kind(documents, |document| match document {
        Document::Tenant(tenant) => Some(tenant),
        _ => None,
    })
}

pub(super) fn control_planes(documents: &[LocatedDocument], findings: &mut Findings) {
    let tenants: BTreeSet<&TenantName> = all_tenants(documents).map(|(_, tenant)| &tenant.name).collect();
    let providers = portal::providers(documents);
    for (at, plane) in planes(documents) {
        let spec = &plane.spec;
        for (index, tenant) in spec.dedicated_to.iter().enumerate() {
            if !tenants.contains(tenant) {
                findings.error(
                    at,
                    format!("spec.dedicatedTo[{index}]"),
                    format!("there is no tenant named {:?}", tenant.as_str()),
                );
            }
        }
        connection(at, &spec.connection, findings);
        acting_as(at, &spec.act_as, &providers, findings);
        let limits = &spec.limits;
        if limits.objects == 0 {
            findings.error(at, "spec.limits.objects", "must be at least 1");
        }
        if limits.object_bytes < 1024 {
            findings.error(at, "spec.limits.objectBytes", "must be at least 1024");
        }
        if !(1..=300).contains(&limits.timeout_seconds) {
            findings.error(at, "spec.limits.timeoutSeconds", "must be 1 to 300");
        }
        if !(1 << 20..=1 << 40).contains(&limits.cache_bytes) {
            findings.error(
                at,
                "spec.limits.cacheBytes",
                "must be 1048576 (1 MiB) to 1099511627776 (1 TiB)",
            );
        }
        labels(at, "metadata.labels", &plane.labels, findings);
    }
}

/// Reads a kubeconfig as the portal would. Problems are only warnings: the file may be correct where the portal runs,
/// and one control plane must not block the others.
fn connection(at: usize, connection: &Connection, findings: &mut Findings) {
    let Connection::Kubeconfig { path, context } = connection else {
        return;
    };
    let field = "spec.connection.kubeconfig.path";
    if path.is_empty() {
        findings.error(at, field, "is empty");
        return;
    }
    let (problem, warnings) = check_kubeconfig(Path::new(path), context.as_deref());
    for said in problem.into_iter().chain(warnings) {
        findings.warning(at, field, format!("{path}: {said}"));
    }
}

/// Checks the groups that are passed on.
fn acting_as(at: usize, act_as: &ActAs, providers: &[&Provider], findings: &mut Findings) {
    let ActAs::Person(passed_on) = act_as else { return };
    let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    match &passed_on.provider {
        None if providers.len() > 1 => {
            let message = format!(
                "there are several sign-in providers, so say whose groups this control plane is told: {{ person: {{ \
                 provider: {} }} }}",
                names.join(" or ")
            );
            findings.error(at, "spec.actAs.person.provider", message);
        }
        Some(provider) if !names.contains(&provider.as_str()) => {
            let message = format!(
                "there is no sign-in provider named {provider:?}; there is {}",
                names.join(", ")
            );
            findings.error(at, "spec.actAs.person.provider", message);
        }
        _ => {}
    }
    if passed_on.is_every_group() {
        let message = "passes on every group that the sign-in service names, so whoever can make a group there can have any \
                       that this control plane gives rights to: list them (actAs: { person: { groups, groupPrefixes } })";
        findings.warning(at, "spec.actAs", message);
    }
    let lists = [
        ("groups", &passed_on.groups),
        ("groupPrefixes", &passed_on.group_prefixes),
    ];
    for (name, list) in lists {
        for (index, text) in list.iter().enumerate() {
            let field = format!("spec.actAs.person.{name}[{index}]");
            if text.trim() != text || text.is_empty() {
                findings.error(at, field, "is empty, or has blanks around it");
            } else if text.to_ascii_lowercase().starts_with("system:") {
                findings.error(
                    at,
                    field,
                    "groups that begin with system: are the control plane's own, and never passed on",
                );
            }
        }
    }
}

fn all_offerings(documents: &[LocatedDocument]) -> impl Iterator<Item = (usize, &Offering)> {
    of_kind(documents, |document| match document {
        Document::Offering(offering) => Some(&**offering),
        _ => None,
    })
}

pub(super) fn offerings(documents: &[LocatedDocument], findings: &mut Findings) {
    let all = all_offerings(documents);
    for (at, offering) in all {
        offering_document(at, offering, findings);
    }
}

fn offering_document(at: usize, offering: &Offering, findings: &mut Findings) {
    let spec = &offering.spec;
    if !offering.name.as_str().contains('.') {
        findings.error(
            at,
            "metadata.name",
            "must be <plural>.<group>, as the CustomResourceDefinition is named",
        );
    }
    for error in HealthRules::compile(&spec.health).err().unwrap_or_default() {
        findings.error(
            at,
            format!("spec.health.{}", error.field),
            format!("is not a CEL expression over `object`: {}", error.message),
        );
    }
    let mut names = BTreeSet::new();
    for (index, plan) in spec.plans.iter().enumerate() {
        let field = format!("spec.plans[{index}]");
        if !names.insert(&plan.name) {
            findings.error(
                at,
                format!("{field}.name"),
                format!("two plans are named {:?}", plan.name.as_str()),
            );
        }
        offering_plan(at, &field, plan, findings);
    }
    for (index, path) in spec.settable.iter().enumerate() {
        if let Some(why) = settable_error(path) {
            findings.error(at, format!("spec.settable[{index}]"), format!("{path:?}: {why}"));
        }
    }
    for path in spec.form.fields.keys() {
        if let Err(message) = field_path(path) {
            findings.error(at, format!("spec.form.fields.{path}"), message);
        }
    }
    for (index, path) in spec.form.order.iter().enumerate() {
        if let Err(message) = field_path(path) {
            findings.error(at, format!("spec.form.order[{index}]"), message);
        }
    }
    for (index, endpoint) in spec.access.endpoints.iter().enumerate() {
        if let Err(message) = field_path(&endpoint.path) {
            findings.error(at, format!("spec.access.endpoints[{index}].path"), message);
        }
    }
    secret(at, &spec.access, findings);
    labels(
        at,
        "spec.controlPlaneLabels",
        &spec.control_plane_labels,
        findings,
    );
}

/// Prefixes of labels that any chart or tool sets with names chosen by people, so they prove nothing.
const GENERIC_PREFIXES: [&str; 4] = ["app.kubernetes.io/", "kubernetes.io/", "helm.sh/", "k8s.io/"];

/// People must not be able to influence which secret belongs to a claim.
fn secret(at: usize, access: &Access, findings: &mut Findings) {
    match &access.secret {
        Some(SecretSource::Path(path))
            if !path.strip_prefix("$.").unwrap_or(path).starts_with("status.") =>
        {
            let message = format!(
                "{path:?} is a field that a person may set, so that they could name any secret of the namespace: \
                 take the name from the status, as status.binding.name"
            );
            findings.error(at, "spec.access.secret.path", message);
        }
        Some(SecretSource::Name(pattern)) if !pattern.contains("{name}") => findings.error(
            at,
            "spec.access.secret.name",
            format!("{pattern:?} is the same secret for all claims of a namespace: make it of the claim's name, as {{name}}-app"),
        ),
        _ => {}
    }
    for (key, value) in &access.secret_labels {
        let field = format!("spec.access.secretLabels.{key}");
        let Some((prefix, _)) = key.split_once('/') else {
            findings.error(
                at,
                field,
                "must have a prefix that is its controller's own, as cnpg.io/cluster",
            );
            continue;
        };
        if GENERIC_PREFIXES.contains(&format!("{prefix}/").as_str()) {
            findings.error(
                at,
                field,
                "any chart sets it: name a label that only the kind's controller sets",
            );
        } else if !value.contains("{name}") && !value.contains("{uid}") {
            findings.error(
                at,
                field,
                "must name the claim by {name} or {uid}, or it proves nothing of one claim",
            );
        }
    }
}

fn offering_plan(at: usize, field: &str, plan: &Plan, findings: &mut Findings) {
    for name in ["apiVersion", "kind", "metadata", "status"] {
        if plan.values.contains_key(name) {
            findings.error(at, format!("{field}.values.{name}"), "is not a plan's to set");
        }
    }
    for (index, path) in plan.adjustable.iter().enumerate() {
        if let Err(message) = field_path(path) {
            findings.error(at, format!("{field}.adjustable[{index}]"), message);
        }
    }
    for (resource, consumption) in &plan.consumes {
        consumes(
            at,
            &format!("{field}.consumes.{resource}"),
            plan,
            consumption,
            findings,
        );
    }
    for path in adjustable_without_consumption(plan) {
        let message = format!(
            "people may adjust {path}, and nothing that the plan consumes follows from it: it costs no quota, however \
             much it is. Let an amount of `consumes` be {{ path: {path} }}, or take it out of `adjustable`"
        );
        findings.warning(at, format!("{field}.adjustable"), message);
    }
    if let Some(price) = &plan.price {
        if !price.monthly.is_finite() || price.monthly < 0.0 {
            findings.error(at, format!("{field}.price.monthly"), "must be 0 or more");
        }
        if price.currency.len() != 3 || !price.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            findings.error(
                at,
                format!("{field}.price.currency"),
                "must be three letters, as EUR (ISO 4217)",
            );
        }
    }
}

/// Amounts that the plan lets people adjust, but that do not affect what it consumes.
fn adjustable_without_consumption(plan: &Plan) -> Vec<String> {
    fn amounts(path: &str, value: &Value, found: &mut Vec<String>) {
        // Sizes as quotas count them. `30m` and `7d` are usually durations.
        let is_size = |text: &str| {
            let number = text.trim_end_matches(['i', 'k', 'K', 'M', 'G', 'T', 'P', 'E']);
            number.len() < text.len() && number.parse::<f64>().is_ok()
        };
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    amounts(&format!("{path}.{name}"), value, found);
                }
            }
            Value::Array(_) | Value::Number(_) => found.push(path.to_owned()),
            Value::String(text) if is_size(text) => found.push(path.to_owned()),
            _ => {}
        }
    }
    let below = |path: &str, above: &str| {
        path.strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let mut found = Vec::new();
    for (name, value) in &plan.values {
        amounts(name, value, &mut found);
    }
    found.retain(|path| {
        plan.adjustable
            .iter()
            .any(|adjustable| below(path, adjustable) || below(adjustable, &format!("{path}[]")))
            && !plan.consumes.values().any(|consumption| match consumption {
                Consumption::Field(field) => below(&field.path, path),
                Consumption::Amount(_) => false,
            })
    });
    found
}

/// An amount that cannot be read would count as nothing.
fn consumes(at: usize, field: &str, plan: &Plan, consumption: &Consumption, findings: &mut Findings) {
    let Consumption::Field(from) = consumption else {
        return;
    };
    if let Err(message) = field_path(&from.path) {
        findings.error(at, format!("{field}.path"), message);
        return;
    }
    if from.times == 0 {
        findings.error(
            at,
            format!("{field}.times"),
            "must be 1 or more; leave the resource out for nothing",
        );
    }
    let preset = Value::Object(plan.values.clone());
    if !path::all(&preset, &from.path).is_empty() && consumption.of(&preset).is_none() {
        let message = format!(
            "the plan sets {} to what is neither a number nor a quantity such as 20Gi",
            from.path
        );
        findings.error(at, format!("{field}.path"), message);
    }
}

/// Checks a path in a document: `spec.storage.size`, `spec.users[].name`.
fn field_path(path: &str) -> Result<(), String> {
    let whole = path.split('.').all(|part| {
        let name = part.strip_suffix("[]").unwrap_or(part);
        !name.is_empty() && !name.contains(['[', ']', '/', ' '])
    });
    if whole {
        Ok(())
    } else {
        Err(format!(
            "{path:?} is not a path: write it as spec.storage.size or spec.users[].name"
        ))
    }
}

pub(super) fn tenants(documents: &[LocatedDocument], findings: &mut Findings) {
    let planes: BTreeMap<&PlaneName, &ControlPlane> =
        planes(documents).map(|(_, plane)| (&plane.name, plane)).collect();
    let mut namespaces: BTreeMap<&str, &TenantName> = BTreeMap::new();
    let providers = portal::providers(documents);
    for (at, tenant) in all_tenants(documents) {
        let spec = &tenant.spec;
        if spec.members.is_empty() {
            findings.warning(at, "spec.members", "nobody belongs to this tenant");
        }
        for (index, member) in spec.members.iter().enumerate() {
            let field = format!("spec.members[{index}].group");
            portal::group_of(at, &field, &member.group_ref(), &providers, findings);
        }
        if spec.environments.is_empty() {
            findings.error(at, "spec.environments", "a tenant needs at least one environment");
        }
        let mut names = BTreeSet::new();
        for (index, environment) in spec.environments.iter().enumerate() {
            let field = format!("spec.environments[{index}]");
            if !names.insert(&environment.name) {
                let message = format!("two environments are named {:?}", environment.name.as_str());
                findings.error(at, format!("{field}.name"), message);
            }
            if !is_dns_label(&environment.namespace) {
                let message = format!(
                    "{:?} is not a namespace: use a-z, 0-9 and '-'",
                    environment.namespace
                );
                findings.error(at, format!("{field}.namespace"), message);
            }
            if let Some(owner) = namespaces.insert(&environment.namespace, &tenant.name) {
                let message = format!(
                    "the namespace {:?} already belongs to an environment of tenant {owner}: no two may share one",
                    environment.namespace
                );
                findings.error(at, format!("{field}.namespace"), message);
            }
            labels(
                at,
                &format!("{field}.controlPlaneLabels"),
                &environment.control_plane_labels,
                findings,
            );
        }
        for (index, name) in spec.control_planes.names.iter().enumerate() {
            let field = format!("spec.controlPlanes.names[{index}]");
            match planes.get(name) {
                None => findings.error(
                    at,
                    field,
                    format!("there is no control plane named {:?}", name.as_str()),
                ),
                Some(plane)
                    if !plane.spec.dedicated_to.is_empty()
                        && !plane.spec.dedicated_to.contains(&tenant.name) =>
                {
                    let message = format!("{name} is dedicated to other tenants and will not serve this one");
                    findings.warning(at, field, message);
                }
                Some(_) => {}
            }
        }
    }
}

pub(super) fn policies(documents: &[LocatedDocument], findings: &mut Findings) {
    let all = of_kind(documents, |document| match document {
        Document::ApprovalPolicy(policy) => Some(policy),
        _ => None,
    });
    let plans: BTreeSet<&str> = all_offerings(documents)
        .flat_map(|(_, offering)| &offering.spec.plans)
        .map(|plan| plan.name.as_str())
        .collect();
    let providers = portal::providers(documents);
    for (at, policy) in all {
        approval_policy(at, policy, &providers, findings);
        for (index, rule) in policy.spec.rules.iter().enumerate() {
            for name in plans_named(&rule.when) {
                if !plans.contains(name) {
                    let message = format!(
                        "no offering has a plan named {name:?}: what this rule was to catch goes by another name now, \
                         and claims that still name it count as the largest plan"
                    );
                    findings.warning(at, format!("spec.rules[{index}].when"), message);
                }
            }
        }
    }
}

/// The names that a condition compares `plan.name` with.
fn plans_named(when: &str) -> Vec<&str> {
    let mut named = Vec::new();
    for clause in when.split("plan.name").skip(1) {
        // The comparison ends with the clause.
        let ends = ["&&", "||", "?"].iter().filter_map(|end| clause.find(end)).min();
        let compared = &clause[..ends.unwrap_or(clause.len())];
        if !compared.trim_start().starts_with(['=', '!', 'i']) {
            continue;
        }
        let quote = if compared.contains('\'') { '\'' } else { '"' };
        named.extend(
            compared
                .split(quote)
                .skip(1)
                .step_by(2)
                .filter(|name| !name.is_empty()),
        );
    }
    named
}

fn approval_policy(at: usize, policy: &ApprovalPolicy, providers: &[&Provider], findings: &mut Findings) {
    if policy.spec.rules.is_empty() {
        findings.warning(at, "spec.rules", "a policy without rules has no effect");
    }
    let mut names = BTreeSet::new();
    for (index, rule) in policy.spec.rules.iter().enumerate() {
        let field = format!("spec.rules[{index}]");
        if !names.insert(&rule.name) {
            findings.error(
                at,
                format!("{field}.name"),
                format!("two rules are named {:?}", rule.name),
            );
        }
        if let Some(message) = condition_problem(&policy.name, rule) {
            findings.error(at, format!("{field}.when"), message);
        }
        if let Outcome::Require {
            approvers,
            count,
            expires_after_hours,
        } = &rule.then
        {
            if *count == 0 {
                findings.error(at, format!("{field}.then.require.count"), "must be at least 1");
            }
            if *expires_after_hours == 0 || *expires_after_hours > 24 * 365 {
                findings.error(
                    at,
                    format!("{field}.then.require.expiresAfterHours"),
                    "must be 1 to 8760 (a year)",
                );
            }
            if let Approvers::Groups(groups) = approvers {
                let field = format!("{field}.then.require.approvers.groups");
                if groups.is_empty() {
                    findings.error(at, &field, "name at least one group");
                }
                for (index, group) in groups.iter().enumerate() {
                    portal::group_of(at, &format!("{field}[{index}]"), group, providers, findings);
                }
            }
        }
        if providers.len() > 1
            && rule.when.contains("requester.groups")
            && !rule.when.contains("requester.provider")
        {
            findings.warning(
                at,
                format!("{field}.when"),
                "there are several sign-in providers, and groups of each count here: say whose by requester.provider",
            );
        }
    }
}

/// Why a rule's condition does not compile.
fn condition_problem(policy: &str, rule: &ApprovalRule) -> Option<String> {
    let alone = ApprovalPolicy {
        name: policy.to_owned(),
        spec: ApprovalPolicySpec {
            rules: vec![rule.clone()],
        },
    };
    let errors = Policies::compile([&alone]).err()?;
    let said = errors.first().map_or("", |error| &error.message);
    Some(format!(
        "is not a CEL expression: {}",
        said.trim().replace('\n', "; ")
    ))
}

/// Checks labels by Kubernetes' rules: an optional prefix, a name, and a value of at most 63 characters.
fn labels(at: usize, field: &str, labels: &BTreeMap<String, String>, findings: &mut Findings) {
    for (key, value) in labels {
        let name = key.rsplit_once('/').map_or(key.as_str(), |(_, name)| name);
        if !is_label_text(name) || name.is_empty() {
            findings.error(
                at,
                format!("{field}.{key}"),
                format!("{key:?} is not a label's name"),
            );
        }
        if !is_label_text(value) {
            findings.error(
                at,
                format!("{field}.{key}"),
                format!("{value:?} is not a label's value"),
            );
        }
    }
}

fn is_label_text(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
