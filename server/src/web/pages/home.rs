//! Home.

use axum::response::Response;
use portico_domain::view::HomePage;

use super::super::viewer::Page;

/// `GET /`.
pub(in super::super) async fn page(Page(around): Page) -> Response {
    let page = HomePage {
        unwell: Vec::new(),
        claims: 0,
        ready: 0,
        waiting_on_me: Vec::new(),
        waiting_on_others: Vec::new(),
        today: Vec::new(),
        suggestions: Vec::new(),
        dead_planes: Vec::new(),
    };
    around.page("Home", &[], |frame| portico_frontend::pages::home(frame, &page))
}
