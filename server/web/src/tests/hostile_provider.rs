//! A hostile provider's forgeries are refused with the name of the claim, and the odd but valid responses of real
//! providers are accepted.

use std::sync::Arc;

use portico_simulator::oidc::{AnswersAs, Forgery, Signing, SigningKey};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::testing::{Browser, Page, TestServer};

/// Signs dana in, whatever the provider sends, and returns the page.
async fn try_sign_in(server: &TestServer) -> (Browser, Page) {
    let mut browser = server.browser();
    let choice = browser.get("/auth/login?provider=sso").await;
    let page = browser.choose(&choice, "dana").await;
    (browser, page)
}

/// Starts a server with these settings of its provider.
async fn server_with(settings: &str) -> TestServer {
    let mut lines = String::new();
    for line in settings.lines() {
        lines.push_str("        ");
        lines.push_str(line);
        lines.push('\n');
    }
    TestServer::start_unlimited(move |portal| {
        portal.replace("        scopes:", &format!("{lines}        scopes:"))
    })
    .await
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

async fn assert_refused(server: &TestServer, trick: &str, forgery: Forgery, named: &str) {
    server.provider.forge(forgery);
    let (mut browser, page) = try_sign_in(server).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY, "{trick}: {}", page.text);
    assert!(page.text.contains("You could not be signed in"), "{trick}");
    assert!(!page.text.contains("canary-4711"), "{trick}: {}", page.text);
    assert!(page.text.contains(named), "{trick} names {named}: {}", page.text);
    assert_eq!(browser.get("/").await.url.path(), "/sign-in", "{trick}");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of tricks, each a few lines")]
async fn every_forged_id_token_is_refused_with_the_name_of_the_claim() {
    let server = server_with("").await;
    let now = jiff::Timestamp::now().as_second();
    let claims = Forgery::of_claims;
    let header = |members: Value| Forgery {
        header: map(members),
        ..Forgery::default()
    };
    let without = |claim: &str| Forgery {
        without: vec![claim.to_owned()],
        ..Forgery::default()
    };
    let signed = |signing: Signing| Forgery {
        signing,
        ..Forgery::default()
    };
    let foreign = Arc::new(SigningKey::generate().unwrap());
    let tricks = vec![
        // Signature.
        ("no signature", signed(Signing::Nothing), "alg"),
        (
            "no signature, in capitals",
            header(json!({ "alg": "NONE" })),
            "alg",
        ),
        (
            "HS256 by the public key",
            signed(Signing::PublicKeyAsSecret),
            "alg",
        ),
        (
            "HS256 by the client's secret, which the provider does not publish",
            signed(Signing::Secret(b"s3cret %".to_vec())),
            "alg",
        ),
        (
            "an algorithm that nobody knows",
            header(json!({ "alg": "RS255" })),
            "alg",
        ),
        (
            "a foreign key under the name of a published one",
            signed(Signing::Foreign(Arc::clone(&foreign))),
            "signature",
        ),
        (
            "a foreign key under a name of its own",
            Forgery {
                header: map(json!({ "kid": "other" })),
                ..signed(Signing::Foreign(Arc::clone(&foreign)))
            },
            "kid",
        ),
        (
            "such a key without a name",
            Forgery {
                header: map(json!({ "kid": null })),
                ..signed(Signing::Foreign(foreign))
            },
            "signature",
        ),
        (
            "an access token's type",
            header(json!({ "typ": "at+jwt" })),
            "typ",
        ),
        (
            "a logout token's type",
            header(json!({ "typ": "logout+jwt" })),
            "typ",
        ),
        ("a token in the token", header(json!({ "cty": "JWT" })), "cty"),
        (
            "an extension",
            header(json!({ "crit": ["b64"], "b64": false })),
            "crit",
        ),
        // Issuer and audience.
        (
            "another issuer",
            claims(&json!({ "iss": "https://evil.example" })),
            "iss",
        ),
        (
            "nearly the issuer",
            claims(&json!({ "iss": format!("{}/", server.provider.issuer()) })),
            "iss",
        ),
        ("no issuer", without("iss"), "iss"),
        ("another audience", claims(&json!({ "aud": "another" })), "aud"),
        ("no audience", without("aud"), "aud"),
        ("an empty audience", claims(&json!({ "aud": [] })), "aud"),
        (
            "audiences without us",
            claims(&json!({ "aud": ["another", "third"] })),
            "aud",
        ),
        (
            "an audience that is no text",
            claims(&json!({ "aud": ["portico", 7] })),
            "aud",
        ),
        (
            "an audience that is not trusted",
            claims(&json!({ "aud": ["portico", "project-1"], "azp": "portico" })),
            "trustedAudiences",
        ),
        (
            "asked for by another",
            claims(&json!({ "azp": "another" })),
            "azp",
        ),
        (
            "asked for by another, in a list of one",
            claims(&json!({ "aud": ["portico"], "azp": "another" })),
            "azp",
        ),
        ("asked for by a number", claims(&json!({ "azp": 7 })), "azp"),
        // Times.
        ("over", claims(&json!({ "exp": now - 1 })), "exp"),
        ("without an end", without("exp"), "exp"),
        ("an end in words", claims(&json!({ "exp": "tomorrow" })), "exp"),
        ("a year old", claims(&json!({ "iat": now - 365 * 86_400 })), "iat"),
        ("of the future", claims(&json!({ "iat": now + 3_600 })), "iat"),
        ("of no time", without("iat"), "iat"),
        ("not yet good", claims(&json!({ "nbf": now + 3_600 })), "nbf"),
        // Binding to this sign-in.
        ("another nonce", claims(&json!({ "nonce": "another" })), "nonce"),
        ("no nonce", without("nonce"), "nonce"),
        ("a nonce of null", claims(&json!({ "nonce": null })), "nonce"),
        (
            "another access token",
            claims(&json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })),
            "at_hash",
        ),
        (
            "a hash that is no text",
            claims(&json!({ "at_hash": 7 })),
            "at_hash",
        ),
        // Subject.
        ("nobody", without("sub"), "sub"),
        ("an empty name", claims(&json!({ "sub": "" })), "sub"),
        ("a blank", claims(&json!({ "sub": " " })), "sub"),
        ("a number", claims(&json!({ "sub": 7 })), "sub"),
        (
            "an endless name",
            claims(&json!({ "sub": "x".repeat(1_000) })),
            "sub",
        ),
        ("two lines", claims(&json!({ "sub": "dana\nada" })), "sub"),
        // Token response.
        (
            "no ID token",
            Forgery {
                answer: map(json!({ "id_token": null })),
                ..Forgery::default()
            },
            "id_token",
        ),
        (
            "what is no token",
            Forgery {
                answer: map(json!({ "id_token": "canary-4711.x.y" })),
                ..Forgery::default()
            },
            "ID token",
        ),
        (
            "an access token of another type",
            Forgery {
                answer: map(json!({ "access_token": ["canary-4711"] })),
                ..Forgery::default()
            },
            "token endpoint",
        ),
    ];
    for (trick, forgery, named) in tricks {
        assert_refused(&server, trick, forgery, named).await;
    }
    server.provider.forge(Forgery::default());
    assert_eq!(try_sign_in(&server).await.1.status, StatusCode::OK);
}

#[tokio::test]
async fn odd_optional_claims_do_not_prevent_sign_in() {
    let server = server_with("").await;
    let now = jiff::Timestamp::now().as_second();
    for odd in [
        json!({ "address": "1 Main Street", "locale": "en_US", "zoneinfo": "", "picture": "not a url" }),
        json!({ "updated_at": "2025-12-23T10:59:07.841Z" }),
        json!({ "updated_at": "1700000000" }),
        json!({ "email_verified": "true" }),
        json!({ "phone_number_verified": "false", "phone_number": 7 }),
        json!({ "birthdate": 1970, "website": 7, "gender": ["x"], "profile": {}, "nickname": [] }),
        json!({ "given_name": { "en": "Dana" }, "family_name": 7, "middle_name": null }),
        json!({ "acr": 1, "amr": "pwd", "auth_time": "1700000000", "sid": 7 }),
        json!({ "name": 7 }),
        json!({ "email": ["dana@example.test"] }),
        json!({ "preferred_username": {} }),
        json!({ "aud": ["portico"] }),
        json!({ "aud": ["portico"], "azp": "portico" }),
        json!({ "exp": f64::from(u32::try_from(now).unwrap()) + 300.5 }),
        // Entra ID dates its tokens back.
        json!({ "iat": now - 300, "nbf": now - 300 }),
        json!({ "nbf": null, "azp": null, "at_hash": null }),
    ] {
        server.provider.forge(Forgery::of_claims(&odd));
        let (_, page) = try_sign_in(&server).await;
        assert_eq!(page.status, StatusCode::OK, "{odd}: {}", page.text);
        assert!(page.text.contains("Payments"), "{odd}: {}", page.text);
    }
    server.provider.forge(Forgery {
        header: map(json!({ "typ": null })),
        answer: map(json!({ "expires_in": "3600", "token_type": 7, "scope": ["openid"] })),
        ..Forgery::default()
    });
    let (_, page) = try_sign_in(&server).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
}

#[tokio::test]
async fn additional_audiences_must_be_trusted_by_the_configuration() {
    let server = server_with("trustedAudiences: ['300000000000000001']").await;
    let claims = |more: Value| Forgery::of_claims(&more);
    server.provider.forge(claims(
        json!({ "aud": ["portico", "300000000000000001"], "azp": "portico" }),
    ));
    assert_eq!(try_sign_in(&server).await.1.status, StatusCode::OK);
    for (trick, more, named) in [
        (
            "asked for by another",
            json!({ "azp": "300000000000000001" }),
            "azp",
        ),
        ("nobody asked for it", json!({}), "azp"),
        (
            "without us",
            json!({ "aud": ["300000000000000001"], "azp": "portico" }),
            "aud",
        ),
    ] {
        let mut forged = map(json!({ "aud": ["portico", "300000000000000001"] }));
        forged.extend(map(more));
        assert_refused(&server, trick, claims(Value::Object(forged)), named).await;
    }
}

#[tokio::test]
async fn hs256_is_accepted_only_if_the_provider_announces_it() {
    let server = TestServer::start().await;
    let secret = |secret: &[u8]| Forgery {
        discovery: map(json!({ "id_token_signing_alg_values_supported": ["RS256", "HS256"] })),
        signing: Signing::Secret(secret.to_vec()),
        ..Forgery::default()
    };
    server.provider.forge(secret(b"s3cret %"));
    assert_eq!(try_sign_in(&server).await.1.status, StatusCode::OK);
    assert_refused(&server, "another secret", secret(b"guessed"), "signature").await;
    let public = Forgery {
        signing: Signing::PublicKeyAsSecret,
        ..secret(b"")
    };
    assert_refused(&server, "the public key", public, "signature").await;
}

/// Returns dana's accepted e-mail address.
async fn email(server: &TestServer) -> Value {
    let (mut browser, page) = try_sign_in(server).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let viewer = browser.send(Method::GET, "/api/v1/viewer", &[], None).await;
    serde_json::from_str::<Value>(&viewer.text).unwrap()["person"]["email"].clone()
}

#[tokio::test]
async fn an_email_is_used_only_if_verified() {
    let server = TestServer::start().await;
    let trusting = server_with("trustEmails: true").await;
    let trusted_email = json!("dana@example.test");
    for (verified, strict, trusted) in [
        (Some(json!(true)), &trusted_email, &trusted_email),
        (Some(json!("true")), &trusted_email, &trusted_email),
        (Some(json!(false)), &Value::Null, &Value::Null),
        (Some(json!("false")), &Value::Null, &Value::Null),
        (Some(json!(["yes"])), &Value::Null, &Value::Null),
        (None, &Value::Null, &trusted_email),
    ] {
        for (server, wanted) in [(&server, strict), (&trusting, trusted)] {
            server.provider.forge(match &verified {
                Some(verified) => Forgery::of_claims(&json!({ "email_verified": verified })),
                None => Forgery {
                    without: vec!["email_verified".to_owned()],
                    ..Forgery::default()
                },
            });
            assert_eq!(email(server).await, *wanted, "{verified:?}");
        }
    }
}

#[tokio::test]
async fn acr_and_auth_time_are_requested_and_checked() {
    let server = server_with("maxAgeMinutes: 60\nacrValues: [phishing-resistant, mfa]").await;
    let sent = server
        .browser()
        .send(Method::GET, "/auth/login?provider=sso", &[], None)
        .await;
    let authorization_request = sent.header("location");
    assert!(
        authorization_request.contains("max_age=3600"),
        "{authorization_request}"
    );
    assert!(
        authorization_request.contains("acr_values=phishing-resistant+mfa"),
        "{authorization_request}"
    );
    let now = jiff::Timestamp::now().as_second();
    let claims = |more: Value| {
        let mut claims = map(json!({ "acr": "mfa" }));
        claims.extend(map(more));
        Forgery::of_claims(&Value::Object(claims))
    };
    server.provider.forge(claims(json!({})));
    assert_eq!(try_sign_in(&server).await.1.status, StatusCode::OK);
    for (trick, more, named) in [
        ("long ago", json!({ "auth_time": now - 2 * 3_600 }), "auth_time"),
        ("at no time", json!({ "auth_time": null }), "auth_time"),
        ("in words", json!({ "auth_time": "just now" }), "auth_time"),
        ("by a password", json!({ "acr": "pwd" }), "acr"),
        ("by nothing", json!({ "acr": null }), "acr"),
        ("by a list", json!({ "acr": ["mfa"] }), "acr"),
    ] {
        assert_refused(&server, trick, claims(more), named).await;
    }
}

#[tokio::test]
async fn a_response_from_another_provider_is_refused() {
    let server = TestServer::start().await;
    for (trick, answers_as) in [
        ("another", AnswersAs::Another("https://evil.example".to_owned())),
        ("nobody, where it says that it says who it is", AnswersAs::Nobody),
    ] {
        server.provider.forge(Forgery {
            answers_as,
            ..Forgery::default()
        });
        let (mut browser, page) = try_sign_in(&server).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{trick}: {}", page.text);
        assert!(page.text.contains("Another sign-in service answered"), "{trick}");
        assert_eq!(browser.get("/").await.url.path(), "/sign-in", "{trick}");
    }
    // Providers older than RFC 9207 send no `iss`.
    let older = TestServer::start().await;
    older.provider.forge(Forgery {
        discovery: map(json!({ "authorization_response_iss_parameter_supported": null })),
        answers_as: AnswersAs::Nobody,
        ..Forgery::default()
    });
    assert_eq!(try_sign_in(&older).await.1.status, StatusCode::OK);
}

#[tokio::test]
async fn a_callback_works_once_and_only_in_its_browser() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let choice = browser.get("/auth/login?provider=sso").await;
    let form = [("ticket", choice.hidden("ticket")), ("person", "dana".to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let action = choice.url.join("/sign-in").unwrap();
    let response = browser
        .send(Method::POST, action.as_str(), &[], Some(&form))
        .await;
    let callback = response.header("location").to_owned();
    let other_browser = server.browser().get(&callback).await;
    assert_eq!(other_browser.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.get(&callback).await.url.path(), "/");
    let again = browser.get(&callback).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "{}", again.text);
}

#[tokio::test]
async fn userinfo_must_be_about_the_same_subject() {
    let server = server_with("groupsFrom: userinfo").await;
    let userinfo = |claims: Value, signed_userinfo| Forgery {
        without: vec!["groups".to_owned()],
        userinfo: map(claims),
        signed_userinfo,
        ..Forgery::default()
    };
    let issuer = server.provider.issuer().to_owned();
    for (claims, signed) in [
        (
            json!({ "email_verified": "true", "phone_number_verified": "false" }),
            false,
        ),
        (json!({}), true),
        (json!({ "iss": issuer, "aud": ["portico", "another"] }), true),
    ] {
        server.provider.forge(userinfo(claims, signed));
        let (_, page) = try_sign_in(&server).await;
        assert!(page.text.contains("Payments"), "{}", page.text);
    }
    for (trick, claims, signed, named) in [
        (
            "of another",
            json!({ "sub": "id-pat", "groups": ["platform-admins"] }),
            false,
            "sub",
        ),
        ("of another, signed", json!({ "sub": "id-pat" }), true, "sub"),
        (
            "from another",
            json!({ "iss": "https://evil.example" }),
            true,
            "iss",
        ),
        ("for another", json!({ "aud": "another" }), true, "aud"),
    ] {
        assert_refused(&server, trick, userinfo(claims, signed), named).await;
    }
}

#[tokio::test]
async fn missing_groups_are_explained_on_the_page() {
    let server = TestServer::start().await;
    for (forgery, words) in [
        (
            Forgery {
                without: vec!["groups".to_owned()],
                ..Forgery::of_claims(&json!({ "_claim_names": { "groups": "src1" }, "_claim_sources": {} }))
            },
            "left all of them out",
        ),
        (
            Forgery {
                without: vec!["groups".to_owned()],
                ..Forgery::of_claims(&json!({ "hasgroups": true }))
            },
            "hasgroups",
        ),
        (
            Forgery {
                without: vec!["groups".to_owned()],
                ..Forgery::default()
            },
            "there is no claim",
        ),
        (Forgery::of_claims(&json!({ "groups": 42 })), "is a number"),
        (
            Forgery::of_claims(&json!({ "groups": "x,payments-developers" })),
            "groupsSeparator",
        ),
    ] {
        server.provider.forge(forgery);
        let (_, page) = try_sign_in(&server).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(words), "{words}: {}", page.text);
        assert!(!page.text.contains("Payments"), "{words}");
    }
}

#[tokio::test]
async fn a_configured_group_counts_among_thousands_of_others() {
    let server = TestServer::start().await;
    let mut groups: Vec<String> = (0..8_000).map(|number| format!("group-{number:04}")).collect();
    groups.push("payments-developers".to_owned());
    server
        .provider
        .forge(Forgery::of_claims(&json!({ "groups": groups })));
    let (browser, page) = try_sign_in(&server).await;
    assert!(page.text.contains("Payments"), "{}", page.text);
    assert!(
        browser.cookies["portico"].len() < 100,
        "the cookie does not grow with the groups"
    );
}
