//! Values of properties: scalars, and lists of them.

use serde::{Deserialize, Serialize};

use super::Number;

/// Value of a property.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "must be true, false, a number, text or a list of these")]
pub enum PropertyValue {
    /// `true` or `false`.
    Flag(bool),
    /// A finite number. Whole numbers of up to 64 bits are exact.
    Number(Number),
    /// Text.
    Text(String),
    /// Values such as sizes or authors, without lists among them.
    List(Vec<PropertyValue>),
}

impl PropertyValue {
    /// Returns the values of a list, or the value itself.
    pub fn values(&self) -> &[Self] {
        match self {
            Self::List(values) => values,
            Self::Flag(_) | Self::Number(_) | Self::Text(_) => std::slice::from_ref(self),
        }
    }
}

/// The schema: a list in it holds scalars, so that it does not name itself.
#[cfg(feature = "openapi")]
mod schema {
    #![expect(dead_code, reason = "documents property values, which are read otherwise")]

    use std::borrow::Cow;

    use utoipa::{
        PartialSchema, ToSchema,
        openapi::{RefOr, Schema},
    };

    /// Value of a property. A list holds values such as sizes or authors.
    #[derive(serde::Serialize, ToSchema)]
    #[serde(untagged)]
    enum PropertyValue {
        /// `true` or `false`.
        Flag(bool),
        /// A finite number. Whole numbers of up to 64 bits are exact.
        Number(f64),
        /// Text.
        Text(String),
        /// A list.
        List(Vec<ListedValue>),
    }

    /// A value in a list.
    #[derive(serde::Serialize, ToSchema)]
    #[serde(untagged)]
    enum ListedValue {
        /// `true` or `false`.
        Flag(bool),
        /// A finite number. Whole numbers of up to 64 bits are exact.
        Number(f64),
        /// Text.
        Text(String),
    }

    impl PartialSchema for super::PropertyValue {
        fn schema() -> RefOr<Schema> {
            PropertyValue::schema()
        }
    }

    impl ToSchema for super::PropertyValue {
        fn name() -> Cow<'static, str> {
            PropertyValue::name()
        }

        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            PropertyValue::schemas(schemas);
        }
    }
}
