//! Authentication and authorisation: API keys, scopes, and loopback callers while there are no keys.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, Uri, header, uri::Authority},
};

use super::{Api, Limits, error::ApiError, page_keys};
use shelfmark_domain::{ApiKey, Id, Scope, Timestamp};

/// Who asks; in every request's extensions.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Somebody on this machine, while there are no keys: may do everything.
    Anonymous,
    /// Holder of a key.
    Key(Box<ApiKey>),
    /// Nobody we know, with what is wrong; may see public pages only.
    Unknown(&'static str),
}

impl Caller {
    /// Name for deployments and versions.
    pub fn actor(&self) -> String {
        match self {
            Self::Key(key) => key.name.clone(),
            Self::Anonymous | Self::Unknown(_) => "anonymous".to_owned(),
        }
    }

    /// The key's name, as the records that come in with it keep it.
    pub fn source(&self) -> Option<Id> {
        match self {
            // Names of keys obey the rule of ids.
            Self::Key(key) => Id::new("source", &key.name).ok(),
            Self::Anonymous | Self::Unknown(_) => None,
        }
    }

    /// Whether the caller may know of all models.
    pub fn may_see_all(&self) -> bool {
        match self {
            Self::Anonymous => true,
            Self::Key(key) => key.model.is_none(),
            Self::Unknown(_) => false,
        }
    }

    /// Whether the caller may know of this model.
    pub fn may_see(&self, model: &str) -> bool {
        match self {
            Self::Anonymous => true,
            Self::Key(key) => key.model.as_deref().is_none_or(|only| only == model),
            Self::Unknown(_) => false,
        }
    }

    /// Whether the caller may know of what belongs to a model, or to the whole service where that is `None`.
    pub fn may_see_what_is_of(&self, model: Option<&str>) -> bool {
        model.map_or_else(|| self.may_see_all(), |model| self.may_see(model))
    }

    /// Whether everybody can read the key.
    fn is_page(&self) -> bool {
        match self {
            Self::Key(key) => key.scope.is_for_pages(),
            Self::Anonymous | Self::Unknown(_) => false,
        }
    }

    /// Returns the largest body that is read whole for this caller, in bytes.
    pub fn body_bytes_max(&self, limits: &Limits) -> usize {
        if self.is_page() { limits.body_bytes_max.min(page_keys::BODY_BYTES_MAX) } else { limits.body_bytes_max }
    }

    /// Whether the caller may send streams of lines, which no bound of a body holds for.
    pub fn may_stream(&self) -> bool {
        !self.is_page()
    }

    /// Checks scope and model; `model` is `None` for what concerns the whole service.
    pub fn check(&self, scope: Scope, model: Option<&str>) -> Result<(), ApiError> {
        let key = match self {
            Self::Anonymous => return Ok(()),
            Self::Unknown(why) => return Err(ApiError::Unauthorized(why)),
            Self::Key(key) => key,
        };
        if !key.scope.includes(scope) {
            return Err(ApiError::Forbidden(format!(
                "this needs scope {}, the key has {}",
                scope.name(),
                key.scope.name()
            )));
        }
        match (&key.model, model) {
            (Some(only), Some(model)) if only != model => {
                Err(ApiError::Forbidden(format!("the key is for model {only} only")))
            }
            _ => Ok(()),
        }
    }
}

/// Recognises the caller; refuses foreign hosts and pages while there are no keys.
pub fn recognise(api: &Api, request: &Request) -> Result<Caller, ApiError> {
    let headers = request.headers();
    if api.keys.is_empty() {
        if !api.loopback {
            return Ok(Caller::Unknown(
                "there are no keys, and this address is not for this machine alone; make one with `shelfmark keys create`",
            ));
        }
        own_host(headers, request.uri())?;
        return Ok(Caller::Anonymous);
    }
    let in_address = page_keys::in_address(request.uri());
    let Some(secret) = presented(headers).or(in_address) else {
        return Ok(Caller::Unknown("send a key as `Authorization: Bearer KEY` or `X-API-Key: KEY`"));
    };
    Ok(match api.keys.authenticate(secret) {
        Some(key) if key.is_expired(Timestamp::now()) => Caller::Unknown("the key has expired"),
        // Addresses are kept in histories and logs.
        Some(key) if in_address.is_some() && !key.scope.is_for_pages() => {
            Caller::Unknown("a key stands in the address, which is for keys of scope ingest or recommend alone")
        }
        Some(key) => Caller::Key(Box::new(key)),
        None => Caller::Unknown("the key is not known"),
    })
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then_some(secret.trim());
    }
    headers.get("x-api-key")?.to_str().ok().map(str::trim)
}

/// A page in a browser on this machine may reach loopback too: by a name that its author points there (DNS rebinding,
/// seen in `Host`) or from another origin (seen in `Origin`). Neither is answered while there are no keys.
fn own_host(headers: &HeaderMap, uri: &Uri) -> Result<(), ApiError> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    // HTTP/2 says it as `:authority`.
    let host = text(header::HOST).or_else(|| uri.authority().map(Authority::as_str));
    if let Some(host) = host
        && !names_this_machine(host)
    {
        return Err(ApiError::HostRefused(
            "the Host header must name this machine (localhost, 127.0.0.1, [::1]) while there are no keys".to_owned(),
        ));
    }
    let Some(origin) = text(header::ORIGIN) else {
        return Ok(());
    };
    let authority = origin.split_once("://").map(|(_, rest)| rest);
    if authority.is_some() && authority == host {
        return Ok(());
    }
    Err(ApiError::HostRefused("pages of other origins may not ask while there are no keys".to_owned()))
}

fn names_this_machine(authority: &str) -> bool {
    let host = if let Some(rest) = authority.strip_prefix('[') {
        rest.split(']').next().unwrap_or_default()
    } else {
        authority.split(':').next().unwrap_or_default()
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback();
    }
    let name = host.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_its_names() {
        for own in
            ["localhost", "localhost:8080", "LOCALHOST.", "a.localhost:1", "127.0.0.1:80", "127.8.8.8", "[::1]:80"]
        {
            assert!(names_this_machine(own), "{own}");
        }
        for foreign in
            ["example.com", "localhost.example.com", "10.0.0.1:80", "[::2]", "", "127.0.0.1.example.com", "0.0.0.0"]
        {
            assert!(!names_this_machine(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_key_may_do_what_its_scope_includes_for_its_own_model() {
        let key = |scope, model: Option<&str>| {
            Caller::Key(Box::new(ApiKey {
                name: "k".to_owned(),
                hash: shelfmark_domain::KeyHash([0; 32]),
                scope,
                model: model.map(str::to_owned),
                created_at: Timestamp::default(),
                expires_at: None,
                origins: Vec::new(),
                requests_per_second: None,
            }))
        };
        assert!(key(Scope::Admin, None).check(Scope::Read, Some("m")).is_ok());
        assert!(key(Scope::Read, None).check(Scope::Write, Some("m")).is_err());
        assert!(key(Scope::Write, Some("m")).check(Scope::Write, Some("m")).is_ok());
        assert!(key(Scope::Admin, Some("m")).check(Scope::Read, Some("n")).is_err());
        assert!(Caller::Unknown("").check(Scope::Read, None).is_err());
    }
}
