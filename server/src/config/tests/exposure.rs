//! Addresses, metrics and limits of the portal.

use super::{PORTAL, TENANT, problems};

#[test]
fn a_public_url_with_a_path_is_refused() {
    let portal = PORTAL.replace("https://portico.example.com", "https://example.com/portico");
    let found = problems(&[("portico.yaml", &portal)]);
    assert!(
        found[0].starts_with("portico.yaml:6: spec.publicUrl: "),
        "{}",
        found[0]
    );
}

#[test]
fn http_is_an_error_unless_local_or_allowed() {
    let said = |url: &str, issuer: &str, more: &str| {
        let text = PORTAL
            .replace("https://portico.example.com", url)
            .replace("https://sso.example.com", issuer);
        problems(&[("portal.yaml", &format!("{text}{more}")), ("tenant.yaml", TENANT)])
    };
    let (url, issuer) = ("http://portico.example.com", "http://sso.example.com");
    let here = "http://127.0.0.1:8080";
    assert_eq!(said(here, "http://localhost:8081", ""), [""; 0]);
    let errors = said(url, issuer, "");
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0].starts_with("portal.yaml:6: spec.publicUrl: is http"),
        "{errors:?}"
    );
    assert!(
        errors[1].contains("providers[0].issuer: is not https"),
        "{errors:?}"
    );
    assert!(
        errors.iter().all(|error| error.contains("insecureHttp: true")),
        "{errors:?}"
    );
    let warnings = said(url, issuer, "  insecureHttp: true\n");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings.iter().all(|said| said.contains(": warning: ")),
        "{warnings:?}"
    );
}

#[test]
fn checks_limits_metrics_and_the_audit_log() {
    let said = |more: &str| {
        problems(&[
            ("portal.yaml", &format!("{PORTAL}{more}")),
            ("tenant.yaml", TENANT),
        ])
        .join("\n")
    };
    for right in [
        "  limits: { requestsPerSecond: 1, changesPerMinute: 1, strangersPerSecond: 1, eventStreams: 1 }\n",
        "  metrics: { listen: \"127.0.0.1:9090\" }\n",
        "  record: { anchorFile: anchor }\n",
        "  hstsIncludeSubdomains: true\n",
    ] {
        assert_eq!(said(right), "", "{right}");
    }
    for (wrong, named) in [
        (
            "  limits: { requestsPerSecond: 0 }\n",
            "spec.limits.requestsPerSecond: must be 1 to 10000",
        ),
        ("  limits: { perSecond: 1 }\n", "perSecond"),
        ("  metrics: { listen: nowhere }\n", "is not an address and a port"),
        (
            "  metrics: { listen: \"127.0.0.1:8080\" }\n",
            "is the portal’s own address",
        ),
        (
            "  metrics: { listen: \"127.0.0.1:9090\", tokenFile: x }\n",
            "not both",
        ),
        ("  metrics: { tokenFile: nowhere }\n", "cannot be read"),
        ("  record: { keyFile: nowhere }\n", "cannot be read"),
    ] {
        let said = said(wrong);
        assert!(said.contains(named), "{wrong}: {said}");
    }
}
