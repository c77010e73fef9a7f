//! Checks offerings and their plans.

use std::collections::{BTreeMap, BTreeSet};

use portico_domain::claim::{HealthRules, path};
use portico_domain::claimed_tenant::{DOCUMENTS_GROUP, TENANT_OFFERING};
use portico_domain::documents::{Access, Consumption, Offering, Plan, SecretSource};
use portico_domain::names::OfferingName;
use portico_domain::projection::{NotSettable, check_settable};
use serde_json::Value;
use url::Url;

use super::super::documents::{LocatedDocument, all_offerings};
use super::super::finding::Findings;
use super::claimed_planes::claimed_control_plane;
use super::labels::labels;
use super::lifecycle::lifecycle;
use super::placement::placement;
use super::portal;

pub(super) fn offerings(documents: &[LocatedDocument], findings: &mut Findings) {
    let by_name: BTreeMap<&OfferingName, &Offering> = all_offerings(documents)
        .map(|(_, offering)| (&offering.name, offering))
        .collect();
    for (at, offering) in all_offerings(documents) {
        offering_document(at, offering, findings);
        placement(
            at,
            "spec.placement",
            &offering.spec.placement,
            documents,
            findings,
        );
        claimed_control_plane(at, offering, findings);
        document_of_portico(at, offering, documents, findings);
        lifecycle(at, offering, &by_name, findings);
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
    if let Some(message) = spec.support.as_deref().and_then(|link| support(link).err()) {
        findings.error(at, "spec.support", message);
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
        if let Err(reason) = check_settable(path) {
            let why = not_settable(&reason);
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
    labels(
        at,
        "spec.preferredControlPlaneLabels",
        &spec.preferred_control_plane_labels,
        findings,
    );
}

/// Portico's own documents say who may do what, so nobody may ask for one but for a tenant within theirs.
fn document_of_portico(
    at: usize,
    offering: &Offering,
    documents: &[LocatedDocument],
    findings: &mut Findings,
) {
    let is_tenants = offering.name.as_str() == TENANT_OFFERING;
    let group = offering.name.as_str().split_once('.').map(|(_, group)| group);
    if offering.spec.tenant.is_some() && !is_tenants {
        findings.error(at, "spec.tenant", format!("is for {TENANT_OFFERING} alone"));
    } else if group == Some(DOCUMENTS_GROUP) && !is_tenants {
        let message = "are documents of Portico itself, which only the platform team writes";
        findings.error(at, "metadata.name", message);
    } else if is_tenants && offering.spec.tenant.is_none() {
        let message = "say what people may fill in: without it they would decide who has which rights";
        findings.error(at, "spec.tenant", message);
    }
    if offering.spec.tenant.is_some() && !portal::has_home(documents) {
        let message = "the Portal names no home control plane, so nothing becomes of such a tenant";
        findings.warning(at, "spec.tenant", message);
    }
}

/// Why an offering may not make a path settable.
fn not_settable(reason: &NotSettable) -> String {
    match reason {
        NotSettable::SetByPortico => "Portico’s own marks are not for people to set".to_owned(),
        NotSettable::Metadata => {
            "of metadata only metadata.labels.<key> and metadata.annotations.<key> can be opened".to_owned()
        }
        NotSettable::WholeCrossplane => {
            "name what is to be opened below it: spec.crossplane.compositionSelector".to_owned()
        }
        NotSettable::Adoption { name } => {
            format!("with {name} a claim could adopt or overwrite what is another’s; it cannot be opened")
        }
        NotSettable::NotMachinery => "is no machinery: people may set it already".to_owned(),
        NotSettable::OtherRoot => "begin with spec., metadata.labels. or metadata.annotations.".to_owned(),
    }
}

/// Checks a link that is shown to everybody: any other scheme could run a script.
fn support(link: &str) -> Result<(), String> {
    let url = Url::parse(link).map_err(|error| format!("is not a URL: {error}"))?;
    let has_password = url.password().is_some() || !url.username().is_empty();
    match url.scheme() {
        "https" if has_password => Err("must not contain a user name or password".to_owned()),
        "https" => Ok(()),
        "mailto" if is_email_address(url.path()) => Ok(()),
        "mailto" => Err("must name one e-mail address, such as mailto:databases@example.com".to_owned()),
        _ => Err("must begin with https:// or mailto:".to_owned()),
    }
}

fn is_email_address(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains(['@', ',']))
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
                "{path:?} is a field that a person may set, so they could name any secret of the namespace: use a \
                 field of the status, such as status.binding.name"
            );
            findings.error(at, "spec.access.secret.path", message);
        }
        Some(SecretSource::Name(pattern)) if !pattern.contains("{name}") => findings.error(
            at,
            "spec.access.secret.name",
            format!("{pattern:?} is the same secret for all claims of a namespace: use the claim's name, such as {{name}}-app"),
        ),
        _ => {}
    }
    for (key, value) in &access.secret_labels {
        let field = format!("spec.access.secretLabels.{key}");
        let Some((prefix, _)) = key.split_once('/') else {
            findings.error(
                at,
                field,
                "must have a prefix of its controller, such as cnpg.io/cluster",
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
                "must name the claim by {name} or {uid}, or it proves nothing about a claim",
            );
        }
    }
}

fn offering_plan(at: usize, field: &str, plan: &Plan, findings: &mut Findings) {
    for name in ["apiVersion", "kind", "metadata", "status"] {
        if plan.values.contains_key(name) {
            findings.error(at, format!("{field}.values.{name}"), "cannot be set by a plan");
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
            "people may adjust {path}, but `consumes` does not depend on it, so any amount costs no quota. Set an \
             amount of `consumes` to {{ path: {path} }}, or remove it from `adjustable`"
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
                "must be three letters, such as EUR (ISO 4217)",
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
            "must be 1 or more; to consume nothing, remove the resource",
        );
    }
    let preset = Value::Object(plan.values.clone());
    if !path::all(&preset, &from.path).is_empty() && consumption.of(&preset).is_none() {
        let message = format!(
            "the plan sets {} to neither a number nor a quantity such as 20Gi",
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
            "{path:?} is not a path, such as spec.storage.size or spec.users[].name"
        ))
    }
}
