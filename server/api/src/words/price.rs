use std::fmt;

use portico_domain::price::{PriceComparison, PricePeriod, PriceQuote};

use crate::language::{self, Language};
use crate::message;

/// The words of a price, in the parts that screens show apart. `Display` joins them: `190 EUR a month, 162 EUR more than
/// now`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceWords {
    /// The amount and its currency: `190 EUR`.
    pub amount: String,
    /// What the amount is for: `a month`.
    pub period: String,
    /// What it is compared with: `162 EUR more than now`.
    pub comparison: Option<String>,
}

impl From<&PriceQuote> for PriceWords {
    fn from(quote: &PriceQuote) -> Self {
        Self::in_language(quote, Language::English)
    }
}

impl PriceWords {
    /// The words in a language.
    #[must_use]
    pub fn in_language(quote: &PriceQuote, language: Language) -> Self {
        let period = match quote.period {
            PricePeriod::Month => message!("price-month"),
        };
        let money = |amount: f64, currency: &str| money_in(amount, currency, language);
        let currency = &quote.currency;
        let comparison = quote.comparison.as_ref().map(|comparison| match comparison {
            PriceComparison::Same => message!("price-same"),
            PriceComparison::More { amount } => message!("price-more", amount = money(*amount, currency)),
            PriceComparison::Less { amount } => message!("price-less", amount = money(*amount, currency)),
            PriceComparison::Replaces { amount, currency } => {
                message!(
                    "price-replaces",
                    amount = money(*amount, currency),
                    period = &period
                )
            }
            PriceComparison::Ends => message!("price-ends"),
        });
        Self {
            amount: money(quote.amount, currency),
            period: period.in_language(language),
            comparison: comparison.map(|text| text.in_language(language)),
        }
    }
}

impl fmt::Display for PriceWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.period)?;
        self.comparison
            .as_ref()
            .map_or(Ok(()), |comparison| write!(f, ", {comparison}"))
    }
}

/// An amount of money: `1,450 EUR`, `9.50 USD`.
#[must_use]
pub fn money(amount: f64, currency: &str) -> String {
    money_in(amount, currency, Language::English)
}

/// An amount of money as it is written in a language: `1.450 EUR` in German.
#[must_use]
pub fn money_in(amount: f64, currency: &str, language: Language) -> String {
    let digits = if amount.fract() == 0.0 {
        format!("{amount:.0}")
    } else {
        format!("{amount:.2}")
    };
    format!("{} {currency}", language::grouped(&digits, language))
}

/// Separates the thousands of a decimal number: `1450.50` is `1,450.50`.
#[must_use]
pub fn grouped(digits: &str) -> String {
    language::grouped(digits, Language::English)
}

#[cfg(test)]
mod tests {
    use portico_domain::documents::Price;

    use super::*;

    fn price(monthly: f64, currency: &str) -> Price {
        Price {
            monthly,
            currency: currency.to_owned(),
        }
    }

    fn words(price: &Price, now: Option<&Price>) -> String {
        PriceWords::from(&PriceQuote::new(price, now)).to_string()
    }

    #[test]
    fn an_amount_has_thousands_separators_and_cents_where_it_has_any() {
        assert_eq!(words(&price(28.0, "EUR"), None), "28 EUR a month");
        assert_eq!(words(&price(9.5, "USD"), None), "9.50 USD a month");
        assert_eq!(words(&price(1_450.0, "EUR"), None), "1,450 EUR a month");
        assert_eq!(
            words(&price(1_234_567.5, "EUR"), None),
            "1,234,567.50 EUR a month"
        );
    }

    #[test]
    fn a_price_is_compared_with_the_current_one_in_words() {
        let small = price(28.0, "EUR");
        for (monthly, currency, said) in [
            (190.0, "EUR", "190 EUR a month, 162 EUR more than now"),
            (9.0, "EUR", "9 EUR a month, 19 EUR less than now"),
            (28.0, "EUR", "28 EUR a month, as now"),
            (30.0, "USD", "30 USD a month, in place of 28 EUR a month"),
        ] {
            assert_eq!(words(&price(monthly, currency), Some(&small)), said);
        }
        let ended = PriceQuote::new(&small, None).ended();
        assert_eq!(PriceWords::from(&ended).to_string(), "28 EUR a month, no longer");
    }
}
