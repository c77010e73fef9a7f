//! Approval policies: which requests are allowed, denied, or need approval, and whose.

use std::collections::BTreeSet;

use kube_schema::{Condition, EvalError};
use serde_json::{Value, json};

use crate::documents::{
    ApprovalPolicy, Approvers, Category, Consumption, ControlPlane, Environment, Outcome, Plan, Tenant,
};
use crate::names::{OfferingName, PlanName, TenantName};
use crate::quota::{Amounts, larger};
use crate::request::{Action, Decision, RuleNeed};
use crate::tenancy::{Person, Role, Viewer};

/// A rule whose `when` is not a CEL expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy {policy}, rule {rule}: `when` is not a CEL expression: {message}")]
pub struct PolicyError {
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// The parser's message.
    pub message: String,
}

/// Policies with compiled conditions.
#[derive(Default)]
pub struct Policies {
    rules: Vec<CompiledRule>,
}

struct CompiledRule {
    policy: String,
    rule: String,
    reason: Option<String>,
    condition: Condition,
    outcome: Outcome,
}

/// The input of a policy decision.
#[derive(Debug, Clone, Copy)]
pub struct PolicyInput<'a> {
    /// The action of the request.
    pub action: Action,
    /// The manifest that would be applied.
    pub manifest: &'a Value,
    /// For a change or delete: the current object.
    pub previous: Option<&'a Value>,
    /// The offering.
    pub offering: &'a OfferingName,
    /// Its kind.
    pub kind: &'a str,
    /// Its category.
    pub category: Category,
    /// The plan; `None` if there is none, or it is no longer offered.
    pub plan: Option<&'a Plan>,
    /// All plans of the offering. Without a known plan, the request counts as the largest.
    pub plans: &'a [Plan],
    /// The tenant.
    pub tenant: &'a Tenant,
    /// The environment.
    pub environment: &'a Environment,
    /// The requester.
    pub requester: Requester<'a>,
    /// Fields that are taken over from other field managers.
    pub take_over: &'a [String],
    /// The chosen control plane, if known.
    pub plane: Option<&'a ControlPlane>,
}

/// The requester, as policies see them.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    /// The name.
    pub name: &'a str,
    /// The e-mail address.
    pub email: Option<&'a str>,
    /// The name of the identity provider.
    pub provider: &'a str,
    /// The SSO groups.
    pub groups: &'a BTreeSet<String>,
    /// The roles in the tenant of the request.
    pub roles: &'a BTreeSet<Role>,
}

impl<'a> Requester<'a> {
    /// Returns the viewer as a requester in the tenant.
    #[must_use]
    pub fn of(viewer: &'a Viewer, tenant: &TenantName) -> Self {
        static NO_ROLES: BTreeSet<Role> = BTreeSet::new();
        Self {
            name: &viewer.person().name,
            email: viewer.person().email.as_deref(),
            provider: viewer.provider(),
            groups: viewer.groups(),
            roles: viewer.roles().get(tenant).unwrap_or(&NO_ROLES),
        }
    }
}

/// The decision of all policies on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyDecision {
    /// No approval is needed.
    Allow,
    /// Denied, with one reason per rule.
    Deny(Vec<String>),
    /// All of these rules must be met.
    RequireApproval {
        /// The rules.
        rules: Vec<RuleNeed>,
        /// Hours until the request expires: the minimum of all rules.
        expires_after_hours: u32,
    },
}

impl Policies {
    /// Compiles the conditions of all rules.
    ///
    /// # Errors
    /// Every rule whose condition is not a CEL expression.
    pub fn compile<'p>(
        policies: impl IntoIterator<Item = &'p ApprovalPolicy>,
    ) -> Result<Self, Vec<PolicyError>> {
        let mut rules = Vec::new();
        let mut errors = Vec::new();
        for policy in policies {
            for rule in &policy.spec.rules {
                match Condition::compile(&rule.when) {
                    Ok(condition) => rules.push(CompiledRule {
                        policy: policy.name.clone(),
                        rule: rule.name.clone(),
                        reason: rule.reason.clone(),
                        condition,
                        outcome: rule.then.clone(),
                    }),
                    Err(error) => errors.push(PolicyError {
                        policy: policy.name.clone(),
                        rule: rule.name.clone(),
                        message: error.to_string(),
                    }),
                }
            }
        }
        if errors.is_empty() {
            Ok(Self { rules })
        } else {
            Err(errors)
        }
    }

    /// Evaluates all rules. A rule whose condition cannot be evaluated counts as true, and its reason says so.
    #[must_use]
    pub fn evaluate(&self, input: &PolicyInput<'_>) -> PolicyDecision {
        if self.rules.is_empty() {
            return PolicyDecision::Allow;
        }
        let variables = variables(input);
        let mut refusals = Vec::new();
        let mut needs = Vec::new();
        let mut hours = u32::MAX;
        for rule in &self.rules {
            let doubt = match rule.condition.holds(&variables) {
                Ok(false) => continue,
                Ok(true) => None,
                Err(error) => Some(clause(&error)),
            };
            let mut reason = rule
                .reason
                .clone()
                .unwrap_or_else(|| format!("rule “{}” of policy “{}”", rule.rule, rule.policy));
            if let Some(doubt) = doubt {
                reason = format!("{reason} (taken to apply: {doubt})");
            }
            match &rule.outcome {
                Outcome::Deny {} => refusals.push(reason),
                Outcome::Require {
                    approvers,
                    count,
                    expires_after_hours,
                } => {
                    hours = hours.min(*expires_after_hours);
                    needs.push(RuleNeed {
                        policy: rule.policy.clone(),
                        rule: rule.rule.clone(),
                        reason,
                        approvers: approvers.clone(),
                        count: (*count).max(1),
                        publication: None,
                    });
                }
            }
        }
        if !refusals.is_empty() {
            PolicyDecision::Deny(refusals)
        } else if needs.is_empty() {
            PolicyDecision::Allow
        } else {
            PolicyDecision::RequireApproval {
                rules: needs,
                expires_after_hours: hours,
            }
        }
    }
}

fn variables(input: &PolicyInput<'_>) -> [(&'static str, Value); 7] {
    let requester = &input.requester;
    [
        (
            "request",
            json!({
                "action": input.action.slug(),
                "manifest": input.manifest,
                "previous": input.previous,
                "takeOver": input.take_over,
            }),
        ),
        (
            "offering",
            json!({
                "name": input.offering,
                "kind": input.kind,
                "group": input.offering.as_str().split_once('.').map_or("", |(_, group)| group),
                "category": input.category.slug(),
            }),
        ),
        (
            "plan",
            json!({
                "name": input.plan.map_or("", |plan| plan.name.as_str()),
                "consumes": input.plan.map_or_else(|| largest(input.plans, input.manifest), |plan| consumes(plan, input.manifest)),
                "monthlyPrice": monthly_price(input),
            }),
        ),
        (
            "environment",
            json!({ "name": input.environment.name, "production": input.environment.production, "namespace": input.environment.namespace }),
        ),
        ("tenant", json!({ "name": input.tenant.name })),
        (
            "requester",
            json!({
                "name": requester.name,
                "email": requester.email.unwrap_or_default(),
                "provider": requester.provider,
                "groups": requester.groups,
                "roles": requester.roles,
            }),
        ),
        (
            "controlPlane",
            json!({
                "name": input.plane.map_or("", |plane| plane.name.as_str()),
                "region": input.plane.and_then(|plane| plane.spec.region.clone()).unwrap_or_default(),
                "labels": input.plane.map(|plane| plane.labels.clone()).unwrap_or_default(),
            }),
        ),
    ]
}

/// True if the viewer is among the approvers in that tenant. Does not exclude the requester.
#[must_use]
pub fn is_approver(viewer: &Viewer, tenant: &TenantName, approvers: &Approvers) -> bool {
    match approvers {
        Approvers::TenantApprovers {} => viewer.may(tenant, Role::Approver),
        Approvers::Groups(groups) => groups.iter().any(|group| viewer.is_in(group)),
    }
}

/// True if the viewer is among those who may approve by the rule. What a publication requires is approved by those that it
/// has in force now, whoever they were when the request was made.
#[must_use]
pub fn may_approve(viewer: &Viewer, tenant: &TenantName, rule: &RuleNeed) -> bool {
    match &rule.publication {
        Some(publication) => viewer.decides_for(publication, tenant).is_some(),
        None => is_approver(viewer, tenant, &rule.approvers),
    }
}

/// Returns the rules that `decisions` do not meet yet. A person counts once per rule, and only if they were among its
/// approvers when they decided.
#[must_use]
pub fn unmet<'r>(rules: &'r [RuleNeed], decisions: &[Decision]) -> Vec<&'r RuleNeed> {
    rules
        .iter()
        .filter(|rule| {
            let mut agreed: Vec<&Person> = Vec::new();
            for decision in decisions {
                let counts = decision.approved && !decision.void && counts_for(decision, &rule.approvers);
                if counts && !agreed.iter().any(|one| one.is_same_human(&decision.by)) {
                    agreed.push(&decision.by);
                }
            }
            u32::try_from(agreed.len()).unwrap_or(u32::MAX) < rule.count
        })
        .collect()
}

/// True if the person was among the approvers of the rule when they decided.
#[must_use]
pub fn is_decision_for(decision: &Decision, rule: &RuleNeed) -> bool {
    counts_for(decision, &rule.approvers)
}

fn counts_for(decision: &Decision, approvers: &Approvers) -> bool {
    match approvers {
        Approvers::TenantApprovers {} => decision.tenant_approver,
        Approvers::Groups(groups) => {
            let provider = decision.provider.as_deref().unwrap_or_default();
            groups
                .iter()
                .any(|group| group.has(provider, decision.groups.iter()))
        }
    }
}

/// Says in words who may approve.
#[must_use]
pub fn approvers_in_words(approvers: &Approvers, tenant_title: &str, count: u32) -> String {
    let who = match approvers {
        Approvers::TenantApprovers {} => format!("approver of {tenant_title}"),
        Approvers::Groups(groups) => {
            let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
            format!("member of {}", names.join(" or "))
        }
    };
    if count > 1 {
        format!("{count} people, each {who}")
    } else {
        format!("an {who}").replace("an member", "a member")
    }
}

fn monthly_price(input: &PolicyInput<'_>) -> f64 {
    let of = |plan: &Plan| plan.price.as_ref().map_or(0.0, |price| price.monthly);
    input
        .plan
        .map_or_else(|| input.plans.iter().map(of).fold(0.0, f64::max), of)
}

/// Returns what a claim consumes of the tenant's quota: what its plan declares, plus one of `claims`. A claim without
/// a known plan counts as the largest of the offering's `plans`. `object` is the claim or its manifest.
#[must_use]
pub fn quota_consumption(plans: &[Plan], plan: Option<&PlanName>, object: &Value) -> Amounts {
    let known = plans.iter().find(|known| Some(&known.name) == plan);
    let mut amounts = known.map_or_else(|| largest(plans, object), |plan| consumes(plan, object));
    amounts.insert("claims".to_owned(), 1);
    amounts
}

/// Returns the maximum of each resource over all plans.
fn largest(plans: &[Plan], object: &Value) -> Amounts {
    let of_each = plans.iter().map(|plan| consumes(plan, object));
    of_each.fold(Amounts::new(), |most, of_plan| larger(&most, &of_plan))
}

/// Returns what a claim of the plan consumes. If the object does not state an amount, the plan's preset counts, else
/// 0.
fn consumes(plan: &Plan, object: &Value) -> Amounts {
    let preset = Value::Object(plan.values.clone());
    let amount = |consumption: &Consumption| {
        let said = consumption.of(object).or_else(|| consumption.of(&preset));
        said.unwrap_or(0)
    };
    plan.consumes
        .iter()
        .map(|(resource, consumption)| (resource.clone(), amount(consumption)))
        .collect()
}

/// Says as a clause why a condition could not be evaluated.
fn clause(error: &EvalError) -> String {
    match error {
        EvalError::NotABoolean => "its condition is neither true nor false".to_owned(),
        EvalError::BudgetExceeded => "its condition takes more work than is allowed".to_owned(),
        error => match error.to_string() {
            message if message.is_empty() => "its condition could not be evaluated".to_owned(),
            message => format!("its condition could not be evaluated ({message})"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::documents::{ApprovalPolicySpec, ApprovalRule, GroupRef, PlaneGrant, Quota, TenantSpec};

    fn policies(when: &str, then: Outcome) -> Policies {
        let rule = ApprovalRule {
            name: "rule".into(),
            when: when.into(),
            then,
            reason: Some("because".into()),
        };
        let policy = ApprovalPolicy {
            name: "policy".into(),
            spec: ApprovalPolicySpec { rules: vec![rule] },
        };
        Policies::compile([&policy]).unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    fn decision(when: &str, then: Outcome) -> PolicyDecision {
        let manifest = json!({"spec": {"storage": {"gib": 200}, "nodes": 3}});
        let offering = OfferingName::new("databases.example.org").unwrap();
        let environment = Environment {
            name: "production".parse().unwrap(),
            namespace: "payments-production".into(),
            production: true,
            control_plane_labels: BTreeMap::new(),
            preferred_control_plane_labels: BTreeMap::new(),
            placement: crate::documents::PlacementRules::default(),
        };
        let tenant = Tenant {
            name: "payments".parse().unwrap(),
            spec: TenantSpec {
                title: None,
                parent: None,
                members: vec![],
                environments: vec![environment.clone()],
                placement: crate::documents::PlacementRules::default(),
                control_planes: PlaneGrant::default(),
                offerings: vec![],
                quota: Quota::default(),
            },
        };
        let person = Person {
            subject: "i#dana".into(),
            name: "Dana".into(),
            email: None,
        };
        let requester = Viewer::for_tests(person)
            .with_groups(["payments-developers"])
            .with_role(tenant.name.clone(), Role::Developer);
        let input = PolicyInput {
            action: Action::Create,
            manifest: &manifest,
            previous: None,
            offering: &offering,
            kind: "Database",
            category: Category::Databases,
            plan: None,
            plans: &[],
            tenant: &tenant,
            environment: &environment,
            requester: Requester::of(&requester, &tenant.name),
            take_over: &[],
            plane: None,
        };
        policies(when, then).evaluate(&input)
    }

    fn require() -> Outcome {
        Outcome::Require {
            approvers: Approvers::TenantApprovers {},
            count: 1,
            expires_after_hours: 24,
        }
    }

    #[test]
    fn conditions_see_request_environment_and_requester() {
        for when in [
            "environment.production && request.action == 'create'",
            "request.manifest.spec.storage.gib > 100",
            "'payments-developers' in requester.groups && 'developer' in requester.roles",
            "offering.category == 'databases' && offering.group == 'example.org' && plan.name == ''",
        ] {
            assert!(
                matches!(
                    decision(when, require()),
                    PolicyDecision::RequireApproval {
                        expires_after_hours: 24,
                        ..
                    }
                ),
                "{when}"
            );
        }
        assert_eq!(
            decision("tenant.name == 'research'", require()),
            PolicyDecision::Allow
        );
    }

    #[test]
    fn a_condition_that_cannot_be_evaluated_counts_as_true() {
        let PolicyDecision::RequireApproval { rules, .. } =
            decision("request.manifest.spec.missing > 3", require())
        else {
            panic!("not required");
        };
        assert!(
            rules[0]
                .reason
                .starts_with("because (taken to apply: its condition could not be evaluated")
        );
        assert!(matches!(
            decision("1 + 1", Outcome::Deny {}),
            PolicyDecision::Deny(_)
        ));
    }

    #[test]
    fn an_invalid_condition_names_its_rule() {
        let rule = ApprovalRule {
            name: "r".into(),
            when: "a &&".into(),
            then: require(),
            reason: None,
        };
        let policy = ApprovalPolicy {
            name: "p".into(),
            spec: ApprovalPolicySpec { rules: vec![rule] },
        };
        let errors = Policies::compile([&policy]).err().unwrap_or_default();
        assert_eq!((errors[0].policy.as_str(), errors[0].rule.as_str()), ("p", "r"));
    }

    #[test]
    fn an_unknown_plan_counts_as_the_largest() {
        let plans: Vec<Plan> = serde_json::from_value(json!([
            {"name": "small", "values": {"spec": {"size": "10Gi"}}, "consumes": {"storage": {"path": "spec.size"}, "cpu": 1}},
            {"name": "large", "values": {"spec": {"size": "100Gi"}}, "consumes": {"storage": {"path": "spec.size", "times": 2}, "cpu": 8, "gpu": 1}},
        ]))
        .unwrap();
        let amounts = |cpu, gpu: Option<u64>, storage| {
            let mut amounts = Amounts::from([
                ("claims".into(), 1),
                ("cpu".into(), cpu),
                ("storage".into(), storage),
            ]);
            amounts.extend(gpu.map(|gpu| ("gpu".into(), gpu)));
            amounts
        };
        let object = json!({"spec": {"size": "30Gi"}});
        let name = |name: &str| Some(PlanName::new(name).unwrap());
        let consumption =
            |plan: Option<PlanName>, object: &Value| quota_consumption(&plans, plan.as_ref(), object);
        assert_eq!(consumption(name("small"), &object), amounts(1, None, 30));
        for unknown in [None, name("starter")] {
            assert_eq!(consumption(unknown.clone(), &object), amounts(8, Some(1), 60));
            // Without an amount in the object: the presets of the largest plan.
            assert_eq!(consumption(unknown.clone(), &json!({})), amounts(8, Some(1), 200));
            // The amount in the object counts where it is larger.
            let huge = json!({"spec": {"size": "4096Gi"}});
            assert_eq!(consumption(unknown, &huge), amounts(8, Some(1), 8192));
        }
        assert_eq!(
            super::quota_consumption(&[], None, &object),
            Amounts::from([("claims".into(), 1)])
        );
    }

    #[test]
    fn two_approvals_by_one_person_count_once() {
        let rule = RuleNeed {
            policy: "p".into(),
            rule: "r".into(),
            reason: String::new(),
            approvers: Approvers::Groups(vec!["admins".into()]),
            count: 2,
            publication: None,
        };
        let yes = |subject: &str, group: &str| Decision {
            by: Person {
                subject: subject.into(),
                name: subject.into(),
                email: None,
            },
            provider: Some("sso".into()),
            groups: vec![group.into()],
            tenant_approver: true,
            approved: true,
            comment: None,
            digest: None,
            policy: None,
            void: false,
            undone_at: None,
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let rules = [rule];
        assert_eq!(
            unmet(
                &rules,
                &[yes("a", "admins"), yes("a", "admins"), yes("b", "others")]
            )
            .len(),
            1
        );
        assert!(unmet(&rules, &[yes("a", "admins"), yes("b", "admins")]).is_empty());
        // Two accounts with one e-mail address are one person.
        let by = |subject: &str, email: &str| {
            let mut decision = yes(subject, "admins");
            decision.by.email = Some(email.into());
            decision
        };
        let both = [
            by("sso#a", "ada@example.test"),
            by("partner#7", "Ada@Example.test"),
        ];
        assert_eq!(unmet(&rules, &both).len(), 1);
        let two = [
            by("sso#a", "ada@example.test"),
            by("partner#7", "tess@example.test"),
        ];
        assert!(unmet(&rules, &two).is_empty());
    }

    #[test]
    fn groups_of_another_provider_do_not_approve() {
        let rule = RuleNeed {
            policy: "p".into(),
            rule: "r".into(),
            reason: String::new(),
            approvers: Approvers::Groups(vec![GroupRef {
                provider: Some("sso".into()),
                group: "admins".into(),
            }]),
            count: 1,
            publication: None,
        };
        let yes = |provider: Option<&str>| Decision {
            by: Person {
                subject: "a".into(),
                name: "a".into(),
                email: None,
            },
            provider: provider.map(str::to_owned),
            groups: vec!["admins".into()],
            tenant_approver: false,
            approved: true,
            comment: None,
            at: jiff::Timestamp::UNIX_EPOCH,
            digest: None,
            policy: None,
            void: false,
            undone_at: None,
        };
        let rules = [rule];
        assert!(unmet(&rules, &[yes(Some("sso"))]).is_empty());
        assert_eq!(unmet(&rules, &[yes(Some("partner"))]).len(), 1);
        assert_eq!(unmet(&rules, &[yes(None)]).len(), 1);
    }
}
