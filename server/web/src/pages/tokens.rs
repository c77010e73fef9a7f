//! API tokens: the viewer's own.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use portico_api::{CreatedToken, Link, TokensPage, names};
use portico_app::{CreateToken, RevokeToken};
use portico_domain::tenancy::TokenScope;
use uuid::Uuid;

use super::super::address::ClientAddress;
use super::super::frame::{FlashMessage, PageContext};
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::{Page, Posted};
use super::redirect;

/// `GET /tokens`.
pub(in super::super) async fn list(Page(context): Page) -> Result<Response, Problem> {
    let command = fresh(&context);
    render(&context, command, Vec::new(), None).await
}

/// `POST /tokens`: makes one, and shows its secret this once.
pub(in super::super) async fn make(
    ClientAddress(address): ClientAddress,
    form: Posted,
) -> Result<Response, Problem> {
    let command = CreateToken {
        name: form.field(names::NAME).to_owned(),
        days: form.field(names::DAYS).parse().unwrap_or(0),
        scope: TokenScope::from_slug(form.field(names::SCOPE)).unwrap_or(TokenScope::Read),
    };
    let context = &form.context;
    let problems = command.problems(&context.configuration.portal.spec.tokens);
    let problems: Vec<_> = problems.into_iter().map(Into::into).collect();
    if !problems.is_empty() {
        let mut response = render(context, command, problems, None).await?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let remote = address.to_string();
    let made = context
        .app
        .portal
        .create_token(context.caller(&remote), &command)
        .await?;
    let mut response = render(context, fresh(context), Vec::new(), Some(made)).await?;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `POST /tokens/{id}/revoke`.
pub(in super::super) async fn revoke(
    ClientAddress(address): ClientAddress,
    ResourceId(id): ResourceId<Uuid>,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let context = &form.context;
    context
        .app
        .portal
        .revoke_token(context.caller(&remote), RevokeToken { id })
        .await?;
    context.app.tokens.forget();
    Ok(FlashMessage::Revoked.add_to(redirect(&Link::Tokens).into_response()))
}

/// What the form begins with.
fn fresh(context: &PageContext) -> CreateToken {
    CreateToken {
        name: String::new(),
        days: context.configuration.portal.spec.tokens.longest_days.min(30),
        scope: TokenScope::Read,
    }
}

async fn render(
    context: &PageContext,
    command: CreateToken,
    problems: Vec<portico_api::Problem>,
    made: Option<CreatedToken>,
) -> Result<Response, Problem> {
    let rules = &context.configuration.portal.spec.tokens;
    let page = TokensPage {
        rows: context.app.portal.tokens(context.viewer()).await?,
        made,
        name: command.name,
        days: command.days,
        longest_days: rules.longest_days,
        sign_in_within_days: rules.sign_in_within_days,
        scope: command.scope,
        problems,
    };
    context
        .page("API tokens", &[], |frame| {
            portico_frontend::pages::tokens(frame, &page)
        })
        .await
}
