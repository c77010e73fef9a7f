//! Claims taken together: several of them at once, and the list as a file.

use std::io;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use jiff::Timestamp;
use portico_api::{ClaimRow, Link, SeveralAction, SeveralPage, names};
use portico_app::{ActOnClaims, SelectedClaim};

use super::super::address::ClientAddress;
use super::super::frame::PageContext;
use super::super::path_params;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::{Page, Posted};
use super::claims::filter;

/// Rows of the file that are made at a time.
const ROWS_AT_A_TIME: usize = 500;

/// `GET /claims/several?action=…&claim=…&claim=…`.
pub(in super::super) async fn open(Page(context): Page, params: QueryParams) -> Result<Response, Problem> {
    let fields = params.pairs();
    let command = ActOnClaims {
        action: action(params.text(names::ACTION).unwrap_or_default()).ok_or_else(Problem::not_found)?,
        claims: selected(fields, |_, claim| claim),
        confirmation: String::new(),
        note: String::new(),
    };
    let page = context
        .app
        .portal
        .several_page(context.viewer(), &command)
        .await?;
    render(&context, &page).await
}

/// `POST /claims/several`.
pub(in super::super) async fn send(
    ClientAddress(address): ClientAddress,
    form: Posted,
) -> Result<Response, Problem> {
    let command = ActOnClaims {
        action: action(form.field(names::ACTION))
            .ok_or_else(|| Problem::bad_request("There is no such action for several claims."))?,
        claims: selected(&form.fields, |text, claim| SelectedClaim {
            id: form.field(&names::of_claim(names::REQUEST, text)).parse().ok(),
            uid: Some(form.field(&names::of_claim(names::UID, text)).to_owned())
                .filter(|uid| !uid.is_empty()),
            ..claim
        }),
        confirmation: form.field(names::CONFIRM).to_owned(),
        note: form.field(names::NOTE).to_owned(),
    };
    let remote = address.to_string();
    let context = &form.context;
    let portal = &context.app.portal;
    let page = portal.act_on_claims(context.caller(&remote), &command).await?;
    let mut response = render(context, &page).await?;
    if !page.sent {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `GET /claims/export`: the claims of the list with this filter, all of its pages, as CSV (RFC 4180).
pub(in super::super) async fn export(Page(context): Page, params: QueryParams) -> Result<Response, Problem> {
    let portal = &context.app.portal;
    let mut rows = portal.all_claims(context.viewer(), context.workspace(), &filter(&params));
    let mut head = Some(csv(&[COLUMNS.map(str::to_owned)]));
    let parts = std::iter::from_fn(move || {
        if let Some(head) = head.take() {
            return Some(head);
        }
        let next: Vec<_> = rows
            .by_ref()
            .take(ROWS_AT_A_TIME)
            .map(|row| record(&row))
            .collect();
        (!next.is_empty()).then(|| csv(&next))
    });
    let name = format!(
        "attachment; filename=\"claims-{}.csv\"",
        Timestamp::now().strftime("%Y-%m-%d")
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(futures::stream::iter(parts))).into_response())
}

async fn render(context: &PageContext, page: &SeveralPage) -> Result<Response, Problem> {
    let title = match page.action {
        SeveralAction::Renew => "Renew claims",
        SeveralAction::Delete => "Delete claims",
    };
    let error = if page.problems.is_empty() { "" } else { "Error: " };
    context
        .page(&format!("{error}{title}"), &[("Claims", Link::Claims)], |frame| {
            portico_frontend::pages::several_claims(frame, page)
        })
        .await
}

fn action(slug: &str) -> Option<SeveralAction> {
    SeveralAction::ALL
        .into_iter()
        .find(|action| action.slug() == slug)
}

/// The selected claims. What is no claim is left out: people edit addresses.
fn selected(
    fields: &[(String, String)],
    complete: impl Fn(&str, SelectedClaim) -> SelectedClaim,
) -> Vec<SelectedClaim> {
    let texts = fields.iter().filter(|(name, _)| name == names::CLAIM);
    texts
        .filter_map(|(_, text)| {
            let claim = SelectedClaim::new(path_params::claim(text).ok()?);
            Some(complete(text, claim))
        })
        .collect()
}

const COLUMNS: [&str; 14] = [
    "name",
    "namespace",
    "tenant",
    "environment",
    "offering",
    "version",
    "plan",
    "control plane",
    "health",
    "reason",
    "requested by",
    "managed by",
    "created",
    "runs out",
];

fn record(row: &ClaimRow) -> [String; 14] {
    fn text(value: Option<&impl ToString>) -> String {
        value.map(ToString::to_string).unwrap_or_default()
    }
    let claim = &row.reference;
    let cells = [
        claim.name.to_string(),
        text(claim.namespace.as_ref()),
        text(row.tenant.as_ref()),
        text(row.environment.as_ref()),
        row.offering_title.clone(),
        text(row.version.as_ref()),
        text(row.plan.as_ref()),
        row.plane_title.clone(),
        row.health.slug().to_owned(),
        row.reason.clone(),
        text(row.requester.as_ref()),
        text(row.managed_by.as_ref().map(|by| &by.word)),
        row.created_at.to_string(),
        text(row.expires_at.as_ref()),
    ];
    cells.map(harmless)
}

/// Spreadsheets take a cell that begins so for a formula: controllers write reasons, and people write titles.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}

fn csv(records: &[[String; 14]]) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for record in records {
        writer.write_record(record)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert!(harmless(cell.to_owned()).starts_with('\''), "{cell}");
        }
        assert_eq!(harmless("orders, \"main\"".to_owned()), "orders, \"main\"");
    }
}
