//! What stands around a page.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use portico_domain::documents::Configuration;
use portico_domain::names::{EnvironmentName, TenantName};
use portico_domain::tenancy::{Role, Viewer};
use portico_domain::view::{Crumb, Frame, Notice, NoticeTone, TenantChoice};

use super::app::{App, company};
use super::assets;
use super::security::Nonce;
use crate::auth::{Current, csrf};

/// The cookie that remembers the tenant and environment one works in.
pub(super) const PLACE_COOKIE: &str = "portico-place";
/// The cookie that remembers light or dark.
const THEME_COOKIE: &str = "portico-theme";
/// The cookie that carries what a form did to the page that follows it.
const NOTICE_COOKIE: &str = "portico-notice";

/// What a request says that has nothing to do with who sent it.
#[derive(Clone)]
pub(super) struct Stranger {
    path: String,
    nonce: String,
    theme: Option<String>,
    place: Option<(TenantName, EnvironmentName)>,
    notice: Option<Done>,
}

impl Stranger {
    pub(super) fn of(request: &Request) -> Self {
        let nonce = request.extensions().get::<Nonce>();
        Self::new(request.uri().path(), nonce, request.headers())
    }

    pub(super) fn of_parts(parts: &Parts) -> Self {
        Self::new(parts.uri.path(), parts.extensions.get::<Nonce>(), &parts.headers)
    }

    fn new(path: &str, nonce: Option<&Nonce>, headers: &HeaderMap) -> Self {
        let theme = cookie(headers, THEME_COOKIE).filter(|theme| matches!(*theme, "light" | "dark"));
        let place = cookie(headers, PLACE_COOKIE).and_then(parse_place);
        Self {
            path: path.to_owned(),
            nonce: nonce.map(|nonce| nonce.0.clone()).unwrap_or_default(),
            theme: theme.map(str::to_owned),
            place,
            notice: cookie(headers, NOTICE_COOKIE).and_then(Done::from_slug),
        }
    }

    /// The frame for whoever it is.
    pub(super) fn frame(&self, app: &App, current: Option<&Current>, title: &str) -> Frame {
        let configuration = app.configuration.current();
        let viewer = current.map(|current| &*current.viewer);
        let session = current.and_then(|current| current.session.as_ref());
        Frame {
            title: title.to_owned(),
            company: company(&configuration.portal.spec),
            path: self.path.clone(),
            person: viewer.map(|viewer| viewer.person.name.clone()),
            email: viewer.and_then(|viewer| viewer.person.email.clone()),
            admin: viewer.is_some_and(|viewer| viewer.platform_admin),
            approver: viewer.is_some_and(may_approve_somewhere),
            waiting: 0,
            tenants: viewer
                .map(|viewer| choices(&configuration, viewer))
                .unwrap_or_default(),
            current: viewer.and_then(|viewer| place(&configuration, viewer, self.place.as_ref())),
            crumbs: Vec::new(),
            notices: Vec::new(),
            theme: self.theme.clone(),
            csrf: session
                .map(|session| csrf::masked(&session.csrf))
                .unwrap_or_default(),
            nonce: self.nonce.clone(),
            style: assets::style().to_owned(),
            script: assets::script().map(str::to_owned),
            wasm: assets::wasm().map(str::to_owned),
            now: jiff::Timestamp::now(),
        }
    }
}

/// A signed-in person and what stands around the page made for them.
pub(super) struct Around {
    stranger: Stranger,
    pub(super) app: App,
    pub(super) current: Current,
    pub(super) configuration: Arc<Configuration>,
}

impl Around {
    pub(super) fn new(stranger: Stranger, app: App, current: Current) -> Self {
        let configuration = app.configuration.current();
        Self {
            stranger,
            app,
            current,
            configuration,
        }
    }

    pub(super) fn viewer(&self) -> &Viewer {
        &self.current.viewer
    }

    pub(super) fn csrf_token(&self) -> &str {
        self.current.session.as_ref().map_or("", |session| &session.csrf)
    }

    /// The tenant and environment they work in: as remembered, if it still is theirs, else their first.
    pub(super) fn place(&self) -> Option<(TenantName, EnvironmentName)> {
        place(&self.configuration, self.viewer(), self.stranger.place.as_ref())
    }

    /// Renders a page with what a form before it did.
    pub(super) fn page(
        &self,
        title: &str,
        crumbs: &[(&str, &str)],
        render: impl FnOnce(&Frame) -> String,
    ) -> Response {
        let mut frame = self.stranger.frame(&self.app, Some(&self.current), title);
        frame.crumbs = crumbs
            .iter()
            .map(|(title, href)| Crumb {
                title: (*title).to_owned(),
                href: (*href).to_owned(),
            })
            .collect();
        frame.notices.extend(self.stranger.notice.map(Done::notice));
        let mut response = Html(render(&frame)).into_response();
        if self.stranger.notice.is_some() {
            let gone = format!("{NOTICE_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
            if let Ok(value) = HeaderValue::from_str(&gone) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        response
    }
}

/// What a form did, for the page after it. A word from a fixed list, so that nobody can put words on a page by a
/// cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Submitted,
    Approved,
    Rejected,
    Withdrawn,
}

impl Done {
    const ALL: [Self; 4] = [Self::Submitted, Self::Approved, Self::Rejected, Self::Withdrawn];

    fn slug(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.slug() == slug)
    }

    fn notice(self) -> Notice {
        let text = match self {
            Self::Submitted => "Your request was sent.",
            Self::Approved => "You approved the request.",
            Self::Rejected => "You rejected the request.",
            Self::Withdrawn => "You took the request back.",
        };
        Notice {
            tone: NoticeTone::Good,
            text: text.to_owned(),
        }
    }

    /// Has the next page say so.
    pub(super) fn tell(self, mut response: Response) -> Response {
        let cookie = format!(
            "{NOTICE_COOKIE}={}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
            self.slug()
        );
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
        response
    }
}

fn may_approve_somewhere(viewer: &Viewer) -> bool {
    viewer.platform_admin
        || viewer
            .roles
            .values()
            .any(|roles| roles.contains(&Role::Approver) || roles.contains(&Role::TenantAdmin))
}

fn choices(configuration: &Configuration, viewer: &Viewer) -> Vec<TenantChoice> {
    configuration
        .tenants
        .values()
        .filter(|tenant| viewer.sees(&tenant.name))
        .map(|tenant| TenantChoice {
            name: tenant.name.clone(),
            title: tenant.title().to_owned(),
            environments: tenant
                .spec
                .environments
                .iter()
                .map(|environment| environment.name.clone())
                .collect(),
        })
        .collect()
}

fn place(
    configuration: &Configuration,
    viewer: &Viewer,
    remembered: Option<&(TenantName, EnvironmentName)>,
) -> Option<(TenantName, EnvironmentName)> {
    let still = remembered.filter(|(tenant, environment)| {
        viewer.sees(tenant)
            && configuration
                .tenants
                .get(tenant)
                .is_some_and(|tenant| tenant.environment(environment).is_some())
    });
    still.cloned().or_else(|| {
        // One's own tenants come before those that an admin merely sees.
        let own = configuration
            .tenants
            .values()
            .find(|tenant| viewer.roles.contains_key(&tenant.name));
        let tenant = own.or_else(|| {
            configuration
                .tenants
                .values()
                .find(|tenant| viewer.sees(&tenant.name))
        })?;
        Some((
            tenant.name.clone(),
            tenant.spec.environments.first()?.name.clone(),
        ))
    })
}

/// `tenant/environment`.
pub(super) fn parse_place(text: &str) -> Option<(TenantName, EnvironmentName)> {
    let (tenant, environment) = text.split_once('/')?;
    Some((tenant.parse().ok()?, environment.parse().ok()?))
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}
