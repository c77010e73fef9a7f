//! Every metric of `/metrics`, with its help text.

/// Type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values in buckets.
    Histogram,
}

/// Name, type and help text.
pub(crate) const METRICS: [(&str, Kind, &str); 25] = [
    (
        "portico_agents_connected",
        Kind::Gauge,
        "Connections of agents to this replica, by control plane.",
    ),
    (
        "portico_cache_bytes",
        Kind::Gauge,
        "Memory that the caches of all control planes hold, in bytes.",
    ),
    (
        "portico_cache_limit_bytes",
        Kind::Gauge,
        "Limit of `portico_cache_bytes`, from the configuration.",
    ),
    (
        "portico_configuration_generation",
        Kind::Gauge,
        "Number of the configuration in force; each reload counts one up.",
    ),
    (
        "portico_configuration_loaded_timestamp_seconds",
        Kind::Gauge,
        "When the configuration in force was loaded, in seconds since the epoch.",
    ),
    (
        "portico_configuration_rejected",
        Kind::Gauge,
        "1 while the newest files are invalid and an older configuration is in force, else 0.",
    ),
    (
        "portico_connections_refused_total",
        Kind::Counter,
        "Connections refused because there were too many.",
    ),
    ("portico_control_planes", Kind::Gauge, "Control planes by state."),
    (
        "portico_control_planes_incomplete",
        Kind::Gauge,
        "Control planes of which objects are left out because they are malformed or beyond the limits.",
    ),
    (
        "portico_control_planes_missing_rights",
        Kind::Gauge,
        "Control planes on which Portico lacks rights.",
    ),
    (
        "portico_home_plane_errors",
        Kind::Gauge,
        "Errors of objects of the home control plane, because of which they are not in force.",
    ),
    (
        "portico_home_plane_read",
        Kind::Gauge,
        "1 while the home control plane can be read, else 0. Missing if there is none.",
    ),
    (
        "portico_http_request_duration_seconds",
        Kind::Histogram,
        "Time to answer an HTTP request, by route.",
    ),
    (
        "portico_http_requests_total",
        Kind::Counter,
        "HTTP requests by method, route and status.",
    ),
    (
        "portico_observed_bytes",
        Kind::Gauge,
        "Memory that the resources behind open claim pages hold, in bytes.",
    ),
    (
        "portico_observed_claims",
        Kind::Gauge,
        "Claims whose page is open.",
    ),
    (
        "portico_observed_polled_kinds",
        Kind::Gauge,
        "Kinds behind open claim pages that are polled because they cannot be watched.",
    ),
    (
        "portico_observed_watches",
        Kind::Gauge,
        "Watches for the resources behind open claim pages.",
    ),
    (
        "portico_record_breaks",
        Kind::Gauge,
        "Breaks of the audit log's hash chain that nobody has acknowledged.",
    ),
    (
        "portico_record_verified_events",
        Kind::Gauge,
        "Number of the last event of the audit log that was verified.",
    ),
    (
        "portico_record_verified_timestamp_seconds",
        Kind::Gauge,
        "When the whole audit log was last verified, in seconds since the epoch.",
    ),
    (
        "portico_requests_failed_total",
        Kind::Counter,
        "Requests that ended as failed, by reason.",
    ),
    (
        "portico_requests_fulfilled_total",
        Kind::Counter,
        "Requests that were applied, by action.",
    ),
    (
        "portico_requests_retried_total",
        Kind::Counter,
        "Attempts at requests that are repeated later, by reason.",
    ),
    (
        "portico_security_events_total",
        Kind::Counter,
        "Security events by kind.",
    ),
];

/// Returns the help text of a metric.
pub(crate) fn help(name: &str) -> Option<&'static str> {
    let known = METRICS.iter().find(|(known, ..)| *known == name);
    known.map(|(_, _, help)| *help)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{Kind, METRICS};

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_metric_is_described_and_no_other() {
        let mut files = Vec::new();
        let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for part in ["agents", "app", "planes", "store", "web", "worker"] {
            sources(&server.join(part).join("src"), &mut files);
        }
        let mut counted = BTreeSet::new();
        for file in files {
            let text = fs::read_to_string(file).unwrap();
            for kind in ["counter!(", "gauge!(", "histogram!("] {
                for rest in text.split(kind).skip(1) {
                    let name = rest.trim_start().strip_prefix("\"portico_");
                    let name = name.and_then(|rest| rest.split('"').next());
                    counted.extend(name.map(|name| format!("portico_{name}")));
                }
            }
        }
        let described: BTreeSet<String> = METRICS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(counted, described);
    }

    /// Prometheus' conventions: counters, and only they, end in `_total`; times, and only they, in `_seconds`.
    #[test]
    fn names_follow_the_conventions_and_the_documentation_has_them() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/docs/security.md");
        let page = fs::read_to_string(page).unwrap();
        for (name, kind, help) in METRICS {
            assert_eq!(name.ends_with("_total"), kind == Kind::Counter, "{name}");
            if kind == Kind::Histogram {
                assert!(name.ends_with("_seconds"), "{name}");
            }
            let row = format!("| `{name}` | {} | {help} |", format!("{kind:?}").to_lowercase());
            assert!(page.contains(&row), "deploy/docs/security.md lacks\n{row}");
        }
    }
}
