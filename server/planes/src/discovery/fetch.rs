//! Reads the CRDs that are wanted: one by one, or page by page where most are.

use std::collections::BTreeMap;
use std::sync::Arc;

use portico_domain::claim::ClaimKind;
use portico_domain::documents::ResourceRef;
use portico_domain::names::OfferingName;
use serde_json::{Value, json};

use super::Kind;
use super::discoverer::CRDS_PATH;
use super::kind::{InvalidCrd, OfferingAnnotations};
use crate::client::Call;
use crate::error::PlaneError;
use crate::path::escape_segment;
use crate::plane::PlaneContext;
use crate::shared::Shared;

/// Definitions per page, and the longest page that is read, in bytes. A longer one is requested in smaller pages.
const PAGE_SIZE: usize = 200;
const MAX_PAGE_BYTES: usize = 16 << 20;

/// Why a CRD is wanted, and what is known about it from other sources.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct WantedKind {
    /// A document names it.
    pub(super) named: bool,
    pub(super) claim_kind: Option<ClaimKind>,
    /// Of the XRD.
    pub(super) annotations: Option<Box<OfferingAnnotations>>,
    pub(super) version: Option<String>,
    pub(super) composite: Option<Box<ResourceRef>>,
    /// Not offered any more, but there are claims of it.
    pub(super) retired: bool,
}

/// A CRD to read.
#[derive(Debug, Clone)]
pub(super) struct Due {
    pub(super) wanted: WantedKind,
    /// Its version, by the watch of all definitions.
    pub(super) version: String,
}

/// Reads a CRD; `None` if it is not to be offered, or not usable.
pub(super) async fn fetch(
    context: &PlaneContext,
    name: &OfferingName,
    wanted: &WantedKind,
) -> Result<Option<Arc<Kind>>, PlaneError> {
    let path = format!("{CRDS_PATH}/{}", escape_segment(name.as_str()));
    let (_, crd) = context.client.request_json(Call::get(path)).await?;
    let (shared, wanted) = (context.shared.clone(), wanted.clone());
    // A schema may be huge or slow to parse on purpose, so never parse it on the threads that serve requests.
    let reading = tokio::task::spawn_blocking(move || kind_of(&shared, &crd, &wanted));
    let Ok(read) = reading.await else {
        let why = format!("{name}: its definition could not be read");
        context.plane.record_skipped(&why);
        return Ok(None);
    };
    Ok(usable(context, name, read))
}

fn usable(
    context: &PlaneContext,
    name: &OfferingName,
    read: Result<Option<Arc<Kind>>, InvalidCrd>,
) -> Option<Arc<Kind>> {
    read.unwrap_or_else(|error| {
        context.plane.record_skipped(&format!("{name}: {error}"));
        None
    })
}

/// The kind of a CRD; `None` if people do not ask for it. May take long.
fn kind_of(shared: &Shared, crd: &Value, wanted: &WantedKind) -> Result<Option<Arc<Kind>>, InvalidCrd> {
    let is_unrequested = wanted.claim_kind.is_none() && !wanted.named && !wanted.retired;
    let definition = shared.definitions.hold(crd)?;
    let kind = Kind::of(&definition, crd, wanted.version.as_deref(), wanted.claim_kind)?;
    if is_unrequested && kind.is_behind_a_claim() {
        return Ok(None);
    }
    let annotations = wanted.annotations.as_deref().cloned().unwrap_or_default();
    let kind = Kind {
        annotations: annotations.or(kind.annotations.clone()),
        composite: wanted.composite.as_deref().cloned(),
        retired: wanted.retired,
        problem: if wanted.retired {
            Some("it is no longer offered there".to_owned())
        } else {
            kind.problem.clone()
        },
        ..kind
    };
    Ok(Some(definition.share(kind)))
}

/// A kind that was read, by its name.
type ReadKind = (OfferingName, Result<Option<Arc<Kind>>, InvalidCrd>);

/// Reads all definitions of a control plane page by page, for those that are due. It ends early after any trouble, and what
/// it left out is to be fetched.
pub(super) struct DefinitionPages {
    context: PlaneContext,
    due: Arc<BTreeMap<OfferingName, Due>>,
    size: usize,
    /// Where the next page begins; `None` at the end.
    next: Option<String>,
}

impl DefinitionPages {
    pub(super) fn new(context: PlaneContext, due: Arc<BTreeMap<OfferingName, Due>>) -> Self {
        Self {
            context,
            due,
            size: PAGE_SIZE,
            next: Some(String::new()),
        }
    }

    /// The kinds of the next page that are due; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Vec<(OfferingName, Option<Arc<Kind>>)>> {
        let from = self.next.take()?;
        let bytes = self.page(&from).await?;
        let (shared, due) = (self.context.shared.clone(), self.due.clone());
        let reading = tokio::task::spawn_blocking(move || read_page(&shared, &due, &bytes));
        let (more, kinds) = reading.await.ok()??;
        self.next = more.filter(|more| *more != from);
        let context = &self.context;
        let kinds = kinds.into_iter().map(|(name, read)| {
            let kind = usable(context, &name, read);
            (name, kind)
        });
        Some(kinds.collect())
    }

    /// The page that begins at `from`, in as many definitions as are not too long together.
    async fn page(&mut self, from: &str) -> Option<Vec<u8>> {
        loop {
            let mut path = format!("{CRDS_PATH}?limit={}", self.size);
            if !from.is_empty() {
                path.push_str("&continue=");
                path.push_str(&escape_segment(from));
            }
            let call = Call::get(path).max_bytes(MAX_PAGE_BYTES);
            // Trouble is told of when what is left is fetched.
            match self.context.client.request_bytes_within(call).await.ok()?.1 {
                Some(bytes) => return Some(bytes),
                None if self.size > 1 => self.size = (self.size / 8).max(1),
                None => return None,
            }
        }
    }
}

/// Where the next page begins, if there is one, and the kinds of this one that are due. `None` if it is no list.
fn read_page(
    shared: &Shared,
    due: &BTreeMap<OfferingName, Due>,
    bytes: &[u8],
) -> Option<(Option<String>, Vec<ReadKind>)> {
    let mut list: Value = serde_json::from_slice(bytes).ok()?;
    let more = list.pointer("/metadata/continue").and_then(Value::as_str);
    let more = more.filter(|more| !more.is_empty()).map(str::to_owned);
    let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else {
        return None;
    };
    let kinds = items.into_iter().filter_map(|mut crd| {
        let name = OfferingName::new(crd.pointer("/metadata/name")?.as_str()?).ok()?;
        let due = due.get(&name)?;
        // The items of a list do not say what they are.
        let fields = crd.as_object_mut()?;
        fields.insert("apiVersion".to_owned(), json!("apiextensions.k8s.io/v1"));
        fields.insert("kind".to_owned(), json!("CustomResourceDefinition"));
        let read = kind_of(shared, &crd, &due.wanted);
        Some((name, read))
    });
    Some((more, kinds.collect()))
}
