//! The provider as a relying party and a browser meet it: over HTTP.

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

const CALLBACK: &str = "http://127.0.0.1:8080/auth/callback";
const HOME: &str = "http://127.0.0.1:8080/";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Making an RSA key takes a while in an unoptimized build: all tests share one.
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
            dice: Dice::system(),
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

    /// The parameters of a right request, with some replaced (`None` leaves one out).
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

    /// Presses Dana's button: the answer to it.
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

#[tokio::test]
async fn discovery_names_the_issuer_and_every_endpoint_it_names_answers() {
    let party = Party::start().await;
    let url = party.at("/.well-known/openid-configuration");
    let metadata: Value = party.browser.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(metadata["issuer"], party.provider.issuer());
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let answer = party.browser.get(value.as_str().unwrap()).send().await.unwrap();
            assert_ne!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
    let keys: Value = party
        .browser
        .get(party.at("/jwks"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(keys["keys"][0]["alg"], "RS256");
    assert!(keys["keys"][0]["d"].is_null(), "the private half stays here");
}

#[tokio::test]
async fn a_person_signs_in_and_the_client_learns_who_it_is() {
    let party = Party::start().await;
    let page = party.authorize(&[], None).await;
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1:8080;"),
        "{policy}"
    );
    let answer = party.choose_dana(page).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(query(&answer, "state").unwrap(), "st&te");
    assert_eq!(query(&answer, "iss").unwrap(), party.provider.issuer());

    let tokens: Value = party
        .exchange(&query(&answer, "code").unwrap(), &[])
        .await
        .json()
        .await
        .unwrap();
    let claims = claims(&tokens["id_token"]);
    assert_eq!(claims["iss"], party.provider.issuer());
    assert_eq!(claims["aud"], "portico");
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["sub"], "0001");
    assert_eq!(claims["preferred_username"], "dana");
    assert_eq!(claims["groups"], json!(["payments-developers"]));
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64());
    assert_eq!(
        party
            .provider
            .house
            .key
            .open(tokens["id_token"].as_str().unwrap()),
        Some(claims)
    );

    let info: Value = party
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(info["email"], "dana@example.test");
}

#[tokio::test]
async fn the_sign_in_page_escapes_names() {
    let party = Party::start().await;
    let html = party.authorize(&[], None).await.text().await.unwrap();
    assert!(html.contains("Dana &lt;D&gt; Ito"));
}

#[tokio::test]
async fn an_unregistered_address_is_never_redirected_to() {
    let party = Party::start().await;
    for uri in [
        None,
        Some("http://127.0.0.1:8080/auth/callback/"),
        Some("https://evil.example/"),
        Some(""),
    ] {
        let answer = party.authorize(&[("redirect_uri", uri)], None).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{uri:?}");
        assert!(answer.headers().get("location").is_none());
    }
    let answer = party.authorize(&[("client_id", Some("stranger"))], None).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_to_the_client() {
    let party = Party::start().await;
    for (change, expected) in [
        (("response_type", Some("token")), "unsupported_response_type"),
        (("scope", Some("profile")), "invalid_scope"),
        (("code_challenge", None), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (("code_challenge_method", None), "invalid_request"),
        (("response_mode", Some("fragment")), "invalid_request"),
        (("request", Some("eyJ")), "request_not_supported"),
        (("prompt", Some("none")), "login_required"),
    ] {
        let answer = party.authorize(&[change], None).await;
        assert_eq!(query(&answer, "error").as_deref(), Some(expected), "{change:?}");
        assert_eq!(query(&answer, "state").as_deref(), Some("st&te"));
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_its_second_use_ends_what_the_first_brought() {
    let party = Party::start().await;
    let code = party.code().await;
    let tokens: Value = party.exchange(&code, &[]).await.json().await.unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(party.userinfo(access).await.status(), StatusCode::OK);
    assert_eq!(error(party.exchange(&code, &[]).await).await, "invalid_grant");
    assert_eq!(party.userinfo(access).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let party = Party::start().await;
    let code = party.code().await;
    party.wait(61);
    assert_eq!(error(party.exchange(&code, &[]).await).await, "invalid_grant");
}

#[tokio::test]
async fn a_code_needs_its_verifier_its_address_and_its_client() {
    let party = Party::start().await;
    party.provider.register(Client {
        id: "other".into(),
        secret: "other".into(),
        name: "Other".into(),
        redirect_uris: vec![CALLBACK.into()],
        post_logout_redirect_uris: vec![],
    });
    let code = party.code().await;
    for (changes, expected) in [
        (&[("code_verifier", "another")][..], "invalid_grant"),
        (&[("redirect_uri", HOME)], "invalid_grant"),
        (
            &[("client_id", "other"), ("client_secret", "other")],
            "invalid_grant",
        ),
        (&[("client_secret", "wrong")], "invalid_client"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
    ] {
        assert_eq!(
            error(party.exchange(&code, changes).await).await,
            expected,
            "{changes:?}"
        );
    }
    assert_eq!(
        party.exchange(&code, &[]).await.status(),
        StatusCode::OK,
        "a wrong guess does not spend the code"
    );
}

#[tokio::test]
async fn a_client_may_authenticate_by_the_header() {
    let party = Party::start().await;
    let code = party.code().await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let request = |secret| {
        party
            .browser
            .post(party.at("/token"))
            .form(&form)
            .basic_auth("portico", Some(secret))
    };
    let refused = request("wrong").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(refused.headers().contains_key("www-authenticate"));
    // The secret in the header is form-encoded first (RFC 6749, section 2.3.1).
    assert_eq!(
        request("s3cret+%25").send().await.unwrap().status(),
        StatusCode::OK
    );
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

#[tokio::test]
async fn who_is_signed_in_here_is_not_asked_again_unless_the_client_wants_it() {
    let party = Party::start().await;
    let page = party.authorize(&[], None).await;
    let cookie = session_cookie(&party.choose_dana(page).await);
    assert!(query(&party.authorize(&[], Some(&cookie)).await, "code").is_some());
    assert!(
        query(
            &party.authorize(&[("prompt", Some("none"))], Some(&cookie)).await,
            "code"
        )
        .is_some()
    );
    let again = party
        .authorize(&[("prompt", Some("select_account"))], Some(&cookie))
        .await;
    assert_eq!(again.status(), StatusCode::OK);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_returns_only_to_registered_addresses() {
    let party = Party::start().await;
    let page = party.authorize(&[], None).await;
    let signed_in = party.choose_dana(page).await;
    let cookie = session_cookie(&signed_in);
    let tokens: Value = party
        .exchange(&query(&signed_in, "code").unwrap(), &[])
        .await
        .json()
        .await
        .unwrap();
    let hint = tokens["id_token"].as_str().unwrap();
    let leave = async |hint: &str, back: &str| {
        let parameters = [
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", back),
            ("state", "x"),
        ];
        let url = Url::parse_with_params(&party.at("/end-session"), parameters).unwrap();
        party
            .browser
            .get(url)
            .header("cookie", &cookie)
            .send()
            .await
            .unwrap()
    };
    assert_eq!(
        leave(hint, "https://evil.example/").await.status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(leave("a.b.c", HOME).await.status(), StatusCode::BAD_REQUEST);
    assert!(
        query(&party.authorize(&[], Some(&cookie)).await, "code").is_some(),
        "a refused sign-out ends nothing"
    );

    party.wait(3600);
    let left = leave(hint, HOME).await;
    assert_eq!(
        left.headers()["location"],
        format!("{HOME}?state=x"),
        "an expired hint will do"
    );
    assert_eq!(
        party.authorize(&[], Some(&cookie)).await.status(),
        StatusCode::OK,
        "asked again"
    );
    assert_eq!(
        party
            .userinfo(tokens["access_token"].as_str().unwrap())
            .await
            .status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn without_a_hint_the_person_is_asked_before_being_signed_out() {
    let party = Party::start().await;
    let answer = party.browser.get(party.at("/end-session")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.text().await.unwrap().contains("Sign out?"));
}

#[tokio::test]
async fn it_misbehaves_when_told_to() {
    let party = Party::start().await;
    let misbehave = async |how| {
        party.provider.misbehave(how);
        let tokens = party.tokens().await;
        let right = party
            .provider
            .house
            .key
            .open(tokens["id_token"].as_str().unwrap())
            .is_some();
        (claims(&tokens["id_token"]), right)
    };
    assert_ne!(misbehave(Misbehaviour::WrongNonce).await.0["nonce"], "n-1");
    assert!(misbehave(Misbehaviour::NoNonce).await.0["nonce"].is_null());
    assert_ne!(misbehave(Misbehaviour::WrongAudience).await.0["aud"], "portico");
    assert!(misbehave(Misbehaviour::Expired).await.0["exp"].as_i64().unwrap() < Timestamp::now().as_second());
    assert!(misbehave(Misbehaviour::NoGroups).await.0["groups"].is_null());
    assert!(!misbehave(Misbehaviour::BadSignature).await.1);
    assert!(!misbehave(Misbehaviour::Unsigned).await.1);
    assert!(misbehave(Misbehaviour::None).await.1);
    party.provider.misbehave(Misbehaviour::TokenEndpointFails);
    let answer = party.exchange(&party.code().await, &[]).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_huge_or_doubled_form_is_refused() {
    let party = Party::start().await;
    let huge = "a=".to_owned() + &"b".repeat(100_000);
    let post = async |body: String| {
        let request = party
            .browser
            .post(party.at("/token"))
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(body).send().await.unwrap().status()
    };
    assert_eq!(post(huge).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post("code=1&code=2".into()).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_key_survives_being_kept() {
    let key = SigningKey::from_pkcs8(&KEY).unwrap();
    let token = key.sign(&json!({ "sub": "0001" })).unwrap();
    let again = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
    assert_eq!(again.open(&token).unwrap()["sub"], "0001");
    assert!(SigningKey::from_pkcs8(b"nonsense").is_err());
}

#[tokio::test]
async fn it_stops_when_told_to_even_while_a_browser_holds_on() {
    let party = Party::start().await;
    party
        .browser
        .get(party.at("/"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let address = party.provider.address();
    party.provider.shutdown().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
