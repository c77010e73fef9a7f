//! The frame of a page: navigation, notices, CSRF token.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use portico_api::{Crumb, Frame, Language, Link, Notice, NoticeTone, Text, Undo, message};
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
/// The cookie that remembers the language.
pub(super) const LANGUAGE_COOKIE: &str = "portico-language";
/// The cookie that carries a [`FlashMessage`] to the next page.
const NOTICE_COOKIE: &str = "portico-notice";

/// Parts of a request that do not depend on the viewer.
#[derive(Clone)]
pub(super) struct RequestContext {
    path: String,
    nonce: String,
    theme: Option<String>,
    /// The language that they chose.
    chosen_language: Option<String>,
    /// The languages that their browser asks for.
    accepted_languages: Option<String>,
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
            chosen_language: cookie(headers, LANGUAGE_COOKIE).map(str::to_owned),
            accepted_languages: accepted_languages(headers),
            workspace,
            notice: cookie(headers, NOTICE_COOKIE).and_then(FlashMessage::parse),
        }
    }

    /// Builds the frame for a viewer, or for an anonymous visitor.
    pub(super) async fn frame(&self, app: &App, current: Option<&CurrentViewer>, title: &Text) -> Frame {
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

    /// The language of the page.
    fn language(&self, configuration: &Configuration) -> Language {
        portico_api::language::preferred(
            &configuration.portal.spec.languages,
            self.chosen_language.as_deref(),
            self.accepted_languages.as_deref(),
        )
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
        title: &Text,
    ) -> Frame {
        let language = self.language(configuration);
        let viewer = current.map(|current| &*current.viewer);
        let session = current.and_then(|current| current.session.as_ref());
        let workspace = viewer.and_then(|viewer| self.workspace(configuration, viewer));
        Frame {
            title: title.in_language(language),
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
            language,
            languages: configuration.portal.spec.languages.clone(),
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
        title: impl Into<Text>,
        crumbs: &[(&str, Link)],
        render: impl FnOnce(&Frame) -> String,
    ) -> Result<Response, Problem> {
        let navigation = self.app.portal.navigation(self.viewer()).await?;
        let mut frame = self.request.frame_with(
            &self.app,
            &self.configuration,
            Some(&self.current),
            navigation,
            &title.into(),
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
                text: message!("notice-record-broken"),
                undo: None,
            });
        }
        frame.notices.extend(groups_notice(&self.current));
        let response = html(&frame, render(&frame));
        Ok(match self.request.notice {
            Some((message, Some(about))) => message.keep_undoable_on(response, about, seconds_left.max(0)),
            Some((_, None)) => add_cookie(response, "", 0),
            None => response,
        })
    }
}

/// A page as a response that says its language, and that it depends on the reader's.
pub(super) fn html(frame: &Frame, page: String) -> Response {
    let headers = [
        (header::CONTENT_LANGUAGE, frame.language.tag()),
        (header::VARY, "accept-language, cookie"),
    ];
    (headers, Html(page)).into_response()
}

/// `Accept-Language`, of which browsers may send several.
fn accepted_languages(headers: &HeaderMap) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all(header::ACCEPT_LANGUAGE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Explains why a person belongs to no team here.
fn groups_notice(current: &CurrentViewer) -> Option<Notice> {
    let viewer = &current.viewer;
    let no_team = viewer.roles().is_empty() && !viewer.is_platform_admin();
    let remark = current.session.as_ref()?.groups_remark.as_ref()?;
    no_team.then(|| Notice {
        tone: NoticeTone::Warning,
        text: remark.in_words(viewer.provider()).into(),
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
            Self::Submitted => message!("notice-submitted"),
            Self::Approved => message!("notice-approved"),
            Self::Rejected => message!("notice-rejected"),
            Self::Undone => message!("notice-undone"),
            Self::Withdrawn => message!("notice-withdrawn"),
            Self::Commented => message!("notice-commented"),
            Self::AgentRevoked => message!("notice-agent-revoked"),
            Self::Ended => message!("notice-ended"),
            Self::Cordoned => message!("notice-cordoned"),
            Self::Uncordoned => message!("notice-uncordoned"),
            Self::ClusterAccepted => message!("notice-cluster-accepted"),
            Self::PermissionAccepted => message!("notice-permission-accepted"),
            Self::PermissionRefused => message!("notice-permission-refused"),
            Self::Acknowledged => message!("notice-acknowledged"),
            Self::Revoked => message!("notice-revoked"),
        };
        Notice {
            tone: NoticeTone::Good,
            text,
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
