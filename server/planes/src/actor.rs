//! On whose behalf a call to a control plane is made, and how it is told so.

use std::collections::BTreeSet;
use std::task::{Context, Poll};

use http::{HeaderName, HeaderValue, Request};
use portico_domain::tenancy::Viewer;
use tower::{Layer, Service};

const USER: HeaderName = HeaderName::from_static("impersonate-user");
const GROUP: HeaderName = HeaderName::from_static("impersonate-group");

/// On whose behalf a call is made. A control plane that is set to `actAs: person` gets the call in
/// the person's name; any other gets it in Portico's own, whoever the actor is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// As [`portico_domain::tenancy::Person::subject`]; empty for Portico itself.
    pub subject: String,
    /// Their SSO groups.
    pub groups: BTreeSet<String>,
}

impl Actor {
    /// Portico itself: watching, and work that no person asked for.
    #[must_use]
    pub fn portico() -> Self {
        Self {
            subject: String::new(),
            groups: BTreeSet::new(),
        }
    }

    /// Whether it is Portico itself.
    #[must_use]
    pub fn is_portico(&self) -> bool {
        self.subject.is_empty()
    }
}

impl From<&Viewer> for Actor {
    fn from(viewer: &Viewer) -> Self {
        Self {
            subject: viewer.person.subject.clone(),
            groups: viewer.groups.clone(),
        }
    }
}

/// Adds impersonation headers to requests that carry an [`Actor`] in their extensions (Kubernetes,
/// "User impersonation"). Groups that begin with `system:` are never passed on: they are the
/// control plane's own, and no identity provider's word makes anybody `system:masters`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImpersonateLayer;

impl<S> Layer<S> for ImpersonateLayer {
    type Service = Impersonate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Impersonate { inner }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Impersonate<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for Impersonate<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(actor) = request.extensions_mut().remove::<Actor>() {
            let headers = request.headers_mut();
            // A text that no header can carry must not fall back to Portico's own rights: the
            // request goes out in the name of nobody, and is refused.
            let user = header(&actor.subject).unwrap_or(HeaderValue::from_static("system:anonymous"));
            headers.insert(USER, user);
            for group in actor.groups.iter().filter(|group| !group.starts_with("system:")) {
                if let Some(value) = header(group) {
                    headers.append(GROUP, value);
                }
            }
        }
        self.inner.call(request)
    }
}

fn header(text: &str) -> Option<HeaderValue> {
    if text.is_empty() || text.starts_with("system:") {
        return None;
    }
    HeaderValue::from_bytes(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::{ServiceExt as _, service_fn};

    use super::*;

    async fn sent(actor: Option<Actor>) -> http::HeaderMap {
        let echo =
            service_fn(|request: Request<()>| async move { Ok::<_, Infallible>(request.headers().clone()) });
        let mut request = Request::new(());
        if let Some(actor) = actor {
            request.extensions_mut().insert(actor);
        }
        ImpersonateLayer.layer(echo).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_person_is_named_with_their_groups() {
        let groups = ["payments-developers", "system:masters"]
            .map(str::to_owned)
            .into();
        let headers = sent(Some(Actor {
            subject: "https://sso.example.org#dana".into(),
            groups,
        }))
        .await;
        assert_eq!(headers.get(USER).unwrap(), "https://sso.example.org#dana");
        assert_eq!(
            headers.get_all(GROUP).iter().collect::<Vec<_>>(),
            ["payments-developers"]
        );
    }

    #[tokio::test]
    async fn nobody_becomes_the_system_or_portico_by_a_strange_name() {
        for subject in ["system:admin", "line\nbreak", ""] {
            let headers = sent(Some(Actor {
                subject: subject.into(),
                groups: BTreeSet::new(),
            }))
            .await;
            assert_eq!(headers.get(USER).unwrap(), "system:anonymous", "{subject:?}");
        }
    }

    #[tokio::test]
    async fn portico_itself_impersonates_nobody() {
        assert!(sent(None).await.is_empty());
    }
}
