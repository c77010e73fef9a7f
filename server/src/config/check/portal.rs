//! Checks the document of kind `Portal`.

use std::collections::BTreeSet;
use std::path::Path;

use portico_domain::documents::{
    AgentListener, GroupRef, HomePlane, Portal, PortalSpec, Provider, RecordProof, RequestLimits,
};
use portico_domain::names::is_dns_label;
use portico_planes::check_kubeconfig;
use url::Url;

use super::super::agent::is_address;
use super::super::documents::{LocatedDocument, of_kind};
use super::super::finding::Findings;
use super::super::parse::Document;

/// Largest logo in bytes, since it is on the sign-in page.
const MAX_LOGO_BYTES: u64 = 256 << 10;

/// All sign-in providers.
pub(super) fn providers(documents: &[LocatedDocument]) -> Vec<&Provider> {
    let portals = of_kind(documents, |document| match document {
        Document::Portal(portal) => Some(portal),
        _ => None,
    });
    portals
        .flat_map(|(_, portal)| &portal.spec.sign_in.providers)
        .collect()
}

/// True if the portal says where agents connect.
pub(super) fn has_agents(documents: &[LocatedDocument]) -> bool {
    let mut portals = of_kind(documents, |document| match document {
        Document::Portal(portal) => Some(portal),
        _ => None,
    });
    portals.any(|(_, portal)| portal.spec.agents.is_some())
}

/// True if the portal names a home control plane.
pub(super) fn has_home(documents: &[LocatedDocument]) -> bool {
    let mut portals = of_kind(documents, |document| match document {
        Document::Portal(portal) => Some(portal),
        _ => None,
    });
    portals.any(|(_, portal)| portal.spec.home.is_some())
}

pub(super) fn check(documents: &[LocatedDocument], findings: &mut Findings) {
    let mut portals = of_kind(documents, |document| match document {
        Document::Portal(portal) => Some(portal),
        _ => None,
    });
    if let Some((at, portal)) = portals.next() {
        portal_document(at, portal, findings);
    }
    for (at, _) in portals {
        findings.error(
            at,
            "kind",
            "there is more than one document of kind Portal: keep one",
        );
    }
}

fn portal_document(at: usize, portal: &Portal, findings: &mut Findings) {
    let spec = &portal.spec;
    if spec.approvals.undo_seconds > 300 {
        findings.error(at, "spec.approvals.undoSeconds", "must be 0 to 300");
    }
    let once: BTreeSet<_> = spec.languages.iter().collect();
    if once.is_empty() || once.len() < spec.languages.len() {
        findings.error(
            at,
            "spec.languages",
            "needs at least one language, and each only once",
        );
    }
    match public_url(&spec.public_url) {
        Ok(url) if is_insecure(&url) => {
            let said =
                "is http: others on the network can read and change everything, including session cookies";
            insecure(at, "spec.publicUrl", said, spec.insecure_http, findings);
        }
        Ok(_) => {}
        Err(message) => findings.error(at, "spec.publicUrl", message),
    }
    if !listens(&spec.listen) {
        findings.error(
            at,
            "spec.listen",
            format!(
                "{:?} is not an address and a port, such as 127.0.0.1:8080",
                spec.listen
            ),
        );
    }
    if spec.sign_in.providers.is_empty() {
        findings.error(
            at,
            "spec.signIn.providers",
            "nobody can sign in: add at least one OpenID Connect provider",
        );
    }
    let mut names = BTreeSet::new();
    let mut issuers = BTreeSet::new();
    for (index, provider) in spec.sign_in.providers.iter().enumerate() {
        let field = format!("spec.signIn.providers[{index}]");
        if !names.insert(&provider.name) {
            findings.error(
                at,
                format!("{field}.name"),
                format!("two providers are named {:?}", provider.name),
            );
        }
        if !issuers.insert(provider.issuer.trim_end_matches('/')) {
            // People are identified by issuer and subject, which would be ambiguous.
            findings.error(
                at,
                format!("{field}.issuer"),
                "two providers have this issuer: keep one",
            );
        }
        sign_in_provider(at, &field, provider, spec.insecure_http, findings);
    }
    if spec.sign_in.admin_groups.is_empty() {
        findings.warning(
            at,
            "spec.signIn",
            "without adminGroups nobody is a platform admin",
        );
    }
    let providers: Vec<&Provider> = spec.sign_in.providers.iter().collect();
    for (index, group) in spec.sign_in.admin_groups.iter().enumerate() {
        let field = format!("spec.signIn.adminGroups[{index}]");
        group_of(at, &field, group, &providers, findings);
    }
    let sessions = &spec.sessions;
    if sessions.idle_minutes == 0 || sessions.idle_minutes > 60 * 24 * 30 {
        findings.error(at, "spec.sessions.idleMinutes", "must be 1 to 43200 (30 days)");
    }
    if sessions.absolute_hours == 0 || sessions.absolute_hours > 24 * 90 {
        findings.error(at, "spec.sessions.absoluteHours", "must be 1 to 2160 (90 days)");
    }
    let tokens = &spec.tokens;
    if !(1..=365).contains(&tokens.longest_days) {
        findings.error(at, "spec.tokens.longestDays", "must be 1 to 365");
    }
    if !(1..=365).contains(&tokens.sign_in_within_days) {
        findings.error(at, "spec.tokens.signInWithinDays", "must be 1 to 365");
    }
    database(at, portal, findings);
    limits(at, &spec.limits, findings);
    metrics(at, spec, findings);
    record(at, &spec.record, findings);
    home(at, spec.home.as_ref(), findings);
    if let Some(listener) = &spec.agents {
        agents(at, listener, findings);
    }
    if let Some(logo) = &spec.company.logo {
        logo_file(at, Path::new(logo), findings);
    }
}

/// Parses the public URL: scheme, host and port only, because all links are based on it.
fn public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("must begin with https:// (or http://) and name a host".to_owned());
    }
    let more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    if more || !url.username().is_empty() || url.password().is_some() {
        return Err("must be scheme, host and port only, such as https://portico.example.com".to_owned());
    }
    Ok(url)
}

fn listens(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// Reports an error, or a warning if the configuration allows it.
fn insecure(at: usize, field: &str, said: &str, on_purpose: bool, findings: &mut Findings) {
    if on_purpose {
        findings.warning(at, field, said);
    } else {
        findings.error(
            at,
            field,
            format!("{said}; use https, or set insecureHttp: true if this is intended"),
        );
    }
}

/// True for http to another machine.
fn is_insecure(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

fn sign_in_provider(
    at: usize,
    field: &str,
    provider: &Provider,
    insecure_http: bool,
    findings: &mut Findings,
) {
    if !is_dns_label(&provider.name) {
        let message = format!("{:?} is not a name: use a-z, 0-9 and '-'", provider.name);
        findings.error(at, format!("{field}.name"), message);
    }
    match Url::parse(&provider.issuer) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.query().is_none()
                && url.fragment().is_none() =>
        {
            if is_insecure(&url) {
                let said = "is not https: others on the network can sign in as anybody";
                insecure(at, &format!("{field}.issuer"), said, insecure_http, findings);
            }
        }
        Ok(_) => findings.error(
            at,
            format!("{field}.issuer"),
            "must be an https URL without query and fragment",
        ),
        Err(error) => findings.error(at, format!("{field}.issuer"), format!("is not a URL: {error}")),
    }
    if provider.client_id.is_empty() {
        findings.error(at, format!("{field}.clientId"), "is empty");
    }
    if provider.groups_claim.is_empty() {
        findings.error(at, format!("{field}.groupsClaim"), "is empty");
    }
    if let Some(index) = provider
        .scopes
        .iter()
        .position(|scope| scope.is_empty() || scope.contains(char::is_whitespace))
    {
        findings.error(at, format!("{field}.scopes[{index}]"), "a scope is one word");
    }
    if provider.groups_separator.as_deref().is_some_and(str::is_empty) {
        findings.error(at, format!("{field}.groupsSeparator"), "is empty");
    }
    for (index, audience) in provider.trusted_audiences.iter().enumerate() {
        let field = format!("{field}.trustedAudiences[{index}]");
        if audience.trim().is_empty() {
            findings.error(at, field, "is empty");
        } else if *audience == provider.client_id {
            findings.warning(at, field, "is the clientId, which need not be listed here");
        }
    }
    if provider.max_age_minutes == Some(0) {
        // 0 would refuse everybody whose clock is slightly off.
        findings.error(at, format!("{field}.maxAgeMinutes"), "must be at least 1");
    }
    if let Some(index) = provider
        .acr_values
        .iter()
        .position(|value| value.is_empty() || value.contains(char::is_whitespace))
    {
        findings.error(
            at,
            format!("{field}.acrValues[{index}]"),
            "a value of acr is one word",
        );
    }
    // Only a warning: it may exist where the portal runs, which reports it when somebody signs in.
    match (&provider.client_secret_file, &provider.client_secret_env) {
        (Some(_), Some(_)) => {
            findings.error(
                at,
                format!("{field}.clientSecretEnv"),
                "give clientSecretFile or clientSecretEnv, not both",
            );
        }
        (Some(file), None) => match std::fs::read_to_string(file) {
            Ok(secret) if secret.trim().is_empty() => {
                findings.warning(at, format!("{field}.clientSecretFile"), "the file is empty");
            }
            Ok(_) => {}
            Err(error) => findings.warning(
                at,
                format!("{field}.clientSecretFile"),
                // Do not show the name: people paste secrets in its place.
                format!("the file cannot be read: {}", error.kind()),
            ),
        },
        (None, Some(name)) if std::env::var_os(name).is_none_or(|value| value.is_empty()) => {
            findings.warning(
                at,
                format!("{field}.clientSecretEnv"),
                "there is no environment variable with this name",
            );
        }
        (None, _) => {}
    }
}

/// Checks a reference to a group, which must be unambiguous.
pub(super) fn group_of(
    at: usize,
    field: &str,
    group: &GroupRef,
    providers: &[&Provider],
    findings: &mut Findings,
) {
    let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    if group.group.trim().is_empty() {
        findings.error(at, field, "the name of the group is empty");
    }
    match &group.provider {
        None if providers.len() > 1 => findings.error(
            at,
            field,
            format!(
                "there are several sign-in providers: name the one of group {:?}: {{ provider: {}, group: {} }}",
                group.group,
                names.join(" or "),
                group.group
            ),
        ),
        Some(provider) if !names.contains(&provider.as_str()) => findings.error(
            at,
            field,
            format!("there is no sign-in provider named {provider:?}; there is {}", names.join(", ")),
        ),
        _ => {}
    }
}

/// True if the URL refers to this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn limits(at: usize, limits: &RequestLimits, findings: &mut Findings) {
    for (name, value, most) in [
        ("requestsPerSecond", limits.requests_per_second, 10_000),
        ("changesPerMinute", limits.changes_per_minute, 100_000),
        ("strangersPerSecond", limits.strangers_per_second, 100_000),
        ("eventStreams", limits.event_streams, 100_000),
    ] {
        if !(1..=most).contains(&value) {
            findings.error(at, format!("spec.limits.{name}"), format!("must be 1 to {most}"));
        }
    }
}

fn metrics(at: usize, spec: &PortalSpec, findings: &mut Findings) {
    let metrics = &spec.metrics;
    if let Some(address) = &metrics.listen {
        if !listens(address) {
            let message = format!("{address:?} is not an address and a port, such as 127.0.0.1:9090");
            findings.error(at, "spec.metrics.listen", message);
        }
        if *address == spec.listen {
            findings.error(
                at,
                "spec.metrics.listen",
                "is the portal’s own address: use another port",
            );
        }
        if metrics.token_file.is_some() || metrics.token_env.is_some() {
            let message =
                "give an address or a token, not both: everybody who can reach the address may read them";
            findings.error(at, "spec.metrics.listen", message);
        }
    }
    if metrics.token_file.is_some() && metrics.token_env.is_some() {
        findings.error(
            at,
            "spec.metrics.tokenEnv",
            "give tokenFile or tokenEnv, not both",
        );
    }
    if let Some(file) = &metrics.token_file
        && let Err(error) = std::fs::metadata(file)
    {
        let message = format!("the file cannot be read: {}", error.kind());
        findings.warning(at, "spec.metrics.tokenFile", message);
    }
    if let Some(name) = &metrics.token_env
        && std::env::var_os(name).is_none_or(|value| value.is_empty())
    {
        let message = "there is no environment variable with this name";
        findings.warning(at, "spec.metrics.tokenEnv", message);
    }
}

fn record(at: usize, record: &RecordProof, findings: &mut Findings) {
    if let Some(file) = &record.key_file
        && let Err(error) = std::fs::metadata(file)
    {
        let message = format!("the file cannot be read: {}", error.kind());
        findings.warning(at, "spec.record.keyFile", message);
    }
}

/// Problems are only warnings, as for control planes: the file may be right where the portal runs.
fn home(at: usize, home: Option<&HomePlane>, findings: &mut Findings) {
    let Some(HomePlane::Kubeconfig { path, context }) = home else {
        return;
    };
    let field = "spec.home.kubeconfig.path";
    if path.is_empty() {
        findings.error(at, field, "is empty");
        return;
    }
    let (problem, warnings) = check_kubeconfig(Path::new(path), context.as_deref());
    for said in problem.into_iter().chain(warnings) {
        findings.warning(at, field, format!("{path}: {said}"));
    }
}

/// Whether the files can be used shows at start: they may be right where the portal runs.
fn agents(at: usize, listener: &AgentListener, findings: &mut Findings) {
    if !listens(&listener.listen) {
        findings.error(
            at,
            "spec.agents.listen",
            format!("{:?} is not host:port", listener.listen),
        );
    }
    if !is_address(&listener.address) {
        findings.error(
            at,
            "spec.agents.address",
            format!("{:?} is not host:port", listener.address),
        );
    }
    for (field, file) in [
        ("certificateFile", &listener.certificate_file),
        ("keyFile", &listener.key_file),
    ] {
        if let Err(error) = std::fs::metadata(file) {
            let message = format!("the file cannot be read: {}", error.kind());
            findings.warning(at, format!("spec.agents.{field}"), message);
        }
    }
    if !(1..=43_200).contains(&listener.certificate_minutes) {
        findings.error(at, "spec.agents.certificateMinutes", "must be 1 to 43200");
    }
}

fn database(at: usize, portal: &Portal, findings: &mut Findings) {
    let database = &portal.spec.database;
    if let Some(url) = &database.url {
        let known = ["sqlite:", "postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        if !known {
            findings.error(at, "spec.database.url", "must begin with sqlite: or postgres://");
        }
        if database.url_env.is_some() {
            findings.error(at, "spec.database.urlEnv", "give url or urlEnv, not both");
        }
    }
    if let Some(name) = &database.url_env
        && std::env::var_os(name).is_none_or(|value| value.is_empty())
    {
        findings.warning(
            at,
            "spec.database.urlEnv",
            // Do not show the name: people paste addresses with passwords in its place.
            "there is no environment variable with this name",
        );
    }
}

fn logo_file(at: usize, path: &Path, findings: &mut Findings) {
    let known = path
        .extension()
        .is_some_and(|extension| ["svg", "png", "webp"].iter().any(|known| extension == *known));
    if !known {
        findings.error(at, "spec.company.logo", "must be an .svg, .png or .webp file");
        return;
    }
    match std::fs::metadata(path) {
        Ok(file) if file.len() > MAX_LOGO_BYTES => {
            findings.error(
                at,
                "spec.company.logo",
                format!("is larger than {} KB", MAX_LOGO_BYTES >> 10),
            );
        }
        Ok(_) => {}
        Err(error) => findings.error(
            at,
            "spec.company.logo",
            format!("{} cannot be read: {error}", path.display()),
        ),
    }
}
