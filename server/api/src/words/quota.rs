use portico_domain::quota::{QuotaLine, title};

/// Why the quota of a resource does not allow a request, and what to do.
#[must_use]
pub fn over_quota(line: &QuotaLine) -> String {
    let (resource, used, limit, takes) = (title(&line.resource), line.used, line.limit, line.takes);
    match &line.above {
        None => format!(
            "The quota of {resource} does not allow it: {used} of {limit} are in use, and this takes {takes}. Delete \
             something, or ask a platform administrator for more."
        ),
        Some(owner) => format!(
            "The quota of {resource} of {0} does not allow it: {0} and all tenants in it use {used} of {limit}, and this \
             takes {takes}. Delete something, or ask an administrator of {0}.",
            owner.title
        ),
    }
}

#[cfg(test)]
mod tests {
    use portico_domain::quota::QuotaOwner;

    use super::*;

    #[test]
    fn says_how_much_a_request_exceeds_a_quota() {
        let line = QuotaLine {
            resource: "storageGiB".into(),
            above: None,
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
        let of_shop = QuotaLine {
            above: Some(QuotaOwner {
                tenant: "shop".parse().unwrap(),
                title: "Shop".to_owned(),
            }),
            ..line
        };
        assert_eq!(
            over_quota(&of_shop),
            "The quota of Storage GiB of Shop does not allow it: Shop and all tenants in it use 90 of 100, and this takes \
             11. Delete something, or ask an administrator of Shop."
        );
    }
}
