//! The document of kind `Portal`.

use std::collections::BTreeSet;
use std::path::Path;

use portico_domain::documents::{Portal, Provider};
use portico_domain::names::is_dns_label;
use url::Url;

use super::super::load::Placed;
use super::super::parse::Document;
use super::{Findings, of_kind};

/// The most that a logo may weigh, in bytes: it is on the first page that anybody sees.
const LOGO_BYTES: u64 = 256 << 10;

pub(super) fn check(documents: &[Placed], findings: &mut Findings) {
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
    if let Err(message) = public_url(&spec.public_url) {
        findings.error(at, "spec.publicUrl", message);
    }
    if !listens(&spec.listen) {
        findings.error(
            at,
            "spec.listen",
            format!(
                "{:?} is not an address and a port: 127.0.0.1:8080, say",
                spec.listen
            ),
        );
    }
    if spec.sign_in.providers.is_empty() {
        findings.error(
            at,
            "spec.signIn.providers",
            "nobody could sign in: name at least one OpenID Connect provider",
        );
    }
    let mut names = BTreeSet::new();
    for (index, provider) in spec.sign_in.providers.iter().enumerate() {
        let field = format!("spec.signIn.providers[{index}]");
        if !names.insert(&provider.name) {
            findings.error(
                at,
                format!("{field}.name"),
                format!("two providers are named {:?}", provider.name),
            );
        }
        sign_in_provider(at, &field, provider, findings);
    }
    if spec.sign_in.admin_groups.is_empty() {
        findings.warning(
            at,
            "spec.signIn",
            "without adminGroups nobody is a platform admin",
        );
    }
    if let Some(index) = spec
        .sign_in
        .admin_groups
        .iter()
        .position(|group| group.trim().is_empty())
    {
        findings.error(
            at,
            format!("spec.signIn.adminGroups[{index}]"),
            "an empty name of a group",
        );
    }
    let sessions = &spec.sessions;
    if sessions.idle_minutes == 0 || sessions.idle_minutes > 60 * 24 * 30 {
        findings.error(at, "spec.sessions.idleMinutes", "must be 1 to 43200 (30 days)");
    }
    if sessions.absolute_hours == 0 || sessions.absolute_hours > 24 * 90 {
        findings.error(at, "spec.sessions.absoluteHours", "must be 1 to 2160 (90 days)");
    }
    database(at, portal, findings);
    if let Some(logo) = &spec.company.logo {
        logo_file(at, Path::new(logo), findings);
    }
}

/// Scheme, host and port, and nothing else: everything that Portico sends people to is made from it.
fn public_url(text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|error| format!("{text:?} is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!(
            "{text:?} must begin with https:// (or http://) and name a host"
        ));
    }
    let more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    if more || !url.username().is_empty() || url.password().is_some() {
        return Err(format!(
            "{text:?} must be scheme, host and port only, as https://portico.example.com"
        ));
    }
    Ok(())
}

fn listens(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn sign_in_provider(at: usize, field: &str, provider: &Provider, findings: &mut Findings) {
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
            if url.scheme() == "http" && !is_loopback(&url) {
                findings.warning(
                    at,
                    format!("{field}.issuer"),
                    "is not https: whoever is on the way can sign in as anybody",
                );
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
    // What is missing here may be there where the portal runs; and there it is told when somebody signs in.
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
                findings.warning(
                    at,
                    format!("{field}.clientSecretFile"),
                    format!("{file} is empty"),
                );
            }
            Ok(_) => {}
            Err(error) => findings.warning(
                at,
                format!("{field}.clientSecretFile"),
                format!("{file} cannot be read: {error}"),
            ),
        },
        (None, Some(name)) if std::env::var_os(name).is_none_or(|value| value.is_empty()) => {
            findings.warning(
                at,
                format!("{field}.clientSecretEnv"),
                format!("the environment has no variable {name}"),
            );
        }
        (None, _) => {}
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
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
            format!("the environment has no variable {name}"),
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
        Ok(file) if file.len() > LOGO_BYTES => {
            findings.error(
                at,
                "spec.company.logo",
                format!("is larger than {} KB", LOGO_BYTES >> 10),
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
