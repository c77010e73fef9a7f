//! The page of control planes, for three of them and for a thousand.

use std::collections::{BTreeMap, BTreeSet};

use portico_api::words::GROUP_NOT_KNOWN;
use portico_api::{
    DifferencesPage, FleetCondition, FleetFilter, FleetGroup, FleetGrouping, FleetMatrix, FleetPage,
    FleetPlane, MatrixRow, OfferingVariant, OfferingVariants, Paged, PlaneChoice, PlaneRow, PlanesPage,
    VariantDifferences,
};
use portico_domain::names::OfferingName;
use portico_domain::schema_difference::schema_differences;
use portico_domain::tenancy::Viewer;

use super::{Portal, PortalError, Result};

/// Control planes on a page.
const PER_PAGE: usize = 50;
/// From how many control planes on there is a map.
const MAP_FROM: usize = 12;
/// Control planes that the matrix has a column for at most.
const MAX_COLUMNS: usize = 8;
/// Control planes that are named of a variant at most.
const MAX_NAMED: usize = 5;

impl Portal {
    /// Returns the control planes that the filter leaves, unhealthy ones first, and what all of them serve.
    ///
    /// # Errors
    /// As [`Portal::planes_page`].
    pub async fn fleet_page(&self, viewer: &Viewer, filter: FleetFilter, page: usize) -> Result<FleetPage> {
        let fleet = self.planes_page(viewer).await?;
        Ok(fleet_page(fleet, filter, page))
    }
}

impl Portal {
    /// Returns what control planes serve differently of an offering, beside what most of them serve.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] if nothing is offered by that name; else as [`Portal::planes_page`].
    pub async fn differences_page(
        &self,
        viewer: &Viewer,
        offering: &OfferingName,
    ) -> Result<DifferencesPage> {
        let PlanesPage { columns, matrix, .. } = self.planes_page(viewer).await?;
        let row = matrix.into_iter().find(|row| row.offering == *offering);
        let mut found = variants(row.ok_or(PortalError::NotFound)?, &columns);
        let catalog = self.planes().catalog();
        let offered = catalog.get(offering).ok_or(PortalError::NotFound)?;
        let schema = async |variant: &OfferingVariant| {
            let plane = variant.planes.first()?;
            let served = offered.served.get(&plane.name)?;
            served.schema.as_ref()?.parsed().await
        };
        let usual = (!found.variants.is_empty()).then(|| found.variants.remove(0));
        let of_usual = match &usual {
            Some(usual) => schema(usual).await,
            None => None,
        };
        let mut others = Vec::new();
        for variant in found.variants {
            let both = of_usual.clone().zip(schema(&variant).await);
            others.push(VariantDifferences {
                unusable: both.is_none(),
                fields: both.map_or_else(Vec::new, |(usual, other)| schema_differences(&usual, &other)),
                variant,
            });
        }
        Ok(DifferencesPage {
            offering: found.offering,
            title: found.title,
            usual,
            others,
        })
    }
}

fn fleet_page(fleet: PlanesPage, filter: FleetFilter, page: usize) -> FleetPage {
    let PlanesPage {
        rows,
        columns,
        matrix,
    } = fleet;
    let all = rows.len();
    let of_all = |value: fn(&PlaneRow) -> Option<&String>| {
        let values: BTreeSet<String> = rows.iter().filter_map(value).cloned().collect();
        values.into_iter().collect::<Vec<_>>()
    };
    let (regions, versions) = (of_all(region), of_all(version));
    let query = filter.query.trim().to_lowercase();
    let mut left: Vec<PlaneRow> = rows
        .into_iter()
        .filter(|row| {
            let named =
                row.plane.name.as_str().contains(&query) || row.plane.title.to_lowercase().contains(&query);
            named
                && filter
                    .region
                    .as_ref()
                    .is_none_or(|wanted| region(row) == Some(wanted))
                && filter
                    .version
                    .as_ref()
                    .is_none_or(|wanted| version(row) == Some(wanted))
        })
        .collect();
    let mut conditions: BTreeMap<FleetCondition, usize> = BTreeMap::new();
    for row in &left {
        *conditions.entry(FleetCondition::of(row)).or_default() += 1;
    }
    if let Some(wanted) = filter.condition {
        left.retain(|row| FleetCondition::of(row) == wanted);
    }
    left.sort_by_key(|row| (FleetCondition::of(row), row.plane.name.clone()));
    FleetPage {
        all,
        conditions: conditions.into_iter().collect(),
        regions,
        versions,
        map: if all < MAP_FROM {
            Vec::new()
        } else {
            map(&left, filter.group)
        },
        rows: Paged::cut(left, page, PER_PAGE),
        matrix: if columns.len() <= MAX_COLUMNS {
            FleetMatrix::Columns {
                columns,
                rows: matrix,
            }
        } else {
            FleetMatrix::Variants(matrix.into_iter().map(|row| variants(row, &columns)).collect())
        },
        filter,
    }
}

fn region(row: &PlaneRow) -> Option<&String> {
    row.plane.region.as_ref()
}

fn version(row: &PlaneRow) -> Option<&String> {
    row.version.as_ref()
}

/// Groups the control planes, which are in the order that they keep.
fn map(rows: &[PlaneRow], by: FleetGrouping) -> Vec<FleetGroup> {
    // The number keeps conditions in their order.
    let mut groups: BTreeMap<(usize, String), Vec<FleetPlane>> = BTreeMap::new();
    for row in rows {
        let condition = FleetCondition::of(row);
        let known = |value: Option<&String>| match value {
            Some(value) => (0, value.clone()),
            None => (1, GROUP_NOT_KNOWN.to_owned()),
        };
        let group = match by {
            FleetGrouping::Region => known(region(row)),
            FleetGrouping::Version => known(version(row)),
            FleetGrouping::Condition => (condition as usize, condition.title().to_owned()),
        };
        groups.entry(group).or_default().push(FleetPlane {
            name: row.plane.name.clone(),
            title: row.plane.title.clone(),
            condition,
        });
    }
    groups
        .into_iter()
        .map(|((_, title), planes)| FleetGroup { title, planes })
        .collect()
}

/// The different cells of a row of the matrix.
fn variants(row: MatrixRow, columns: &[PlaneChoice]) -> OfferingVariants {
    let mut variants: Vec<OfferingVariant> = Vec::new();
    for (cell, plane) in row.cells.into_iter().zip(columns) {
        let Some(cell) = cell else { continue };
        let same = variants.iter().position(|known| {
            (&known.version, &known.schema, &known.problem) == (&cell.version, &cell.schema, &cell.problem)
        });
        let known = match same.and_then(|index| variants.get_mut(index)) {
            Some(known) => known,
            None => variants.push_mut(OfferingVariant {
                version: cell.version,
                schema: cell.schema,
                problem: cell.problem,
                count: 0,
                planes: Vec::new(),
            }),
        };
        known.count += 1;
        if known.planes.len() < MAX_NAMED {
            known.planes.push(plane.clone());
        }
    }
    variants.sort_by_key(|variant| std::cmp::Reverse(variant.count));
    OfferingVariants {
        offering: row.offering,
        title: row.title,
        phase: row.phase,
        variants,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use portico_api::{MatrixCell, PlaneState};
    use portico_domain::documents::Phase;

    use super::*;

    fn row(number: usize) -> PlaneRow {
        PlaneRow {
            plane: PlaneChoice {
                name: format!("plane-{number:02}").parse().unwrap(),
                title: format!("Plane {number:02}"),
                region: (number % 3 != 2).then(|| format!("region-{}", number % 3)),
            },
            kind: "Cluster".to_owned(),
            state: if number == 7 {
                PlaneState::Unreachable
            } else {
                PlaneState::Ready
            },
            since: Timestamp::UNIX_EPOCH,
            last_seen: None,
            problem: None,
            version: Some(format!("v1.{}", 30 + number % 2)),
            claims: 0,
            offerings: 1,
            latency_ms: None,
            lag_ms: None,
            certificate_expires_at: None,
            cordoned: number == 3,
            dedicated_to: Vec::new(),
            environments: Vec::new(),
            claim: None,
        }
    }

    fn fleet(planes: usize) -> PlanesPage {
        let cell = |number: usize| {
            (number != 1).then(|| MatrixCell {
                version: "v1".to_owned(),
                schema: if number == 5 { "bbbbbbbb" } else { "aaaaaaaa" }.to_owned(),
                problem: None,
            })
        };
        let rows: Vec<PlaneRow> = (0..planes).map(row).collect();
        PlanesPage {
            columns: rows.iter().map(|row| row.plane.clone()).collect(),
            rows,
            matrix: vec![MatrixRow {
                offering: "things.example.org".parse().unwrap(),
                title: "Thing".to_owned(),
                cells: (0..planes).map(cell).collect(),
                drift: true,
                phase: Phase::Published,
                sunset: None,
            }],
        }
    }

    #[test]
    fn few_control_planes_have_no_map_and_a_column_each() {
        let page = fleet_page(fleet(3), FleetFilter::default(), 1);
        assert_eq!((page.all, page.map.len(), page.rows.items.len()), (3, 0, 3));
        assert!(matches!(page.matrix, FleetMatrix::Columns { .. }));
    }

    #[test]
    fn many_are_mapped_filtered_and_paged_with_the_worst_first() {
        let page = fleet_page(fleet(60), FleetFilter::default(), 1);
        let first: Vec<&str> = page
            .rows
            .items
            .iter()
            .take(3)
            .map(|row| row.plane.name.as_str())
            .collect();
        assert_eq!(first, ["plane-07", "plane-03", "plane-00"]);
        assert_eq!((page.rows.items.len(), page.rows.more), (50, true));
        let groups: Vec<(&str, usize)> = page
            .map
            .iter()
            .map(|group| (group.title.as_str(), group.planes.len()))
            .collect();
        assert_eq!(groups, [("region-0", 20), ("region-1", 20), ("Not known", 20)]);
        assert_eq!(page.versions, ["v1.30", "v1.31"]);

        let filter = FleetFilter {
            region: Some("region-1".to_owned()),
            version: Some("v1.31".to_owned()),
            condition: Some(FleetCondition::Unreachable),
            group: FleetGrouping::Condition,
            query: " PLANE ".to_owned(),
        };
        let page = fleet_page(fleet(60), filter, 1);
        assert_eq!(page.rows.total, Some(1));
        assert_eq!(
            page.conditions,
            [(FleetCondition::Unreachable, 1), (FleetCondition::Ready, 9)],
            "whatever the condition"
        );
        assert_eq!(page.map.len(), 1);
    }

    #[test]
    fn of_many_the_variants_of_an_offering_are_named() {
        let FleetMatrix::Variants(rows) = fleet_page(fleet(60), FleetFilter::default(), 1).matrix else {
            panic!("too many for columns");
        };
        let found: Vec<(&str, usize, usize)> = rows[0]
            .variants
            .iter()
            .map(|variant| (variant.schema.as_str(), variant.count, variant.planes.len()))
            .collect();
        assert_eq!(found, [("aaaaaaaa", 58, 5), ("bbbbbbbb", 1, 1)]);
    }
}
