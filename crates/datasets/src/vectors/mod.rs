//! Vectors in files: readers of what was learned elsewhere, how it is made to fit a model, and writers of a model's rows.
//!
//! **For.** `shelfmark import`, which sends what comes out to a service, and `shelfmark evaluate --import`.
//! [`VectorFile`] reads word2vec (binary and text), GloVe, npy and safetensors; [`ImportTargets`] are the rows that a model has;
//! [`PreparedImport`] has read a file once, knows what it will fill and how the vectors are turned and scaled ([`Fit`]), and
//! reads it a second time to hand over [`shelfmark_domain::RowVector`]s. [`Export`] is the way back: rows of a state as a file.
//!
//! **Promises.** A file is read in order, in constant memory, however long. What is wrong with it is told with line or
//! byte. Of several vectors for one row the first counts: these files begin with the words that are met most. Equal files,
//! targets and settings give equal rows.
//!
//! **Does not** send, wait or know the service.
//!
//! **Bounds.** A vector has at most [`FILE_DIM_MAX`] values, an id 4,096 bytes in the file, a header 100 MB; memory holds
//! the ids of the model (and 8 bytes for each id that will be new), one vector, and for a file with more values than the model
//! a square matrix of them.

mod array;
mod bytes;
mod error;
mod export;
mod file;
mod fit;
mod format;
mod npy;
mod orthonormal;
mod prepared;
mod safetensors;
mod selection;
mod text;
mod word2vec;

pub use error::{Location, VectorError};
pub use export::{Export, ExportError, ExportFormat, ExportOptions, ExportTable};
pub use file::{VectorFile, VectorOptions, VectorRow};
pub use fit::{Fit, FitSettings, Moments};
pub use format::VectorFormat;
pub use prepared::PreparedImport;
pub use safetensors::{Matrix, safetensors_head};
pub use selection::{ImportTargets, RowSelection, SelectionStats};

/// Most values of one vector in a file.
pub const FILE_DIM_MAX: usize = 4096;
