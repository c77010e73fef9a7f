//! The user of a kubeconfig: exactly one way to sign in, so that no credential is used by accident.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::field::Field;
use super::file::{Files, file_of};
use super::plugin::Plugin;
use super::problem::{Problem, why};
use super::secret::Secret;
use super::tls::Identity;

/// A user of a kubeconfig.
pub(super) struct User {
    pub(super) identity: Option<Identity>,
    pub(super) sign_in: Option<SignIn>,
    pub(super) impersonation: Option<Impersonation>,
}

/// How a user signs in, besides a client certificate.
pub(super) enum SignIn {
    Token(Secret),
    /// A file with a token, and the token to use if it cannot be read.
    TokenFile {
        path: PathBuf,
        fallback: Option<Secret>,
    },
    Basic {
        header: Secret,
        password: String,
    },
    Plugin(Box<Plugin>),
}

/// The user to impersonate in all calls (`as`).
pub(super) struct Impersonation {
    pub(super) user: String,
    pub(super) uid: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) extra: Vec<(String, Vec<String>)>,
}

/// The error for a user without credentials.
pub(super) const NO_CREDENTIALS: &str = "holds nothing to sign in with (token, tokenFile, client-certificate with client-key, \
                                  username with password, or exec); Portico signs in as somebody, and never as nobody";

/// Reads a user.
pub(super) fn read(
    user: &Field<'_>,
    cluster: &Field<'_>,
    place: Files<'_>,
    files: &mut Vec<PathBuf>,
) -> Result<User, Problem> {
    if let Some(field) = user.get("auth-provider")? {
        let message = "kubectl has no auth providers any more, and neither has Portico: use exec with the provider's plugin";
        return Err(field.wrong(message));
    }
    let identity = certificate(user, place, files)?;
    let sign_in = sign_in(user, cluster, place)?;
    if let (Some(_), Some(SignIn::Plugin(_))) = (&identity, &sign_in) {
        return Err(user.lacks("exec", "stands beside a client certificate: keep one of them"));
    }
    if identity.is_none() && sign_in.is_none() {
        return Err(user.wrong(NO_CREDENTIALS));
    }
    Ok(User {
        identity,
        sign_in,
        impersonation: impersonation(user)?,
    })
}

fn sign_in(user: &Field<'_>, cluster: &Field<'_>, place: Files<'_>) -> Result<Option<SignIn>, Problem> {
    let token = user.text("token")?;
    let token_file = user.text("tokenFile")?;
    let name = user.text("username")?;
    let password = user.text("password")?;
    let exec = user.get("exec")?;
    let basic = name.is_some() || password.is_some();
    let given: Vec<&str> = [
        ("token", token.is_some()),
        ("tokenFile", token.is_none() && token_file.is_some()),
        ("username and password", basic),
        ("exec", exec.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect();
    if given.len() > 1 {
        let message = format!(
            "there is more than one way to sign in: {}. Keep the one that is meant",
            given.join(", ")
        );
        return Err(user.wrong(message));
    }
    let bearer = |(field, text): (Field<'_>, &str)| {
        let message = "is no token: it holds blanks, line ends or other characters that no header can carry";
        Secret::bearer(text)
            .filter(|_| text.trim_end_matches(['\r', '\n']) == text.trim())
            .ok_or_else(|| field.wrong(message))
    };
    if let Some((field, file)) = token_file {
        let path = place.path(&field, file)?;
        let fallback = token.map(bearer).transpose()?;
        // It is read again later; report now if it is missing.
        match std::fs::read_to_string(&path) {
            Ok(text) if Secret::bearer(&text).is_some() || fallback.is_some() => {}
            Ok(_) => return Err(field.wrong("the file that it names holds no token")),
            Err(_) if fallback.is_some() => {}
            Err(error) => {
                let message = format!("the file that it names cannot be read: {}", why(&error));
                return Err(field.wrong(message));
            }
        }
        return Ok(Some(SignIn::TokenFile { path, fallback }));
    }
    if let Some(token) = token {
        return Ok(Some(SignIn::Token(bearer(token)?)));
    }
    match (name, password) {
        (None, None) => {}
        (Some((field, _)), None) => return Err(field.wrong("stands without password")),
        (None, Some((field, _))) => return Err(field.wrong("stands without username")),
        (Some((field, name)), Some((_, password))) => {
            if name.contains(':') {
                return Err(field.wrong("holds a colon, which ends the name in basic authentication"));
            }
            let pair = STANDARD.encode(format!("{name}:{password}"));
            // Base64 is always a valid header value.
            return Ok(Secret::new("Basic", &pair).map(|header| SignIn::Basic {
                header,
                password: password.to_owned(),
            }));
        }
    }
    match exec {
        Some(exec) => match place {
            Files::In(folder) => {
                let plugin = Plugin::read(&exec, cluster, folder)?;
                Ok(Some(SignIn::Plugin(Box::new(plugin))))
            }
            Files::Nowhere => Err(exec.wrong(
                "runs a program, but a kubeconfig in a Secret must hold everything itself: use token or a client \
                 certificate",
            )),
        },
        None => Ok(None),
    }
}

/// The client certificate with its key: both or neither.
fn certificate(
    user: &Field<'_>,
    place: Files<'_>,
    files: &mut Vec<PathBuf>,
) -> Result<Option<Identity>, Problem> {
    let certificate = one_of(
        user,
        ["client-certificate-data", "client-certificate"],
        place,
        files,
    )?;
    let key = one_of(user, ["client-key-data", "client-key"], place, files)?;
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some((field, _)), None) => {
            Err(field.wrong("stands without its key: client-key or client-key-data is missing"))
        }
        (None, Some((field, _))) => Err(field.wrong(
            "stands without its certificate: client-certificate or client-certificate-data is missing",
        )),
        (Some((certificate, chain)), Some((key, pem))) => {
            let chain = Identity::chain(&chain).map_err(|message| certificate.wrong(message))?;
            Identity::new(chain, &pem)
                .map(Some)
                .map_err(|message| key.wrong(message))
        }
    }
}

/// The contents of the data field, or of the file that the other field names.
fn one_of<'n>(
    user: &Field<'n>,
    [data, file]: [&'static str; 2],
    place: Files<'_>,
    files: &mut Vec<PathBuf>,
) -> Result<Option<(Field<'n>, Vec<u8>)>, Problem> {
    match (user.base64(data)?, user.text(file)?) {
        (Some((field, _)), Some(_)) => Err(field.wrong(format!("stands beside {file}: keep one of them"))),
        (Some(found), None) => Ok(Some(found)),
        (None, Some((field, name))) => file_of(field, place, name, files).map(Some),
        (None, None) => Ok(None),
    }
}

fn impersonation(user: &Field<'_>) -> Result<Option<Impersonation>, Problem> {
    let uid = user.text("as-uid")?.map(|(_, uid)| uid.to_owned());
    let groups = user.texts("as-groups")?;
    let extra = match user.get("as-user-extra")? {
        Some(field) => field
            .entries()?
            .into_iter()
            .map(|(key, values)| Ok((key.to_owned(), values.as_texts()?)))
            .collect::<Result<_, Problem>>()?,
        None => Vec::new(),
    };
    let Some((_, name)) = user.text("as")? else {
        if uid.is_some() || !groups.is_empty() || !extra.is_empty() {
            return Err(user.lacks("as", "is missing beside as-uid, as-groups or as-user-extra"));
        }
        return Ok(None);
    };
    Ok(Some(Impersonation {
        user: name.to_owned(),
        uid,
        groups,
        extra,
    }))
}
