//! The trial of the packages: each is installed in a bare Debian without a compiler, started, used and stopped, as its
//! users do it. It needs root, debootstrap, and a network for Debian's packages and pip's.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::package::debian_root::DebianRoot;
use crate::package::{boot, in_path, megabytes};
use crate::project::Project;
use crate::run::{is_root, on_path, read, say, show};
use crate::space::{self, GB};

const USAGE: &str = "\
    usage: cargo xtask try-packages [--suite bookworm] [--from FOLDER] [--only .deb|.whl|.tar.zst] [--boot]";
/// Release of Debian, unless `--suite` names another.
const SUITE: &str = "bookworm";
/// What installing the wheel and starting it may take together.
const WHEEL_TIME_MAX: Duration = Duration::from_mins(1);
/// Longest wait for a service to end. It takes a version, and its Postgres writes a checkpoint.
const STOP_TIME_MAX: Duration = Duration::from_secs(90);
/// Words of apt.
const INSTALL: [&str; 4] = ["apt-get", "install", "-y", "--no-install-recommends"];

/// How a kind of package is installed and run.
struct Kind {
    /// End of the file's name.
    ending: &'static str,
    /// Debian packages that have to be there before.
    needs: &'static [&'static str],
    /// Shell script that installs the package, whose file is `$1`.
    install: &'static str,
    /// The program.
    program: &'static str,
    /// Who runs it, and their home.
    user: (&'static str, &'static str),
    /// Shell script that checks what else the package promises. `$1` is the address of the service.
    check: &'static str,
    /// What installing and starting may take together.
    time_max: Option<Duration>,
}

const KINDS: [Kind; 3] = [
    Kind {
        ending: ".tar.zst",
        needs: &["postgresql", "zstd"],
        install: "mkdir /opt/shelfmark && tar -xf \"$1\" -C /opt/shelfmark --strip-components=1 && \
                  cd /opt/shelfmark && sha256sum --check --quiet SHA256SUMS",
        program: "/opt/shelfmark/bin/shelfmark",
        // Its Postgres runs as the user that Debian's package made.
        user: ("root", "/root"),
        check: "cd /opt/shelfmark/share && test -s man/man1/shelfmark-serve.1 -a -s doc/shelfmark/sbom.cdx.json -a \
                -s doc/shelfmark/licences/LICENSE-MIT -a -s bash-completion/completions/shelfmark",
        time_max: None,
    },
    Kind {
        ending: ".deb",
        needs: &["postgresql"],
        install: "apt-get install -y \"$1\" && install -d -o shelfmark -g shelfmark -m 0750 /var/lib/shelfmark",
        program: "/usr/bin/shelfmark",
        user: ("shelfmark", "/var/lib/shelfmark"),
        check: "test -s /usr/lib/systemd/system/shelfmark.service -a -s /etc/default/shelfmark -a \
                -s /usr/share/doc/shelfmark/copyright && dpkg --verify shelfmark && \
                getent passwd shelfmark | grep -q nologin",
        time_max: None,
    },
    Kind {
        ending: ".whl",
        needs: &["python3", "python3-venv"],
        install: "python3 -m venv /home/somebody/env && /home/somebody/env/bin/pip install --quiet \"$1\"",
        program: "/home/somebody/env/bin/shelfmark",
        user: ("somebody", "/home/somebody"),
        // The client of the same wheel writes an event and reads its effect.
        check: "test -s ~/env/share/man/man1/shelfmark-serve.1 && ~/env/bin/python -c \"
import sys, shelfmark
session = shelfmark.Client(sys.argv[1]).session()
session.append_event(user='ann', item='sku-0001', kind='click')
assert len(session.recommend('ann', limit=3)['items']) == 3
\" \"$1\"",
        time_max: Some(WHEEL_TIME_MAX),
    },
];

/// What is tried, and where.
struct Options {
    /// Release of Debian.
    suite: String,
    /// Folder with the packages.
    folder: PathBuf,
    /// End of the name of the only package to try.
    only: Option<String>,
    /// Whether the root of the `.deb` is booted.
    boot: bool,
}

impl Options {
    fn parse(project: &Project, args: &[String]) -> Outcome<Self> {
        let folder = project.target()?.join("package");
        let mut options = Self { suite: SUITE.to_owned(), folder, only: None, boot: false };
        let mut words = args.iter();
        while let Some(flag) = words.next() {
            if flag == "--boot" {
                options.boot = true;
                continue;
            }
            match (flag.as_str(), words.next()) {
                ("--suite", Some(name)) => options.suite.clone_from(name),
                ("--from", Some(name)) => options.folder = PathBuf::from(name),
                ("--only", Some(ending)) if KINDS.iter().any(|kind| kind.ending == ending) => {
                    options.only = Some(ending.clone());
                }
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(options)
    }
}

/// What a trial measured.
struct Figures {
    file: String,
    bytes: u64,
    installed_bytes: u64,
    install: Duration,
    start: Duration,
    stop: Duration,
}

/// Tries the packages of `target/package`, or of the folder that `--from` names, in Debian `--suite`; or the one of a
/// kind that `--only` names. With `--boot`, systemd starts the unit of the `.deb` too.
pub fn run(project: &Project, args: &[String]) -> Outcome<()> {
    let options = Options::parse(project, args)?;
    if !is_root() {
        return Err("the trial makes roots and mounts of its own, so it has to run as root".to_owned());
    }
    let boot = options.boot.then_some(("systemd-nspawn", "systemd-container"));
    for (program, package) in [("debootstrap", "debootstrap"), ("unshare", "util-linux")].into_iter().chain(boot) {
        if !on_path(program) {
            return Err(format!("{program} is missing: apt-get install -y --no-install-recommends {package}"));
        }
    }
    show(Command::new("sha256sum").current_dir(&options.folder).args(["--check", "--quiet", "SHA256SUMS"]))
        .map_err(|error| format!("{error}\nMake the packages first: cargo xtask package"))?;
    space::require(&project.target()?, 4 * GB, "the trial", "set CARGO_TARGET_DIR to a folder with more")?;
    let mut all = Vec::new();
    for kind in KINDS.iter().filter(|kind| options.only.as_ref().is_none_or(|ending| kind.ending == ending)) {
        let package = the_package(&options.folder, kind.ending)?;
        say(&format!("trying {}", package.display()));
        let root = DebianRoot::new(&options.suite, project.scratch("package-trial")?.join("root"))?;
        let figures = try_package(&root, kind, &package).map_err(|error| format!("{}: {error}", package.display()))?;
        all.push(figures);
        if options.boot && kind.ending == ".deb" {
            boot::try_unit(&root)?;
        }
    }
    println!("In a bare Debian {}:\n\n{}", options.suite, table(&all));
    Ok(())
}

/// The one file of a folder with this ending.
fn the_package(folder: &Path, ending: &str) -> Outcome<PathBuf> {
    let entries = fs::read_dir(folder).map_err(in_path(folder))?.flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(package), true) => Ok(package),
        (Some(_), false) => Err(format!("{} holds several packages ending with {ending}", folder.display())),
        (None, _) => Err(format!("{} holds no package ending with {ending}", folder.display())),
    }
}

fn try_package(root: &DebianRoot, kind: &Kind, package: &Path) -> Outcome<Figures> {
    let (user, home) = kind.user;
    show(&mut root.command(&["apt-get", "update", "-qq"]))?;
    show(&mut root.command(&[&INSTALL, &["-qq"][..], kind.needs].concat()))?;
    show(&mut root.command(&["sh", "-c", "if command -v cc || command -v c++; then exit 1; fi"]))
        .map_err(|error| format!("the root has a compiler: {error}"))?;
    let of_user = user == "somebody";
    if of_user {
        show(&mut root.command(&["useradd", "--create-home", user]))?;
    }
    let file = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let inside = format!("/srv/{file}");
    fs::copy(package, root.path(&format!("srv/{file}"))).map_err(in_path(package))?;
    let before = used(root)?;

    let began = Instant::now();
    let install = ["sh", "-e", "-c", kind.install, "sh", &inside];
    let mut install = if of_user { root.command_as(user, home, &install) } else { root.command(&install) };
    show(&mut install)?;
    let install = began.elapsed();
    let installed_bytes = used(root)?.saturating_sub(before);

    let ask = |words: &[&str]| {
        let words = [&[kind.program], words].concat();
        if user == "root" { root.command(&words) } else { root.command_as(user, home, &words) }
    };
    let version = read(&mut ask(&["--version"]))?;
    say(&format!("{} is installed; starting it", version.trim()));
    let began = Instant::now();
    let mut service = Service::start(ask(&["serve", "--listen", "127.0.0.1:0"]))?;
    let url = service.address.clone();
    show(&mut ask(&["ready", "--wait", "60", "--url", &url]))?;
    let start = began.elapsed();
    if let Some(max) = kind.time_max
        && install + start > max
    {
        return Err(format!("installing and starting took {:?}, and may take {max:?}", install + start));
    }

    show(&mut ask(&["demo", "--events", "1000", "--rate", "0", "--quiet", "--url", &url]))?;
    let answer = read(&mut ask(&["recommend", "shopper-0001", "--limit", "3", "--json", "--url", &url]))?;
    if answer.matches("\"score\"").count() != 3 {
        return Err(format!("three recommendations were asked for, and the answer is {answer}"));
    }
    let check = ["sh", "-e", "-c", kind.check, "sh", &url];
    let mut check = if of_user { root.command_as(user, home, &check) } else { root.command(&check) };
    show(&mut check).map_err(|error| format!("not all that it promises is there: {error}"))?;
    let stop = service.stop()?;
    let bytes = fs::metadata(package).map_err(in_path(package))?.len();
    Ok(Figures { file, bytes, installed_bytes, install, start, stop })
}

/// Bytes of all files of a root.
fn used(root: &DebianRoot) -> Outcome<u64> {
    let said =
        read(Command::new("du").args(["--summarize", "--one-file-system", "--block-size=1"]).arg(root.path("")))?;
    let bytes = said.split_whitespace().next().and_then(|bytes| bytes.parse().ok());
    bytes.ok_or_else(|| format!("du said {said}"))
}

/// A service in a root; it ends with this value.
struct Service {
    process: Child,
    address: String,
}

impl Service {
    /// Starts it; returns once it listens.
    fn start(mut command: Command) -> Outcome<Self> {
        let mut process = command
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the service could not be run: {error}"))?;
        let out = process.stdout.take().ok_or("the service has no output")?;
        let mut service = Self { process, address: String::new() };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).map_err(|error| format!("the service's output: {error}"))?;
        line.trim().clone_into(&mut service.address);
        if service.address.starts_with("http://") {
            Ok(service)
        } else {
            Err("the service ended before it listened; its words are above".to_owned())
        }
    }

    /// Asks it to end, as systemd does, and waits. Returns how long it took.
    fn stop(&mut self) -> Outcome<Duration> {
        let began = Instant::now();
        show(Command::new("kill").arg(self.process.id().to_string()))?;
        loop {
            match self.process.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(began.elapsed()),
                Ok(Some(status)) => return Err(format!("the service ended with {status}")),
                Ok(None) if began.elapsed() < STOP_TIME_MAX => std::thread::sleep(Duration::from_millis(20)),
                Ok(None) => return Err(format!("the service did not end within {STOP_TIME_MAX:?}")),
                Err(error) => return Err(format!("the service cannot be waited for: {error}")),
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            // In order, so that its Postgres ends too.
            let _ended_below = self.stop();
            let _gone = self.process.kill();
            let _reaped = self.process.wait();
        }
    }
}

/// The figures as a table in Markdown.
fn table(all: &[Figures]) -> String {
    let mut lines = vec![
        "| package | file | installed | to install | start until ready | to stop |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(all.iter().map(|figures| {
        format!(
            "| {} | {} | {} | {:.1} s | {:.1} s | {:.1} s |",
            figures.file,
            megabytes(figures.bytes),
            megabytes(figures.installed_bytes),
            figures.install.as_secs_f64(),
            figures.start.as_secs_f64(),
            figures.stop.as_secs_f64()
        )
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_become_a_table() {
        let figures = Figures {
            file: "a.deb".to_owned(),
            bytes: 98_765_432,
            installed_bytes: 400_000_000,
            install: Duration::from_millis(4_250),
            start: Duration::from_millis(1_960),
            stop: Duration::from_secs(1),
        };
        let last = table(&[figures]).lines().last().map(str::to_owned);
        assert_eq!(last.as_deref(), Some("| a.deb | 98.7 MB | 400.0 MB | 4.2 s | 2.0 s | 1.0 s |"));
    }

    #[test]
    fn there_has_to_be_one_package_of_a_kind() {
        let folder = std::env::temp_dir().join(format!("shelfmark-xtask-trial-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert!(the_package(&folder, ".deb").unwrap_err().contains("holds no package ending with .deb"));
        fs::write(folder.join("a.deb"), "").unwrap();
        assert_eq!(the_package(&folder, ".deb").unwrap(), folder.join("a.deb"));
        fs::write(folder.join("b.deb"), "").unwrap();
        assert!(the_package(&folder, ".deb").unwrap_err().contains("holds several"));
        fs::remove_dir_all(folder).unwrap();
    }
}
