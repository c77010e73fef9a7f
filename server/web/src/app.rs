//! State that every handler gets.

use std::ops::Deref;
use std::sync::Arc;

use portico_app::Portal;
use portico_app::configuration::LiveConfiguration;
use portico_app::security::SecurityLog;
use portico_domain::documents::PortalSpec;
use portico_store::Store;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::assets::Assets;
use super::limits::Usage;
use super::stream_limiter::StreamLimiter;
use crate::auth::{Limits, Providers, Tokens, Viewers};
use crate::telemetry::Telemetry;

/// The portal as HTTP sees it. Cheap to clone.
#[derive(Clone)]
pub struct App {
    parts: Arc<Parts>,
}

/// The parts of an [`App`].
pub struct Parts {
    /// The use cases.
    pub portal: Portal,
    /// The configuration in force.
    pub configuration: LiveConfiguration,
    /// The database.
    pub store: Store,
    /// The OpenID Connect providers.
    pub providers: Providers,
    /// The viewers of sessions.
    pub viewers: Viewers,
    /// The viewers of API tokens.
    pub tokens: Tokens,
    /// Limits on sign-in.
    pub limits: Limits,
    /// What people and addresses have asked lately.
    pub usage: Usage,
    /// Where security events go.
    pub security: Arc<SecurityLog>,
    /// Told when it is time to stop: streams end then.
    pub stop: CancellationToken,
    /// What is measured.
    pub telemetry: Telemetry,
    /// The event streams that are open.
    pub streams: StreamLimiter,
    /// The style sheet and the browser code.
    pub assets: Assets,
    /// The address that browsers use. Fixed at start: cookies and redirects hang on it.
    pub public_url: Url,
}

impl App {
    /// An app over these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
        }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Parts {
    /// Whether browsers reach the portal by TLS.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The portal's own origin, as browsers put it into `Origin`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// Where providers send people back to.
    #[must_use]
    pub fn redirect_address(&self) -> String {
        format!("{}/auth/callback", self.origin())
    }

    /// The name of the session's cookie. With `__Host-` a browser takes it from nobody else.
    #[must_use]
    pub fn cookie_name(&self) -> &'static str {
        if self.secure() {
            "__Host-portico"
        } else {
            "portico"
        }
    }
}

/// The company's name, as pages show it.
#[must_use]
pub fn company(spec: &PortalSpec) -> String {
    spec.company.name.clone().unwrap_or_else(|| "Portico".to_owned())
}
