//! Authentication tokens and authorization rules.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

/// The user that makes a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The user's name.
    pub user: String,
    /// The user's groups; `system:masters` may do everything.
    pub groups: Vec<String>,
}

impl Identity {
    /// An identity; adds the group `system:authenticated`.
    pub fn new(user: impl Into<String>, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut groups: Vec<String> = groups.into_iter().map(Into::into).collect();
        let everyone = "system:authenticated".to_owned();
        if !groups.contains(&everyone) {
            groups.push(everyone);
        }
        Self {
            user: user.into(),
            groups,
        }
    }
}

/// The subject of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A user by name.
    User(String),
    /// All users of a group.
    Group(String),
}

/// What a subject may do. `*` matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, `impersonate`.
    pub verbs: Vec<String>,
    /// API groups; the core group is "".
    pub groups: Vec<String>,
    /// Plurals, with `/status` for a subresource.
    pub resources: Vec<String>,
    /// Object names; empty for all.
    pub names: Vec<String>,
    /// The namespaces where the rule applies; empty for all of them and for cluster-scoped objects.
    pub namespaces: Vec<String>,
}

impl Rule {
    /// Allows everything.
    #[must_use]
    pub fn all() -> Self {
        let all = || vec!["*".to_owned()];
        Self {
            verbs: all(),
            groups: all(),
            resources: all(),
            names: Vec::new(),
            namespaces: Vec::new(),
        }
    }

    /// Allows everything in one namespace.
    #[must_use]
    pub fn all_in(namespace: &str) -> Self {
        Self {
            namespaces: vec![namespace.into()],
            ..Self::all()
        }
    }

    /// Allows to read everything.
    #[must_use]
    pub fn read_all() -> Self {
        Self {
            verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
            ..Self::all()
        }
    }

    fn allows(&self, attributes: &Attributes) -> bool {
        let has = |list: &[String], what: &str| list.iter().any(|item| item == "*" || item == what);
        let resource = if attributes.subresource.is_empty() {
            attributes.resource.clone()
        } else {
            format!("{}/{}", attributes.resource, attributes.subresource)
        };
        has(&self.verbs, &attributes.verb)
            && has(&self.groups, &attributes.group)
            && has(&self.resources, &resource)
            && (self.names.is_empty() || self.names.contains(&attributes.name))
            && (self.namespaces.is_empty() || self.namespaces.contains(&attributes.namespace))
    }
}

/// The attributes of a request that rules match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// `get`, `list`, `create`…
    pub verb: String,
    /// The API group.
    pub group: String,
    /// The plural.
    pub resource: String,
    /// `status`, or empty.
    pub subresource: String,
    /// The namespace; empty for cluster-scoped objects and for requests across namespaces.
    pub namespace: String,
    /// The object's name; empty for a collection.
    pub name: String,
}

/// Tokens and rules of a control plane.
#[derive(Debug, Default)]
pub struct Access {
    tokens: Arc<RwLock<HashMap<String, Identity>>>,
    rules: RwLock<Vec<(Subject, Rule)>>,
}

impl Access {
    /// Rules of their own for the same tokens, as a workspace of kcp has.
    pub(crate) fn with_tokens_of(other: &Self) -> Self {
        Self {
            tokens: Arc::clone(&other.tokens),
            rules: RwLock::default(),
        }
    }

    /// Whether any rule is for the identity: in kcp, whether it may enter a workspace.
    pub(crate) fn knows(&self, identity: &Identity) -> bool {
        is_master(identity) || self.rules.read().iter().any(|(whom, _)| is_for(whom, identity))
    }

    /// Adds a bearer token for an identity.
    pub fn add_token(&self, token: impl Into<String>, identity: Identity) {
        self.tokens.write().insert(token.into(), identity);
    }

    /// Removes a token.
    pub fn revoke_token(&self, token: &str) {
        self.tokens.write().remove(token);
    }

    /// Grants a rule to a subject.
    pub fn grant(&self, subject: Subject, rule: Rule) {
        self.rules.write().push((subject, rule));
    }

    /// Removes all rules of a subject.
    pub fn revoke(&self, subject: &Subject) {
        self.rules.write().retain(|(other, _)| other != subject);
    }

    /// The identity of a token.
    #[must_use]
    pub fn identify(&self, token: &str) -> Option<Identity> {
        self.tokens.read().get(token).cloned()
    }

    /// Whether a rule allows the request.
    #[must_use]
    pub fn allows(&self, identity: &Identity, attributes: &Attributes) -> bool {
        is_master(identity)
            || self
                .rules
                .read()
                .iter()
                .any(|(whom, rule)| is_for(whom, identity) && rule.allows(attributes))
    }

    /// The rules that apply to an identity in a namespace.
    #[must_use]
    pub fn rules_of(&self, identity: &Identity, namespace: &str) -> Vec<Rule> {
        if is_master(identity) {
            return vec![Rule::all()];
        }
        let rules = self.rules.read();
        let mine = rules
            .iter()
            .filter(|(whom, _)| is_for(whom, identity))
            .map(|(_, rule)| rule);
        mine.filter(|rule| rule.namespaces.is_empty() || rule.namespaces.iter().any(|n| n == namespace))
            .cloned()
            .collect()
    }
}

fn is_master(identity: &Identity) -> bool {
    identity.groups.iter().any(|group| group == "system:masters")
}

fn is_for(whom: &Subject, identity: &Identity) -> bool {
    match whom {
        Subject::User(user) => *user == identity.user,
        Subject::Group(group) => identity.groups.contains(group),
    }
}
