//! Property tests of request states with arbitrary sequences of transitions.

use portico_domain::request::{State, Transition};
use proptest::prelude::*;

const STEPS: [Transition; 10] = [
    Transition::Submit,
    Transition::RequireApproval,
    Transition::Approve,
    Transition::Reject,
    Transition::Withdraw,
    Transition::GiveUp,
    Transition::Expire,
    Transition::Begin,
    Transition::Fulfil,
    Transition::Fail,
];

/// Returns the states that a request goes through if invalid transitions are ignored.
fn walk(steps: &[Transition]) -> Vec<(State, Transition, State)> {
    let mut state = State::Draft;
    let mut walked = Vec::new();
    for step in steps {
        if let Ok(next) = state.apply(*step) {
            walked.push((state, *step, next));
            state = next;
        }
    }
    walked
}

fn end_of(walked: &[(State, Transition, State)]) -> State {
    walked.last().map_or(State::Draft, |(_, _, to)| *to)
}

proptest! {
    #[test]
    fn nothing_follows_an_end(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        for (from, step, to) in walk(&steps) {
            prop_assert!(!from.is_end(), "{from:?} --{step:?}-> {to:?}");
        }
    }

    #[test]
    fn nothing_is_applied_that_nobody_let_go(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        let walked = walk(&steps);
        for (index, (_, _, to)) in walked.iter().enumerate() {
            if matches!(to, State::Applying | State::Fulfilled | State::Failed) {
                let before = &walked[..=index];
                prop_assert!(before.iter().any(|(_, step, _)| *step == Transition::Approve));
                let begun = before.iter().any(|(_, step, _)| *step == Transition::Begin);
                prop_assert!(begun || *to == State::Failed);
            }
        }
    }

    #[test]
    fn once_the_worker_has_begun_nothing_expires_and_only_waiting_is_given_up(
        steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40),
    ) {
        let walked = walk(&steps);
        let begun = walked.iter().position(|(_, step, _)| *step == Transition::Begin);
        if let Some(begun) = begun {
            // Unless approval is required again, with nothing applied.
            let mut after = walked[begun..].iter().take_while(|(_, step, _)| *step != Transition::RequireApproval);
            prop_assert!(after.all(|(_, step, _)| matches!(step, Transition::Begin | Transition::Fulfil | Transition::Fail | Transition::GiveUp)));
        }
    }

    #[test]
    fn a_decision_is_taken_once_each_time_it_is_asked_for(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        let walked = walk(&steps);
        let count = |wanted: &[Transition]| walked.iter().filter(|(_, step, _)| wanted.contains(step)).count();
        let decisions = count(&[Transition::Approve, Transition::Reject]);
        prop_assert!(decisions <= 1 + count(&[Transition::RequireApproval]), "{walked:?}");
    }

    #[test]
    fn beginning_again_changes_nothing(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        let state = end_of(&walk(&steps));
        if let Ok(begun) = state.apply(Transition::Begin) {
            prop_assert_eq!(begun.apply(Transition::Begin), Ok(begun));
        }
    }

    #[test]
    fn every_request_can_still_come_to_an_end(steps in prop::collection::vec(prop::sample::select(&STEPS[..]), 0..40)) {
        let mut reached = vec![end_of(&walk(&steps))];
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
        let walked = walk(steps);
        assert_eq!((walked.len(), end_of(&walked)), (steps.len(), end));
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
