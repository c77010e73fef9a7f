//! Reads the composed resources of a claim as a tree.

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use parking_lot::Mutex;
use portico_domain::claim::health::assess;
use portico_domain::claim::{Adapter, Claim, ClaimKind, ComposedResource, Health, ResourceTree};
use portico_domain::documents::{Access, ResourceRef};
use portico_domain::text::sanitize;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::actor::Actor;
use crate::client::ApiClient;
use crate::discovery::has_graph;
use crate::error::PlaneError;
use crate::informers::{Reader, Wanted};
use crate::plane::Plane;
use crate::registry::Planes;
use crate::resource_names::ResourceNames;

use super::apply_set::{ApplySet, is_part};

/// Composed resources of a claim that are shown. The tree says if there are more.
const MAX_NODES: usize = 200;
/// Levels below the claim.
const MAX_DEPTH: usize = 5;
/// Calls in flight at once for a tree.
const CONCURRENT_CALLS: usize = 8;

impl Planes {
    /// The current composed resources of a claim. A resource that may not be read, or that does not refer back to its
    /// owner, is listed by name only and looks as if it did not exist: a reference is no proof of ownership.
    ///
    /// # Errors
    /// If the control plane cannot be reached. Errors of single resources are in the tree.
    pub async fn tree(&self, actor: &Actor, claim: &Claim) -> Result<ResourceTree, PlaneError> {
        let plane = self.plane(&claim.reference.plane)?;
        let (tree, temporary_error) = self.walk(&Reader::for_page(&plane), actor, claim).await?;
        match temporary_error {
            Some(error @ PlaneError::Unreachable { .. }) => Err(error),
            _ => Ok(tree),
        }
    }

    /// Like [`Planes::tree`] for an observer, which cannot use a tree with temporary errors.
    pub(crate) async fn complete_tree(
        &self,
        reader: &Reader<'_>,
        actor: &Actor,
        claim: &Claim,
    ) -> Result<ResourceTree, PlaneError> {
        match self.walk(reader, actor, claim).await? {
            (_, Some(temporary_error)) => Err(temporary_error),
            (tree, None) => Ok(tree),
        }
    }

    async fn walk(
        &self,
        reader: &Reader<'_>,
        actor: &Actor,
        claim: &Claim,
    ) -> Result<(ResourceTree, Option<PlaneError>), PlaneError> {
        let plane = self.plane(&claim.reference.plane)?;
        let walk = TreeWalk {
            client: plane.client()?,
            reader,
            actor,
            names: &plane.names,
            left: Mutex::new(MAX_NODES),
            limiter: Semaphore::new(CONCURRENT_CALLS),
            composite: Mutex::default(),
            temporary_error: Mutex::default(),
            absent: if claim.status.health == Health::Deleting {
                (Health::Gone, "Gone")
            } else {
                (Health::Pending, "Not created yet")
            },
        };
        let children = walk.below(&claim.object, 1).await;
        if let Some(composite) = walk.composite.lock().take() {
            let most = walk.client.limits.objects;
            let taken = plane
                .claims
                .apply_composite(&claim.reference.offering, &composite, most);
            if let Some((_, Some(change))) = taken {
                self.publish_claim(change);
            }
        }
        let truncated = *walk.left.lock() == 0;
        Ok((
            ResourceTree { children, truncated },
            walk.temporary_error.into_inner(),
        ))
    }
}

/// A legacy claim's composite, if it exists, may be read, and refers to the claim.
pub(super) async fn composite_of(
    plane: &Plane,
    client: &ApiClient,
    reader: &Reader<'_>,
    actor: &Actor,
    claim: &Claim,
) -> Option<Value> {
    let walk = TreeWalk {
        client: client.clone(),
        reader,
        actor,
        names: &plane.names,
        left: Mutex::new(1),
        limiter: Semaphore::new(1),
        composite: Mutex::default(),
        temporary_error: Mutex::default(),
        absent: (Health::Pending, ""),
    };
    let reference = claim.object.pointer("/spec/resourceRef")?;
    let (_, composite) = walk.fetch(&Reference::new(reference, &claim.object)).await.ok()?;
    belongs(&composite, &claim.object).then_some(composite)
}

struct TreeWalk<'w> {
    client: ApiClient,
    reader: &'w Reader<'w>,
    actor: &'w Actor,
    names: &'w ResourceNames,
    left: Mutex<usize>,
    limiter: Semaphore,
    /// The composite of a legacy claim, once read.
    composite: Mutex<Option<Value>>,
    /// A temporary error of a resource.
    temporary_error: Mutex<Option<PlaneError>>,
    /// What is shown for a reference to an object that does not exist or belongs to somebody else. Both must look the
    /// same, or references could be used to probe for objects.
    absent: (Health, &'static str),
}

impl TreeWalk<'_> {
    fn below<'f>(&'f self, parent: &'f Value, depth: usize) -> BoxFuture<'f, Vec<ComposedResource>> {
        async move {
            if depth > MAX_DEPTH {
                return Vec::new();
            }
            let mut references = references(parent);
            let mut unknown = Vec::new();
            if let Some(set) = ApplySet::of(parent) {
                let kinds = set.kinds.iter();
                let searches: Vec<BoxFuture<'_, _>> = kinds
                    .map(|(group, kind)| self.find_parts(&set, group, kind).boxed())
                    .collect();
                let searches = stream::iter(searches).buffered(CONCURRENT_CALLS);
                for found in searches.collect::<Vec<_>>().await {
                    match found {
                        Ok(parts) => references.extend(parts),
                        Err(node) => unknown.push(*node),
                    }
                }
            }
            let visits: Vec<BoxFuture<'f, ComposedResource>> = references
                .into_iter()
                .filter(|_| self.take())
                .map(|reference| self.visit(parent, reference, depth).boxed())
                .collect();
            let mut nodes: Vec<_> = stream::iter(visits).buffered(CONCURRENT_CALLS).collect().await;
            nodes.append(&mut unknown);
            nodes
        }
        .boxed()
    }

    /// Finds the parts of a set that are of one kind. The error is a node that says why they cannot be listed.
    async fn find_parts(
        &self,
        set: &ApplySet,
        group: &str,
        kind: &str,
    ) -> Result<Vec<Reference>, Box<ComposedResource>> {
        let unlisted = |error| Box::new(self.unlisted(group, kind, error));
        let found = self.names.find_preferred(&self.client, group, kind).await;
        let resource = found.map_err(|error| {
            self.reader.note_missing_kind();
            unlisted(error)
        })?;
        let namespaces: Vec<Option<&str>> = if resource.namespaced {
            set.namespaces.iter().map(|it| Some(it.as_str())).collect()
        } else {
            vec![None]
        };
        let mut parts = Vec::new();
        for namespace in namespaces {
            let wanted = Wanted::parts_of(&resource, namespace, &set.id);
            let names = self.reader.read(&self.client, self.actor, &wanted).await;
            let names = names.map_err(unlisted)?;
            let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
            parts.extend(names.map(|name| Reference::to(&resource, namespace, name)));
        }
        Ok(parts)
    }

    /// A node for objects of a kind that cannot be listed.
    fn unlisted(&self, group: &str, kind: &str, error: PlaneError) -> ComposedResource {
        let reason = match &error {
            PlaneError::Forbidden { .. } => "Portico may not list them there".to_owned(),
            PlaneError::NotFound { .. } => "This kind is not served there".to_owned(),
            error => error.to_string(),
        };
        if is_temporary(&error) {
            self.temporary_error.lock().get_or_insert(error);
        }
        ComposedResource {
            reason,
            ..unread(sanitize(group), sanitize(kind), "*".to_owned())
        }
    }

    fn take(&self) -> bool {
        let mut left = self.left.lock();
        let some = *left > 0;
        *left = left.saturating_sub(1);
        some
    }

    async fn visit(&self, parent: &Value, reference: Reference, depth: usize) -> ComposedResource {
        let mut node = unread(
            sanitize(&reference.api_version),
            sanitize(&reference.kind),
            sanitize(&reference.name),
        );
        let (resource, object) = match self.fetch(&reference).await {
            Ok(found) => found,
            Err(PlaneError::NotFound { .. }) => return self.without(node),
            Err(PlaneError::Forbidden { .. }) => {
                "Portico may not read it there".clone_into(&mut node.reason);
                return node;
            }
            Err(error) => {
                node.reason = error.to_string();
                if is_temporary(&error) {
                    self.temporary_error.lock().get_or_insert(error);
                }
                return node;
            }
        };
        if !belongs(&object, parent) {
            return self.without(node);
        }
        if depth == 1 && object.pointer("/spec/claimRef").is_some() {
            *self.composite.lock() = Some(object.clone());
        }
        node.namespace = object
            .pointer("/metadata/namespace")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let created = object
            .pointer("/metadata/creationTimestamp")
            .and_then(Value::as_str);
        node.created_at = created.and_then(|at| at.parse().ok());
        let status = assess(&object, adapter_for(&resource, &object), &Access::default());
        // Without a status there is nothing to wait for (Secret, ConfigMap, Role), nor with one that reports no state
        // (Service, Ingress).
        let has_no_status = object.get("status").is_none() && status.health == Health::Pending;
        let has_no_word = status.health == Health::Unknown && status.conditions.is_empty();
        if has_no_status || has_no_word && !status.reason.contains('“') {
            node.health = Some(Health::Ready);
        } else {
            node.health = Some(status.health);
            node.reason = status.reason;
        }
        node.conditions = status.conditions;
        node.children = self.below(&object, depth + 1).await;
        node
    }

    fn without(&self, mut node: ComposedResource) -> ComposedResource {
        let (health, reason) = self.absent;
        node.health = Some(health);
        reason.clone_into(&mut node.reason);
        node
    }

    async fn fetch(&self, reference: &Reference) -> Result<(ResourceRef, Value), PlaneError> {
        let Reference {
            api_version,
            kind,
            name,
            namespace,
        } = reference;
        if [api_version, kind, name].iter().any(|text| text.is_empty()) {
            return Err(PlaneError::NotFound {
                plane: self.client.title.to_string(),
                message: "the reference is not complete".to_owned(),
            });
        }
        // Acquiring fails only if the semaphore is closed, which never happens.
        let _permit = self.limiter.acquire().await.ok();
        let found = self.names.find(&self.client, api_version, kind).await;
        let resource = found.inspect_err(|_| self.reader.note_missing_kind())?;
        let wanted = Wanted::object(&resource, namespace.as_deref(), name);
        let object = self.reader.read(&self.client, self.actor, &wanted).await?;
        Ok((resource, object))
    }
}

/// True if the error is temporary and says nothing about the object.
fn is_temporary(error: &PlaneError) -> bool {
    matches!(
        error,
        PlaneError::Unreachable { .. } | PlaneError::Timeout { .. } | PlaneError::RateLimited { .. }
    )
}

/// A resource that is not read yet.
fn unread(api_version: String, kind: String, name: String) -> ComposedResource {
    ComposedResource {
        api_version,
        kind,
        namespace: None,
        name,
        health: None,
        reason: String::new(),
        conditions: Vec::new(),
        created_at: None,
        children: Vec::new(),
    }
}

/// A reference to a composed resource.
struct Reference {
    api_version: String,
    kind: String,
    name: String,
    namespace: Option<String>,
}

impl Reference {
    /// A reference that stands in `parent`. What it does not say is empty. Composed resources of a namespaced composite
    /// are in its namespace, whatever the reference says.
    fn new(reference: &Value, parent: &Value) -> Self {
        let text = |key: &str| {
            reference
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let own = parent.pointer("/metadata/namespace").and_then(Value::as_str);
        let required = |key: &str| text(key).unwrap_or_default().to_owned();
        Self {
            api_version: required("apiVersion"),
            kind: required("kind"),
            name: required("name"),
            namespace: own.or_else(|| text("namespace")).map(str::to_owned),
        }
    }

    fn to(resource: &ResourceRef, namespace: Option<&str>, name: &str) -> Self {
        let api_version = if resource.group.is_empty() {
            resource.version.clone()
        } else {
            format!("{}/{}", resource.group, resource.version)
        };
        Self {
            api_version,
            kind: resource.kind.clone(),
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
        }
    }
}

/// An object's references to composed resources: a legacy claim's composite, a composite's resources (in both places
/// where Crossplane puts them), and what an operator lists in the status.
fn references(object: &Value) -> Vec<Reference> {
    let one = object.pointer("/spec/resourceRef").into_iter();
    let many = [
        "/spec/crossplane/resourceRefs",
        "/spec/resourceRefs",
        "/status/resourceRefs",
    ];
    let many = many
        .iter()
        .filter_map(|at| object.pointer(at))
        .filter_map(Value::as_array)
        .flatten();
    one.chain(many)
        .filter(|reference| reference.is_object())
        .map(|reference| Reference::new(reference, object))
        .collect()
}

/// True if `object` refers back to `parent`: as its claim, owner, composite or set.
fn belongs(object: &Value, parent: &Value) -> bool {
    let of = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (name, namespace, uid) = (
        of(parent, "/metadata/name"),
        of(parent, "/metadata/namespace"),
        of(parent, "/metadata/uid"),
    );
    let claimed = object.pointer("/spec/claimRef").is_some_and(|claim| {
        of(claim, "/name") == name
            && of(claim, "/namespace") == namespace
            && of(claim, "/kind") == of(parent, "/kind")
    });
    let owners = object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array);
    let owned = uid.is_some() && owners.into_iter().flatten().any(|owner| of(owner, "/uid") == uid);
    let label = |key: &str| {
        let labels = object.pointer("/metadata/labels");
        labels
            .and_then(|labels| labels.get(key))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let labelled = name.is_some()
        && label("crossplane.io/composite") == name
        && of(object, "/metadata/namespace").is_none_or(|own| namespace.is_none_or(|parents| own == parents));
    claimed || owned || labelled || is_part(object, parent)
}

fn adapter_for(resource: &ResourceRef, object: &Value) -> &'static Adapter {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let synced = conditions
        .into_iter()
        .flatten()
        .any(|it| it.get("type").and_then(Value::as_str) == Some("Synced"));
    let claim_kind = if synced {
        ClaimKind::Composite
    } else if has_graph(object) {
        ClaimKind::ResourceGraph
    } else {
        ClaimKind::Plain
    };
    Adapter::of(&resource.group, &resource.kind, claim_kind)
}
