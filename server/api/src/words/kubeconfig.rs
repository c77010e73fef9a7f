//! What people read about kubeconfigs.

/// What a kubeconfig is, above the list. `with_token`: some hold a token; `as_oneself`: with some, people sign in.
#[must_use]
pub fn about_kubeconfigs(with_token: bool, as_oneself: bool) -> &'static str {
    match (with_token, as_oneself) {
        (false, true) => {
            "A kubeconfig for a namespace of yours. It holds no token: you sign in to the control plane as yourself. Each one \
             is in the record."
        }
        (true, true) => {
            "A kubeconfig for a namespace of yours. Some hold a token that ends by itself: keep them to yourself, and fetch \
             another when it has ended. With the others you sign in as yourself. Each one is in the record."
        }
        (_, false) => {
            "A kubeconfig for a namespace of yours. It holds a token that ends by itself: keep it to yourself, and fetch \
             another when it has ended. Each one is in the record."
        }
    }
}

/// Which rights somebody has who signs in to a control plane as themselves.
#[must_use]
pub fn own_rights() -> &'static str {
    "Where it says “as yourself”, kubectl opens your browser to sign in, with the plugin kubelogin (kubectl oidc-login), which \
     you need to install. You then have all rights that you have on that control plane, not only those in this list."
}

/// What kubectl says to people who lack the plugin.
#[must_use]
pub fn install_kubelogin() -> &'static str {
    "Install the kubectl plugin kubelogin to sign in: kubectl krew install oidc-login. Other ways: \
     https://github.com/int128/kubelogin"
}
