//! Tries changed health rules of an offering against its live claims. Changes and stores nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube_schema::yaml;
use portico_api::words::health_rule_too_long;
use portico_api::{ClaimHealthTrial, HealthRuleProblem, HealthTrial, Link, ShownHealth, TryHealthPage};
use portico_domain::claim::health::{HealthInput, assess_with};
use portico_domain::claim::{Claim, ClaimStatus, HealthRules};
use portico_domain::documents::{Configuration, HealthExpressions};
use portico_domain::names::OfferingName;
use portico_domain::tenancy::Viewer;
use portico_planes::{ClaimFilter, Offered};
use serde_json::{Map, Value, json};

use crate::names::plane_title;
use crate::permissions::platform_admin;
use crate::{Portal, PortalError, Result};

/// Claims tried at most.
const MAX_TRIED: usize = 500;
/// Claims shown at most.
const MAX_SHOWN: usize = 50;
/// Claims tried at once, before others get their turn.
const TURN: usize = 25;
/// How long it may take in all.
const TIME_LIMIT: Duration = Duration::from_secs(8);
/// A longer rule is not compiled.
const MAX_CHARACTERS: usize = 4_000;

/// Tries changed health rules.
#[derive(Debug)]
pub struct TryHealth<'a> {
    /// The offering.
    pub offering: &'a OfferingName,
    /// The rules. Empty texts count as none.
    pub rules: HealthExpressions,
}

/// What claims are assessed by.
struct Trial {
    portal: Portal,
    viewer: Viewer,
    offered: Arc<Offered>,
    /// The rules of the document; `None` if it has none that can be used.
    now: Option<HealthRules>,
    tried: HealthRules,
}

impl Portal {
    /// The page that tries the rules of an offering, with those of its document.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and if nothing is offered by that name.
    pub fn try_health_page(&self, viewer: &Viewer, offering: &OfferingName) -> Result<TryHealthPage> {
        platform_admin(viewer)?;
        let catalog = self.planes().catalog();
        let offered = catalog.get(offering).ok_or(PortalError::NotFound)?;
        Ok(TryHealthPage {
            offering: offering.clone(),
            title: offered.title.clone(),
            rules: rules_of(&self.configuration(), offering)
                .cloned()
                .unwrap_or_default(),
            in_force: true,
            trial: None,
        })
    }

    /// Tries rules against the claims of an offering.
    ///
    /// # Errors
    /// As [`Portal::try_health_page`]; [`PortalError::Busy`] and [`PortalError::Unavailable`] if the rules could not be
    /// evaluated. Rules that cannot be used are no error but [`HealthTrial::problems`].
    pub async fn try_health(&self, viewer: &Viewer, command: TryHealth<'_>) -> Result<TryHealthPage> {
        let mut page = self.try_health_page(viewer, command.offering)?;
        let rules = trimmed(command.rules);
        page.in_force = page.rules == rules;
        page.rules = rules;
        let configuration = self.configuration();
        let mut report = HealthTrial {
            problems: too_long(&page.rules),
            known: 0,
            tried: 0,
            changed: 0,
            claims: Vec::new(),
            yaml: as_yaml(&configuration, command.offering, &page.rules),
        };
        if report.problems.is_empty() {
            self.try_rules(viewer, &configuration, command.offering, &page.rules, &mut report)
                .await?;
        }
        page.trial = Some(report);
        Ok(page)
    }

    async fn try_rules(
        &self,
        viewer: &Viewer,
        configuration: &Configuration,
        offering: &OfferingName,
        rules: &HealthExpressions,
        report: &mut HealthTrial,
    ) -> Result<()> {
        let subject = &viewer.person().subject;
        let catalog = self.planes().catalog();
        let offered = Arc::clone(catalog.get(offering).ok_or(PortalError::NotFound)?);
        let now = rules_of(configuration, offering).cloned().unwrap_or_default();
        let (own, for_now) = (rules.clone(), self.clone());
        let by = viewer.clone();
        let compiled = self.shared.judging.run(subject, move || {
            HealthRules::compile(&own).map(|tried| Trial {
                portal: for_now,
                viewer: by,
                offered,
                now: HealthRules::compile(&now).ok(),
                tried,
            })
        });
        let trial = match compiled.await? {
            Ok(trial) => Arc::new(trial),
            Err(errors) => {
                let problem = |error: portico_domain::claim::HealthRuleError| {
                    problem(error.field, source(rules, error.field), &error.message)
                };
                report.problems = errors.into_iter().map(problem).collect();
                return Ok(());
            }
        };
        let filter = ClaimFilter {
            offering: Some(offering.clone()),
            ..ClaimFilter::default()
        };
        let mut claims = self.planes().claims(&viewer.scope(), &filter);
        report.known = claims.len();
        claims.truncate(MAX_TRIED);
        let until = Instant::now() + TIME_LIMIT;
        let mut unchanged = Vec::new();
        for turn in claims.chunks(TURN) {
            if Instant::now() >= until {
                break;
            }
            let (trial, turn) = (Arc::clone(&trial), turn.to_vec());
            let tried = move || {
                turn.iter()
                    .filter_map(|claim| trial.of(claim))
                    .collect::<Vec<_>>()
            };
            for (claim, shown) in self.shared.judging.run(subject, tried).await? {
                report.tried += 1;
                report.changed += usize::from(shown.changed);
                let list = if shown.changed {
                    &mut report.claims
                } else {
                    &mut unchanged
                };
                if list.len() < MAX_SHOWN {
                    list.push(shown.of(configuration, &claim));
                }
            }
        }
        unchanged.truncate(MAX_SHOWN.saturating_sub(report.claims.len()));
        report.claims.append(&mut unchanged);
        Ok(())
    }
}

/// What a claim shows, and would show.
struct Shown {
    today: ShownHealth,
    tried: ShownHealth,
    changed: bool,
}

impl Shown {
    fn of(self, configuration: &Configuration, claim: &Claim) -> ClaimHealthTrial {
        let reference = &claim.reference;
        ClaimHealthTrial {
            name: reference.name.to_string(),
            namespace: reference.namespace.clone(),
            plane: plane_title(configuration, &reference.plane),
            tenant: claim.tenant.clone(),
            environment: claim.environment.clone(),
            href: Link::Claim(reference.clone()),
            today: self.today,
            tried: self.tried,
            changed: self.changed,
        }
    }
}

impl Trial {
    /// Assesses a claim by both rules. `None` if it is gone by now.
    fn of(&self, claim: &Arc<Claim>) -> Option<(Arc<Claim>, Shown)> {
        let whole = self
            .portal
            .planes()
            .claim(&self.viewer.scope(), &claim.reference)?;
        let object = Arc::clone(&whole.object);
        let now = self.assess(&object, self.now.as_ref());
        let tried = self.assess(&object, Some(&self.tried));
        let changed = (now.health, &now.reason) != (tried.health, &tried.reason);
        // What is shown has more than the rules say: what its composite reports, and whether its control plane answers.
        let today = shown(&whole.status);
        let tried = if changed { shown(&tried) } else { today.clone() };
        Some((
            Arc::clone(claim),
            Shown {
                today,
                tried,
                changed,
            },
        ))
    }

    fn assess(&self, object: &Value, rules: Option<&HealthRules>) -> ClaimStatus {
        let input = HealthInput {
            adapter: self.offered.adapter(),
            access: &self.offered.access,
            rules,
            has_no_status: false,
        };
        assess_with(object, &input)
    }
}

fn shown(status: &ClaimStatus) -> ShownHealth {
    ShownHealth {
        health: status.health,
        reason: status.reason.clone(),
    }
}

fn rules_of<'c>(configuration: &'c Configuration, offering: &OfferingName) -> Option<&'c HealthExpressions> {
    let document = configuration.offerings.get(offering)?;
    Some(&document.spec.health)
}

/// The rules without blanks around them, and without empty ones. Lines end as on Unix.
fn trimmed(rules: HealthExpressions) -> HealthExpressions {
    let trim = |rule: Option<String>| {
        rule.map(|text| text.replace("\r\n", "\n").trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    HealthExpressions {
        ready: trim(rules.ready),
        failed: trim(rules.failed),
        message: trim(rules.message),
    }
}

fn source<'r>(rules: &'r HealthExpressions, field: &str) -> &'r str {
    let rule = match field {
        "ready" => &rules.ready,
        "failed" => &rules.failed,
        _ => &rules.message,
    };
    rule.as_deref().unwrap_or_default()
}

fn too_long(rules: &HealthExpressions) -> Vec<HealthRuleProblem> {
    ["failed", "ready", "message"]
        .into_iter()
        .filter(|field| source(rules, field).chars().count() > MAX_CHARACTERS)
        .map(|field| HealthRuleProblem {
            rule: field.to_owned(),
            line: None,
            column: None,
            message: health_rule_too_long(MAX_CHARACTERS),
        })
        .collect()
}

/// The problem of a rule, with the place that the compiler names.
fn problem(field: &str, source: &str, message: &str) -> HealthRuleProblem {
    let first = message.lines().next().unwrap_or_default();
    let (at, words) = match compiler_error(first) {
        Some((at, words)) => (Some(at), words),
        None => (position_of_unknown(source, message), first),
    };
    HealthRuleProblem {
        rule: field.to_owned(),
        line: at.map(|(line, _)| line),
        column: at.map(|(_, column)| column),
        message: words.to_owned(),
    }
}

/// The line and column, and the words, of a message such as `ERROR: <input>:1:15: Syntax error: …`.
fn compiler_error(message: &str) -> Option<((usize, usize), &str)> {
    let (_, after) = message.split_once("<input>:")?;
    let mut parts = after.splitn(3, ':');
    let line = parts.next()?.parse().ok()?;
    let column = parts.next()?.parse().ok()?;
    Some(((line, column), parts.next()?.trim()))
}

/// Where the name that a message quotes is in the rule.
fn position_of_unknown(source: &str, message: &str) -> Option<(usize, usize)> {
    let name = message.split('`').nth(1)?;
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
    let found = source.match_indices(name).find(|(at, _)| {
        let before = source[..*at].chars().next_back();
        let after = source[at + name.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    })?;
    let before = &source[..found.0];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some((line, column))
}

/// The rules as YAML for the document; the whole document if there is none.
fn as_yaml(configuration: &Configuration, offering: &OfferingName, rules: &HealthExpressions) -> String {
    let set: BTreeMap<_, _> = ["failed", "ready", "message"]
        .into_iter()
        .map(|field| (field, source(rules, field)))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let spec = json!({ "health": set });
    let document = if configuration.offerings.contains_key(offering) {
        json!({ "spec": spec })
    } else {
        let mut document = Map::new();
        document.insert(
            "apiVersion".to_owned(),
            portico_domain::documents::API_VERSION.into(),
        );
        document.insert("kind".to_owned(), "Offering".into());
        document.insert("metadata".to_owned(), json!({ "name": offering }));
        document.insert("spec".to_owned(), spec);
        document.into()
    };
    yaml::print(&document)
}

#[cfg(test)]
mod tests {
    use portico_domain::claim::Health;

    use super::*;
    use crate::testing::{TestApp, everyone, platform_admin};

    fn rules(failed: &str, ready: &str) -> HealthExpressions {
        HealthExpressions {
            ready: Some(ready.to_owned()),
            failed: Some(failed.to_owned()),
            message: None,
        }
    }

    fn buckets() -> OfferingName {
        "buckets.storage.demo.portico.dev".parse().unwrap()
    }

    async fn tried(app: &TestApp, rules: HealthExpressions) -> HealthTrial {
        let command = TryHealth {
            offering: &buckets(),
            rules,
        };
        let page = app.portal.try_health(&platform_admin(), command).await.unwrap();
        page.trial.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn claims_that_would_show_something_else_come_first() {
        let app = TestApp::new().await;
        app.bucket_of("t0-sandbox", "small", json!({"sizeGb": 5})).await;
        app.bucket_of("t1-dev", "vast", json!({"sizeGb": 50})).await;
        let none = tried(&app, HealthExpressions::default()).await;
        assert_eq!((none.known, none.tried, none.changed), (2, 2, 0));
        assert!(none.claims.iter().all(|claim| claim.today == claim.tried));

        let found = tried(&app, rules("object.spec.sizeGb > 10", "")).await;
        assert_eq!((found.known, found.tried, found.changed), (2, 2, 1));
        let shown: Vec<_> = found
            .claims
            .iter()
            .map(|claim| (claim.name.as_str(), claim.changed, claim.tried.health))
            .collect();
        assert_eq!(shown[0], ("vast", true, Health::Degraded));
        assert_eq!((shown[1].0, shown[1].1), ("small", false));
        assert_eq!(found.claims[0].tenant.as_ref().unwrap().as_str(), "t1");
        // The document is as it was.
        assert_eq!(
            found.claims[0].today,
            tried(&app, HealthExpressions::default()).await.claims[1].today
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn rules_that_cannot_be_used_are_said_with_their_place() {
        let app = TestApp::new().await;
        app.bucket("t0-sandbox", "files").await;
        let found = tried(&app, rules("object.status.", "true &&\n  status.phase == 'Up'")).await;
        assert_eq!((found.tried, found.claims.len()), (0, 0));
        let places: Vec<_> = found
            .problems
            .iter()
            .map(|problem| (problem.rule.as_str(), problem.line, problem.column))
            .collect();
        assert_eq!(places[0], ("ready", Some(2), Some(3)), "{:?}", found.problems);
        assert_eq!(
            (places[1].0, places[1].1),
            ("failed", Some(1)),
            "{:?}",
            found.problems
        );
        let syntax = &found.problems[1].message;
        assert!(
            syntax.starts_with("Syntax error"),
            "the place is told once: {syntax}"
        );
        assert!(
            found.problems[0].message.contains("`status`"),
            "{:?}",
            found.problems
        );
        let long = tried(&app, rules(&"x".repeat(MAX_CHARACTERS + 1), "")).await;
        assert_eq!(long.problems[0].rule, "failed");
        // One that would take for ever says so instead.
        let slow = "['a','b','c','d','e','f','g','h'].all(a, ['a','b','c','d','e','f','g','h'].all(b, \
                    ['a','b','c','d','e','f','g','h'].all(c, ['a','b','c','d','e','f','g','h'].all(d, \
                    ['a','b','c','d','e','f','g','h'].all(e, ['a','b','c','d','e','f','g','h'].all(f, a != 'z'))))))";
        let slow = tried(&app, rules("", slow)).await;
        assert_eq!(slow.claims[0].tried.health, Health::Unknown);
        assert!(slow.claims[0].tried.reason.contains("more work than is allowed"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_exists_for_platform_admins_alone() {
        let app = TestApp::new().await;
        app.bucket("t0-sandbox", "files").await;
        for (who, viewer) in everyone() {
            let name = buckets();
            let command = TryHealth {
                offering: &name,
                rules: rules("", "true"),
            };
            let tried = app.portal.try_health(&viewer, command).await;
            let page = app.portal.try_health_page(&viewer, &name);
            if who == "platform admin" {
                assert_eq!(tried.unwrap().trial.unwrap().tried, 1);
            } else {
                assert!(matches!(tried, Err(PortalError::NotFound)), "{who}: {tried:?}");
                assert!(matches!(page, Err(PortalError::NotFound)), "{who}");
            }
        }
        let nothing = app
            .portal
            .try_health_page(&platform_admin(), &"nothing.example.org".parse().unwrap());
        assert!(matches!(nothing, Err(PortalError::NotFound)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_yaml_is_what_the_document_needs() {
        let app = TestApp::new().await;
        let found = tried(&app, rules("", "object.status.phase == 'Up'")).await;
        let read = yaml::parse(&found.yaml).unwrap();
        assert_eq!(
            read["spec"]["health"],
            json!({"ready": "object.status.phase == 'Up'"})
        );
    }
}
