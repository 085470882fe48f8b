//! Tells the linker where libtorch is when the programs of a package run: no variable has to be set by hand.
//!
//! A link argument holds for the package whose build script prints it, not for those that depend on it. So every
//! package whose programs, test programs included, contain libtorch names this script as its `build`.
//!
//! It also keeps the libraries in the build tree, and notices a target folder that two clones share.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-env-changed=SHELFMARK_CLONE");
    watch_console(Path::new("console"));

    let output = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    refuse_crates_of_another_clone(&output);
    let libtorch = match std::env::var_os("LIBTORCH").map(PathBuf::from) {
        Some(libtorch) if libtorch.join("lib").is_dir() => absolute(&libtorch),
        Some(libtorch) => stop(&format!(
            "LIBTORCH is {}, which holds no libtorch. Run `cargo xtask setup` once, or set LIBTORCH to your own.",
            libtorch.display()
        )),
        None => stop("LIBTORCH is not set. Run `cargo xtask setup` once, or set LIBTORCH to your own."),
    };
    let libraries = libtorch.join("lib");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", libraries.display());
        return;
    }
    if let Err(error) = keep_libraries(&libtorch, &output) {
        println!("cargo:warning=the programs need {} to run: {error}", libraries.display());
    }
    // A package puts the libraries into lib beside bin. A build tree has them beside its programs, whose tests lie one
    // folder deeper; a libtorch of the user's own stays where it is. The old kind of tag (RPATH) also serves the
    // libraries that libtorch asks for.
    println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags");
    for place in ["$ORIGIN/../lib", "$ORIGIN/libtorch", "$ORIGIN/../libtorch"] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{place}");
    }
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", libraries.display());
}

/// Builds the service again when the console that it embeds was built again. Only the service's package has a console.
/// Cargo takes a watched folder that is missing for one that always changes, so an empty one is made, older than this
/// run.
fn watch_console(console: &Path) {
    if !console.is_dir() {
        return;
    }
    let built = console.join("dist");
    if !built.is_dir() {
        let made = fs::create_dir_all(&built).and_then(|()| fs::File::open(&built));
        let _else_the_next_build_is_whole = made.and_then(|folder| folder.set_modified(SystemTime::UNIX_EPOCH));
    }
    println!("cargo:rerun-if-changed={}", built.display());
}

/// Stops when the target folder holds crates that another clone compiled: cargo names a crate by its path within the
/// workspace and compares times only, so it would take some of them for this clone's. `cargo xtask` has the same rule
/// and compiles them again.
fn refuse_crates_of_another_clone(output: &Path) {
    // Set by `.cargo/config.toml`; without its end, a slash.
    let Some(clone) = std::env::var_os("SHELFMARK_CLONE") else {
        return;
    };
    let clone: PathBuf = Path::new(&clone).components().collect();
    let stamp = output.join("clone");
    let found = fs::read_to_string(&stamp).unwrap_or_default();
    if let Some((other, place)) = found.trim_end().split_once('\n')
        && Path::new(other) != clone
        && Path::new(other).join("Cargo.toml").is_file()
        // Else the target folder was copied with its clone.
        && Path::new(place) == output
    {
        let profile = if std::env::var("PROFILE").as_deref() == Ok("release") { " --release" } else { "" };
        stop(&format!(
            "the target folder holds crates of {other}, which cargo cannot tell from this clone's. Give each clone its \
             own CARGO_TARGET_DIR, or run `cargo clean --workspace{profile}` (the dependencies stay compiled)."
        ));
    }
    fs::write(&stamp, format!("{}\n{}\n", clone.display(), output.display())).expect("cargo's folder can be written");
}

/// Keeps the libraries of the cache folder in the build tree, `target/PROFILE/libtorch`: its programs run when the
/// cache folder is gone. Links on one file system, which take no space; copies on two.
fn keep_libraries(libtorch: &Path, output: &Path) -> io::Result<()> {
    // target/PROFILE/build/PACKAGE-HASH/out
    let Some(profile) = output.ancestors().nth(3) else {
        return Ok(());
    };
    let kept = profile.join("libtorch");
    let cached = libtorch.parent().filter(|folder| folder.join(".inventory").is_file());
    let Some(cached) = cached else {
        // The user's own stays where it is, and no other may come before it.
        return match fs::remove_dir_all(&kept) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    };
    fs::create_dir_all(&kept)?;
    for folder in [libtorch.join("lib"), cached.join("nvidia/cu13/lib")] {
        for file in fs::read_dir(folder)? {
            let file = file?;
            let name = file.file_name();
            // What the linker takes for libtorch.so is a line of text.
            if name != "libtorch.so" {
                keep(&file.path(), &kept, &name.to_string_lossy())?;
            }
        }
    }
    Ok(())
}

/// Several packages' build scripts may do this at once, so a file appears whole.
fn keep(file: &Path, folder: &Path, name: &str) -> io::Result<()> {
    let place = folder.join(name);
    let described = |path: &Path| fs::metadata(path).and_then(|found| Ok((found.len(), found.modified()?)));
    if described(&place).is_ok_and(|there| described(file).is_ok_and(|wanted| there == wanted)) {
        return Ok(());
    }
    let fresh = folder.join(format!(".{name}.{}", std::process::id()));
    if fs::hard_link(file, &fresh).is_err() {
        fs::copy(file, &fresh)?;
        fs::File::options().write(true).open(&fresh)?.set_modified(fs::metadata(file)?.modified()?)?;
    }
    fs::rename(&fresh, &place)
}

/// The folder without links, so that one libtorch has one name.
fn absolute(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

fn stop(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(1);
}
