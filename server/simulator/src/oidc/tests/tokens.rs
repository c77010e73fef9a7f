//! The token endpoint, with correct and defective tokens.

use super::*;

#[tokio::test]
async fn a_reused_code_is_refused_and_revokes_its_token() {
    let party = Party::start().await;
    let code = party.code().await;
    let tokens: Value = party.exchange(&code, &[]).await.json().await.unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(party.userinfo(access).await.status(), StatusCode::OK);
    assert_eq!(error(party.exchange(&code, &[]).await).await, "invalid_grant");
    assert_eq!(party.userinfo(access).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_expires_after_a_minute() {
    let party = Party::start().await;
    let code = party.code().await;
    party.wait(61);
    assert_eq!(error(party.exchange(&code, &[]).await).await, "invalid_grant");
}

#[tokio::test]
async fn a_code_needs_the_right_verifier_redirect_uri_and_client() {
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
async fn a_client_can_authenticate_with_basic_auth() {
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
    // The secret in the header is form-encoded (RFC 6749, section 2.3.1).
    assert_eq!(
        request("s3cret+%25").send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn each_misbehaviour_has_its_defect() {
    let party = Party::start().await;
    let misbehave = async |how| {
        party.provider.misbehave(how);
        let tokens = party.tokens().await;
        let right = party
            .provider
            .state
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
async fn an_oversized_form_or_a_duplicate_field_is_refused() {
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
async fn the_key_can_be_encoded_and_decoded() {
    let key = SigningKey::from_pkcs8(&KEY).unwrap();
    let token = key.sign(&json!({ "sub": "0001" })).unwrap();
    let again = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
    assert_eq!(again.open(&token).unwrap()["sub"], "0001");
    assert!(SigningKey::from_pkcs8(b"nonsense").is_err());
}
