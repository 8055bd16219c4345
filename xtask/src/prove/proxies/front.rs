//! nginx and HAProxy before the sandbox, each as its makers ship it, in a folder of its own.

use std::fmt;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use nexmo_conversion::clock;
use tempfile::TempDir;

use super::super::stage::Witness;
use crate::machine::installed;

/// Requests after which nginx closes a connection. HAProxy has no such limit: it closes after one request of so many, by chance.
pub(super) const REQUESTS: usize = 100;
/// How long both leave a connection open that is not used.
pub(super) const IDLE: Duration = Duration::from_millis(500);
/// A proxy starts within this time, and has written its log down.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    Nginx,
    HaProxy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    None,
    Tls,
}

/// A kind of proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Front {
    make: Make,
    security: Security,
}

impl Front {
    pub(super) const ALL: [Self; 4] = [
        Self { make: Make::Nginx, security: Security::None },
        Self { make: Make::Nginx, security: Security::Tls },
        Self { make: Make::HaProxy, security: Security::None },
        Self { make: Make::HaProxy, security: Security::Tls },
    ];

    /// What this proof needs and does not find.
    pub(super) fn missing() -> Vec<&'static str> {
        ["nginx", "haproxy", "setpriv"].into_iter().filter(|name| installed(name).is_none()).collect()
    }

    /// Starts it before this sandbox.
    pub(super) fn start(self, api: &Witness) -> anyhow::Result<Running> {
        let folder = tempfile::tempdir()?;
        let ca = folder.path().join("certificate.pem");
        let own = rcgen::generate_simple_self_signed([Ipv4Addr::LOCALHOST.to_string()])?;
        let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
        fs::write(&ca, &certificate)?;
        // nginx can have both in one file, HAProxy must.
        fs::write(folder.path().join("both.pem"), certificate + &key)?;

        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let api = api.base_url().trim_start_matches("http://");
        let mut command = self.command(folder.path(), port, api)?;
        let errors = File::create(folder.path().join("errors"))?;
        command.stdin(Stdio::null()).stdout(File::create(folder.path().join("requests"))?).stderr(errors);
        let process = command.spawn().with_context(|| format!("cannot start {self}"))?;
        let (scheme, ca) = match self.security {
            Security::None => ("http", None),
            Security::Tls => ("https", Some(ca)),
        };
        let mut running = Running { folder, process, base_url: format!("{scheme}://127.0.0.1:{port}"), ca };
        running.wait(port).with_context(|| self.to_string())?;
        Ok(running)
    }

    /// In the foreground, and for no longer than the thread that starts it.
    fn command(self, folder: &Path, port: u16, api: &str) -> anyhow::Result<Command> {
        let found = |name| installed(name).with_context(|| format!("{name} is not installed"));
        let configuration = folder.join("configuration");
        let mut command = Command::new(found("setpriv")?);
        command.args(["--pdeathsig", "TERM"]).current_dir(folder);
        match self.make {
            Make::Nginx => {
                fs::write(&configuration, nginx(port, api, self.security))?;
                command
                    .arg(found("nginx")?)
                    .args(["-e", "stderr", "-p"])
                    .arg(folder)
                    .arg("-c")
                    .arg(&configuration);
            }
            Make::HaProxy => {
                fs::write(&configuration, haproxy(port, api, self.security, folder))?;
                command.arg(found("haproxy")?).args(["-db", "-f"]).arg(&configuration);
            }
        }
        Ok(command)
    }
}

fn nginx(port: u16, api: &str, security: Security) -> String {
    let ssl = match security {
        Security::None => "",
        Security::Tls => " ssl",
    };
    let idle = IDLE.as_millis();
    format!(
        "daemon off; master_process off; pid pid; error_log stderr;
events {{}}
http {{
    log_format request 'request $connection';
    access_log requests request;
    client_body_temp_path body; proxy_temp_path proxy;
    fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    ssl_certificate both.pem; ssl_certificate_key both.pem;
    keepalive_requests {REQUESTS}; keepalive_timeout {idle}ms;
    upstream api {{ server {api}; keepalive 32; }}
    server {{
        listen 127.0.0.1:{port}{ssl};
        location / {{ proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection ''; }}
    }}
}}
"
    )
}

/// One thread: where two want to log at the same time, HAProxy leaves one of the lines out.
fn haproxy(port: u16, api: &str, security: Security, folder: &Path) -> String {
    let ssl = match security {
        Security::None => String::new(),
        Security::Tls => format!(" ssl crt {}", folder.join("both.pem").display()),
    };
    let idle = IDLE.as_millis();
    format!(
        "global
    nbthread 1
    log stdout format raw local0
defaults
    mode http
    log global
    log-format \"request %cp\"
    option dontlognull
    timeout connect 10s
    timeout client 30s
    timeout server 30s
    timeout http-keep-alive {idle}ms
frontend front
    bind 127.0.0.1:{port}{ssl}
    http-after-response set-header Connection close if {{ rand({REQUESTS}) eq 0 }}
    default_backend api
backend api
    server api {api}
"
    )
}

/// A proxy that runs. It ends with this value.
pub(super) struct Running {
    folder: TempDir,
    process: Child,
    base_url: String,
    ca: Option<PathBuf>,
}

impl Running {
    /// `batch` with this proxy as its way to the sandbox.
    pub(super) fn batch(&self, api: &Witness, program: &Path) -> Command {
        let mut command = api.command(program);
        command.env("NEXMO_CONVERSION_BASE_URL", &self.base_url).args(["--quiet", "batch"]);
        if let Some(ca) = &self.ca {
            command.arg("--cacert").arg(ca);
        }
        command
    }

    /// The connection of each request that it has passed on, once there are at least so many.
    pub(super) fn requests(&self, at_least: usize) -> anyhow::Result<Vec<String>> {
        let began = clock::monotonic();
        loop {
            let log = fs::read_to_string(self.folder.path().join("requests"))?;
            let requests: Vec<_> = log
                .split_inclusive('\n')
                .filter_map(|line| line.strip_prefix("request ")?.strip_suffix('\n'))
                .map(str::to_owned)
                .collect();
            if requests.len() >= at_least {
                return Ok(requests);
            }
            let waited = clock::monotonic().saturating_sub(began);
            ensure!(waited < PATIENCE, "the proxy has seen {} of {at_least} requests", requests.len());
            clock::sleep(Duration::from_millis(10));
        }
    }

    fn wait(&mut self, port: u16) -> anyhow::Result<()> {
        let began = clock::monotonic();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let has_ended = self.process.try_wait()?.is_some();
            if has_ended || clock::monotonic().saturating_sub(began) > PATIENCE {
                bail!("does not start: {}", fs::read_to_string(self.folder.path().join("errors"))?);
            }
            clock::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Most users do not have the folders of services in their `PATH`.
impl fmt::Display for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let make = match self.make {
            Make::Nginx => "nginx",
            Make::HaProxy => "HAProxy",
        };
        let security = match self.security {
            Security::None => "",
            Security::Tls => ", TLS",
        };
        f.pad(&format!("{make}{security}"))
    }
}
