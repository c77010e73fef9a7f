//! `allOf`, `anyOf`, `oneOf` and `not`. Ratcheting does not apply inside these branches: the API server does not pass
//! the old object down.

use serde_json::Value;

use super::super::go_format::quote;
use super::super::node::{Combinations, Node};
use super::super::path::Path;
use super::check_new;
use super::outcome::Outcome;

pub(super) fn validate_combinations(
    combinations: &Combinations,
    value: &Value,
    path: &Path<'_>,
    outcome: &mut Outcome,
) {
    let validate_branch = |branch: &Node| {
        let mut outcome = Outcome::default();
        check_new(branch, value, None, path, &mut outcome);
        outcome
    };
    let place = || quote(&path.dotted());
    if !combinations.any_of.is_empty() {
        let (chosen, accepted) = best(combinations.any_of.iter().map(validate_branch), true);
        if accepted == 0 {
            outcome.unattached(
                path,
                format!("{} must validate at least one schema (anyOf)", place()),
            );
        }
        outcome.merge(chosen);
    }
    if !combinations.one_of.is_empty() {
        let (chosen, accepted) = best(combinations.one_of.iter().map(validate_branch), false);
        match accepted {
            1 => {}
            0 => outcome.unattached(
                path,
                format!(
                    "{} must validate one and only one schema (oneOf). Found none valid",
                    place()
                ),
            ),
            more => outcome.unattached(
                path,
                format!(
                    "{} must validate one and only one schema (oneOf). Found {more} valid alternatives",
                    place()
                ),
            ),
        }
        outcome.merge(chosen);
    }
    if !combinations.all_of.is_empty() {
        let mut accepted = 0;
        for branch in combinations.all_of.iter().map(validate_branch) {
            accepted += usize::from(!branch.failed);
            outcome.merge(branch);
        }
        if accepted != combinations.all_of.len() {
            let none = if accepted == 0 { ". None validated" } else { "" };
            outcome.unattached(
                path,
                format!("{} must validate all the schemas (allOf){none}", place()),
            );
        }
    }
    if combinations
        .not
        .as_deref()
        .is_some_and(|branch| !validate_branch(branch).failed)
    {
        outcome.unattached(path, format!("{} must not validate the schema (not)", place()));
    }
}

/// Returns the branch that matches or, if none does, the one that passed the most checks; and how many match.
fn best(branches: impl Iterator<Item = Outcome>, first_only: bool) -> (Outcome, usize) {
    let mut accepted = 0;
    let mut success: Option<Outcome> = None;
    let mut failure: Option<Outcome> = None;
    for branch in branches {
        if !branch.failed {
            accepted += 1;
            success.get_or_insert(branch);
            if first_only {
                break;
            }
        } else if accepted == 0 && failure.as_ref().is_none_or(|best| branch.checks > best.checks) {
            failure = Some(branch);
        }
    }
    let chosen = match accepted {
        0 => failure,
        1 => success,
        _ => None,
    };
    (chosen.unwrap_or_default(), accepted)
}
