//! Which workspace is at which endpoint of an export: kcp has one endpoint for each shard, and a workspace is on one shard.
//!
//! The bindings of the export say so: the endpoint of a shard shows those of its own workspaces.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;

/// The addresses of an export's virtual workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoints {
    /// They have not been read.
    Unknown,
    /// There are none, or they cannot be read. Holds why.
    Failed(String),
    /// At least one.
    Known(BTreeSet<Arc<str>>),
}

/// The workspaces at the endpoints of an export, by logical cluster.
#[derive(Debug, Default)]
pub(super) struct Placement(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    at: HashMap<Arc<str>, Arc<str>>,
    /// The endpoints whose bindings have been listed.
    listed: BTreeSet<Arc<str>>,
    /// The endpoints that do not answer.
    down: BTreeSet<Arc<str>>,
    /// The endpoints that there are.
    endpoints: BTreeSet<Arc<str>>,
}

/// Whether an endpoint may speak for a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claimed {
    /// It is the workspace's.
    Its,
    /// It is the workspace's from now on.
    New,
    /// Another is.
    Anothers,
}

impl Placement {
    /// Keeps these endpoints, and what is known of them.
    pub(super) fn set_endpoints(&self, endpoints: &BTreeSet<Arc<str>>) {
        let mut state = self.0.write();
        state.listed.retain(|url| endpoints.contains(url));
        state.down.retain(|url| endpoints.contains(url));
        state.endpoints.clone_from(endpoints);
    }

    /// The endpoint of a workspace; perhaps one that is there no more.
    pub(super) fn of(&self, cluster: &str) -> Option<Arc<str>> {
        self.0.read().at.get(cluster).cloned()
    }

    /// An endpoint shows an object of a workspace. The first one that does keeps it, for as long as it is there and answers:
    /// a workspace that several show is not taken from both.
    pub(super) fn claim(&self, cluster: &str, url: &Arc<str>) -> Claimed {
        let is_its = |state: &State| match state.at.get(cluster) {
            Some(owner) if owner == url => Some(Claimed::Its),
            Some(owner) if state.endpoints.contains(owner) && !state.down.contains(owner) => {
                Some(Claimed::Anothers)
            }
            _ => None,
        };
        if let Some(claimed) = is_its(&self.0.read()) {
            return claimed;
        }
        let mut state = self.0.write();
        if let Some(claimed) = is_its(&state) {
            return claimed;
        }
        state.at.insert(cluster.into(), url.clone());
        Claimed::New
    }

    /// The binding of a workspace is gone at this endpoint.
    pub(super) fn leave(&self, cluster: &str, url: &Arc<str>) -> bool {
        let mut state = self.0.write();
        let is_its = state.at.get(cluster) == Some(url);
        if is_its {
            state.at.remove(cluster);
        }
        is_its
    }

    /// All bindings of an endpoint have been listed: it has these workspaces and no others.
    pub(super) fn listed(&self, url: &Arc<str>, clusters: &HashSet<&str>) {
        let mut state = self.0.write();
        state
            .at
            .retain(|cluster, at| at != url || clusters.contains(&**cluster));
        state.listed.insert(url.clone());
    }

    /// True once the bindings of all endpoints have been listed, so that who is nowhere is at none of them.
    pub(super) fn is_complete(&self) -> bool {
        let state = self.0.read();
        !state.endpoints.is_empty() && state.endpoints.iter().all(|url| state.listed.contains(url))
    }

    /// Keeps whether an endpoint does not answer.
    pub(super) fn set_down(&self, url: &Arc<str>, is_down: bool) {
        let mut state = self.0.write();
        if is_down {
            state.down.insert(url.clone());
        } else {
            state.down.remove(url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(urls: &[&str]) -> BTreeSet<Arc<str>> {
        urls.iter().map(|url| Arc::from(*url)).collect()
    }

    #[test]
    fn the_first_endpoint_that_shows_a_workspace_keeps_it_while_it_is_there_and_answers() {
        let placement = Placement::default();
        placement.set_endpoints(&endpoints(&["a", "b"]));
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        assert_eq!(placement.claim("c", &a), Claimed::New);
        assert_eq!(placement.claim("c", &a), Claimed::Its);
        assert_eq!(placement.claim("c", &b), Claimed::Anothers);
        placement.set_down(&a, true);
        assert_eq!(placement.claim("c", &b), Claimed::New);
        placement.set_down(&a, false);
        assert_eq!(
            placement.claim("c", &a),
            Claimed::Anothers,
            "also when it is back"
        );
        placement.set_endpoints(&endpoints(&["a"]));
        assert_eq!(
            placement.of("c"),
            Some(b),
            "known to be at one that is there no more"
        );
        assert_eq!(placement.claim("c", &a), Claimed::New);
    }

    #[test]
    fn a_list_of_all_bindings_of_an_endpoint_says_which_workspaces_it_has() {
        let placement = Placement::default();
        placement.set_endpoints(&endpoints(&["a", "b"]));
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        for cluster in ["c", "d"] {
            placement.claim(cluster, &a);
        }
        placement.claim("e", &b);
        placement.listed(&a, &HashSet::from(["c"]));
        assert!(!placement.is_complete());
        placement.listed(&b, &HashSet::from(["e"]));
        assert!(placement.is_complete());
        assert_eq!((placement.of("c"), placement.of("d")), (Some(a.clone()), None));
        assert_eq!(placement.of("e"), Some(b.clone()));
        assert!(!placement.leave("e", &a), "not its own");
        assert!(placement.leave("e", &b));
        placement.set_endpoints(&endpoints(&["a", "b", "new"]));
        assert!(!placement.is_complete(), "the new one has not been listed");
    }
}
