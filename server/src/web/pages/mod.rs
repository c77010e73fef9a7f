//! Pages and the forms on them. Each handler asks one use case and renders what it returns.

pub(super) mod home;
pub(super) mod sign_in;
pub(super) mod switch;
