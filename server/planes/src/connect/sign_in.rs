//! Signs in each call with a token that may rotate, a password, or a plugin's credential.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderValue, Request, Response, StatusCode, header};
use parking_lot::Mutex;
use tower::{BoxError, Layer, Service};

use super::plugin::PluginRunner;
use super::problem::{SignInError, why};
use super::secret::Secret;
use super::user::SignIn;

/// How long a token is used before its file is read again. Kubernetes mounts rotated tokens well before the old ones
/// expire.
const REREAD_INTERVAL: Duration = Duration::from_secs(10);

/// The credential, kept fresh.
pub(crate) enum Credential {
    /// Only a client certificate.
    Certificate,
    /// A fixed token or password, and a further text to hide.
    Fixed(Secret, Option<String>),
    File(TokenFile),
    Plugin(PluginRunner),
}

impl Credential {
    /// Of a connection that somebody else signs in.
    pub(super) fn none() -> Self {
        Self::Certificate
    }

    /// Runs the plugin, if there is one, so this may take a while.
    pub(super) async fn new(
        sign_in: Option<SignIn>,
        shown: &Arc<super::tls::ClientCertificate>,
    ) -> Result<Self, SignInError> {
        Ok(match sign_in {
            None => Self::Certificate,
            Some(SignIn::Token(token)) => Self::Fixed(token, None),
            Some(SignIn::Basic { header, password }) => Self::Fixed(header, Some(password)),
            Some(SignIn::TokenFile { path, fallback }) => Self::File(TokenFile::new(path, fallback)),
            Some(SignIn::Plugin(plugin)) => Self::Plugin(PluginRunner::start(*plugin, shown.clone()).await?),
        })
    }

    /// The `Authorization` header; `None` if a certificate suffices.
    async fn header(&self) -> Result<Option<HeaderValue>, SignInError> {
        match self {
            Self::Certificate => Ok(None),
            Self::Fixed(secret, _) => Ok(Some(secret.header.clone())),
            Self::File(file) => file.header().await.map(Some),
            Self::Plugin(running) => running.header().await,
        }
    }

    /// It was refused: get another one before the next call.
    fn refused(&self) {
        match self {
            Self::Certificate | Self::Fixed(..) => {}
            Self::File(file) => file.mark_rejected(),
            Self::Plugin(running) => running.mark_rejected(),
        }
    }

    /// Why it cannot be renewed, although it may still be valid.
    pub(crate) fn renewal_error(&self) -> Option<String> {
        match self {
            Self::Plugin(running) => running.renewal_error(),
            _ => None,
        }
    }

    /// Replaces credentials in a text from outside: a proxy's error page may show the whole request.
    pub(crate) fn hide(&self, text: &str) -> String {
        let secrets: Vec<String> = match self {
            Self::Certificate => Vec::new(),
            Self::Fixed(secret, other) => other.iter().chain([&secret.text]).cloned().collect(),
            Self::File(file) => file.secrets(),
            Self::Plugin(running) => running.secret().into_iter().collect(),
        };
        let secrets = secrets.iter().filter(|secret| secret.len() >= MIN_SECRET_LENGTH);
        secrets.fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), "(hidden)")
        })
    }
}

/// Shorter texts are no secrets and appear in other texts by chance.
const MIN_SECRET_LENGTH: usize = 4;

/// A token file that is read again periodically.
pub(crate) struct TokenFile {
    path: PathBuf,
    fallback: Option<Secret>,
    last: Mutex<Option<Read>>,
}

struct Read {
    token: Secret,
    at: Instant,
    /// It was refused, so read the file again at once.
    rejected: bool,
}

impl TokenFile {
    fn new(path: PathBuf, fallback: Option<Secret>) -> Self {
        Self {
            path,
            fallback,
            last: Mutex::default(),
        }
    }

    async fn header(&self) -> Result<HeaderValue, SignInError> {
        if let Some(read) = &*self.last.lock()
            && !read.rejected
            && read.at.elapsed() < REREAD_INTERVAL
        {
            return Ok(read.token.header.clone());
        }
        let text = tokio::fs::read_to_string(&self.path).await;
        let found = match &text {
            Ok(text) => Secret::bearer(text).ok_or("the file of tokenFile holds no token".to_owned()),
            Err(error) => Err(format!("the file of tokenFile cannot be read: {}", why(error))),
        };
        let mut last = self.last.lock();
        // Like client-go, use the last token if the file cannot be read.
        let last_token = last.as_ref().map(|read| read.token.clone());
        let token = match (found, last_token.or_else(|| self.fallback.clone())) {
            (Ok(token), _) | (Err(_), Some(token)) => token,
            (Err(why), None) => return Err(SignInError(why)),
        };
        let header = token.header.clone();
        *last = Some(Read {
            token,
            at: Instant::now(),
            rejected: false,
        });
        Ok(header)
    }

    fn mark_rejected(&self) {
        if let Some(read) = &mut *self.last.lock()
            && read.at.elapsed() > Duration::from_secs(1)
        {
            read.rejected = true;
        }
    }

    fn secrets(&self) -> Vec<String> {
        let last = self.last.lock();
        let read = last.as_ref().map(|read| read.token.text.clone());
        read.into_iter()
            .chain(self.fallback.as_ref().map(|token| token.text.clone()))
            .collect()
    }
}

/// Signs in each request.
#[derive(Clone)]
pub(super) struct SignInLayer(pub(super) Arc<Credential>);

impl<S> Layer<S> for SignInLayer {
    type Service = SigningIn<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SigningIn {
            inner,
            credential: self.0.clone(),
        }
    }
}

#[derive(Clone)]
pub(super) struct SigningIn<S> {
    inner: S,
    credential: Arc<Credential>,
}

impl<S, B, R> Service<Request<B>> for SigningIn<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send + 'static,
    R: Send + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let credential = self.credential.clone();
        // Use the service that is ready; its clone takes its place.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            if let Some(value) = credential.header().await? {
                request.headers_mut().insert(header::AUTHORIZATION, value);
            }
            let response = inner.call(request).await.map_err(Into::into)?;
            if response.status() == StatusCode::UNAUTHORIZED {
                credential.refused();
            }
            Ok(response)
        })
    }
}
