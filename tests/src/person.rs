//! A person with a browser without scripts: cookies, redirects, pages, forms.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::html::{Form, Page};

/// The CSRF header of requests without a form.
const CSRF_HEADER: &str = "x-portico-csrf";

/// A person and their browser.
#[derive(Debug)]
pub struct Person {
    client: Client,
    portal: Url,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// A response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The final URL after redirects.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// Parses the body as a page.
    #[must_use]
    pub fn page(&self) -> Page {
        Page::parse(&self.text)
    }

    /// Parses the body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{} {}: {error} in {}", self.status, self.url, self.text))
    }

    /// Returns the response if it has the expected status.
    ///
    /// # Panics
    /// When it has another; prints the text.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}\n{}",
            self.url,
            self.page().body()
        );
        self
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Person {
    /// A browser in which nobody is signed in.
    ///
    /// # Panics
    /// When `portal` is not a URL.
    #[must_use]
    pub fn anonymous(portal: &str) -> Self {
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(Duration::from_mins(1))
            .build()
            .expect("a client without special wishes can be built");
        Self {
            client,
            portal: Url::parse(portal).unwrap(),
            cookies: Mutex::default(),
        }
    }

    /// Signs in at the demo's identity provider with the button of `username`.
    ///
    /// # Panics
    /// When that does not lead to a page of the portal.
    pub async fn sign_in(portal: &str, username: &str) -> Self {
        let person = Self::anonymous(portal);
        let choice = person.get("/auth/login").await.expect(200);
        let form = choice
            .page()
            .form("/sign-in")
            .expect("the provider lists its people")
            .with("person", username);
        let home = person.submit(&choice.url, &form, None).await.expect(200);
        assert_eq!(home.url.origin(), person.portal.origin(), "back at the portal");
        person
    }

    /// Gets a page and follows redirects.
    pub async fn get(&self, path: &str) -> Answer {
        let url = self.at(path);
        self.follow(Method::GET, url, None).await
    }

    /// Gets a response without following redirects.
    pub async fn ask(&self, method: Method, path: &str) -> Answer {
        self.once(method, self.at(path), None, &[]).await
    }

    /// Submits a form of the page at `base`, with a button if one is named.
    ///
    /// # Panics
    /// When the form's action is not a URL.
    pub async fn submit(&self, base: &Url, form: &Form, button: Option<(&str, &str)>) -> Answer {
        let url = if form.action.is_empty() {
            base.clone()
        } else {
            base.join(&form.action).unwrap()
        };
        let mut fields = form.fields.clone();
        fields.extend(button.map(|(name, value)| (name.to_owned(), value.to_owned())));
        if form.method == "get" {
            let mut url = url;
            url.query_pairs_mut().clear().extend_pairs(fields);
            return self.follow(Method::GET, url, None).await;
        }
        self.follow(Method::POST, url, Some(urlencoded(&fields))).await
    }

    /// What the form with this action on the page at `path` would post with these fields; `None` if there is no
    /// such form.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn try_form(
        &self,
        path: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> reqwest::Result<Option<String>> {
        let page = self.try_once(Method::GET, self.at(path), None, &[]).await?;
        Ok(page.page().form(action).map(|mut form| {
            for (name, value) in fields {
                form = form.with(name, value);
            }
            urlencoded(&form.fields)
        }))
    }

    /// Gets a path without following redirects.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        self.try_once(Method::GET, self.at(path), None, &[]).await
    }

    /// Posts a form body without following redirects.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn try_post(&self, path: &str, body: String) -> reqwest::Result<Answer> {
        let body = ("application/x-www-form-urlencoded", body);
        self.try_once(Method::POST, self.at(path), Some(body), &[]).await
    }

    /// Posts fields with this session's CSRF token and follows redirects.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("_csrf".to_owned(), self.csrf().await)];
        all.extend(
            fields
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned())),
        );
        self.post_without_csrf(path, &all).await
    }

    /// Posts exactly these fields and follows redirects.
    pub async fn post_without_csrf(&self, path: &str, fields: &[(String, String)]) -> Answer {
        self.follow(Method::POST, self.at(path), Some(urlencoded(fields)))
            .await
    }

    /// Calls the API with the session cookie and, for writes, the CSRF token.
    pub async fn api(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut headers = vec![(ACCEPT.as_str(), "application/json".to_owned())];
        if method != Method::GET {
            headers.push((CSRF_HEADER, self.csrf().await));
        }
        let body = body.map(|body| ("application/json", body.to_string()));
        self.once(method, self.at(path), body, &headers).await
    }

    /// Sends a request with the session's cookies and exactly these headers and body.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, String)],
        body: Option<(&'static str, String)>,
    ) -> Answer {
        self.once(method, self.at(path), body, headers).await
    }

    /// This session's CSRF token, from the home page.
    ///
    /// # Panics
    /// When the page has none.
    pub async fn csrf(&self) -> String {
        let home = self.get("/").await;
        home.page()
            .field("_csrf")
            .unwrap_or_else(|| panic!("no CSRF token on {}:\n{}", home.url, home.text))
    }

    /// Switches to a workspace, given as `tenant/environment`.
    ///
    /// # Panics
    /// When the portal refuses.
    pub async fn work_in(&self, place: &str) {
        let _ = self
            .post("/switch", &[("_work_in", place), ("_return_to", "/")])
            .await
            .expect(200);
    }

    /// The current cookies, for another client.
    ///
    /// # Panics
    /// Never: the lock is held for a moment only.
    #[must_use]
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().unwrap().clone()
    }

    /// Adds cookies, which may be forged.
    ///
    /// # Panics
    /// Never: the lock is held for a moment only.
    pub fn set_cookies(&self, cookies: BTreeMap<String, String>) {
        *self.cookies.lock().unwrap() = cookies;
    }

    fn at(&self, path: &str) -> Url {
        self.portal
            .join(path)
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    async fn follow(&self, method: Method, url: Url, form: Option<String>) -> Answer {
        let body = form.map(|form| ("application/x-www-form-urlencoded", form));
        let mut answer = self.once(method, url, body, &[]).await;
        for _ in 0..10 {
            let Some(location) = answer
                .header(LOCATION.as_str())
                .filter(|_| answer.status.is_redirection())
            else {
                return answer;
            };
            let next = answer.url.join(location).unwrap();
            answer = self.once(Method::GET, next, None, &[]).await;
        }
        panic!("redirects without end at {}", answer.url);
    }

    async fn once(
        &self,
        method: Method,
        url: Url,
        body: Option<(&'static str, String)>,
        headers: &[(&str, String)],
    ) -> Answer {
        let what = format!("{method} {url}");
        self.try_once(method, url, body, headers)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error:?}"))
    }

    async fn try_once(
        &self,
        method: Method,
        url: Url,
        body: Option<(&'static str, String)>,
        headers: &[(&str, String)],
    ) -> reqwest::Result<Answer> {
        let mut request = self.client.request(method.clone(), url.clone());
        let cookies = self
            .cookies()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies);
        }
        if method != Method::GET {
            request = request.header(ORIGIN, url.origin().ascii_serialization());
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some((kind, body)) = body {
            request = request.header(CONTENT_TYPE, kind).body(body);
        }
        let response = request.send().await?;
        self.keep_cookies(response.headers());
        let (status, headers) = (response.status(), response.headers().clone());
        // An event stream has no end to wait for.
        let kind = headers.get(CONTENT_TYPE);
        let endless = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let text = if endless {
            String::new()
        } else {
            response.text().await?
        };
        Ok(Answer {
            url,
            status,
            headers,
            text,
        })
    }

    /// One cookie jar, as in a browser: cookies are shared between ports.
    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut jar = self.cookies.lock().unwrap();
        for cookie in headers.get_all(SET_COOKIE) {
            let Ok(cookie) = cookie.to_str() else { continue };
            let mut parts = cookie.split(';');
            let Some((name, value)) = parts.next().and_then(|pair| pair.trim().split_once('=')) else {
                continue;
            };
            let ends = parts.any(|part| part.trim().eq_ignore_ascii_case("max-age=0"));
            if ends || value.is_empty() {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn urlencoded(fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}
