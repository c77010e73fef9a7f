//! The switch of tenant and environment in the navigation.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, header};
use portico_api::names;

use super::super::frame::{WORKSPACE_COOKIE, parse_workspace};
use super::super::problem::Problem;
use super::super::viewer::Posted;
use crate::auth::ReturnTo;

/// `POST /switch`: remembers the workspace (`tenant/environment`) and returns to the page.
pub(in super::super) async fn switch(form: Posted) -> Result<Response, Problem> {
    let (tenant, environment) =
        parse_workspace(form.field(names::WORKSPACE)).ok_or_else(Problem::not_found)?;
    let exists = form
        .context
        .configuration
        .tenants
        .get(&tenant)
        .is_some_and(|tenant| tenant.environment(&environment).is_some());
    if !exists || !form.context.viewer().roles().contains_key(&tenant) {
        return Err(Problem::not_found());
    }
    let secure = if form.context.app.secure() { "; Secure" } else { "" };
    let cookie = format!(
        "{WORKSPACE_COOKIE}={tenant}/{environment}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}"
    );
    let mut response = Redirect::to(ReturnTo::parse(form.field(names::RETURN_TO)).as_str()).into_response();
    response.headers_mut().append(
        header::SET_COOKIE,
        HeaderValue::from_str(&cookie)
            .map_err(|_| Problem::bad_request("This is no tenant and environment."))?,
    );
    Ok(response)
}
