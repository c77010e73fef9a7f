//! Who may do what on a control plane: tokens, rules, impersonation.

use std::collections::HashMap;

use parking_lot::RwLock;

/// Whoever a request is made by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The user's name.
    pub user: String,
    /// The user's groups; `system:masters` may do everything.
    pub groups: Vec<String>,
}

impl Identity {
    /// An identity, with the group that every signed-in user is in.
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

/// Whom a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A user by name.
    User(String),
    /// All users of a group.
    Group(String),
}

/// What somebody may do. `*` stands for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, `impersonate`.
    pub verbs: Vec<String>,
    /// API groups; the core group is "".
    pub groups: Vec<String>,
    /// Plurals, with `/status` for a subresource.
    pub resources: Vec<String>,
    /// Names of objects; none in the list means all.
    pub names: Vec<String>,
    /// The namespaces in which it holds; none in the list means everywhere, cluster-scoped too.
    pub namespaces: Vec<String>,
}

impl Rule {
    /// Everything, everywhere.
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

    /// Everything in one namespace.
    #[must_use]
    pub fn all_in(namespace: &str) -> Self {
        Self {
            namespaces: vec![namespace.into()],
            ..Self::all()
        }
    }

    /// Reading everything, everywhere.
    #[must_use]
    pub fn read_all() -> Self {
        Self {
            verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
            ..Self::all()
        }
    }

    fn allows(&self, asked: &Attributes) -> bool {
        let has = |list: &[String], what: &str| list.iter().any(|item| item == "*" || item == what);
        let resource = if asked.subresource.is_empty() {
            asked.resource.clone()
        } else {
            format!("{}/{}", asked.resource, asked.subresource)
        };
        has(&self.verbs, &asked.verb)
            && has(&self.groups, &asked.group)
            && has(&self.resources, &resource)
            && (self.names.is_empty() || self.names.contains(&asked.name))
            && (self.namespaces.is_empty() || self.namespaces.contains(&asked.namespace))
    }
}

/// What a request is about, as rules see it.
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
    /// The namespace; empty for what has none, and for all namespaces at once.
    pub namespace: String,
    /// The object's name; empty for a collection.
    pub name: String,
}

/// Tokens and rules of a control plane.
#[derive(Debug, Default)]
pub struct Access {
    tokens: RwLock<HashMap<String, Identity>>,
    rules: RwLock<Vec<(Subject, Rule)>>,
}

impl Access {
    /// Lets a bearer token stand for an identity.
    pub fn add_token(&self, token: impl Into<String>, identity: Identity) {
        self.tokens.write().insert(token.into(), identity);
    }

    /// Takes a token back.
    pub fn revoke_token(&self, token: &str) {
        self.tokens.write().remove(token);
    }

    /// Allows somebody something.
    pub fn grant(&self, subject: Subject, rule: Rule) {
        self.rules.write().push((subject, rule));
    }

    /// Takes back everything that was granted to somebody.
    pub fn revoke(&self, subject: &Subject) {
        self.rules.write().retain(|(other, _)| other != subject);
    }

    /// Whose token it is.
    #[must_use]
    pub fn identify(&self, token: &str) -> Option<Identity> {
        self.tokens.read().get(token).cloned()
    }

    /// Whether somebody may do a thing.
    #[must_use]
    pub fn allows(&self, identity: &Identity, asked: &Attributes) -> bool {
        is_master(identity)
            || self
                .rules
                .read()
                .iter()
                .any(|(whom, rule)| is_for(whom, identity) && rule.allows(asked))
    }

    /// The rules that hold for somebody in a namespace.
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
