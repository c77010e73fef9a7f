//! A person's API tokens.

use portico_api::TokenRow;
use portico_domain::authz;
use portico_domain::documents::TokenRules;
use portico_domain::tenancy::Viewer;
use portico_store::ApiToken;

use super::{Portal, Result};

impl Portal {
    /// Returns the viewer's own tokens, newest first, including ended ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tokens(&self, viewer: &Viewer) -> Result<Vec<TokenRow>> {
        let tokens = self.store().tokens_of(&authz::own_access(viewer)).await?;
        let configuration = self.configuration();
        let rules = &configuration.portal.spec.tokens;
        Ok(tokens.into_iter().map(|token| row(token, rules)).collect())
    }
}

pub(crate) fn row(token: ApiToken, rules: &TokenRules) -> TokenRow {
    TokenRow {
        expires_at: rules.ends_at(token.created_at, token.expires_at),
        id: token.id,
        name: token.name,
        scope: token.scope,
        created_at: token.created_at,
        last_used_at: token.last_used_at,
    }
}
