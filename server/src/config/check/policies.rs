//! Checks approval policies.

use std::collections::BTreeSet;

use portico_domain::documents::{
    ApprovalPolicy, ApprovalPolicySpec, ApprovalRule, Approvers, Outcome, Provider,
};
use portico_domain::policy::Policies;

use super::super::documents::{LocatedDocument, all_offerings, of_kind};
use super::super::finding::Findings;
use super::super::parse::Document;
use super::portal;

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
                        "no offering has a plan named {name:?}: if it was renamed, this rule no longer applies; claims \
                         with the old name count as the largest plan"
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
                "there are several sign-in providers, and groups of all of them count: compare requester.provider, too",
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
