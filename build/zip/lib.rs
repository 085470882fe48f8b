//! zip without its optional codecs, which no archive here uses: another zstd, bzip2 and AES, for the build and for the
//! program. Compiling them took a fifteenth of a first build.
//!
//! It stands in for zip 0.6, and one name cannot have two releases of 0.6, so behind it is the one before. What tch uses
//! of both is the same.

pub use zip_upstream::*;
