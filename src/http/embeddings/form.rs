//! The forms that rows are sent in.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

const DIM: HeaderName = HeaderName::from_static("shelfmark-dim");

/// How rows are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// With ids and lengths.
    Json,
    /// `[count, dim]` little-endian f32, row-major.
    Block,
    /// A safetensors file.
    Safetensors,
}

impl Form {
    /// What the caller accepts; JSON unless they name another.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        [Self::Safetensors, Self::Block]
            .into_iter()
            .find(|form| accept.contains(form.media_type()))
            .unwrap_or(Self::Json)
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Block => "application/octet-stream",
            Self::Safetensors => "application/x-safetensors",
        }
    }

    /// Bytes of a value, about: decimal numbers take some ten.
    pub(super) const fn value_bytes(self) -> usize {
        match self {
            Self::Json => 10,
            Self::Block | Self::Safetensors => size_of::<f32>(),
        }
    }
}

/// The answer of so many bytes in a form.
pub(super) fn block(form: Form, dim: usize, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    headers.insert(DIM, HeaderValue::from(dim));
    response
}

/// Appends a row, little-endian.
pub(super) fn extend(bytes: &mut Vec<u8>, row: &[f32]) {
    // The compiler makes one copy of it where floats lie in memory as they are sent.
    bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_the_rows_in_order_little_endian() {
        let mut bytes = Vec::new();
        for row in [[1.0, -2.0], [0.5, 0.0]] {
            extend(&mut bytes, &row);
        }
        let values: Vec<f32> = bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        assert_eq!(values, [1.0, -2.0, 0.5, 0.0]);
    }

    #[test]
    fn the_form_is_what_the_caller_accepts_and_json_otherwise() {
        let wanted = |accept: &'static str| {
            Form::wanted(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert_eq!(wanted("application/x-safetensors, application/octet-stream;q=0.5"), Form::Safetensors);
        assert_eq!(wanted("application/octet-stream"), Form::Block);
        assert_eq!((wanted("*/*"), Form::wanted(&HeaderMap::new())), (Form::Json, Form::Json));
    }
}
