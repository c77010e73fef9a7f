pub(crate) fn pages() -> Vec<(&'static str, String)> {
    vec![]
}
