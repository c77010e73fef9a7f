//! URLs (`library.URLs`).

use std::collections::HashMap;

use cel::common::types::{CelBool, CelList, CelMap, CelMapKey, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError};

use super::overload::{failed, value_type};
use crate::net::url::{Url, parse_request};

value_type!(Url, "kubernetes.URL");

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(Url::cel_type().to_owned())?;
    cel::add_overload!(env, fn url: (CelString) -> Result<Url>)?;
    cel::add_overload!(env, fn is_url: (CelString) -> CelBool, name = "isURL")?;
    cel::add_member_overload!(env, fn get_scheme: (Url) -> CelString)?;
    cel::add_member_overload!(env, fn get_host: (Url) -> CelString)?;
    cel::add_member_overload!(env, fn get_hostname: (Url) -> CelString)?;
    cel::add_member_overload!(env, fn get_port: (Url) -> CelString)?;
    cel::add_member_overload!(env, fn get_escaped_path: (Url) -> CelString)?;
    cel::add_member_overload!(env, fn get_query: (Url) -> CelMap)
}

fn url(text: &CelString<'_>) -> Result<Url, ExecutionError> {
    Url::parse(text.inner()).map_err(|problem| {
        failed(format!(
            "URL parse error during conversion from string: {problem}"
        ))
    })
}

fn is_url(text: &CelString<'_>) -> CelBool {
    parse_request(text.inner()).is_ok().into()
}

fn get_scheme(url: &Url) -> CelString<'static> {
    url.scheme.clone().into()
}

fn get_host(url: &Url) -> CelString<'static> {
    url.host.clone().into()
}

fn get_hostname(url: &Url) -> CelString<'static> {
    let (host, _) = url.host_and_port();
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    inner.to_owned().into()
}

fn get_port(url: &Url) -> CelString<'static> {
    url.host_and_port().1.to_owned().into()
}

fn get_escaped_path(url: &Url) -> CelString<'static> {
    url.escaped_path().into()
}

fn get_query(url: &Url) -> CelMap<'static> {
    let listed = |values: Vec<String>| -> Box<dyn Val> {
        let items = values
            .into_iter()
            .map(|value| Box::new(CelString::from(value)) as Box<dyn Val>);
        Box::new(CelList::from(items.collect::<Vec<_>>()))
    };
    let entries = url
        .parameters()
        .into_iter()
        .map(|(key, values)| (key.into(), listed(values)));
    CelMap::from(entries.collect::<HashMap<CelMapKey<'static>, Box<dyn Val>>>())
}
