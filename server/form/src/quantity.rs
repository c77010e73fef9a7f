//! Understands amounts as people write them: `20 GB` is `20G`.

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
        // One `m` is a thousandth, and `e3` an exponent.
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi"
        | "Ei" => unit,
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
    use super::corrected;

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
