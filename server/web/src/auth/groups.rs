//! Reads a person's groups from a provider's claims, in the shapes that providers use.

use std::collections::BTreeSet;

use portico_domain::documents::{Configuration, Provider};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims::{Claims, kind_of};

/// Maximum number of groups kept, in addition to those that the configuration names.
const MAX_GROUPS: usize = 5_000;
/// Maximum length in bytes of a group that the configuration does not name.
const MAX_NAME_BYTES: usize = 1_024;

/// A person's groups, with a remark if some may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Groups {
    pub(super) names: BTreeSet<String>,
    pub(super) remark: Option<GroupsRemark>,
}

/// Why a person may have fewer groups here than at their provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupsRemark {
    /// The claim is missing.
    Missing {
        /// The claim.
        claim: String,
    },
    /// The provider left the groups out because there are too many.
    LeftOut {
        /// The claim that says so.
        said_by: String,
    },
    /// The claim's type cannot hold groups.
    Unreadable {
        /// The claim.
        claim: String,
        /// Its type, in words.
        kind: String,
    },
    /// Some entries are not names: not strings, empty, or with control characters.
    Skipped {
        /// Number of skipped entries.
        count: usize,
    },
    /// There are too many groups to keep.
    Cut {
        /// Number of groups received.
        of: usize,
        /// Number of groups kept.
        kept: usize,
    },
    /// The claim is one string with commas. It counts as one group unless `groupsSeparator` is set.
    OneText {
        /// The claim.
        claim: String,
    },
}

impl GroupsRemark {
    /// Says what happened and what an administrator can do, for the person and the log. Names claims and settings,
    /// but no groups.
    #[must_use]
    pub fn in_words(&self, provider: &str) -> String {
        match self {
            Self::Missing { claim } => format!(
                "Your sign-in service ({provider}) said nothing of your groups: there is no claim “{claim}”. Your platform \
                 team can have it sent, or name another in groupsClaim."
            ),
            Self::LeftOut { said_by } => format!(
                "You are in so many groups that your sign-in service ({provider}) left all of them out (its token says so \
                 by “{said_by}”). Your platform team can have it send only the groups assigned to Portico, or app roles \
                 instead of groups."
            ),
            Self::Unreadable { claim, kind } => format!(
                "Portico cannot read your groups: the claim “{claim}” of your sign-in service ({provider}) is {kind}. Your \
                 platform team can have it send a list of names."
            ),
            Self::Skipped { count } => format!(
                "{count} of your groups at your sign-in service ({provider}) are not names that Portico can use, and count \
                 for nothing here."
            ),
            Self::Cut { of, kept } => format!(
                "You are in {of} groups. Portico keeps {kept} of them: all that its configuration names, and some of the \
                 others."
            ),
            Self::OneText { claim } => format!(
                "Your sign-in service ({provider}) sent your groups as one text with commas (claim “{claim}”), which Portico \
                 takes for one group. If it is a list, your platform team can set groupsSeparator: \",\"."
            ),
        }
    }
}

/// Reads a person's groups as the provider's settings say. Always keeps the groups that the configuration names.
pub(super) fn read(claims: &Claims, provider: &Provider, configuration: &Configuration) -> Groups {
    let claim = provider.groups_claim.as_str();
    let only = |remark| Groups {
        names: BTreeSet::new(),
        remark: Some(remark),
    };
    if let Some(said_by) = left_out(claims, claim) {
        return only(GroupsRemark::LeftOut { said_by });
    }
    let Some(found) = at_path(&claims.0, claim).filter(|value| !value.is_null()) else {
        return only(GroupsRemark::Missing {
            claim: claim.to_owned(),
        });
    };
    let mut remark = None;
    let mut skipped = 0;
    let mut names = BTreeSet::new();
    let mut take = |name: Option<&str>| match name.filter(|name| is_name(name)) {
        Some(name) => {
            names.insert(name.to_owned());
        }
        None => skipped += 1,
    };
    match found {
        Value::String(text) => match provider.groups_separator.as_deref() {
            Some(separator) => text
                .split(separator)
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .for_each(|name| take(Some(name))),
            None if text.is_empty() => {}
            None => {
                if text.contains(',') && !text.contains('=') {
                    remark = Some(GroupsRemark::OneText {
                        claim: claim.to_owned(),
                    });
                }
                take(Some(text));
            }
        },
        Value::Array(many) => many.iter().for_each(|one| match one {
            Value::String(name) => take(Some(name)),
            Value::Object(group) => take(group.get("name").and_then(Value::as_str)),
            _ => take(None),
        }),
        // Zitadel: a key for each role, its organizations as the value.
        Value::Object(keys) => keys
            .iter()
            .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)))
            .for_each(|(name, _)| take(Some(name))),
        other => {
            return only(GroupsRemark::Unreadable {
                claim: claim.to_owned(),
                kind: kind_of(other).to_owned(),
            });
        }
    }
    if skipped > 0 {
        remark = Some(GroupsRemark::Skipped { count: skipped });
    }
    let of = names.len();
    let names = limit(names, configuration);
    if names.len() < of {
        remark = Some(GroupsRemark::Cut {
            of,
            kept: names.len(),
        });
    }
    Groups { names, remark }
}

/// Returns the claim by which the provider says that it left the groups out: distributed claims (OpenID Connect Core
/// 1.0, section 5.6.2; Entra ID, ADFS) or Entra's `hasgroups`.
fn left_out(claims: &Claims, claim: &str) -> Option<String> {
    let elsewhere = claims
        .get("_claim_names")
        .and_then(Value::as_object)
        .is_some_and(|names| names.contains_key(claim));
    if elsewhere {
        return Some("_claim_names".to_owned());
    }
    (claims.get(claim).is_none() && claims.boolean("hasgroups") == Some(true)).then(|| "hasgroups".to_owned())
}

/// Returns the claim of that name, or at that dotted path. A name may contain dots, as URLs do, so the longest match
/// comes first.
fn at_path<'v>(claims: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    path.rmatch_indices('.').find_map(|(dot, _)| {
        let within = claims.get(&path[..dot])?.as_object()?;
        at_path(within, &path[dot + 1..])
    })
}

fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && !name.chars().any(char::is_control)
}

/// Keeps the groups that the configuration names, and others up to the limit.
fn limit(names: BTreeSet<String>, configuration: &Configuration) -> BTreeSet<String> {
    if names.len() <= MAX_GROUPS && names.iter().all(|name| name.len() <= MAX_NAME_BYTES) {
        return names;
    }
    let (mut kept, others): (BTreeSet<_>, BTreeSet<_>) = names
        .into_iter()
        .partition(|name| configuration.mentions_group(name));
    kept.extend(
        others
            .into_iter()
            .filter(|name| name.len() <= MAX_NAME_BYTES)
            .take(MAX_GROUPS),
    );
    kept
}

#[cfg(test)]
mod tests;
