//! The vertical scale: round ticks from zero on.

use portico_api::words::grouped;

/// Ticks above zero at most.
const MAX_STEPS: f64 = 4.0;

/// A scale from zero to a round number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    /// The ticks, zero first.
    ticks: Vec<f64>,
}

impl Scale {
    /// Creates a scale for values up to `most`. `whole` values have no ticks between whole numbers.
    pub(super) fn up_to(most: f64, whole: bool) -> Self {
        let most = if most.is_finite() { most.max(0.0) } else { 0.0 };
        let step = round_step(most / MAX_STEPS, whole);
        let mut ticks = vec![0.0];
        // A step of a quarter of the values and up: there are never more than five ticks.
        while ticks.last().is_some_and(|last| *last < most) && ticks.len() < 6 {
            ticks.push(step * index(ticks.len()));
        }
        if ticks.len() == 1 {
            ticks.push(step);
        }
        Self { ticks }
    }

    pub(super) fn ticks(&self) -> &[f64] {
        &self.ticks
    }

    pub(super) fn top(&self) -> f64 {
        self.ticks.last().copied().unwrap_or(1.0)
    }

    /// The share of the plot's height, in percent.
    pub(super) fn height(&self, value: f64) -> f64 {
        (value / self.top() * 100.0).clamp(0.0, 100.0)
    }

    /// The distance from the top of the plot, in percent.
    pub(super) fn y(&self, value: f64) -> f64 {
        100.0 - self.height(value)
    }
}

/// The smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `step`.
fn round_step(step: f64, whole: bool) -> f64 {
    if step <= 0.0 || whole && step <= 1.0 {
        return 1.0;
    }
    let power = 10_f64.powf(step.log10().floor());
    let fits = |candidate: &f64| *candidate >= step * (1.0 - 1e-9) && (!whole || candidate.fract() == 0.0);
    let mut round = [1.0, 2.0, 2.5, 5.0].into_iter().map(|factor| factor * power);
    round.find(fits).unwrap_or(10.0 * power)
}

/// A small count as a number to calculate with.
pub(super) fn index(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A tick in a few characters: `950`, `1,250`, `12.5k`, `3M`. All ticks up to `top` have the same unit.
pub(super) fn short(tick: f64, top: f64) -> String {
    const UNITS: [(f64, &str); 6] = [
        (1e18, "E"),
        (1e15, "P"),
        (1e12, "T"),
        (1e9, "G"),
        (1e6, "M"),
        (1e3, "k"),
    ];
    let unit = UNITS.into_iter().find(|(size, _)| top >= *size);
    match unit.filter(|_| top >= 10_000.0 && tick != 0.0) {
        Some((size, unit)) => format!("{}{unit}", grouped(&decimal(tick / size, 2))),
        None => grouped(&decimal(tick, 2)),
    }
}

/// A number with at most so many decimals, without zeros at its end.
pub(super) fn decimal(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(most: f64, whole: bool) -> Vec<f64> {
        Scale::up_to(most, whole).ticks
    }

    #[test]
    fn ticks_are_round_few_and_reach_the_largest_value() {
        assert_eq!(ticks(12.0, true), [0.0, 5.0, 10.0, 15.0]);
        assert_eq!(ticks(100.0, true), [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(ticks(256.0, true), [0.0, 100.0, 200.0, 300.0]);
        assert_eq!(ticks(0.9, false), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(ticks(1_450.0, false), [0.0, 500.0, 1_000.0, 1_500.0]);
        for most in [
            1.0,
            3.0,
            7.0,
            9.0,
            10.0,
            11.0,
            41.0,
            99.0,
            101.0,
            4_312.0,
            1e6,
            1.844_674_407_370_955_2e19,
        ] {
            let scale = Scale::up_to(most, true);
            assert!(
                scale.ticks().len() <= 5 && scale.ticks().len() >= 2,
                "{most}: {scale:?}"
            );
            assert!(scale.top() >= most, "{most}: {scale:?}");
            assert!(scale.top() <= most * 2.0 + 1.0, "{most}: {scale:?}");
        }
    }

    #[test]
    fn whole_numbers_have_whole_ticks() {
        assert_eq!(ticks(1.0, true), [0.0, 1.0]);
        assert_eq!(ticks(3.0, true), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(ticks(10.0, true), [0.0, 5.0, 10.0]);
        for most in 0..200_u32 {
            let fractions = ticks(f64::from(most), true)
                .into_iter()
                .any(|tick| tick.fract() != 0.0);
            assert!(!fractions, "{most}");
        }
    }

    #[test]
    fn nothing_and_nonsense_have_a_scale_too() {
        for most in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            let scale = Scale::up_to(most, false);
            assert_eq!(scale.ticks(), [0.0, 1.0], "{most}");
            assert!((0.0..=100.0).contains(&scale.y(most.min(1.0))), "{most}");
        }
    }

    #[test]
    fn zero_is_at_the_bottom_and_the_last_tick_at_the_top() {
        let scale = Scale::up_to(20.0, true);
        let y = |value| scale.y(value);
        assert_eq!((y(0.0), y(10.0), y(20.0), y(999.0)), (100.0, 50.0, 0.0, 0.0));
    }

    #[test]
    fn ticks_are_short_and_have_one_unit() {
        let said = |most: f64| {
            let scale = Scale::up_to(most, false);
            let ticks = scale.ticks().iter().map(|tick| short(*tick, scale.top()));
            ticks.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(said(0.9), "0 0.25 0.5 0.75 1");
        assert_eq!(said(6_000.0), "0 2,000 4,000 6,000");
        assert_eq!(said(12_000.0), "0 5k 10k 15k");
        assert_eq!(said(1_200_000.0), "0 0.5M 1M 1.5M");
        assert_eq!(said(1.8e19), "0 5E 10E 15E 20E");
    }
}
