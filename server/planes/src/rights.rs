//! Portico's rights on a control plane, as access reviews found them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::documents::ResourceRef;
use portico_domain::placement::NotUsable;
use tokio::sync::{Notify, watch};

/// What is known of Portico's rights on a control plane.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    pub(crate) known: Mutex<Reviewed>,
    pub(crate) review_requested: Notify,
    /// Changes after each review that succeeded.
    pub(crate) reviewed: watch::Sender<()>,
}

/// The result of the last review.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Reviewed {
    pub(crate) missing: BTreeSet<Right>,
    pub(crate) at: Option<Timestamp>,
    /// Why the last review failed.
    pub(crate) failed: Option<String>,
}

/// Portico's rights on a control plane, for administrators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RightsStatus {
    /// The missing rights: `create and patch buckets.storage.example.org in payments-dev`.
    pub missing: Vec<String>,
    /// When all rights were last reviewed; `None`: not since Portico started.
    pub reviewed_at: Option<Timestamp>,
    /// Why the last review failed. The missing rights are then from an earlier one.
    pub failed: Option<String>,
}

/// One right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Right {
    pub(crate) group: String,
    pub(crate) resource: String,
    /// `None`: cluster-wide.
    pub(crate) namespace: Option<String>,
    /// A single object; `None`: all.
    pub(crate) name: Option<String>,
    pub(crate) verb: &'static str,
}

impl Right {
    pub(crate) fn new(verb: &'static str, group: &str, resource: &str) -> Self {
        Self {
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: None,
            name: None,
            verb,
        }
    }

    fn of(verb: &'static str, resource: &ResourceRef) -> Self {
        Self::new(verb, &resource.group, &resource.plural)
    }

    pub(crate) fn in_namespace(&self, namespace: &str) -> Self {
        Self {
            namespace: Some(namespace.to_owned()),
            ..self.clone()
        }
    }

    /// A right on custom resource definitions.
    pub(crate) fn on_definitions(verb: &'static str) -> Self {
        Self::new(verb, "apiextensions.k8s.io", "customresourcedefinitions")
    }
}

impl Rights {
    /// Requests a review, because something was refused or another kind is offered.
    pub(crate) fn request_review(&self) {
        self.review_requested.notify_one();
    }

    pub(crate) fn status(&self) -> RightsStatus {
        let known = self.known.lock();
        RightsStatus {
            missing: describe(&known.missing),
            reviewed_at: known.at,
            failed: known.failed.clone(),
        }
    }

    /// True if the last review found nothing that forbids to list and watch the kind in the namespace; `None`: everywhere.
    pub(crate) fn may_watch(&self, resource: &ResourceRef, namespace: Option<&str>) -> bool {
        let known = self.known.lock();
        ["list", "watch"].into_iter().all(|verb| {
            let everywhere = Right::of(verb, resource);
            let here = namespace.map(|namespace| everywhere.in_namespace(namespace));
            !known.missing.contains(&everywhere) && here.is_none_or(|here| !known.missing.contains(&here))
        })
    }

    /// Why nothing of the kind can be placed in the namespace; `None` if nothing is known to forbid it.
    pub(crate) fn missing_right(&self, resource: &ResourceRef, namespace: &str) -> Option<NotUsable> {
        let known = self.known.lock();
        let lacks = |verb| {
            let everywhere = Right::of(verb, resource);
            known.missing.contains(&everywhere) || known.missing.contains(&everywhere.in_namespace(namespace))
        };
        if lacks("list") || lacks("watch") || lacks("get") {
            Some(NotUsable::MayNotRead)
        } else if lacks("create") || lacks("patch") {
            Some(NotUsable::MayNotCreate)
        } else {
            None
        }
    }
}

/// The missing rights in words, grouped by verbs and namespaces.
fn describe(missing: &BTreeSet<Right>) -> Vec<String> {
    type Of<'r> = (&'r str, &'r str, Option<&'r str>);
    let mut verbs: BTreeMap<(Of<'_>, Option<&str>), Vec<&'static str>> = BTreeMap::new();
    for right in missing {
        let of = (
            right.group.as_str(),
            right.resource.as_str(),
            right.name.as_deref(),
        );
        let at = right.namespace.as_deref();
        verbs.entry((of, at)).or_default().push(right.verb);
    }
    let mut together: BTreeMap<(Of<'_>, Vec<&'static str>), Vec<&str>> = BTreeMap::new();
    for ((of, at), verbs) in verbs {
        together.entry((of, verbs)).or_default().extend(at);
    }
    let listed = |words: &[&str]| match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    together
        .into_iter()
        .map(|(((group, resource, name), verbs), namespaces)| {
            let mut words = format!("{} {resource}", listed(&verbs));
            if !group.is_empty() {
                words = format!("{words}.{group}");
            }
            if let Some(name) = name {
                words = format!("{words} named {name}");
            }
            if !namespaces.is_empty() {
                words = format!("{words} in {}", listed(&namespaces));
            }
            words
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_missing_rights_by_verbs_and_namespaces() {
        let bucket =
            |verb, namespace| Right::new(verb, "storage.example.org", "buckets").in_namespace(namespace);
        let missing = BTreeSet::from([
            bucket("create", "payments-dev"),
            bucket("patch", "payments-dev"),
            bucket("create", "research-dev"),
            bucket("patch", "research-dev"),
            bucket("list", "else"),
            Right::new("get", "", "secrets").in_namespace("payments-dev"),
            Right::on_definitions("watch"),
            Right {
                name: Some("auditors".to_owned()),
                ..Right::new("impersonate", "", "groups")
            },
        ]);
        let mut words = describe(&missing);
        words.sort();
        assert_eq!(
            words,
            [
                "create and patch buckets.storage.example.org in payments-dev and research-dev",
                "get secrets in payments-dev",
                "impersonate groups named auditors",
                "list buckets.storage.example.org in else",
                "watch customresourcedefinitions.apiextensions.k8s.io",
            ]
        );
    }
}
