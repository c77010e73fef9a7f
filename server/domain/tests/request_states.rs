//! Property tests of request states with arbitrary sequences of transitions.

use portico_domain::request::{State, Transition};
use proptest::prelude::*;

const STEPS: [Transition; 11] = [
    Transition::Submit,
    Transition::RequireApproval,
    Transition::Approve,
    Transition::Reject,
    Transition::Withdraw,
    Transition::GiveUp,
    Transition::Expire,
    Transition::Undo,
    Transition::Begin,
    Transition::Fulfil,
    Transition::Fail,
];

/// Returns the states that a request goes through if invalid transitions are ignored.
fn visited_states(steps: &[Transition]) -> Vec<(State, Transition, State)> {
    let mut state = State::Draft;
    let mut visited = Vec::new();
    for step in steps {
        if let Ok(next) = state.apply(*step) {
            visited.push((state, *step, next));
            state = next;
        }
    }
    visited
}

fn end_of(visited: &[(State, Transition, State)]) -> State {
    visited.last().map_or(State::Draft, |(_, _, to)| *to)
}

proptest! {
    #[test]
    fn nothing_follows_an_end_but_the_undoing_of_a_rejection(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        for (from, step, to) in visited_states(&steps) {
            let undoes = (from, step) == (State::Rejected, Transition::Undo);
            prop_assert!(!from.is_end() || undoes, "{from:?} --{step:?}-> {to:?}");
        }
    }

    #[test]
    fn nothing_is_applied_without_permission(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        let visited = visited_states(&steps);
        for (index, (_, _, to)) in visited.iter().enumerate() {
            if matches!(to, State::Applying | State::Fulfilled | State::Failed) {
                let before = &visited[..=index];
                prop_assert!(before.iter().any(|(_, step, _)| *step == Transition::Approve));
                let began = before.iter().any(|(_, step, _)| *step == Transition::Begin);
                prop_assert!(began || *to == State::Failed);
            }
        }
    }

    #[test]
    fn once_the_worker_has_begun_nothing_expires_and_only_waiting_is_given_up(
        steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40),
    ) {
        let visited = visited_states(&steps);
        let began = visited.iter().position(|(_, step, _)| *step == Transition::Begin);
        if let Some(began) = began {
            // Unless approval is required again, with nothing applied.
            let mut after = visited[began..].iter().take_while(|(_, step, _)| *step != Transition::RequireApproval);
            prop_assert!(after.all(|(_, step, _)| matches!(step, Transition::Begin | Transition::Fulfil | Transition::Fail | Transition::GiveUp)));
        }
    }

    #[test]
    fn each_required_approval_is_decided_at_most_once(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        let visited = visited_states(&steps);
        let count = |transitions: &[Transition]| visited.iter().filter(|(_, step, _)| transitions.contains(step)).count();
        let decisions = count(&[Transition::Approve, Transition::Reject]);
        prop_assert!(decisions <= 1 + count(&[Transition::RequireApproval, Transition::Undo]), "{visited:?}");
    }

    #[test]
    fn beginning_again_changes_nothing(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        let state = end_of(&visited_states(&steps));
        if let Ok(began) = state.apply(Transition::Begin) {
            prop_assert_eq!(began.apply(Transition::Begin), Ok(began));
        }
    }

    #[test]
    fn every_request_can_still_end(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        let mut reached = vec![end_of(&visited_states(&steps))];
        // More rounds than states, so everything reachable is reached.
        for _ in State::ALL {
            let next: Vec<State> =
                reached.iter().flat_map(|state| STEPS.iter().filter_map(|step| state.apply(*step).ok())).collect();
            reached.extend(next);
            reached.sort_unstable();
            reached.dedup();
        }
        prop_assert!(reached.iter().any(|state| state.is_end()));
    }
}

#[test]
fn every_final_state_is_reachable() {
    let ways: [(&[Transition], State); 7] = [
        (
            &[Transition::Submit, Transition::Approve, Transition::Fail],
            State::Failed,
        ),
        (
            &[
                Transition::Submit,
                Transition::Approve,
                Transition::Begin,
                Transition::Fulfil,
            ],
            State::Fulfilled,
        ),
        (
            &[
                Transition::Submit,
                Transition::RequireApproval,
                Transition::Reject,
            ],
            State::Rejected,
        ),
        (&[Transition::Submit, Transition::Withdraw], State::Withdrawn),
        (
            &[
                Transition::Submit,
                Transition::Approve,
                Transition::Begin,
                Transition::GiveUp,
            ],
            State::Withdrawn,
        ),
        (
            &[
                Transition::Submit,
                Transition::RequireApproval,
                Transition::Expire,
            ],
            State::Expired,
        ),
        (
            &[
                Transition::Submit,
                Transition::Approve,
                Transition::Begin,
                Transition::Fail,
            ],
            State::Failed,
        ),
    ];
    for (steps, end) in ways {
        let visited = visited_states(steps);
        assert_eq!((visited.len(), end_of(&visited)), (steps.len(), end));
        assert!(end.is_end());
    }
}

#[test]
fn an_invalid_transition_explains_itself() {
    let refused = State::Applying.apply(Transition::Withdraw).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a request that is applying cannot be withdrawn"
    );
}

#[test]
fn slugs_are_unique_and_parse_back() {
    for state in State::ALL {
        assert_eq!(State::from_slug(state.slug()), Some(state));
    }
    assert_eq!(State::from_slug("approved "), None);
}
