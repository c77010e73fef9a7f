//! Ranges of sizes and costs (`SizeEstimate` and `CostEstimate` of cel-go).

/// The least and the most of something, which does not overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Range {
    pub(super) const NOTHING: Self = Self::exactly(0);
    /// Anything at all.
    pub(super) const UNKNOWN: Self = Self {
        least: 0,
        most: u64::MAX,
    };

    pub(super) const fn exactly(size: u64) -> Self {
        Self {
            least: size,
            most: size,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_add(other.least),
            most: self.most.saturating_add(other.most),
        }
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_mul(other.least),
            most: self.most.saturating_mul(other.most),
        }
    }

    /// So much for each unit, rounded up.
    pub(super) fn by(self, factor: f64) -> Self {
        Self {
            least: scaled(self.least, factor),
            most: scaled(self.most, factor),
        }
    }

    /// A range that holds both.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
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
    // Casts to integers stop at their bounds.
    (size as f64 * factor).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overflows() {
        let large = Range::exactly(u64::MAX);
        assert_eq!(large.plus(large).most, u64::MAX);
        assert_eq!(large.times(large).most, u64::MAX);
        assert_eq!(large.by(2.0).most, u64::MAX);
        assert_eq!(Range::exactly(1).by(0.1), Range::exactly(1));
        assert_eq!(Range::exactly(20).by(0.1), Range::exactly(2));
    }
}
