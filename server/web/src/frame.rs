//! The frame of a page: navigation, notices, CSRF token.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use portico_api::{Crumb, Frame, Link, Notice, NoticeTone, Undo};
use portico_app::{Caller, Navigation, Workspace};
use portico_domain::documents::Configuration;
use portico_domain::names::{EnvironmentName, RequestId, TenantName};
use portico_domain::tenancy::Viewer;

use super::app::{App, company};
use super::problem::Problem;
use super::security::{Nonce, cookie};
use crate::auth::{CurrentViewer, csrf};

/// The cookie that remembers the workspace.
pub(super) const WORKSPACE_COOKIE: &str = "portico-place";
/// The cookie that remembers light or dark mode.
const THEME_COOKIE: &str = "portico-theme";
/// The cookie that carries a [`FlashMessage`] to the next page.
const NOTICE_COOKIE: &str = "portico-notice";

/// Parts of a request that do not depend on the viewer.
#[derive(Clone)]
pub(super) struct RequestContext {
    path: String,
    nonce: String,
    theme: Option<String>,
    workspace: Option<String>,
    /// With the request that it is about, if what was done can be undone.
    notice: Option<(FlashMessage, Option<RequestId>)>,
}

impl RequestContext {
    pub(super) fn of(request: &Request) -> Self {
        let nonce = request.extensions().get::<Nonce>();
        Self::new(request.uri().path(), nonce, request.headers())
    }

    pub(super) fn of_parts(parts: &Parts) -> Self {
        Self::new(parts.uri.path(), parts.extensions.get::<Nonce>(), &parts.headers)
    }

    fn new(path: &str, nonce: Option<&Nonce>, headers: &HeaderMap) -> Self {
        let theme = cookie(headers, THEME_COOKIE).filter(|theme| matches!(*theme, "light" | "dark"));
        let workspace = cookie(headers, WORKSPACE_COOKIE).map(str::to_owned);
        Self {
            path: path.to_owned(),
            nonce: nonce.map(|nonce| nonce.0.clone()).unwrap_or_default(),
            theme: theme.map(str::to_owned),
            workspace,
            notice: cookie(headers, NOTICE_COOKIE).and_then(FlashMessage::parse),
        }
    }

    /// Builds the frame for a viewer, or for an anonymous visitor.
    pub(super) async fn frame(&self, app: &App, current: Option<&CurrentViewer>, title: &str) -> Frame {
        let configuration = app.configuration.current();
        let Some(current) = current else {
            return self.frame_with(app, &configuration, None, Navigation::default(), title);
        };
        // A page is useful without its counts.
        let navigation = app
            .portal
            .navigation(&current.viewer)
            .await
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "the navigation of a page cannot be read");
                Navigation::default()
            });
        self.frame_with(app, &configuration, Some(current), navigation, title)
    }

    fn workspace(&self, configuration: &Configuration, viewer: &Viewer) -> Option<Workspace> {
        Workspace::choose(viewer, configuration, self.workspace.as_deref())
    }

    fn frame_with(
        &self,
        app: &App,
        configuration: &Configuration,
        current: Option<&CurrentViewer>,
        navigation: Navigation,
        title: &str,
    ) -> Frame {
        let viewer = current.map(|current| &*current.viewer);
        let session = current.and_then(|current| current.session.as_ref());
        let workspace = viewer.and_then(|viewer| self.workspace(configuration, viewer));
        Frame {
            title: title.to_owned(),
            company: company(&configuration.portal.spec),
            path: self.path.clone(),
            person: viewer.map(|viewer| viewer.person().name.clone()),
            email: viewer.and_then(|viewer| viewer.person().email.clone()),
            admin: navigation.admin,
            platform_admin: navigation.platform_admin,
            approver: navigation.approver,
            kubectl: navigation.kubectl,
            publishes: navigation.publishes,
            waiting: navigation.waiting,
            tenants: navigation.tenants,
            current: workspace.map(|workspace| (workspace.tenant, workspace.environment)),
            crumbs: Vec::new(),
            notices: Vec::new(),
            theme: self.theme.clone(),
            csrf: session
                .map(|session| csrf::masked(&session.csrf))
                .unwrap_or_default(),
            nonce: self.nonce.clone(),
            style: app.assets.style().to_owned(),
            font: app.assets.font().to_owned(),
            script: app.assets.script().map(str::to_owned),
            wasm: app.assets.wasm().map(str::to_owned),
            now: jiff::Timestamp::now(),
        }
    }
}

/// A signed-in viewer with the context of their page.
pub(super) struct PageContext {
    request: RequestContext,
    pub(super) app: App,
    pub(super) current: CurrentViewer,
    pub(super) configuration: Arc<Configuration>,
    workspace: Option<Workspace>,
}

impl PageContext {
    pub(super) fn new(request: RequestContext, app: App, current: CurrentViewer) -> Self {
        let configuration = app.configuration.current();
        let workspace = request.workspace(&configuration, &current.viewer);
        Self {
            request,
            app,
            current,
            configuration,
            workspace,
        }
    }

    pub(super) fn viewer(&self) -> &Viewer {
        &self.current.viewer
    }

    /// The viewer, at the client's address.
    pub(super) fn caller<'a>(&'a self, remote: &'a str) -> Caller<'a> {
        Caller {
            viewer: self.viewer(),
            remote: Some(remote),
        }
    }

    /// Returns the workspace that they chose.
    pub(super) fn workspace(&self) -> Option<&Workspace> {
        self.workspace.as_ref()
    }

    /// Renders a page with its navigation and notices.
    pub(super) async fn page(
        &self,
        title: &str,
        crumbs: &[(&str, Link)],
        render: impl FnOnce(&Frame) -> String,
    ) -> Result<Response, Problem> {
        let navigation = self.app.portal.navigation(self.viewer()).await?;
        let mut frame = self.request.frame_with(
            &self.app,
            &self.configuration,
            Some(&self.current),
            navigation,
            title,
        );
        frame.crumbs = crumbs
            .iter()
            .map(|(title, href)| Crumb {
                title: (*title).to_owned(),
                href: href.clone(),
            })
            .collect();
        // What can be undone is offered until the time is over, on whatever page.
        let mut seconds_left = 0;
        if let Some((message, about)) = self.request.notice {
            let mut notice = message.notice();
            if let Some(request) = about {
                let until = self.app.portal.undo_until(self.viewer(), request).await?;
                notice.undo = until.map(|until| Undo { request, until });
                seconds_left = until.map_or(0, |until| until.duration_since(frame.now).as_secs());
            }
            frame.notices.push(notice);
        }
        if self.viewer().is_platform_admin() && self.app.portal.audit_log_is_broken() {
            frame.notices.push(Notice {
                tone: NoticeTone::Bad,
                text: "The record is not as it was written: somebody may have changed the database by hand. \
                       See Admin, Record."
                    .to_owned(),
                undo: None,
            });
        }
        frame.notices.extend(groups_notice(&self.current));
        let response = Html(render(&frame)).into_response();
        Ok(match self.request.notice {
            Some((message, Some(about))) => message.keep_undoable_on(response, about, seconds_left.max(0)),
            Some((_, None)) => add_cookie(response, "", 0),
            None => response,
        })
    }
}

/// Explains why a person belongs to no team here.
fn groups_notice(current: &CurrentViewer) -> Option<Notice> {
    let viewer = &current.viewer;
    let no_team = viewer.roles().is_empty() && !viewer.is_platform_admin();
    let remark = current.session.as_ref()?.groups_remark.as_ref()?;
    no_team.then(|| Notice {
        tone: NoticeTone::Warning,
        text: remark.in_words(viewer.provider()),
        undo: None,
    })
}

/// Result of a form, shown on the next page. The cookie holds a word from a fixed list, so that a forged cookie
/// cannot put text on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlashMessage {
    Submitted,
    Approved,
    Rejected,
    Undone,
    Withdrawn,
    Commented,
    Revoked,
    AgentRevoked,
    Ended,
    Cordoned,
    Uncordoned,
    ClusterAccepted,
    PermissionAccepted,
    PermissionRefused,
    Acknowledged,
}

impl FlashMessage {
    const ALL: [Self; 15] = [
        Self::Submitted,
        Self::Approved,
        Self::Rejected,
        Self::Undone,
        Self::Withdrawn,
        Self::Commented,
        Self::Revoked,
        Self::AgentRevoked,
        Self::Ended,
        Self::Cordoned,
        Self::Uncordoned,
        Self::ClusterAccepted,
        Self::PermissionAccepted,
        Self::PermissionRefused,
        Self::Acknowledged,
    ];

    fn slug(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Undone => "undone",
            Self::Withdrawn => "withdrawn",
            Self::Commented => "commented",
            Self::Revoked => "revoked",
            Self::AgentRevoked => "agent-revoked",
            Self::Ended => "ended",
            Self::Cordoned => "cordoned",
            Self::Uncordoned => "uncordoned",
            Self::ClusterAccepted => "cluster-accepted",
            Self::PermissionAccepted => "permission-accepted",
            Self::PermissionRefused => "permission-refused",
            Self::Acknowledged => "acknowledged",
        }
    }

    fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|message| message.slug() == slug)
    }

    /// Reads the value of the cookie: the word, and after a dot the request.
    fn parse(value: &str) -> Option<(Self, Option<RequestId>)> {
        let (slug, request) = value.split_once('.').unwrap_or((value, ""));
        Some((Self::from_slug(slug)?, request.parse().ok()))
    }

    fn notice(self) -> Notice {
        let text = match self {
            Self::Submitted => "Your request was sent.",
            Self::Approved => "You approved the request.",
            Self::Rejected => "You rejected the request.",
            Self::Undone => "You took your decision back. The request waits for you again.",
            Self::Withdrawn => "You took the request back.",
            Self::Commented => "Your comment was added.",
            Self::AgentRevoked => "The agent is revoked. It is cut off, and refused from now on.",
            Self::Ended => "It is ended, and refused from now on.",
            Self::Cordoned => "The control plane takes no new claims from now on.",
            Self::Uncordoned => "The control plane takes new claims again.",
            Self::ClusterAccepted => "You accepted the cluster. Portico connects to it within seconds.",
            Self::PermissionAccepted => "You accepted the permission.",
            Self::PermissionRefused => "You refused the permission. That takes effect at once.",
            Self::Acknowledged => "You took note of the breaks of the record. They stay listed here.",
            Self::Revoked => "The token is revoked. Programs that use it are refused from now on.",
        };
        Notice {
            tone: NoticeTone::Good,
            text: text.to_owned(),
            undo: None,
        }
    }

    /// Adds the cookie of this message to the response; the next page shows it.
    pub(super) fn add_to(self, response: Response) -> Response {
        add_cookie(response, self.slug(), MESSAGE_SECONDS)
    }

    /// Like [`FlashMessage::add_to`], of a decision on a request that can be undone.
    pub(super) fn add_undoable_to(self, response: Response, request: RequestId) -> Response {
        self.keep_undoable_on(response, request, MESSAGE_SECONDS)
    }

    /// Keeps the message for so many seconds; without any, forgets it.
    fn keep_undoable_on(self, response: Response, request: RequestId, seconds: i64) -> Response {
        add_cookie(response, &format!("{}.{request}", self.slug()), seconds)
    }
}

/// How long a message waits for the next page.
const MESSAGE_SECONDS: i64 = 60;

/// Adds the cookie with a message; with no seconds, removes it.
fn add_cookie(mut response: Response, value: &str, seconds: i64) -> Response {
    let value = if seconds > 0 { value } else { "" };
    let cookie = format!("{NOTICE_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// Parses `tenant/environment`.
pub(super) fn parse_workspace(text: &str) -> Option<(TenantName, EnvironmentName)> {
    let (tenant, environment) = text.split_once('/')?;
    Some((tenant.parse().ok()?, environment.parse().ok()?))
}
