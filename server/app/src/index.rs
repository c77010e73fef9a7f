//! The catalog of one environment, indexed for search. Built once for each change of the catalog or the configuration.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use parking_lot::RwLock;
use portico_api::{CatalogCard, Link, OfferingLifecycle, PlaneChoice, Replacement};
use portico_domain::documents::{
    Audience, Category, Configuration, ControlPlane, Lifecycle, Plan, Price, Stage, Tenant,
};
use portico_domain::names::{OfferingName, PlaneName};
use portico_domain::placement::may_use;
use portico_domain::policy::{Policies, PolicyDecision, PolicyInput, Requester};
use portico_domain::request::Action;
use portico_domain::tenancy::Role;
use portico_planes::{Catalog, Offered, PlaneState};
use serde_json::Value;

use super::draft::open_service;
use super::names::choice;
use super::{Portal, Workspace, matching};

/// Indexes cached at most: one for each workspace and audience.
const MAX_INDEXES: usize = 512;

/// Who sees an index, and where they work; `None` for platform admins without a membership.
type IndexKey = (Audience, Option<Workspace>);

/// The cached indexes.
#[derive(Default)]
pub(super) struct Indexes(RwLock<HashMap<IndexKey, Arc<Index>>>);

impl Indexes {
    /// Drops all indexes.
    pub(super) fn forget(&self) {
        self.0.write().clear();
    }
}

/// The catalog as one environment sees it: the only place that decides which offerings exist for a viewer.
pub(super) struct Index {
    made_of: (u64, u64),
    /// Sorted by title, deprecated ones last.
    entries: Vec<Entry>,
    /// Number of offerings by category.
    categories: BTreeMap<Category, usize>,
    /// Control planes to filter by.
    pub(super) planes: Vec<PlaneChoice>,
    by_name: HashMap<OfferingName, usize>,
}

pub(super) struct Entry {
    card: CatalogCard,
    haystack: String,
    offered: Arc<Offered>,
    replacement: Option<Replacement>,
    needs_approval: OnceLock<Option<bool>>,
    /// The publisher decides on each request, whatever policies say.
    approved_by_publisher: bool,
}

/// A search of the index.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted<'q> {
    pub(super) words: &'q str,
    pub(super) category: Option<Category>,
    pub(super) plane: Option<&'q PlaneName>,
}

/// The result: entries in order, and the number by category without the category's filter.
pub(super) struct Found<'i> {
    pub(super) entries: Vec<&'i Entry>,
    pub(super) categories: BTreeMap<Category, usize>,
}

impl Index {
    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the entry of that name.
    pub(super) fn get(&self, name: &OfferingName) -> Option<&Entry> {
        self.by_name.get(name).map(|place| &self.entries[*place])
    }

    /// Returns the offering that replaces one of this life, if this catalog has it.
    pub(super) fn replacement(&self, lifecycle: &Lifecycle) -> Option<Replacement> {
        let entry = self.get(lifecycle.replacement.as_ref()?)?;
        Some(Replacement {
            name: entry.card.name.clone(),
            title: entry.card.title.clone(),
            href: Link::Offering(entry.card.name.clone()),
        })
    }

    /// Returns matching entries, best first: each word is in title, summary, kind, keywords or owner. If nothing
    /// matches, typing errors are forgiven.
    pub(super) fn find(&self, wanted: Wanted<'_>) -> Found<'_> {
        let text = wanted.words.trim().to_lowercase();
        let words: Vec<&str> = text.split_whitespace().take(8).collect();
        let is_there = |entry: &&Entry| {
            wanted
                .plane
                .is_none_or(|plane| entry.card.planes.iter().any(|choice| choice.name == *plane))
        };
        let everything = words.is_empty() && wanted.plane.is_none();
        let (mut entries, categories): (Vec<&Entry>, _) = if everything {
            (self.entries.iter().collect(), self.categories.clone())
        } else {
            let there = || self.entries.iter().filter(is_there);
            let mut ranked: Vec<(u8, &Entry)> = there()
                .filter_map(|entry| {
                    let rank = matching::rank(&entry.card.title.to_lowercase(), &entry.haystack, &words)?;
                    Some((rank, entry))
                })
                .collect();
            ranked.sort_by_key(|(rank, _)| *rank);
            let mut found: Vec<&Entry> = ranked.into_iter().map(|(_, entry)| entry).collect();
            if found.is_empty() {
                found = there()
                    .filter(|entry| matching::resembles(&entry.haystack, &words))
                    .collect();
            }
            let categories = counts(found.iter().copied());
            (found, categories)
        };
        if let Some(category) = wanted.category {
            entries.retain(|entry| entry.card.category == category);
        }
        Found { entries, categories }
    }
}

impl Entry {
    pub(super) fn offered(&self) -> &Arc<Offered> {
        &self.offered
    }

    pub(super) fn title(&self) -> &str {
        &self.card.title
    }

    /// Returns where it is in its life at `now`.
    pub(super) fn lifecycle(&self, now: Timestamp) -> OfferingLifecycle {
        OfferingLifecycle::new(&self.offered.lifecycle, self.replacement.clone(), now)
    }

    /// Returns the card at `now`, with the policies' decision on an ordinary developer's request for the first plan, and
    /// which of its control planes are among the `dead`.
    pub(super) fn card(
        &self,
        workspace: Option<&Workspace>,
        configuration: &Configuration,
        policies: &Policies,
        dead: &BTreeSet<PlaneName>,
        now: Timestamp,
    ) -> CatalogCard {
        let needs_approval = *self.needs_approval.get_or_init(|| {
            let (tenant, environment) = workspace?.resolve(configuration)?;
            let plan = self.offered.plans.first();
            let manifest = Value::Object(plan.map(|plan| plan.values.clone()).unwrap_or_default());
            let (groups, roles) = (
                developer_groups(configuration, tenant),
                BTreeSet::from([Role::Developer]),
            );
            let facts = PolicyInput {
                action: Action::Create,
                manifest: &manifest,
                previous: None,
                offering: &self.offered.name,
                kind: &self.offered.kind,
                category: self.offered.category,
                plan,
                plans: &self.offered.plans,
                tenant,
                environment,
                requester: Requester {
                    name: "",
                    email: None,
                    provider: "",
                    groups: &groups,
                    roles: &roles,
                },
                take_over: &[],
                plane: None,
            };
            Some(self.approved_by_publisher || policies.evaluate(&facts) != PolicyDecision::Allow)
        });
        let planes = self.card.planes.iter().map(|plane| &plane.name);
        CatalogCard {
            needs_approval,
            lifecycle: self.lifecycle(now),
            unreachable: planes.filter(|name| dead.contains(*name)).cloned().collect(),
            ..self.card.clone()
        }
    }
}

/// Returns the SSO groups of the tenant's developers.
fn developer_groups(configuration: &Configuration, tenant: &Tenant) -> BTreeSet<String> {
    let members = configuration.members(tenant);
    members
        .filter(|(_, member)| member.role == Role::Developer)
        .map(|(_, member)| member.group.clone())
        .collect()
}

impl Portal {
    /// Returns the catalog of the workspace, as this audience sees it.
    pub(super) fn index(&self, audience: Audience, workspace: Option<&Workspace>) -> Arc<Index> {
        let catalog = self.planes().catalog();
        let made_of = (catalog.generation, self.shared.configuration.generation());
        let key = (audience, workspace.cloned());
        if let Some(index) = self.shared.indexes.0.read().get(&key)
            && index.made_of == made_of
        {
            return Arc::clone(index);
        }
        let index = Arc::new(self.make_index(audience, workspace, &catalog, made_of));
        let mut indexes = self.shared.indexes.0.write();
        if indexes.len() >= MAX_INDEXES {
            indexes.clear();
        }
        indexes.insert(key, Arc::clone(&index));
        index
    }

    /// Returns the control planes that do not answer.
    pub(super) fn unreachable_planes(&self) -> BTreeSet<PlaneName> {
        let alive = |state: &PlaneState| matches!(state, PlaneState::Ready | PlaneState::Connecting);
        let statuses = self.planes().summaries();
        let dead = statuses.into_iter().filter(|status| !alive(&status.state));
        dead.map(|status| status.name).collect()
    }

    /// Returns where an offering is in its life now, as this audience sees it in the workspace.
    pub(super) fn lifecycle(
        &self,
        audience: Audience,
        workspace: Option<&Workspace>,
        offered: &Offered,
    ) -> OfferingLifecycle {
        let lifecycle = &offered.lifecycle;
        let replacement = self.index(audience, workspace).replacement(lifecycle);
        OfferingLifecycle::new(lifecycle, replacement, self.now())
    }

    /// Returns the entry of an offering that the catalog of the workspace need not have: a claim may be changed after its
    /// offering was taken out of the catalog.
    pub(super) fn entry_of_claim(
        &self,
        audience: Audience,
        workspace: &Workspace,
        offered: &Arc<Offered>,
    ) -> Entry {
        let configuration = self.configuration();
        let tenant = configuration.tenants.get(&workspace.tenant);
        let planes = usable_planes(&configuration, tenant)
            .filter(|plane| offered.served.contains_key(&plane.name))
            .map(choice)
            .collect();
        let index = self.index(audience, Some(workspace));
        Entry {
            replacement: index.replacement(&offered.lifecycle),
            ..entry(offered, planes, None, None)
        }
    }

    fn make_index(
        &self,
        audience: Audience,
        workspace: Option<&Workspace>,
        catalog: &Catalog,
        made_of: (u64, u64),
    ) -> Index {
        let configuration = self.configuration();
        let tenant = workspace.and_then(|workspace| configuration.tenants.get(&workspace.tenant));
        let usable: Vec<&ControlPlane> = usable_planes(&configuration, tenant).collect();
        let typical_times = self.shared.typical_times.load();
        let mut entries: Vec<Entry> = catalog
            .offerings
            .values()
            .filter(|offered| offered.is_listed_for(audience))
            .filter(|offered| {
                tenant.is_none_or(|tenant| {
                    tenant.spec.offerings.is_empty() || tenant.spec.offerings.contains(&offered.name)
                })
            })
            .filter_map(|offered| {
                let is_served = |plane: &ControlPlane| {
                    let served = offered.served.get(&plane.name);
                    served.is_some_and(|served| !served.retired)
                };
                let served: Vec<&&ControlPlane> = usable.iter().filter(|plane| is_served(plane)).collect();
                let service = tenant
                    .filter(|_| !configuration.publications.is_empty())
                    .and_then(|tenant| {
                        offered.served.keys().find_map(|plane| {
                            let plane = configuration.control_planes.get(plane)?;
                            open_service(&configuration, tenant, plane, &offered.name)
                                .filter(|_| is_served(plane))
                        })
                    });
                if served.is_empty() && service.is_none() {
                    return None;
                }
                let problems = served.iter().map(|plane| &plane.name);
                let of_service = service.map(|service| &service.plane.name);
                let problem = problems
                    .chain(of_service)
                    .map(|plane| {
                        offered
                            .served
                            .get(plane)
                            .and_then(|served| served.problem.clone())
                    })
                    .collect::<Option<Vec<String>>>()
                    .and_then(|problems| problems.into_iter().next());
                let typical = typical_times.get(&offered.name).map(std::time::Duration::as_secs);
                let mut entry = entry(
                    offered,
                    served.iter().map(|plane| choice(plane)).collect(),
                    typical,
                    problem,
                );
                // Where others serve it, too, it is not the publisher's alone.
                if let Some(service) = service.filter(|_| served.is_empty()) {
                    let publisher = service.publisher.title();
                    entry.haystack.push(' ');
                    entry.haystack.push_str(&publisher.to_lowercase());
                    entry.card.published_by = Some(publisher.to_owned());
                    entry.approved_by_publisher =
                        tenant.is_some_and(|tenant| service.rule(&tenant.name).is_some());
                }
                Some(entry)
            })
            .collect();
        let place = |entry: &Entry| {
            let is_deprecated = entry.offered.lifecycle.stage == Stage::Deprecated;
            (is_deprecated, entry.card.title.to_lowercase())
        };
        entries.sort_by(|a, b| (place(a), &a.card.name).cmp(&(place(b), &b.card.name)));
        let by_name = entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (entry.card.name.clone(), place))
            .collect();
        let mut index = Index {
            made_of,
            categories: counts(&entries),
            entries,
            planes: usable.into_iter().map(choice).collect(),
            by_name,
        };
        let replacements: Vec<_> = index
            .entries
            .iter()
            .map(|entry| index.replacement(&entry.offered.lifecycle))
            .collect();
        for (entry, replacement) in index.entries.iter_mut().zip(replacements) {
            entry.replacement = replacement;
        }
        index
    }
}

/// Returns the control planes that the tenant may use; all without a tenant.
fn usable_planes<'c>(
    configuration: &'c Configuration,
    tenant: Option<&'c Tenant>,
) -> impl Iterator<Item = &'c ControlPlane> {
    let planes = configuration.control_planes.values();
    planes.filter(move |plane| tenant.is_none_or(|tenant| may_use(tenant, plane)))
}

/// Returns the lowest price of the plans, if all have one in the same currency.
fn cheapest(plans: &[Plan]) -> Option<Price> {
    let mut prices = plans.iter().map(|plan| plan.price.as_ref());
    let first = prices.next()??;
    let mut lowest = first;
    for price in prices {
        let price = price.filter(|price| price.currency == first.currency)?;
        if price.monthly < lowest.monthly {
            lowest = price;
        }
    }
    Some(lowest.clone())
}

fn counts<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> BTreeMap<Category, usize> {
    let mut counts = BTreeMap::new();
    for entry in entries {
        *counts.entry(entry.card.category).or_default() += 1;
    }
    counts
}

fn entry(
    offered: &Arc<Offered>,
    planes: Vec<PlaneChoice>,
    typical_seconds: Option<u64>,
    problem: Option<String>,
) -> Entry {
    let summary = offered.summary.clone().unwrap_or_default();
    let haystack = [
        offered.title.as_str(),
        &summary,
        &offered.kind,
        offered.name.as_str(),
        offered.owner.as_deref().unwrap_or_default(),
        offered.category.title(),
        &offered.keywords.join(" "),
    ]
    .join(" ")
    .to_lowercase();
    Entry {
        card: CatalogCard {
            name: offered.name.clone(),
            title: offered.title.clone(),
            summary,
            category: offered.category,
            icon: offered
                .icon
                .clone()
                .unwrap_or_else(|| offered.category.slug().to_owned()),
            typical_seconds,
            needs_approval: None,
            price_from: cheapest(&offered.plans),
            planes,
            unreachable: Vec::new(),
            problem,
            published_by: None,
            lifecycle: OfferingLifecycle::default(),
        },
        haystack,
        offered: Arc::clone(offered),
        replacement: None,
        needs_approval: OnceLock::new(),
        approved_by_publisher: false,
    }
}
