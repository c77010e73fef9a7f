//! State that every handler receives.

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

/// Decides from the id of a new trace whether it is recorded.
pub type Sampler = Arc<dyn Fn(u128) -> bool + Send + Sync>;

/// The state of all handlers. Cheap to clone.
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
    /// The `OpenID` Connect providers.
    pub providers: Providers,
    /// Caches the viewers of sessions.
    pub viewers: Viewers,
    /// Caches the viewers of API tokens.
    pub tokens: Tokens,
    /// Limits attempts to sign in.
    pub limits: Limits,
    /// Limits requests by person, token and address.
    pub usage: Usage,
    /// Records security events.
    pub security: Arc<SecurityLog>,
    /// Cancelled at shutdown; event streams end then.
    pub stop: CancellationToken,
    /// The metrics recorder.
    pub telemetry: Telemetry,
    /// Decides which new traces are recorded.
    pub sampler: Sampler,
    /// Limits open event streams.
    pub streams: StreamLimiter,
    /// The style sheet and the browser code.
    pub assets: Assets,
    /// The address that browsers use. Fixed at start, because cookies and redirects depend on it.
    pub public_url: Url,
}

impl App {
    /// Creates an app from its parts.
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
    /// True if browsers reach the portal over TLS.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// Returns the portal's origin, as browsers send it in `Origin`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// Returns the redirect URI of the sign-in.
    #[must_use]
    pub fn redirect_address(&self) -> String {
        format!("{}/auth/callback", self.origin())
    }

    /// Returns the name of the session cookie. Browsers accept a cookie with the prefix `__Host-` from this host
    /// only.
    #[must_use]
    pub fn cookie_name(&self) -> &'static str {
        if self.secure() {
            "__Host-portico"
        } else {
            "portico"
        }
    }
}

/// Returns the company's name for pages.
#[must_use]
pub fn company(spec: &PortalSpec) -> String {
    spec.company.name.clone().unwrap_or_else(|| "Portico".to_owned())
}
