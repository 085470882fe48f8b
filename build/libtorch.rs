//! Tells the linker where libtorch is when the programs of a package run: no variable has to be set by hand.
//!
//! A link argument holds for the package whose build script prints it, not for those that depend on it. So every package
//! whose programs, test programs included, contain libtorch names this script as its `build`.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");

    let libraries = match std::env::var_os("LIBTORCH").map(PathBuf::from) {
        Some(libtorch) if libtorch.join("lib").is_dir() => absolute(&libtorch.join("lib")),
        Some(libtorch) => {
            eprintln!(
                "LIBTORCH is {}, which holds no libtorch. Run `cargo xtask setup` once, or set LIBTORCH to your own.",
                libtorch.display()
            );
            std::process::exit(1);
        }
        None => {
            eprintln!("LIBTORCH is not set. Run `cargo xtask setup` once, or set LIBTORCH to your own.");
            std::process::exit(1);
        }
    };
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", libraries.display());
        return;
    }
    // A package puts the libraries into lib beside bin; a build tree has the libtorch that it was built with. The old kind of
    // tag (RPATH) also serves the libraries that libtorch itself asks for.
    println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", libraries.display());
}

/// The folder without links, so that one libtorch has one name.
fn absolute(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}
