//! Names of the inputs that forms post besides the fields of a claim, whose names are JSON pointers and so
//! begin with `/`.

/// The token against forged posts; on every form.
pub const CSRF: &str = "_csrf";
/// The claim's name, or a token's.
pub const NAME: &str = "_name";
/// The plan.
pub const PLAN: &str = "_plan";
/// The plan that the form was made with, so that what it set gives way to another plan's.
pub const PLAN_WAS: &str = "_plan_was";
/// [`super::RequestFormPage::request_id`], [`super::DeletePage::request_id`] or [`super::ClaimPage::request_id`]: sending
/// a form twice asks once.
pub const REQUEST: &str = "_request";
/// The region asked for; empty for any.
pub const REGION: &str = "_region";
/// The control plane asked for; empty for any.
pub const PLANE: &str = "_plane";
/// What the requester has to say.
pub const NOTE: &str = "_note";
/// With the key of a label after it: the value that the control plane's label must have.
pub const LABEL: &str = "_label:";
/// [`super::RequestFormPage::schema_hash`] as the form was made by.
pub const SCHEMA: &str = "_schema";
/// [`super::RequestFormPage::live_hash`] as the form was made over.
pub const LIVE: &str = "_live";
/// [`super::RequestFormPage::whole`]: what the form was made of, where its fields do not show all of it.
pub const WHOLE: &str = "_whole";
/// [`super::RequestFormPage::kept`]: what was filled in for another control plane, and has no field here.
pub const KEPT: &str = "_kept";
/// The object as YAML; what counts when [`TAB`] is `yaml`.
pub const YAML: &str = "_yaml";
/// Which tab is posted: `form` or `yaml`.
pub const TAB: &str = "_tab";
/// What a button does. In the request form: `update` (make the form anew, for another plan or region),
/// `review` (check everything, the control plane's dry run too), `submit`, `tab:form`, `tab:yaml`, and
/// those of [`portico_form::Control`] (`add:`, `remove:`, `up:`, `down:`, `branch:`). A form sent by the Enter
/// key has none: that is a `review`, so put a button with it first.
pub const DO: &str = portico_form::DO;
/// [`super::RequestPage::revision`], with a decision.
pub const REVISION: &str = "_revision";
/// `approve` or `reject`.
pub const DECISION: &str = "_decision";
/// What an approver has to say.
pub const COMMENT: &str = "_comment";
/// [`super::DeletePage::uid`] as the page showed it: another claim made under the name since is not meant.
pub const UID: &str = "_uid";
/// The form shows the list of what is wrong, since it was sent or put up for review before: the list stays.
pub const TRIED: &str = "_tried";
/// The claim's name, typed to confirm its deletion.
pub const CONFIRM: &str = "_confirm";
/// The key of a secret to reveal, [`ALL_KEYS`] or [`ADDRESS_KEY`].
pub const KEY: &str = "_key";
/// All keys of a secret at once; no key of a secret can be called so.
pub const ALL_KEYS: &str = "*";
/// The whole address, made of the parts that a secret has; no key of a secret can be called so.
pub const ADDRESS_KEY: &str = "@address";
/// `tenant/environment`: posted to `/switch`, and with a request form as the place that the form was made for, so that
/// it does not follow a switch made in another tab.
pub const WORK_IN: &str = "_work_in";
/// Why a control plane shall take no new claims.
pub const REASON: &str = "_reason";
/// For how many days a token is good.
pub const DAYS: &str = "_days";
/// What a token is good for: [`portico_domain::tenancy::TokenScope::slug`].
pub const SCOPE: &str = "_scope";
/// The path to return to.
pub const RETURN_TO: &str = "_return_to";

/// Which of a person's sessions.
pub const SESSION: &str = "session";

/// Which of a person's API tokens.
pub const TOKEN: &str = "token";
