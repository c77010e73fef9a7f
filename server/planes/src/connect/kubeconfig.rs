//! Reads kubeconfigs as kubectl does, and reports what Portico cannot do.
//!
//! Rules: Kubernetes, "Organizing cluster access using kubeconfig files"; client-go, `clientcmd/validation.go` (which
//! fields exclude each other) and `clientcmd/api/types.go` (which take precedence).

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use http::Uri;
use jiff::Timestamp;
use rustls::pki_types::ServerName;

use super::field::Field;
use super::file::{Files, file_of, read_bytes};
use super::problem::Problem;
use super::tls::Trust;
use super::user::{self, User};
use super::yaml;

/// How to reach a control plane, and as whom.
pub(crate) struct Kubeconfig {
    pub(super) server: Uri,
    pub(super) trust: Trust,
    /// The name to check the certificate against, if not the server's.
    pub(super) server_name: Option<ServerName<'static>>,
    pub(super) user: User,
    /// Files that are read when connecting. A change of one of them causes a reconnection.
    pub(super) files: Vec<PathBuf>,
}

impl Kubeconfig {
    /// Reads a kubeconfig and the files that it names. Without a context, the current one is used. Runs no plugin and
    /// makes no call.
    pub(super) fn read(path: &Path, context: Option<&str>) -> Result<Self, Problem> {
        Self::of(&read_text(path)?, path, context)
    }

    /// Parses a kubeconfig. Relative paths are relative to the folder of `path`.
    pub(super) fn of(text: &str, path: &Path, context: Option<&str>) -> Result<Self, Problem> {
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        let mut config = Self::parse(text, Files::In(folder), context)?;
        config.files.push(path.to_owned());
        Ok(config)
    }

    /// Parses a kubeconfig that holds everything itself: no files, no sign-in plugin.
    pub(super) fn self_contained(bytes: &[u8]) -> Result<Self, Problem> {
        let text = decode(bytes).ok_or_else(|| Problem::of_file("it is not text in UTF-8 or UTF-16"))?;
        Self::parse(&text, Files::Nowhere, None)
    }

    fn parse(text: &str, place: Files<'_>, context: Option<&str>) -> Result<Self, Problem> {
        let Some(document) = yaml::parse(text)? else {
            return Err(Problem::of_file("it is empty"));
        };
        let root = Field::root(&document);
        let mut files = Vec::new();
        let (cluster, user) = selected(&root, context)?;
        let (server, trust, server_name) = cluster_of(&cluster, place, &mut files)?;
        let user = user::read(&user, &cluster, place, &mut files)?;
        if server.scheme_str() == Some("http") && !is_loopback(&server) {
            let message = "begins with http://: what Portico signs in with would travel in the clear (kubectl would not \
                           send it at all). Use https://";
            return Err(cluster.lacks("server", message));
        }
        Ok(Self {
            server,
            trust,
            server_name,
            user,
            files,
        })
    }

    /// What an administrator should know although it works.
    pub(super) fn warnings(&self) -> Vec<&'static str> {
        let unverified = matches!(self.trust, Trust::Nothing).then_some(UNVERIFIED);
        let identity = self.user.identity.as_ref();
        let early = identity.filter(|identity| !identity.has_begun(Timestamp::now()));
        unverified
            .into_iter()
            .chain(early.map(|_| NOT_YET_VALID))
            .collect()
    }
}

/// The warning about a server whose certificate is not checked.
const UNVERIFIED: &str = "insecure-skip-tls-verify: its certificate is not checked, so whoever stands in between \
                                    can read and change everything and takes Portico's credentials";

/// The warning about a client certificate that is not valid yet. An API server that thinks so, too, answers 401.
const NOT_YET_VALID: &str = "users[].user.client-certificate: it is not valid yet, so it may not be accepted: are the clocks of \
                             this machine and of the one that issued it right?";

fn read_text(path: &Path) -> Result<String, Problem> {
    let bytes = read_bytes(path).map_err(|why| Problem::of_file(format!("it cannot be read: {why}")))?;
    decode(&bytes).ok_or_else(|| Problem::of_file("it is not text in UTF-8 or UTF-16"))
}

/// Decodes UTF-8, or UTF-16 with a byte order mark, as some Windows tools write it.
fn decode(bytes: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>().ok()
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    }
}

/// The cluster and user of the context.
fn selected<'n>(root: &Field<'n>, context_name: Option<&str>) -> Result<(Field<'n>, Field<'n>), Problem> {
    let contexts = root.list("contexts")?;
    let context = if let Some(context_name) = context_name {
        named(&contexts, context_name)?.ok_or_else(|| {
            root.lacks(
                "contexts",
                "there is no context of the name that the ControlPlane document gives",
            )
        })?
    } else {
        let Some((field, current)) = root.text("current-context")? else {
            return Err(root.lacks(
                "current-context",
                "is missing: set it, or name a context in the ControlPlane document",
            ));
        };
        named(&contexts, current)?.ok_or_else(|| field.wrong("there is no context of that name"))?
    };
    let Some(context) = context.get("context")? else {
        return Err(context.lacks("context", "is missing"));
    };
    let Some((field, cluster)) = context.text("cluster")? else {
        return Err(context.lacks("cluster", "is missing"));
    };
    let cluster = named(&root.list("clusters")?, cluster)?
        .ok_or_else(|| field.wrong("there is no cluster of that name in clusters"))?;
    let Some(cluster) = cluster.get("cluster")? else {
        return Err(cluster.lacks("cluster", "is missing"));
    };
    let Some((field, user)) = context.text("user")? else {
        return Err(context.lacks(
            "user",
            "is missing: Portico signs in as somebody, and never as nobody",
        ));
    };
    let user = named(&root.list("users")?, user)?.ok_or_else(|| {
        field.wrong(
            "there is no user of that name in users; Portico signs in as somebody, and never as nobody",
        )
    })?;
    let Some(user) = user.get("user")? else {
        return Err(user.lacks("user", user::NO_CREDENTIALS));
    };
    Ok((cluster, user))
}

/// The item with this name. Duplicate names are an error.
fn named<'n>(items: &[Field<'n>], expected: &str) -> Result<Option<Field<'n>>, Problem> {
    let mut found = None;
    for item in items {
        let Some((field, name)) = item.text("name")? else {
            continue;
        };
        if name == expected && found.replace(item.clone()).is_some() {
            return Err(field.wrong("another before it has the same name"));
        }
    }
    Ok(found)
}

type Cluster = (Uri, Trust, Option<ServerName<'static>>);

fn cluster_of(cluster: &Field<'_>, place: Files<'_>, files: &mut Vec<PathBuf>) -> Result<Cluster, Problem> {
    let Some((field, server)) = cluster.text("server")? else {
        return Err(cluster.lacks("server", "is missing"));
    };
    let server: Uri = server.parse().map_err(|_| field.wrong("is not an address"))?;
    if !matches!(server.scheme_str(), Some("https" | "http")) || server.host().is_none_or(str::is_empty) {
        return Err(field.wrong("is not an address: it must be like https://host:6443"));
    }
    if server.authority().is_some_and(|it| it.as_str().contains('@')) {
        return Err(field.wrong("holds a user before the host: put who signs in into users"));
    }
    if let Some((field, _)) = cluster.text("proxy-url")? {
        return Err(field.wrong("Portico reaches control planes directly: it cannot go through a proxy"));
    }
    let server_name = match cluster.text("tls-server-name")? {
        Some((field, name)) => {
            let name =
                ServerName::try_from(name.to_owned()).map_err(|_| field.wrong("is not a host's name"))?;
            Some(name)
        }
        None => None,
    };
    let data = cluster.base64("certificate-authority-data")?;
    let file = cluster.text("certificate-authority")?;
    let pem = match (data, file) {
        (Some(_), Some((field, _))) => {
            return Err(field.wrong("stands beside certificate-authority-data: keep one of them"));
        }
        (Some((field, pem)), None) => Some((field, pem)),
        (None, Some((field, name))) => Some(file_of(field, place, name, files)?),
        (None, None) => None,
    };
    let trust = match pem {
        Some((field, _)) if cluster.flag("insecure-skip-tls-verify")? => {
            let message = "stands beside insecure-skip-tls-verify: true. kubectl refuses that too: take that line out, and \
                           the certificate is checked by this authority";
            return Err(field.wrong(message));
        }
        Some((field, pem)) => Trust::authorities(&pem).map_err(|message| field.wrong(message))?,
        None if cluster.flag("insecure-skip-tls-verify")? => Trust::Nothing,
        None => Trust::System,
    };
    Ok((server, trust, server_name))
}

fn is_loopback(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(|address: IpAddr| address.is_loopback())
}
