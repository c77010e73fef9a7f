//! What the tenants above a tenant want heeded.

use proptest::prelude::*;
use serde_json::json;

use super::tests::{facts, placed_below, plane, rules, tenant};
use super::*;

/// Two control planes that differ by disk and zone: `fast` in zone a, `slow` in zone b.
fn planes() -> [ControlPlane; 2] {
    [("fast", "nvme", "a"), ("slow", "hdd", "b")].map(|(name, disk, zone)| {
        let mut plane = plane(name, "eu", &[]);
        plane.labels.insert("disk".to_owned(), disk.to_owned());
        plane.labels.insert("zone".to_owned(), zone.to_owned());
        plane
    })
}

fn prefer(label: &str, value: &str, weight: u8) -> PlacementRules {
    rules(&json!({ "prefer": [{ "labels": { (label): value }, "weight": weight }] }))
}

/// The name of the chosen control plane. `slow` is the fuller one.
fn chosen(above: &[&PlacementRules], own: PlacementRules) -> String {
    let [fast, slow] = planes();
    let mut tenant = tenant("payments");
    tenant.spec.placement = own;
    let facts = [facts(&fast, 1), facts(&slow, 40)];
    let placement = placed_below(above, &tenant, &PlacementPreferences::default(), None, &facts);
    placement.chosen.unwrap().to_string()
}

#[test]
fn what_a_tenant_above_prefers_counts_for_those_below() {
    assert_eq!(chosen(&[], PlacementRules::default()), "fast");
    let above = prefer("disk", "hdd", 20);
    assert_eq!(chosen(&[&above], PlacementRules::default()), "slow");
}

#[test]
fn what_is_preferred_nearer_takes_the_place_of_the_same_labels_above() {
    let above = prefer("disk", "hdd", 100);
    assert_eq!(chosen(&[&above], prefer("disk", "nvme", 1)), "fast");
    // Of two above, the nearer one.
    let outermost = prefer("disk", "nvme", 100);
    assert_eq!(
        chosen(
            &[&prefer("disk", "hdd", 1), &outermost],
            PlacementRules::default()
        ),
        "slow"
    );
    // Other labels are weighed against it.
    assert_eq!(chosen(&[&above], prefer("zone", "a", 1)), "slow");
}

#[test]
fn what_the_environment_prefers_takes_the_place_too() {
    let [fast, slow] = planes();
    let above = prefer("disk", "hdd", 100);
    let disk = BTreeMap::from([("disk".to_owned(), "nvme".to_owned())]);
    let mut short = tenant("payments");
    short.spec.environments[0].preferred_control_plane_labels = disk;
    let mut long = tenant("payments");
    long.spec.environments[0].placement = prefer("disk", "nvme", 1);
    for tenant in [short, long] {
        let facts = [facts(&fast, 1), facts(&slow, 1)];
        let placement = placed_below(&[&above], &tenant, &PlacementPreferences::default(), None, &facts);
        assert_eq!(placement.chosen, Some(fast.name.clone()));
    }
}

#[test]
fn a_spread_above_always_counts() {
    let [fast, slow] = planes();
    let mut tenant = tenant("payments");
    tenant.spec.placement = rules(
        &json!({ "prefer": [{ "labels": { "disk": "nvme" }, "weight": 100 }],
        "spread": { "over": "zone", "weight": 1 } }),
    );
    let above = rules(&json!({ "spread": { "over": "zone", "required": true } }));
    let mut there = facts(&fast, 1);
    there.held = 1;
    let placement = placed_below(
        &[&above],
        &tenant,
        &PlacementPreferences::default(),
        None,
        &[there, facts(&slow, 1)],
    );
    assert_eq!(placement.chosen, Some(slow.name.clone()));
    let ruled_out = placement.candidates.iter().find(|it| it.plane == fast.name);
    assert!(
        matches!(ruled_out.unwrap().ruled_out[..], [Exclusion::Spread { .. }]),
        "{placement:?}"
    );
}

fn preferences() -> impl Strategy<Value = PlacementRules> {
    let one = (
        prop::sample::select(vec!["disk", "zone"]),
        prop::sample::select(vec!["nvme", "hdd", "a", "b"]),
        1..=100_u8,
    );
    prop::collection::vec(one, 0..3).prop_map(|all| {
        let all: Vec<_> = all
            .into_iter()
            .map(|(label, value, weight)| json!({ "labels": { (label): value }, "weight": weight }))
            .collect();
        rules(&json!({ "prefer": all }))
    })
}

proptest! {
    #[test]
    fn of_a_tenant_above_counts_what_nobody_nearer_prefers_by_the_same_labels(
        own in preferences(), above in preferences(), outermost in preferences(),
    ) {
        let without = |rules: &PlacementRules, nearer: &[&PlacementRules]| {
            let mut left = rules.clone();
            left.prefer.retain(|it| {
                let mut known = nearer.iter().flat_map(|rules| &rules.prefer);
                !known.any(|other| other.labels.keys().eq(it.labels.keys()))
            });
            left
        };
        let together = PlacementRules {
            prefer: [
                own.prefer.clone(),
                without(&above, &[&own]).prefer,
                without(&outermost, &[&own, &above]).prefer,
            ]
            .concat(),
            spread: None,
        };
        prop_assert_eq!(chosen(&[&above, &outermost], own), chosen(&[], together));
    }
}
