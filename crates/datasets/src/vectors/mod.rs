//! Vectors in files: readers, the fit of vectors to a model, and writers of a model's rows.
//!
//! **Used by** `shelfmark import`, which sends the rows to a service, and by `shelfmark evaluate --import`.
//! [`VectorFile`] reads word2vec (binary and text), GloVe, npy, npz, safetensors, JSON lines, Parquet
//! and the files of the TensorFlow Embedding Projector. [`ImportTargets`] are
//! the rows of a model. [`PreparedImport`] has read a file once. It knows which rows match, and how vectors are turned
//! and scaled ([`Fit`]). It reads the file again to hand over [`shelfmark_domain::RowVector`]s. [`Export`] writes rows
//! of a state as a file.
//!
//! **Promises.** A file is read in order, in constant memory, however long; a matrix in Fortran order of at most 1 GiB
//! is held. Errors name the file and the line or byte. What cannot be read rightly is refused while the file is read
//! for the first time, before a row is handed over.
//! Of several vectors for one row the first counts, since these files begin with the most frequent words. Equal files,
//! targets and settings give equal rows.
//!
//! **Must not know** the service.
//!
//! **Bounds.** A vector has at most [`FILE_DIM_MAX`] values, an id 4,096 bytes, a header 100 MB. Memory holds
//! the ids of the model, 8 bytes for each new id, 4 bytes for each row, and a sample of 1,024 vectors. For a file with
//! more values than the model it also holds a square matrix of them.

mod byte_reader;
mod element;
mod error;
mod export;
mod file;
mod fit;
mod format;
mod import;
mod json_lines;
mod matrix;
mod npy;
mod npz;
mod orthonormal;
mod projector;
mod safetensors;
mod sample;
mod word2vec;

pub use error::{Location, VectorError};
pub use export::{Export, ExportError, ExportFormat, ExportOptions, ExportTable};
pub use file::{VectorFile, VectorOptions, VectorRow};
pub use fit::{Fit, FitSettings, Moments};
pub use format::VectorFormat;
pub use import::{ImportTargets, PreparedImport, RowSelection, SelectionStats};
pub use safetensors::{Matrix, safetensors_head};

/// Largest number of values of one vector in a file.
pub const FILE_DIM_MAX: usize = 4096;
