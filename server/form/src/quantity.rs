//! Understands amounts as people write them: `20 GB` is `20G`.

/// The suffixes of Kubernetes quantities. One `m` is a thousandth.
const SUFFIXES: [&str; 16] = [
    "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
];

/// Splits a quantity into its decimal number and its suffix: `20Gi` is `20` and `Gi`. `None` for anything else, and for
/// numbers with a sign or an exponent.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &text[..text.len() - unit.len()];
    let is_number = number.starts_with(|c: char| c.is_ascii_digit()) && number.matches('.').count() <= 1;
    (is_number && is_suffix(unit)).then_some((number, unit))
}

/// True for the suffix of a quantity, also the empty one.
pub(super) fn is_suffix(text: &str) -> bool {
    SUFFIXES.contains(&text)
}

/// True for the suffixes that are powers of 1,024.
pub(super) fn is_binary(suffix: &str) -> bool {
    suffix.ends_with('i')
}

/// The quantity of a number without a unit and the unit that was chosen beside it.
pub(super) fn with_unit(number: &str, unit: &str) -> Option<String> {
    let number = number.trim();
    match split(number) {
        Some((_, "")) if is_suffix(unit) => Some(format!("{number}{unit}")),
        _ => None,
    }
}

/// The Kubernetes quantity that the text means, if it means one and is none itself. Units keep their size: GB are powers
/// of 1,000 and GiB powers of 1,024.
pub(super) fn corrected(text: &str) -> Option<String> {
    let trimmed = text.trim();
    let digits = trimmed.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (number, unit) = (&trimmed[..trimmed.len() - digits.len()], digits.trim_start());
    if !number.starts_with(|c: char| c.is_ascii_digit()) || number.matches('.').count() > 1 {
        return None;
    }
    let suffix = match unit {
        _ if is_suffix(unit) => unit,
        _ => match unit.to_lowercase().as_str() {
            "b" | "byte" | "bytes" => "",
            "k" | "kb" => "k",
            "mb" => "M",
            "g" | "gb" => "G",
            "t" | "tb" => "T",
            "p" | "pb" => "P",
            "ki" | "kib" => "Ki",
            "mi" | "mib" => "Mi",
            "gi" | "gib" => "Gi",
            "ti" | "tib" => "Ti",
            "pi" | "pib" => "Pi",
            _ => return None,
        },
    };
    let corrected = format!("{number}{suffix}");
    (corrected != text).then_some(corrected)
}

#[cfg(test)]
mod tests {
    use super::{corrected, split, with_unit};

    #[test]
    fn what_people_write_becomes_a_quantity() {
        for (text, quantity) in [
            ("20 GB", "20G"),
            ("20gb", "20G"),
            ("20 GiB", "20Gi"),
            ("20gi", "20Gi"),
            ("1.5 TB", "1.5T"),
            (" 512 Mi ", "512Mi"),
            ("100 bytes", "100"),
            ("2K", "2k"),
        ] {
            assert_eq!(corrected(text).as_deref(), Some(quantity), "{text}");
        }
    }

    #[test]
    fn a_quantity_is_a_number_and_a_unit() {
        assert_eq!(split("20Gi"), Some(("20", "Gi")));
        assert_eq!(split("1.5"), Some(("1.5", "")));
        for text in ["", "Gi", "20 Gi", "-1Gi", "1e3", "20Gi ", "1.2.3"] {
            assert_eq!(split(text), None, "{text}");
        }
        assert_eq!(with_unit(" 20 ", "Gi").as_deref(), Some("20Gi"));
        for (number, unit) in [("20Gi", "Ti"), ("", "Gi"), ("twenty", "Gi"), ("20", "apples")] {
            assert_eq!(with_unit(number, unit), None, "{number} {unit}");
        }
    }

    #[test]
    fn quantities_and_what_means_none_stay() {
        for text in [
            "20Gi",
            "20",
            "500m",
            "1e3",
            "plenty",
            "",
            "20 apples",
            "-5Gi",
            "1.2.3 GB",
            ".5Gi",
        ] {
            assert_eq!(corrected(text), None, "{text}");
        }
    }
}
