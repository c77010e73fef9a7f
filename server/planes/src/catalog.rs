//! The catalog: the union over control planes of what they offer, as one snapshot.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;

use kube_schema::{Definition, Schema};
use portico_domain::claim::{Adapter, ClaimKind};
use portico_domain::documents::{Access, Category, Offering, OfferingSpec, Plan, ResourceRef};
use portico_domain::names::{OfferingName, PlaneName, TenantName};
use portico_domain::projection::Projection;
use portico_form::FormHints;

use crate::discovery::Kind;

/// What all control planes offer together, at one moment.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Grows by one with each change.
    pub generation: u64,
    /// By name, hidden ones too.
    pub offerings: BTreeMap<OfferingName, Arc<Offered>>,
}

impl Catalog {
    /// The offering of that name, whether hidden or not.
    #[must_use]
    pub fn get(&self, name: &OfferingName) -> Option<&Arc<Offered>> {
        self.offerings.get(name)
    }

    /// An offering as one control plane serves it.
    #[must_use]
    pub fn served(&self, name: &OfferingName, plane: &PlaneName) -> Option<&Served> {
        self.offerings.get(name)?.served.get(plane)
    }
}

/// One offering, with everything that documents, CRDs and XRDs say of it. What the document says
/// wins over annotations on the XRD, and those over annotations on the CRD; where control planes
/// differ, the first by name speaks.
///
/// All texts but the document's own come from control planes: hostile until made safe.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// `<plural>.<group>`.
    pub name: OfferingName,
    /// The API group.
    pub group: String,
    /// The kind; where no control plane serves it, its plural.
    pub kind: String,
    /// The name to show.
    pub title: String,
    /// One line.
    pub summary: Option<String>,
    /// The documentation, in markdown.
    pub documentation: Option<String>,
    /// Where it stands in the catalog.
    pub category: Category,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// The name of a glyph.
    pub icon: Option<String>,
    /// Words that the search finds it by.
    pub keywords: Vec<String>,
    /// Presets of its parameters.
    pub plans: Vec<Plan>,
    /// What people may set of the machinery: see [`Projection`].
    pub settable: Vec<String>,
    /// How the form is laid out.
    pub form: FormHints,
    /// What one receives.
    pub access: Access,
    /// Labels that a control plane must have to serve it.
    pub control_plane_labels: BTreeMap<String, String>,
    /// After how many days a claim has to be renewed.
    pub lifetime_days: Option<NonZeroU16>,
    /// Left out of the catalog; claims of it stay.
    pub hidden: bool,
    /// What kind of thing a claim of it is. Where control planes differ, see [`Served::claim_kind`].
    pub claim_kind: ClaimKind,
    /// Whether a document names it.
    pub documented: bool,
    /// By control plane, the unreachable ones too.
    pub served: BTreeMap<PlaneName, Served>,
}

impl Offered {
    /// The adapter that reads its claims' health.
    #[must_use]
    pub fn adapter(&self) -> &'static Adapter {
        Adapter::of(&self.group, &self.kind, self.claim_kind)
    }

    /// What of its objects people set, as `plane` serves it.
    #[must_use]
    pub fn projection(&self, plane: Option<&PlaneName>) -> Projection {
        let served = plane.and_then(|plane| self.served.get(plane));
        let claim_kind = served.map_or(self.claim_kind, |served| served.claim_kind);
        Projection::new(claim_kind, &self.settable, &self.plans, &self.form)
    }

    /// The document's word, as far as there is one.
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
            icon: spec.icon.clone().or(annotations.icon),
            keywords: spec.keywords.clone(),
            plans: spec.plans.clone(),
            settable: spec.settable.clone(),
            form,
            access: spec.access.clone(),
            control_plane_labels: spec.control_plane_labels.clone(),
            lifetime_days: spec.lifetime_days,
            hidden: spec.hidden,
            claim_kind: first.map(|kind| kind.claim_kind).unwrap_or_default(),
            documented: document.is_some(),
            served: kinds
                .iter()
                .map(|(plane, dedicated, kind)| ((*plane).clone(), Served::of(kind, dedicated)))
                .collect(),
        }
    }
}

/// An offering as one control plane serves it.
#[derive(Debug, Clone)]
pub struct Served {
    /// The version to use.
    pub resource: ResourceRef,
    /// The CRD, all versions of it.
    pub definition: Arc<Definition>,
    /// The schema of the version to use; `None` when it cannot be worked with: see `problem`.
    pub schema: Option<Arc<Schema>>,
    /// What kind of thing a claim of it is there.
    pub claim_kind: ClaimKind,
    /// A hash of the schema: equal hashes mean equal forms.
    pub schema_hash: String,
    /// Why it cannot be asked for there: its schema is broken, say.
    pub problem: Option<String>,
    /// Nobody offers it there any more: nothing new can be asked for. Claims of it stay, and can be deleted.
    pub retired: bool,
    /// Why what is said of its form there lays nothing out; it can be asked for all the same.
    pub form_problem: Option<String>,
    /// Whether the version to use is deprecated, with the warning.
    pub deprecated: Option<String>,
    /// The columns that the kind's author would show in a list.
    pub columns: Vec<Column>,
    /// The only tenants that the control plane serves; empty: it is shared.
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

/// Two are equal when they come from the same reading of the same CRD.
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

/// A printer column of a CRD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// A path in the object, as [`portico_domain::claim::path`] reads it.
    pub path: String,
}
