//! Ranges of sizes and costs (`SizeEstimate` and `CostEstimate` of cel-go).

/// A minimum and maximum, with saturating arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) min: u64,
    pub(super) max: u64,
}

impl Range {
    pub(super) const NOTHING: Self = Self::exactly(0);
    /// The size of an unknown value.
    pub(super) const UNKNOWN: Self = Self {
        min: 0,
        max: u64::MAX,
    };

    pub(super) const fn exactly(size: u64) -> Self {
        Self { min: size, max: size }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            min: self.min.saturating_add(other.min),
            max: self.max.saturating_add(other.max),
        }
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self {
            min: self.min.saturating_mul(other.min),
            max: self.max.saturating_mul(other.max),
        }
    }

    /// Multiplies by a factor and rounds up.
    pub(super) fn scaled_by(self, factor: f64) -> Self {
        Self {
            min: scaled(self.min, factor),
            max: scaled(self.max, factor),
        }
    }

    /// The union of two ranges.
    pub(super) fn union(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "as cel-go rounds; what is too large becomes the largest"
)]
fn scaled(size: u64, factor: f64) -> u64 {
    // Casts to integers saturate.
    (size as f64 * factor).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let large = Range::exactly(u64::MAX);
        assert_eq!(large.plus(large).max, u64::MAX);
        assert_eq!(large.times(large).max, u64::MAX);
        assert_eq!(large.scaled_by(2.0).max, u64::MAX);
        assert_eq!(Range::exactly(1).scaled_by(0.1), Range::exactly(1));
        assert_eq!(Range::exactly(20).scaled_by(0.1), Range::exactly(2));
    }
}
