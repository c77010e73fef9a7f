//! Tests the provider over HTTP, as a relying party and a browser.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::*;

mod sign_in;
mod sign_out;
mod tokens;

const CALLBACK: &str = "http://127.0.0.1:8080/auth/callback";
const HOME: &str = "http://127.0.0.1:8080/";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// All tests share one key: generating an RSA key is slow in an unoptimized build.
static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| SigningKey::generate().unwrap().to_pkcs8().unwrap());

struct Party {
    provider: Provider,
    browser: reqwest::Client,
    ahead: Arc<AtomicI64>,
}

impl Party {
    async fn start() -> Self {
        let ahead = Arc::new(AtomicI64::new(0));
        let seconds = Arc::clone(&ahead);
        let provider = Provider::start(Settings {
            port: 0,
            key: SigningKey::from_pkcs8(&KEY).unwrap(),
            people: vec![Person {
                subject: "0001".into(),
                username: "dana".into(),
                name: "Dana <D> Ito".into(),
                email: "dana@example.test".into(),
                groups: vec!["payments-developers".into()],
                about: "Developer".into(),
            }],
            clients: vec![Client {
                id: "portico".into(),
                secret: "s3cret %".into(),
                name: "Portico".into(),
                redirect_uris: vec![CALLBACK.into()],
                post_logout_redirect_uris: vec![HOME.into()],
            }],
            clock: Clock::new(move || {
                Timestamp::now() + SignedDuration::from_secs(seconds.load(Ordering::SeqCst))
            }),
            rng: Rng::system(),
        })
        .await
        .unwrap();
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            provider,
            browser,
            ahead,
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.provider.issuer())
    }

    fn wait(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The parameters of a valid request, with some replaced; `None` leaves one out.
    async fn authorize(&self, changes: &[(&str, Option<&str>)], cookie: Option<&str>) -> Response {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut parameters = vec![
            ("client_id", "portico".to_owned()),
            ("redirect_uri", CALLBACK.to_owned()),
            ("response_type", "code".to_owned()),
            ("scope", "openid profile email groups".to_owned()),
            ("state", "st&te".to_owned()),
            ("nonce", "n-1".to_owned()),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256".to_owned()),
        ];
        for (name, value) in changes {
            parameters.retain(|(other, _)| other != name);
            if let Some(value) = value {
                parameters.push((name, (*value).to_owned()));
            }
        }
        let url = Url::parse_with_params(&self.at("/authorize"), &parameters).unwrap();
        let mut request = self.browser.get(url);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        request.send().await.unwrap()
    }

    /// Presses Dana's button and returns the response.
    async fn choose_dana(&self, page: Response) -> Response {
        assert_eq!(page.status(), StatusCode::OK);
        let html = page.text().await.unwrap();
        let ticket = html
            .split("name=\"ticket\" value=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned();
        let form = [("ticket", ticket.as_str()), ("person", "dana")];
        self.browser
            .post(self.at("/sign-in"))
            .form(&form)
            .send()
            .await
            .unwrap()
    }

    async fn code(&self) -> String {
        let page = self.authorize(&[], None).await;
        query(&self.choose_dana(page).await, "code").unwrap()
    }

    async fn exchange(&self, code: &str, changes: &[(&str, &str)]) -> Response {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", "portico"),
            ("client_secret", "s3cret %"),
        ];
        for (name, value) in changes {
            form.retain(|(other, _)| other != name);
            form.push((name, value));
        }
        self.browser
            .post(self.at("/token"))
            .form(&form)
            .send()
            .await
            .unwrap()
    }

    async fn tokens(&self) -> Value {
        let answer = self.exchange(&self.code().await, &[]).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    async fn userinfo(&self, token: &str) -> Response {
        self.browser
            .get(self.at("/userinfo"))
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
    }
}

fn query(answer: &Response, name: &str) -> Option<String> {
    let url = Url::parse(answer.headers().get("location")?.to_str().unwrap()).unwrap();
    assert!(url.as_str().starts_with(CALLBACK));
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn claims(id_token: &Value) -> Value {
    let claims = id_token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

async fn error(answer: Response) -> String {
    answer.json::<Value>().await.unwrap()["error"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn session_cookie(answer: &Response) -> String {
    answer.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}
