//! The catalog: the union of what all control planes offer, as a snapshot.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;

use portico_domain::claim::{Adapter, ClaimKind};
use portico_domain::claimed_tenant;
use portico_domain::documents::{
    Access, Audience, Category, Lifecycle, Offering, OfferingSpec, Plan, ResourceRef,
};
use portico_domain::names::{OfferingName, PlaneName, TenantName};
use portico_domain::projection::Projection;
use portico_form::FormHints;

use crate::column::Column;
use crate::discovery::{HeldDefinition, HeldSchema, Kind};

/// A snapshot of what all control planes offer.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Increases by one with each change.
    pub generation: u64,
    /// All offerings by name, including hidden ones.
    pub offerings: BTreeMap<OfferingName, Arc<Offered>>,
}

impl Catalog {
    /// The offering with this name, hidden or not.
    #[must_use]
    pub fn get(&self, name: &OfferingName) -> Option<&Arc<Offered>> {
        self.offerings.get(name)
    }

    /// An offering on one control plane.
    #[must_use]
    pub fn served(&self, name: &OfferingName, plane: &PlaneName) -> Option<&Arc<Served>> {
        self.offerings.get(name)?.served.get(plane)
    }
}

/// An offering of the catalog. The document takes precedence over annotations on the XRD, and those over annotations
/// on the CRD. Where control planes differ, the first by name counts.
///
/// Texts that do not come from the document come from control planes and are not trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// `<plural>.<group>`.
    pub name: OfferingName,
    /// The API group.
    pub group: String,
    /// The kind; the plural if no control plane serves it.
    pub kind: String,
    /// The display name.
    pub title: String,
    /// A one-line summary.
    pub summary: Option<String>,
    /// The documentation, in markdown.
    pub documentation: Option<String>,
    /// The category in the catalog.
    pub category: Category,
    /// The team that runs it.
    pub owner: Option<String>,
    /// Where people get help, an `https:` or `mailto:` URL. Only from the document: others' links are not trusted.
    pub support: Option<String>,
    /// The name of an icon.
    pub icon: Option<String>,
    /// Search keywords.
    pub keywords: Vec<String>,
    /// Its plans.
    pub plans: Vec<Plan>,
    /// Machinery that people may set, see [`Projection`].
    pub settable: Vec<String>,
    /// The form layout.
    pub form: FormHints,
    /// How people connect to a claim.
    pub access: Access,
    /// Labels that a control plane must have.
    pub control_plane_labels: BTreeMap<String, String>,
    /// Lifetime of a claim in days.
    pub lifetime_days: Option<NonZeroU16>,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// Not listed in the catalog. Its claims stay.
    pub hidden: bool,
    /// The kind of its claims. Where control planes differ, see [`Served::claim_kind`].
    pub claim_kind: ClaimKind,
    /// True if a document names it.
    pub documented: bool,
    /// The control planes that serve it, including unreachable ones.
    pub served: BTreeMap<PlaneName, Arc<Served>>,
}

impl Offered {
    /// The adapter for the health of its claims.
    #[must_use]
    pub fn adapter(&self) -> &'static Adapter {
        Adapter::of(&self.group, &self.kind, self.claim_kind)
    }

    /// True if the catalog of this audience has it, as far as its document decides. Every list of offerings and every
    /// request for a new claim asks this.
    #[must_use]
    pub fn is_listed_for(&self, audience: Audience) -> bool {
        !self.hidden && self.lifecycle.is_visible_to(audience)
    }

    /// The projection of its objects on `plane`.
    #[must_use]
    pub fn projection(&self, plane: Option<&PlaneName>) -> Projection {
        let served = plane.and_then(|plane| self.served.get(plane));
        let claim_kind = served.map_or(self.claim_kind, |served| served.claim_kind);
        Projection::new(claim_kind, &self.settable, &self.plans, &self.form)
    }

    /// Combines the document and what control planes serve.
    pub(crate) fn assemble(
        name: &OfferingName,
        document: Option<&Offering>,
        kinds: &[(&PlaneName, &[TenantName], &Arc<Kind>)],
    ) -> Self {
        let empty = OfferingSpec::default();
        let spec = document.map_or(&empty, |document| &document.spec);
        let first = kinds
            .iter()
            .find(|(_, _, kind)| kind.problem.is_none())
            .or(kinds.first())
            .map(|(_, _, kind)| kind);
        let annotations = first.map(|kind| kind.annotations.clone()).unwrap_or_default();
        let (plural, group) = name.as_str().split_once('.').unwrap_or((name.as_str(), ""));
        let category = if spec.category == Category::Other {
            annotations
                .category
                .as_deref()
                .and_then(Category::from_slug)
                .unwrap_or_default()
        } else {
            spec.category
        };
        let kind = first.map_or_else(|| plural.to_owned(), |kind| kind.resource.kind.clone());
        let marked = annotations.form.and_then(Result::ok);
        let form = match marked {
            Some(marked) if spec.form == FormHints::default() => marked,
            _ => spec.form.clone(),
        };
        let form = match &spec.tenant {
            Some(declared) => form_of_tenant(form, claimed_tenant::hidden_fields(declared, &spec.plans)),
            None => form,
        };
        Self {
            name: name.clone(),
            group: group.to_owned(),
            title: spec
                .title
                .clone()
                .or(annotations.title)
                .unwrap_or_else(|| kind.clone()),
            kind,
            summary: spec.summary.clone().or(annotations.summary),
            documentation: spec.documentation.clone().or(annotations.documentation),
            category,
            owner: spec.owner.clone().or(annotations.owner),
            support: spec.support.clone(),
            icon: spec.icon.clone().or(annotations.icon),
            keywords: spec.keywords.clone(),
            plans: spec.plans.clone(),
            settable: spec.settable.clone(),
            form,
            access: spec.access.clone(),
            control_plane_labels: spec.control_plane_labels.clone(),
            lifetime_days: spec.lifetime_days,
            lifecycle: spec.lifecycle.clone(),
            hidden: spec.hidden,
            claim_kind: first.map(|kind| kind.claim_kind).unwrap_or_default(),
            documented: document.is_some(),
            served: served(kinds),
        }
    }
}

/// What each control plane serves, once for those that serve the same.
fn served(kinds: &[(&PlaneName, &[TenantName], &Arc<Kind>)]) -> BTreeMap<PlaneName, Arc<Served>> {
    let mut known: Vec<(&Arc<Kind>, &[TenantName], Arc<Served>)> = Vec::new();
    kinds
        .iter()
        .map(|(plane, dedicated, kind)| {
            let same = known
                .iter()
                .find(|(other, others, _)| Arc::ptr_eq(other, kind) && others == dedicated);
            let served = if let Some((_, _, served)) = same {
                served.clone()
            } else {
                let served = Arc::new(Served::of(kind, dedicated));
                known.push((kind, dedicated, served.clone()));
                served
            };
            ((*plane).clone(), served)
        })
        .collect()
}

/// The form of a tenant: without what people may not say, and with its title first.
fn form_of_tenant(mut form: FormHints, hidden: Vec<String>) -> FormHints {
    if form.order.is_empty() {
        form.order = ["spec.title", "spec.members", "spec.environments"]
            .map(str::to_owned)
            .to_vec();
    }
    let title = form.fields.entry("spec.title".to_owned()).or_default();
    title.advanced.get_or_insert(false);
    for path in hidden {
        form.fields.entry(path).or_default().hidden = true;
    }
    form
}

/// An offering as one control plane serves it.
#[derive(Debug, Clone)]
pub struct Served {
    /// The version to use.
    pub resource: Arc<ResourceRef>,
    /// The CRD with all versions.
    pub definition: Arc<HeldDefinition>,
    /// The schema of the version to use; `None` if it is unusable, see `problem`.
    pub schema: Option<HeldSchema>,
    /// The kind of its claims there.
    pub claim_kind: ClaimKind,
    /// A hash of the schema. Equal hashes mean equal forms.
    pub schema_hash: String,
    /// Why it cannot be requested there.
    pub problem: Option<String>,
    /// No longer offered there: nothing new can be requested. Its claims stay and can be deleted.
    pub retired: bool,
    /// Why its form annotation cannot be used. It can be requested anyway.
    pub form_problem: Option<String>,
    /// The deprecation warning of the version to use.
    pub deprecated: Option<String>,
    /// The printer columns of the kind.
    pub columns: Vec<Column>,
    /// The tenants that the control plane is dedicated to; empty: it is shared.
    pub dedicated_to: Vec<TenantName>,
}

impl Served {
    fn of(kind: &Arc<Kind>, dedicated_to: &[TenantName]) -> Self {
        Self {
            resource: kind.resource.clone(),
            definition: kind.definition.clone(),
            schema: kind.schema.clone(),
            claim_kind: kind.claim_kind,
            schema_hash: kind.schema_hash.clone(),
            problem: kind.problem.clone(),
            retired: kind.retired,
            form_problem: kind.annotations.form_problem(),
            deprecated: kind.deprecated.clone(),
            columns: kind.columns.clone(),
            dedicated_to: dedicated_to.to_vec(),
        }
    }
}

/// Equal if they come from the same reading of the same CRD.
impl PartialEq for Served {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.definition, &other.definition)
            && self.resource == other.resource
            && self.claim_kind == other.claim_kind
            && self.schema_hash == other.schema_hash
            && self.problem == other.problem
            && self.retired == other.retired
            && self.form_problem == other.form_problem
            && self.deprecated == other.deprecated
            && self.columns == other.columns
            && self.dedicated_to == other.dedicated_to
    }
}
