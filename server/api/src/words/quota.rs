use portico_domain::quota::{QuotaLine, title};

/// Why the quota of a resource does not allow a request, and what to do.
#[must_use]
pub fn over_quota(line: &QuotaLine) -> String {
    format!(
        "The quota of {} does not allow it: {} of {} are in use, and this takes {}. Delete something, or ask a platform \
         administrator for more.",
        title(&line.resource),
        line.used,
        line.limit,
        line.takes
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_much_a_request_exceeds_a_quota() {
        let line = QuotaLine {
            resource: "storageGiB".into(),
            takes: 11,
            used: 90,
            limit: 100,
            others_waiting: 0,
            with_others: 0,
        };
        assert_eq!(
            over_quota(&line),
            "The quota of Storage GiB does not allow it: 90 of 100 are in use, and this takes 11. Delete something, or \
             ask a platform administrator for more."
        );
    }
}
