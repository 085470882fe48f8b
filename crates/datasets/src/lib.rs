//! Data sets: readers of event, item and vector files, writers of vectors, and a generated shop.
//!
//! | module | what it reads and writes |
//! |---|---|
//! | [`feeds`] | events and items: NDJSON, MovieLens, RetailRocket, REES46, tables; the generated shop |
//! | [`messages`] | messages of Segment and CloudEvents, as events, labels and merges |
//! | [`vectors`] | vectors: word2vec, GloVe, npy, npz, safetensors, JSON lines |
//!
//! **Promises.** A file is read in order, in constant memory. What is wrong with it is told with its line or byte.
//! Equal files and settings give equal values.
//!
//! **Must not know** the service, HTTP, Postgres or the learner. It sends nothing: the command line does.
//!
//! **Used by** the command line, and by HTTP, which exports vectors and takes messages. The mappings are in `docs/reference/files.md`.
//!
//! **Bounds** are those of the modules: bytes of a line, values of a vector, items remembered by hash.

pub mod feeds;
pub mod messages;
pub mod vectors;
