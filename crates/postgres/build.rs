//! Rebuilds the crate when a migration comes: `sqlx::migrate!` reads the folder when it is compiled, and does not notice
//! new files.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
