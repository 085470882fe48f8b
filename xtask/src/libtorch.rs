//! libtorch: the user's own, or the CPU parts of the wheel.
//!
//! The wheel is the CUDA build; its CPU library asks for two small CUDA libraries when it is loaded, so those come
//! along. The libraries find each other by their relative rpath, so files keep the places that the wheels gave them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::run::say;
use crate::wheel::{self, Wheel};
use crate::{Outcome, cache, space};

/// The folder in the cache. Change it whenever [`WHEELS`] or [`wanted`] change.
const NAME: &str = "libtorch-2.13.0-cpu";

const WHEELS: [Wheel; 3] = [
    Wheel {
        requirement: "torch==2.13.0",
        sha256: [
            "796633c4cdf0fe2cdced72d8f88f22e73dbcfce83132763162f6d4bff13b820b",
            "572df8be8ffb4599c88cbd6a0726f1f854f4da65d2e3c09f0e2c2283333cd6d4",
        ],
    },
    Wheel {
        requirement: "nvidia-cuda-runtime==13.0.96",
        sha256: [
            "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            "ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55",
        ],
    },
    Wheel {
        requirement: "nvidia-cuda-cupti==13.0.85",
        sha256: [
            "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
            "796bd679890ee55fb14a94629b698b6db54bcfd833d391d5e94017dd9d7d3151",
        ],
    },
];

/// What the folder holds at most while it is filled: the wheels twice, as pip copies them.
const FETCH_BYTES: u64 = 1_200_000_000;
const OTHERWISE: &str = "copy the folder libtorch-2.13.0-cpu from the cache folder of a machine that has it into this one's, \
    or set LIBTORCH to an unpacked libtorch 2.13.0.";

/// Where the build shall take libtorch from.
pub enum Source {
    /// A folder that is there: the user's LIBTORCH, or what an earlier set-up wrote.
    Present(PathBuf),
    /// The cache has to be filled.
    Fetch,
}

/// Decides without fetching. The user's LIBTORCH wins; then the cache, except that a folder written by an earlier
/// set-up stays as long as it works and no cache folder is named: another path would build everything again.
pub fn source(project: &Project) -> Outcome<Source> {
    if let Some(own) = project.own_libtorch() {
        if !is_libtorch(&own) {
            return Err(format!(
                "LIBTORCH is {}, which does not hold lib/libtorch.so, lib/libtorch_cpu.so and include/torch: unset it to \
                 let the set-up fetch libtorch, or name an unpacked libtorch 2.13.0",
                own.display()
            ));
        }
        return Ok(Source::Present(own));
    }
    let cached = cache::folder()?.join(NAME);
    if cache::is_whole(&cached) {
        let cached = cached.join("torch");
        let named = std::env::var_os("SHELFMARK_CACHE_DIR").is_some();
        let configured = project.configured_libtorch().filter(|folder| !named && is_libtorch(folder));
        return Ok(Source::Present(configured.unwrap_or(cached)));
    }
    let configured = project
        .configured_libtorch()
        .filter(|folder| std::env::var_os("SHELFMARK_CACHE_DIR").is_none() && is_libtorch(folder));
    match configured {
        Some(folder) => Ok(Source::Present(folder)),
        None if wheel::architecture().is_some() => Ok(Source::Fetch),
        None => Err(format!(
            "there is no libtorch to fetch for {} on {}: unpack libtorch 2.13.0 for it and set LIBTORCH to its folder",
            std::env::consts::OS,
            std::env::consts::ARCH
        )),
    }
}

/// Fills the cache and gives the folder for LIBTORCH.
pub fn fetch() -> Outcome<PathBuf> {
    let folder = cache::filled(NAME, |fresh| {
        if wheel::architecture() == Some("aarch64") {
            say("libtorch on aarch64 is fetched as on x86-64 but has not been tried by the authors");
        }
        space::require(fresh, FETCH_BYTES, "fetching libtorch", "set SHELFMARK_CACHE_DIR to a folder with more")?;
        say("fetching libtorch 2.13.0 (530 MB, kept once for all clones; 490 MB of it stay)");
        wheel::fetch(&WHEELS, fresh, wanted, OTHERWISE)?;
        // The real libtorch.so only pulls in its parts, the CUDA ones too. The linker takes this line for it.
        let stub = fresh.join("torch/lib/libtorch.so");
        fs::write(&stub, "INPUT(-ltorch_cpu -lc10)\n").map_err(|error| format!("{}: {error}", stub.display()))?;
        if is_libtorch(&fresh.join("torch")) {
            Ok(())
        } else {
            Err(format!("the wheels do not hold what was expected of them; see {}", fresh.display()))
        }
    })?;
    Ok(folder.join("torch"))
}

/// The folder with the licences of what the wheels hold, which packages carry along.
pub fn licences() -> Outcome<PathBuf> {
    cache::filled(&format!("{NAME}-licences"), |fresh| {
        space::require(fresh, FETCH_BYTES, "fetching licences", "set SHELFMARK_CACHE_DIR to a folder with more")?;
        say("fetching the licences in libtorch's wheels (530 MB, kept once for all clones; 1 MB of it stays)");
        wheel::fetch(&WHEELS, fresh, is_licence, OTHERWISE)
    })
}

/// The wheels, as `name==version`.
pub fn requirements() -> impl Iterator<Item = &'static str> {
    WHEELS.iter().map(|wheel| wheel.requirement)
}

fn is_licence(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    name.contains(".dist-info/") && ["licen", "notice", "copying"].iter().any(|word| file.contains(word))
}

/// The files that a CPU build needs to compile, link and run.
fn wanted(name: &str) -> bool {
    const LEFT_OUT: [&str; 7] = ["cuda", "nvshmem", "nvrtc", "python", "libshm", "global_deps", "libtorch.so"];
    if let Some(library) = name.strip_prefix("torch/lib/") {
        return library.contains(".so") && !LEFT_OUT.iter().any(|part| library.contains(part));
    }
    name.starts_with("torch/include/")
        || ["nvidia/cu13/lib/libcudart.so.13", "nvidia/cu13/lib/libcupti.so.13"].contains(&name)
}

fn is_libtorch(folder: &Path) -> bool {
    ["lib/libtorch.so", "lib/libtorch_cpu.so", "lib/libc10.so", "include/torch"]
        .iter()
        .all(|part| folder.join(part).exists())
}
