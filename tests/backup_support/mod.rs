//! Support of the backup tests: a real S3 server, the commands, and the content of a database.

pub mod proxy;

use std::{
    ffi::OsStr,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};

const ACCESS: &str = "backup-test";
const SECRET: &str = "not-to-be-printed";
/// Folder of the program in the cache of `cargo xtask`, see xtask/src/object_store.rs.
const PROGRAM: &str = "versitygw-1.8.0/bin/versitygw";

/// Where backups go.
pub struct Place {
    /// Address for `--to` and `--from`.
    pub url: String,
    /// Folder in which the objects are files.
    pub files: PathBuf,
    variables: Vec<(&'static str, String)>,
    server: Option<Child>,
    _folder: tempfile::TempDir,
}

impl Place {
    /// A folder of this machine.
    pub fn folder() -> Self {
        let folder = tempfile::Builder::new().prefix("shelfmark-backup-").tempdir().expect("a folder");
        let url = format!("file://{}/prefix", folder.path().display());
        let files = folder.path().join("prefix");
        Self { url, files, variables: Vec::new(), server: None, _folder: folder }
    }

    /// A bucket of a real S3 server. `None` on a machine without the server, which is said.
    pub fn bucket() -> Option<Self> {
        let Some(program) = caches().into_iter().map(|cache| cache.join(PROGRAM)).find(|program| program.is_file())
        else {
            let reason = "no S3 server: `cargo xtask test` compiles versitygw where there is Go";
            assert!(std::env::var_os("SHELFMARK_CI").is_none(), "{reason}");
            println!("ignored: {reason}");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("shelfmark-backup-").tempdir().expect("a folder");
        fs::create_dir(folder.path().join("bucket")).expect("a bucket");
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let address = format!("127.0.0.1:{port}");
        let server = Command::new(program)
            .args(["--port", &address, "--access", ACCESS, "--secret", SECRET, "--quiet", "posix"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < deadline, "the S3 server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut place = Self {
            url: "s3://bucket/a/prefix".to_owned(),
            files: folder.path().join("bucket/a/prefix"),
            variables: Vec::new(),
            server: Some(server),
            _folder: folder,
        };
        place.reach_at(&address);
        Some(place)
    }

    /// Reaches the server at another address, such as that of a proxy.
    pub fn reach_at(&mut self, address: &str) {
        self.variables = vec![
            ("AWS_ENDPOINT_URL", format!("http://{address}")),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ];
    }

    /// Address of the server.
    pub fn address(&self) -> String {
        let url = &self.variables.first().expect("a server").1;
        url.trim_start_matches("http://").to_owned()
    }

    /// A command with the variables of this place.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shelfmark"));
        command.args(arguments).env_remove("DATABASE_URL");
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    /// Runs a command: its status, and what it printed and told.
    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(arguments).output().expect("the binary runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let (out, told) = (text(output.stdout), text(output.stderr));
        assert!(!out.contains(SECRET) && !told.contains(SECRET), "{out}{told}");
        (output.status.code().expect("a status"), out, told)
    }

    /// Makes a backup of the database that the flags name: what it reports.
    pub fn back_up(&self, flags: &[&str]) -> Value {
        let (status, out, told) =
            self.run(&[&["backup", "--to", &self.url, "--json", "--quiet", "--lease", "3s"], flags].concat());
        assert_eq!(status, 0, "{told}");
        serde_json::from_str(&out).expect("JSON")
    }

    /// Restores into the database that the flags name: what it reports.
    pub fn restore(&self, flags: &[&str]) -> Value {
        let (status, out, told) = self.run(&[&["restore", "--from", &self.url, "--json", "--quiet"], flags].concat());
        assert_eq!(status, 0, "{told}");
        serde_json::from_str(&out).expect("JSON")
    }

    /// Names of the backups, oldest first.
    pub fn backups(&self) -> Vec<String> {
        let (status, out, told) = self.run(&["backups", "--at", &self.url, "--json", "--quiet"]);
        assert_eq!(status, 0, "{told}");
        let listed: Value = serde_json::from_str(&out).expect("JSON");
        let backups = listed["backups"].as_array().expect("a list");
        backups.iter().map(|backup| backup["backup"]["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// Files of the objects below a folder of the layout.
    pub fn objects(&self, folder: &str) -> Vec<PathBuf> {
        let (mut found, mut todo) = (Vec::new(), vec![self.files.join(folder)]);
        while let Some(next) = todo.pop() {
            for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { todo.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn caches() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = set("SHELFMARK_CACHE_DIR") {
        return vec![chosen];
    }
    let of_user = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    of_user.map(|cache| cache.join("shelfmark")).into_iter().chain([Path::new("/var/cache/shelfmark").into()]).collect()
}

/// Number of rows and a hash of them, for each table of a database but those of running processes.
pub async fn content(url: &str) -> Vec<(String, i64, String)> {
    let pool = PgPool::connect(url).await.expect("a pool");
    let tables: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = 'public' \
         and tablename not in ('processes', '_sqlx_migrations') order by 1",
    )
    .fetch_all(&pool)
    .await
    .expect("a list of tables");
    let mut found = Vec::new();
    for table in tables {
        // The name comes from the catalogue.
        let query = format!(
            "select count(*), coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') from {table} t"
        );
        let (rows, hash) = sqlx::query_as(AssertSqlSafe(query)).fetch_one(&pool).await.expect("a hash");
        found.push((table, rows, hash));
    }
    pool.close().await;
    found
}
