//! The price of a request: what the claim will cost, compared with what it costs now.

use serde::{Deserialize, Serialize};

use crate::documents::Price;

/// The smallest difference between two monthly amounts: half a cent.
const MIN_DIFFERENCE: f64 = 0.005;

/// The price of a request or claim.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceQuote {
    /// The amount for one period.
    pub amount: f64,
    /// The currency, by its ISO 4217 code.
    pub currency: String,
    /// The period that the amount is for.
    pub period: PricePeriod,
    /// How it compares with the current price; missing if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<PriceComparison>,
}

/// The period that an amount is for.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PricePeriod {
    /// A month.
    Month,
}

/// How a price compares with the current one. Amounts are for the same period.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum PriceComparison {
    /// It is the current price.
    Same,
    /// It is higher.
    More {
        /// The difference, in the same currency.
        amount: f64,
    },
    /// It is lower.
    Less {
        /// The difference, in the same currency.
        amount: f64,
    },
    /// The current price has another currency.
    Replaces {
        /// The current amount.
        amount: f64,
        /// The current currency.
        currency: String,
    },
    /// The claim is to be deleted, and costs nothing afterwards.
    Ends,
}

impl PriceQuote {
    /// Returns the price, compared with the current one if there is one.
    #[must_use]
    pub fn new(price: &Price, now: Option<&Price>) -> Self {
        let comparison = now.map(|now| {
            let difference = price.monthly - now.monthly;
            if now.currency != price.currency {
                PriceComparison::Replaces {
                    amount: now.monthly,
                    currency: now.currency.clone(),
                }
            } else if difference.abs() < MIN_DIFFERENCE {
                PriceComparison::Same
            } else if difference > 0.0 {
                PriceComparison::More { amount: difference }
            } else {
                PriceComparison::Less { amount: -difference }
            }
        });
        Self {
            amount: price.monthly,
            currency: price.currency.clone(),
            period: PricePeriod::Month,
            comparison,
        }
    }

    /// Marks it as the price of a claim that is to be deleted.
    #[must_use]
    pub fn ended(self) -> Self {
        Self {
            comparison: Some(PriceComparison::Ends),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn price(monthly: f64, currency: &str) -> Price {
        Price {
            monthly,
            currency: currency.to_owned(),
        }
    }

    #[test]
    fn compares_a_price_with_the_current_one() {
        let now = price(28.0, "EUR");
        let comparison =
            |monthly, currency| PriceQuote::new(&price(monthly, currency), Some(&now)).comparison;
        assert_eq!(
            comparison(190.0, "EUR"),
            Some(PriceComparison::More { amount: 162.0 })
        );
        assert_eq!(
            comparison(9.0, "EUR"),
            Some(PriceComparison::Less { amount: 19.0 })
        );
        assert_eq!(comparison(28.004, "EUR"), Some(PriceComparison::Same));
        assert_eq!(
            comparison(28.0, "USD"),
            Some(PriceComparison::Replaces {
                amount: 28.0,
                currency: "EUR".into()
            })
        );
        assert_eq!(PriceQuote::new(&now, None).comparison, None);
    }

    #[test]
    fn a_quote_is_typed_in_json() {
        let quote = PriceQuote::new(&price(190.0, "EUR"), Some(&price(28.0, "EUR")));
        assert_eq!(
            serde_json::to_value(&quote).unwrap(),
            json!({
                "amount": 190.0, "currency": "EUR", "period": "month",
                "comparison": { "code": "more", "amount": 162.0 }
            })
        );
    }
}
