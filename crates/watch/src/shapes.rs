//! How inputs and outputs of operations are written down.

/// Declares types of the API: public, plain, with names in `PascalCase`; what is absent has its default.
macro_rules! shapes {
    ($($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty,)* })+) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
            #[serde(rename_all = "PascalCase", default)]
            pub struct $name {
                $($(#[$field_about])* pub $field: $type,)*
            }
        )+
    };
}

pub(crate) use shapes;
