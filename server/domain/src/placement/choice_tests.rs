use proptest::prelude::*;

use super::*;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const VALUES: [Option<&str>; 4] = [None, Some("eu"), Some("us"), Some("asia")];

fn load() -> impl Strategy<Value = Load> {
    (
        0..120_u64,
        prop_oneof![Just(None), Just(Some(20)), Just(Some(100))],
    )
        .prop_map(|(claims, capacity)| Load { claims, capacity })
}

fn class() -> impl Strategy<Value = Class> {
    prop_oneof![
        1 => Just(Class::Own),
        5 => Just(Class::Shared),
        1 => Just(Class::Claimed),
        1 => Just(Class::Service)
    ]
}

prop_compose! {
    fn plane(spreads: usize)(
        open in prop::bool::weighted(0.8),
        in_domain in prop::bool::weighted(0.9),
        class in class(),
        points in 0..4_u32,
        load in load(),
        held in 0..4_u32,
        values in prop::collection::vec(prop::sample::select(VALUES.as_slice()), spreads),
    ) -> Plane<'static> {
        Plane { name: "", open, in_domain, class, points: points * 10, load, held, values }
    }
}

prop_compose! {
    fn spread()(required in any::<bool>(), weight in 1..30_u32) -> Spread {
        Spread { required, weight }
    }
}

#[derive(Debug, Clone)]
struct Problem {
    planes: Vec<Plane<'static>>,
    spreads: Vec<Spread>,
    shown: Option<usize>,
}

impl Problem {
    fn choose(&self) -> Choice<'static> {
        choose(&self.planes, &self.spreads, self.shown)
    }

    fn chosen(&self) -> Option<&'static str> {
        self.choose().chosen.map(|index| self.planes[index].name)
    }

    fn is_eligible(&self, index: usize) -> bool {
        self.planes[index].open && self.choose().barred[index].is_empty()
    }

    /// The eligible ones of the best class and score, with the chosen one.
    fn equals(&self, chosen: usize) -> impl Iterator<Item = &Plane<'static>> {
        let scores = self.choose().scores;
        let class = self.planes[chosen].class;
        (0..self.planes.len())
            .filter(move |&index| {
                self.is_eligible(index)
                    && self.planes[index].class == class
                    && scores[index] == scores[chosen]
            })
            .map(|index| &self.planes[index])
    }
}

/// Up to six control planes and two spreads.
fn problem() -> impl Strategy<Value = Problem> {
    prop::collection::vec(spread(), 0..3).prop_flat_map(|spreads| {
        let planes = prop::collection::vec(plane(spreads.len()), 0..=NAMES.len());
        let shown = prop::option::of(0..NAMES.len());
        (planes, Just(spreads), shown).prop_map(|(mut planes, spreads, shown)| {
            for (plane, name) in planes.iter_mut().zip(NAMES) {
                plane.name = name;
            }
            let shown = shown.filter(|&shown| shown < planes.len());
            Problem {
                planes,
                spreads,
                shown,
            }
        })
    })
}

/// A spread over one value for each of some shared control planes.
fn spread_out(required: bool) -> impl Strategy<Value = Problem> {
    prop::collection::vec((1..VALUES.len(), load()), 1..=NAMES.len()).prop_map(move |planes| Problem {
        planes: planes
            .into_iter()
            .zip(NAMES)
            .map(|((value, load), name)| Plane {
                name,
                open: true,
                in_domain: true,
                class: Class::Shared,
                points: 0,
                load,
                held: 0,
                values: vec![VALUES[value]],
            })
            .collect(),
        spreads: vec![Spread { required, weight: 1 }],
        shown: None,
    })
}

fn difference(choice: &Choice<'_>) -> u32 {
    let held = &choice.held[0];
    held.values().max().unwrap() - held.values().min().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn p1_only_an_eligible_plane_is_chosen_and_one_is_if_there_is_one(problem in problem()) {
        let mut eligible = (0..problem.planes.len()).filter(|&index| problem.is_eligible(index));
        if let Some(chosen) = problem.choose().chosen {
            prop_assert!(problem.is_eligible(chosen));
        } else {
            prop_assert_eq!(eligible.next(), None);
        }
    }

    #[test]
    fn p2_the_order_of_the_input_does_not_matter(
        (problem, order) in problem().prop_flat_map(|problem| {
            let order: Vec<usize> = (0..problem.planes.len()).collect();
            (Just(problem), Just(order).prop_shuffle())
        })
    ) {
        let shuffled = Problem {
            planes: order.iter().map(|&index| problem.planes[index].clone()).collect(),
            spreads: problem.spreads.clone(),
            shown: problem.shown.and_then(|shown| order.iter().position(|&index| index == shown)),
        };
        prop_assert_eq!(shuffled.chosen(), problem.chosen());
    }

    #[test]
    fn p3_adding_a_plane_that_cannot_take_it_and_holds_nothing_of_the_group_changes_nothing(
        (problem, mut other) in problem().prop_flat_map(|problem| {
            let spreads = problem.spreads.len();
            (Just(problem), plane(spreads))
        })
    ) {
        other.name = "0";
        (other.open, other.in_domain, other.held) = (false, false, 0);
        let mut more = problem.clone();
        more.planes.push(other);
        prop_assert_eq!(more.chosen(), problem.chosen());
        prop_assert_eq!(&more.choose().scores[..problem.planes.len()], problem.choose().scores);
    }

    #[test]
    fn p4_none_of_a_worse_class_is_chosen(problem in problem()) {
        if let Some(chosen) = problem.choose().chosen {
            for index in (0..problem.planes.len()).filter(|&index| problem.is_eligible(index)) {
                prop_assert!(problem.planes[chosen].class <= problem.planes[index].class);
            }
        }
    }

    #[test]
    fn p5_more_points_never_make_the_chosen_one_lose_and_most_points_win(
        problem in problem(), index in 0..NAMES.len(), more in 0..50_u32
    ) {
        let before = problem.choose();
        if let Some(chosen) = before.chosen {
            let mut heavier = problem.clone();
            heavier.planes[chosen].points += more;
            prop_assert_eq!(heavier.chosen(), problem.chosen());

            let index = index % problem.planes.len();
            if problem.is_eligible(index) && problem.planes[index].class == problem.planes[chosen].class {
                let mut heaviest = problem.clone();
                heaviest.planes[index].points += 100_000;
                prop_assert_eq!(heaviest.choose().chosen, Some(index));
            }
        }
    }

    #[test]
    fn p6_the_chosen_one_is_not_fuller_by_more_than_the_margin(problem in problem()) {
        if let Some(chosen) = problem.choose().chosen {
            let own = problem.planes[chosen].load;
            let margins = if problem.shown == Some(chosen) { 2 } else { 1 };
            for other in problem.equals(chosen) {
                let most = other.load.fullness() + margins * margin(own, other.load);
                prop_assert!(own.fullness() <= most, "{own:?} and {other:?}");
            }
        }
    }

    #[test]
    fn p6_less_load_never_loses_and_more_load_never_wins(
        problem in problem(), index in 0..NAMES.len(), by in 0..200_u64
    ) {
        if let Some(chosen) = problem.choose().chosen {
            let mut lighter = problem.clone();
            let claims = &mut lighter.planes[chosen].load.claims;
            *claims = claims.saturating_sub(by);
            prop_assert_eq!(lighter.choose().chosen, Some(chosen));

            let index = index % problem.planes.len();
            if index != chosen {
                let mut fuller = problem.clone();
                fuller.planes[index].load.claims += by;
                prop_assert_ne!(fuller.choose().chosen, Some(index));
            }
        }
    }

    #[test]
    fn p7_what_is_shown_stays_while_loads_move_by_half_the_margin(
        problem in problem(), moves in prop::collection::vec(-1_000..=1_000_i64, NAMES.len())
    ) {
        let first = Problem { shown: None, ..problem };
        let chosen = first.choose().chosen;
        let mut moved = Problem { shown: chosen, ..first };
        for (plane, by) in moved.planes.iter_mut().zip(moves) {
            let claims = i64::try_from(plane.load.claims).unwrap();
            let half = match plane.load.capacity {
                None => i64::try_from(MARGIN_CLAIMS / 2).unwrap(),
                Some(capacity) => i64::from(capacity) / 40,
            };
            plane.load.claims = u64::try_from((claims + half * by / 1_000).max(0)).unwrap();
        }
        prop_assert_eq!(moved.choose().chosen, chosen);
    }

    #[test]
    fn p8_of_those_alike_the_first_by_name_is_chosen(problem in problem()) {
        let fresh = Problem { shown: None, ..problem };
        if let Some(chosen) = fresh.choose().chosen {
            let own = &fresh.planes[chosen];
            for other in fresh.equals(chosen).filter(|other| other.load == own.load) {
                prop_assert!(own.name <= other.name);
            }
        }
    }

    #[test]
    fn p9_a_required_spread_never_lets_values_differ_by_more_than_one(
        mut problem in spread_out(true),
        closed in prop::collection::vec(prop::collection::vec(any::<bool>(), NAMES.len()), 1..20),
    ) {
        for closed in closed {
            for (plane, closed) in problem.planes.iter_mut().zip(closed) {
                plane.open = !closed;
            }
            if let Some(chosen) = problem.choose().chosen {
                problem.planes[chosen].held += 1;
            }
            prop_assert!(difference(&problem.choose()) <= 1);
        }
    }

    #[test]
    fn p10_so_does_a_weighed_one_with_equal_points(mut problem in spread_out(false), claims in 1..20_usize) {
        for _ in 0..claims {
            let chosen = problem.choose().chosen.unwrap();
            problem.planes[chosen].held += 1;
            problem.planes[chosen].load.claims += 1;
            prop_assert!(difference(&problem.choose()) <= 1);
        }
    }

    #[test]
    fn the_chosen_one_is_listed_first_and_each_once(problem in problem()) {
        let choice = problem.choose();
        let mut order = order(&problem.planes, &choice);
        if choice.chosen.is_some() {
            prop_assert_eq!(order.first().copied(), choice.chosen);
        }
        order.sort_unstable();
        prop_assert_eq!(order, (0..problem.planes.len()).collect::<Vec<_>>());
    }
}
