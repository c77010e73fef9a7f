use leptos::prelude::*;
use portico_api::{Frame, Link, SessionRow, SessionsPage};

use crate::pages::claims::csrf;
use crate::parts::text::empty;
use crate::parts::{document, icon, time};

/// Sessions: where am I signed in, and how do I end that?
#[must_use]
pub fn sessions(frame: &Frame, page: &SessionsPage) -> String {
    document(frame, || {
        let others = page.rows.iter().filter(|row| !row.current).count();
        let end_others = (others > 0).then(|| {
            view! {
                <form method="post" action=Link::EndSession("others".to_owned()).to_string()>
                    {csrf(frame)}
                    <button class="button">{icon("sign-out")}"End all others"</button>
                </form>
            }
        });
        view! {
            <div class="page-head">
                <div>
                    <h1>"Sessions"</h1>
                    <p>"Where you are signed in. If you do not know one, end it and tell your platform team; then look at "<a href=Link::Tokens.to_string()>"your API tokens"</a>" too."</p>
                </div>
                {end_others}
            </div>
            <section aria-label="Your sessions">{session_table(frame, &page.rows, |row| Link::EndSession(row.id.clone()).to_string())}</section>
        }
        .into_any()
    })
}

/// A table of sessions, each with a button that posts to `action`.
pub(crate) fn session_table(
    frame: &Frame,
    rows: &[SessionRow],
    action: impl Fn(&SessionRow) -> String,
) -> AnyView {
    if rows.is_empty() {
        return empty(
            "sign-out",
            "No sessions",
            "Nobody is signed in in this name.",
            None,
        );
    }
    let rows: Vec<_> = rows.iter().map(|row| session(frame, row, action(row))).collect();
    view! {
        <div class="table-wrap"><table class="rows">
            <caption class="unseen">"Sessions"</caption>
            <thead><tr>
                <th scope="col">"Browser"</th>
                <th scope="col">"Address"</th>
                <th scope="col">"Signed in"</th>
                <th scope="col">"Last used"</th>
                <th scope="col"><span class="unseen">"What to do"</span></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}

fn session(frame: &Frame, row: &SessionRow, action: String) -> impl IntoView + use<> {
    let browser = row
        .browser
        .clone()
        .unwrap_or_else(|| "Unknown browser".to_owned());
    let this = row
        .current
        .then(|| view! { <span class="mark">"this one"</span> });
    view! {
        <tr>
            <th scope="row">{browser.clone()}{this}</th>
            <td data-label="Address" class="mono peer">{row.address.clone().unwrap_or_else(|| "–".to_owned())}</td>
            <td data-label="Signed in">{time(frame.now, row.started_at)}</td>
            <td data-label="Last used">{time(frame.now, row.seen_at)}</td>
            <td class="act">
                <form method="post" action=action>
                    {csrf(frame)}
                    <input type="hidden" name=portico_api::names::SESSION value=row.id.clone() />
                    <button class="button" aria-label=format!("End the session of {browser}")>"End"</button>
                </form>
            </td>
        </tr>
    }
}
