//! Which role may use which route.

/// The columns of the table: anonymous; viewer, developer, approver and admin of the tenant; admin of another
/// tenant; platform admin.
pub(super) const ROLES: [&str; 6] = ["vic", "dana", "ada", "tess", "ruth", "pat"];

/// The pages: method, route, path, and the expected results. `K`: success (a page, or a redirect to one). `S`: sign-in required. `F`: forbidden.
/// `N`: not found. `B`: allowed, but the body of this test is invalid.
///
/// `{claim}` is the page of a claim of payments, `{reference}` the claim, `{request}` a request by dana that
/// waits for ada.
pub(super) const PAGES: &[(&str, &str, &str, &str)] = &[
    ("GET", "/", "/", "SKKKKKK"),
    ("GET", "/catalog", "/catalog", "SKKKKKK"),
    ("GET", "/catalog/{offering}", "/catalog/{offering}", "SKKKKKK"),
    (
        "GET",
        "/catalog/{offering}/request",
        "/catalog/{offering}/request",
        "SFKKKKF",
    ),
    (
        "POST",
        "/catalog/{offering}/request",
        "/catalog/{offering}/request",
        "SFKKKKF",
    ),
    ("GET", "/requests", "/requests", "SKKKKKK"),
    ("GET", "/requests/{id}", "/requests/{request}", "SKKKKNK"),
    (
        "POST",
        "/requests/{id}/decide",
        "/requests/{request}/decide",
        "SFFBBNF",
    ),
    // Nobody has decided on it.
    (
        "POST",
        "/requests/{id}/undo",
        "/requests/{request}/undo",
        "SBBBBNB",
    ),
    (
        "POST",
        "/requests/{id}/withdraw",
        "/requests/{request}/withdraw",
        "SFKFKNF",
    ),
    (
        "POST",
        "/requests/{id}/comment",
        "/requests/{request}/comment",
        "SFKKKNF",
    ),
    ("GET", "/claims", "/claims", "SKKKKKK"),
    ("GET", "/claims/export", "/claims/export", "SKKKKKK"),
    ("POST", "/claims/views", "/claims/views", "SBBBBBB"),
    ("POST", "/claims/views/delete", "/claims/views/delete", "SNNNNNN"),
    // What may not be done is said on the page, claim by claim.
    (
        "GET",
        "/claims/several",
        "/claims/several?action=delete&claim={reference}",
        "SKKKKKK",
    ),
    ("POST", "/claims/several", "/claims/several", "SBBBBBB"),
    (
        "GET",
        "/claims/{plane}/{offering}/{namespace}/{name}",
        "{claim}",
        "SKKKKNK",
    ),
    (
        "GET",
        "/claims/{plane}/{offering}/{namespace}/{name}/change",
        "{claim}/change",
        "SFKKKNF",
    ),
    (
        "POST",
        "/claims/{plane}/{offering}/{namespace}/{name}/change",
        "{claim}/change",
        "SFKKKNF",
    ),
    (
        "POST",
        "/claims/{plane}/{offering}/{namespace}/{name}/renew",
        "{claim}/renew",
        "SFBBBNF",
    ),
    // Portico manages it already.
    (
        "GET",
        "/claims/{plane}/{offering}/{namespace}/{name}/adopt",
        "{claim}/adopt",
        "SFFFFNF",
    ),
    (
        "POST",
        "/claims/{plane}/{offering}/{namespace}/{name}/adopt",
        "{claim}/adopt",
        "SFFFFNF",
    ),
    (
        "GET",
        "/claims/{plane}/{offering}/{namespace}/{name}/delete",
        "{claim}/delete",
        "SFKKKNF",
    ),
    (
        "POST",
        "/claims/{plane}/{offering}/{namespace}/{name}/delete",
        "{claim}/delete",
        "SFBBBNF",
    ),
    (
        "POST",
        "/claims/{plane}/{offering}/{namespace}/{name}/reveal",
        "{claim}/reveal",
        "SFKKKNF",
    ),
    ("GET", "/approvals", "/approvals", "SKKKKKK"),
    ("GET", "/usage", "/usage", "SKKKKKK"),
    ("GET", "/kubectl", "/kubectl", "SKKKKKK"),
    // The demo's templates hand out none.
    ("POST", "/kubectl", "/kubectl", "SNNNNNN"),
    ("GET", "/tokens", "/tokens", "SKKKKKK"),
    ("POST", "/tokens", "/tokens", "SKKKKKK"),
    (
        "POST",
        "/tokens/{id}/revoke",
        "/tokens/0190a6a0-0000-7000-8000-000000000000/revoke",
        "SNNNNNN",
    ),
    ("GET", "/admin/control-planes", "/admin/control-planes", "SNNNNNK"),
    (
        "GET",
        "/admin/differences/{offering}",
        "/admin/differences/{offering}",
        "SNNNNNK",
    ),
    (
        "GET",
        "/admin/control-planes/{plane}",
        "/admin/control-planes/eu-shared",
        "SNNNNNK",
    ),
    (
        "POST",
        "/admin/control-planes/{plane}/cordon",
        "/admin/control-planes/us-shared/cordon",
        "SNNNNNK",
    ),
    (
        "POST",
        "/admin/control-planes/{plane}/uncordon",
        "/admin/control-planes/us-shared/uncordon",
        "SNNNNNK",
    ),
    // The right cluster answers.
    (
        "POST",
        "/admin/control-planes/{plane}/cluster",
        "/admin/control-planes/us-shared/cluster",
        "SNNNNNB",
    ),
    // A control plane without agents.
    (
        "POST",
        "/admin/control-planes/{plane}",
        "/admin/control-planes/us-shared",
        "SNNNNNN",
    ),
    (
        "POST",
        "/admin/control-planes/{plane}/agents/{agent}/revoke",
        "/admin/control-planes/us-shared/agents/00000000-0000-0000-0000-000000000000/revoke",
        "SNNNNNN",
    ),
    ("GET", "/admin/try-definition", "/admin/try-definition", "SNNNNNK"),
    // Without a definition.
    (
        "POST",
        "/admin/try-definition",
        "/admin/try-definition",
        "SNNNNNB",
    ),
    ("GET", "/admin", "/admin", "SNNNKKK"),
    ("GET", "/sessions", "/sessions", "SKKKKKK"),
    ("POST", "/sessions/{id}/end", "/sessions/none/end", "SNNNNNN"),
    // Research publishes it.
    ("GET", "/admin/publications", "/admin/publications", "SNNNNKK"),
    (
        "GET",
        "/admin/publications/{publication}",
        "/admin/publications/research-queues",
        "SNNNNKK",
    ),
    (
        "POST",
        "/admin/publications/{publication}/decide",
        "/admin/publications/research-queues/decide",
        "SNNNNNN",
    ),
    ("GET", "/admin/people", "/admin/people", "SNNNNNK"),
    (
        "GET",
        "/admin/people/{id}",
        "/admin/people/0190a6a0-0000-7000-8000-000000000000",
        "SNNNNNN",
    ),
    (
        "POST",
        "/admin/people/{id}/end",
        "/admin/people/0190a6a0-0000-7000-8000-000000000000/end",
        "SNNNNNN",
    ),
    ("GET", "/admin/tenants", "/admin/tenants", "SNNNKKK"),
    (
        "GET",
        "/admin/tenants/{tenant}",
        "/admin/tenants/payments",
        "SNNNKNK",
    ),
    ("GET", "/admin/record", "/admin/record", "SNNNKKK"),
    ("GET", "/admin/record/export", "/admin/record/export", "SNNNKKK"),
    // The audit log is intact, so there is nothing to acknowledge.
    (
        "POST",
        "/admin/record/acknowledge",
        "/admin/record/acknowledge",
        "SNNNNNB",
    ),
    ("GET", "/admin/configuration", "/admin/configuration", "SNNNNNK"),
    ("GET", "/sign-in", "/sign-in", "KKKKKKK"),
    ("GET", "/auth/login", "/auth/login", "KKKKKKK"),
    ("GET", "/auth/callback", "/auth/callback", "BBBBBBB"),
    (
        "POST",
        "/auth/backchannel-logout",
        "/auth/backchannel-logout",
        "BBBBBBB",
    ),
    ("GET", "/auth/signed-out", "/auth/signed-out", "KKKKKKK"),
    ("POST", "/switch", "/switch", "SKKKKNN"),
    ("GET", "/logo", "/logo", "NNNNNNN"),
    ("GET", "/assets/{file}", "/assets/none.css", "NNNNNNN"),
    ("GET", "/healthz", "/healthz", "KKKKKKK"),
    ("GET", "/readyz", "/readyz", "KKKKKKK"),
    ("GET", "/metrics", "/metrics", "KKKKKKK"),
    // Last, because it ends the session.
    ("POST", "/auth/logout", "/auth/logout", "SKKKKKK"),
];

/// The API: method, route, path, body, results.
const API: &[(&str, &str, &str, &str, &str)] = &[
    (
        "GET",
        "/api/v1/openapi.json",
        "/api/v1/openapi.json",
        "",
        "KKKKKKK",
    ),
    ("GET", "/events", "/events", "", "SKKKKKK"),
    ("GET", "/events", "/events?claim={reference}", "", "SKKKKNK"),
    ("GET", "/api/v1/viewer", "/api/v1/viewer", "", "SKKKKKK"),
    ("GET", "/api/v1/home", "/api/v1/home", "", "SKKKKKK"),
    ("GET", "/api/v1/search", "/api/v1/search?q=sql", "", "SKKKKKK"),
    ("GET", "/api/v1/offerings", "/api/v1/offerings", "", "SKKKKKK"),
    (
        "GET",
        "/api/v1/offerings/{offering}",
        "/api/v1/offerings/{offering}",
        "",
        "SKKKKKK",
    ),
    (
        "POST",
        "/api/v1/offerings/{offering}/check",
        "/api/v1/offerings/{offering}/check",
        "{}",
        "SFKKKKF",
    ),
    ("GET", "/api/v1/requests", "/api/v1/requests", "", "SKKKKKK"),
    (
        "POST",
        "/api/v1/requests",
        "/api/v1/requests",
        r#"{"offering":"{offering}"}"#,
        "SFBBBBF",
    ),
    (
        "GET",
        "/api/v1/requests/{id}",
        "/api/v1/requests/{request}",
        "",
        "SKKKKNK",
    ),
    (
        "POST",
        "/api/v1/requests/{id}/decision",
        "/api/v1/requests/{request}/decision",
        r#"{"approve":true,"revision":0}"#,
        "SFFBBNF",
    ),
    (
        "POST",
        "/api/v1/requests/{id}/withdrawal",
        "/api/v1/requests/{request}/withdrawal",
        "{}",
        "SFKFKNF",
    ),
    (
        "POST",
        "/api/v1/requests/{id}/comments",
        "/api/v1/requests/{request}/comments",
        r#"{"text":"Why?"}"#,
        "SFKKKNF",
    ),
    ("GET", "/api/v1/approvals", "/api/v1/approvals", "", "SKKKKKK"),
    ("GET", "/api/v1/claims", "/api/v1/claims", "", "SKKKKKK"),
    (
        "GET",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}",
        "/api/v1{claim}",
        "",
        "SKKKKNK",
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/change",
        "/api/v1{claim}/change",
        r#"{"plan":"none-such"}"#,
        "SFBBBNF",
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/renewal",
        "/api/v1{claim}/renewal",
        "{}",
        "SFBBBNF",
    ),
    (
        "GET",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/adoption",
        "/api/v1{claim}/adoption",
        "",
        "SFFFFNF",
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/adoption",
        "/api/v1{claim}/adoption",
        "{}",
        "SFFFFNF",
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/deletion",
        "/api/v1{claim}/deletion",
        r#"{"confirm":"another"}"#,
        "SFBBBNF",
    ),
    (
        "POST",
        "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/reveal",
        "/api/v1{claim}/reveal",
        r#"{"key":"password"}"#,
        "SFKKKNF",
    ),
    (
        "GET",
        "/api/v1/control-planes",
        "/api/v1/control-planes",
        "",
        "SNNNNNK",
    ),
    (
        "GET",
        "/api/v1/control-planes/{plane}",
        "/api/v1/control-planes/eu-shared",
        "",
        "SNNNNNK",
    ),
    (
        "POST",
        "/api/v1/control-planes/{plane}/cordon",
        "/api/v1/control-planes/us-shared/cordon",
        "{}",
        "SNNNNNK",
    ),
    (
        "DELETE",
        "/api/v1/control-planes/{plane}/cordon",
        "/api/v1/control-planes/us-shared/cordon",
        "",
        "SNNNNNK",
    ),
    // The right cluster answers.
    (
        "POST",
        "/api/v1/control-planes/{plane}/cluster",
        "/api/v1/control-planes/us-shared/cluster",
        r#"{"was":"a","is":"b"}"#,
        "SNNNNNB",
    ),
    // A control plane without agents.
    (
        "POST",
        "/api/v1/control-planes/{plane}/enrolments",
        "/api/v1/control-planes/us-shared/enrolments",
        "{}",
        "SNNNNNN",
    ),
    (
        "DELETE",
        "/api/v1/control-planes/{plane}/agents/{agent}",
        "/api/v1/control-planes/us-shared/agents/00000000-0000-0000-0000-000000000000",
        "",
        "SNNNNNN",
    ),
    (
        "POST",
        "/api/v1/definition-trials",
        "/api/v1/definition-trials",
        r#"{"definition":""}"#,
        "SNNNNNB",
    ),
    ("GET", "/api/v1/tenants", "/api/v1/tenants", "", "SNNNKKK"),
    (
        "GET",
        "/api/v1/tenants/{tenant}",
        "/api/v1/tenants/payments",
        "",
        "SNNNKNK",
    ),
    (
        "GET",
        "/api/v1/configuration",
        "/api/v1/configuration",
        "",
        "SNNNNNK",
    ),
    ("GET", "/api/v1/record", "/api/v1/record", "", "SNNNKKK"),
    (
        "POST",
        "/api/v1/record/acknowledgement",
        "/api/v1/record/acknowledgement",
        "{}",
        "SNNNNNB",
    ),
    ("GET", "/api/v1/sessions", "/api/v1/sessions", "", "SKKKKKK"),
    (
        "DELETE",
        "/api/v1/sessions/{id}",
        "/api/v1/sessions/none",
        "",
        "SNNNNNN",
    ),
    (
        "GET",
        "/api/v1/publications",
        "/api/v1/publications",
        "",
        "SNNNNKK",
    ),
    (
        "GET",
        "/api/v1/publications/{publication}",
        "/api/v1/publications/research-queues",
        "",
        "SNNNNKK",
    ),
    (
        "POST",
        "/api/v1/publications/{publication}/permissions/{permission}/decision",
        "/api/v1/publications/research-queues/permissions/takeClaims/decision",
        r#"{"accept":true,"asked":"something else"}"#,
        "SNNNNNB",
    ),
    ("GET", "/api/v1/people", "/api/v1/people", "", "SNNNNNK"),
    (
        "GET",
        "/api/v1/people/{id}",
        "/api/v1/people/0190a6a0-0000-7000-8000-000000000000",
        "",
        "SNNNNNN",
    ),
    (
        "DELETE",
        "/api/v1/people/{id}/access",
        "/api/v1/people/0190a6a0-0000-7000-8000-000000000000/access",
        "",
        "SNNNNNN",
    ),
    ("GET", "/api/v1/usage", "/api/v1/usage", "", "SKKKKKK"),
    ("GET", "/api/v1/kubeconfigs", "/api/v1/kubeconfigs", "", "SKKKKKK"),
    (
        "POST",
        "/api/v1/kubeconfigs",
        "/api/v1/kubeconfigs",
        r#"{"controlPlane":"eu-shared","tenant":"payments","environment":"dev"}"#,
        "SNNNNNN",
    ),
    ("GET", "/api/v1/tokens", "/api/v1/tokens", "", "SKKKKKK"),
    (
        "POST",
        "/api/v1/tokens",
        "/api/v1/tokens",
        r#"{"name":"walk"}"#,
        "SKKKKKK",
    ),
    (
        "DELETE",
        "/api/v1/tokens/{id}",
        "/api/v1/tokens/0190a6a0-0000-7000-8000-000000000000",
        "",
        "SNNNNNN",
    ),
];

/// A row of either table. Rows with a body, even an empty one, are of the API.
pub(super) struct Row {
    pub(super) method: &'static str,
    pub(super) route: &'static str,
    pub(super) path: &'static str,
    pub(super) body: Option<&'static str>,
    pub(super) expected: &'static str,
}

/// All rows: the API first, since the last page ends the session.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    let api = API.iter().map(|&(method, route, path, body, expected)| Row {
        method,
        route,
        path,
        body: Some(body),
        expected,
    });
    let pages = PAGES.iter().map(|&(method, route, path, expected)| Row {
        method,
        route,
        path,
        body: None,
        expected,
    });
    api.chain(pages)
}
