use portico_domain::tenancy::Viewer;

/// The caller of a use case: who, and from which address.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The person, with their roles at this moment.
    pub viewer: &'a Viewer,
    /// The client's address, for the audit log; `None` where there is none.
    pub remote: Option<&'a str>,
}
