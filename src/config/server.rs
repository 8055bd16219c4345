//! A PostgreSQL server as libpq's users describe it: the URL, then the section of a service file that it names, then `PG…`
//! variables, then what libpq falls back on. What it all means is the `domain`'s; how a server is reached is not known here.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use crate::domain::{
    CertificateAuthorities, ChannelBinding, ClientCertificate, HostAddress, LedgerPlace, Secret, Server,
    ServerHost, ServerParameter as Parameter, ServerParameters, ServerUrl, SessionWanted, SharedLedger,
};

use super::authorities;
use super::error::ConfigError;
use super::model::{LedgerSettings, Settings};
use super::origin::Origin;
use super::passfile;
use super::private_file::{Missing, OpenFile, OpenMode};
use super::service;
use super::surroundings::Surroundings;
use super::value::{Folders, Raw, ValueError};

/// libpq's variables, one for each parameter that has one.
const VARIABLES: [(Parameter, &str); 15] = [
    (Parameter::Host, "PGHOST"),
    (Parameter::Port, "PGPORT"),
    (Parameter::Database, "PGDATABASE"),
    (Parameter::User, "PGUSER"),
    (Parameter::Password, "PGPASSWORD"),
    (Parameter::PassFile, "PGPASSFILE"),
    (Parameter::Service, "PGSERVICE"),
    (Parameter::ConnectTimeout, "PGCONNECT_TIMEOUT"),
    (Parameter::SslMode, "PGSSLMODE"),
    (Parameter::SslRootCert, "PGSSLROOTCERT"),
    (Parameter::SslCert, "PGSSLCERT"),
    (Parameter::SslKey, "PGSSLKEY"),
    (Parameter::ChannelBinding, "PGCHANNELBINDING"),
    (Parameter::TargetSessionAttrs, "PGTARGETSESSIONATTRS"),
    (Parameter::ApplicationName, "PGAPPNAME"),
];

const PORT: u16 = 5432;
/// For each host: nothing hangs, also where libpq would wait for ever.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const LONGEST_CONNECT_TIMEOUT: u64 = 300;
/// Where distributions have the server's socket; its own default comes last.
const SOCKETS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];
/// A certificate with all that leads to it, and a key.
const MOST: usize = 1024 * 1024;

/// The server of a URL, and how runs share the ledger on it; `None` without a home, where runs could not show each other that they
/// live. Reads the files that are named.
pub(super) fn resolve(
    url: &ServerUrl,
    origin: &Origin,
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Option<LedgerPlace>, ConfigError> {
    let Some(folder) = &surroundings.state_dir else { return Ok(None) };
    let LedgerSettings { address: _, schema, linger, keep, lease, durability } = &settings.ledger;
    let said = Said::gather(url, origin, surroundings)?;
    Ok(Some(LedgerPlace::Server(Box::new(SharedLedger {
        server: said.server()?,
        schema: schema.value.clone(),
        linger: linger.value,
        keep: keep.value,
        // No request begins that could end after the lease, and renewals are a sixth of it apart: a shorter one would let none begin.
        lease: lease.value.max(settings.max_time.value * 3 / 2 + Duration::from_secs(5)),
        patience: settings.retry_max_time.value,
        locks: folder.join("servers"),
        durability: durability.value,
    }))))
}

/// One source, and what it is called.
struct Source {
    name: String,
    parameters: ServerParameters,
}

/// What all sources say, the first one first.
struct Said<'a> {
    sources: Vec<Source>,
    surroundings: &'a Surroundings,
}

impl<'a> Said<'a> {
    fn gather(url: &ServerUrl, origin: &Origin, surroundings: &'a Surroundings) -> Result<Self, ConfigError> {
        let set = VARIABLES
            .iter()
            .filter_map(|(parameter, name)| Some((*parameter, surroundings.variable(name)?.to_owned())));
        let variables = Source { name: String::new(), parameters: set.collect() };
        let url = Source { name: origin.to_string(), parameters: url.parameters().clone() };
        let mut said = Self { sources: vec![url, variables], surroundings };
        if let Some((name, _)) = said.get(Parameter::Service) {
            let (file, parameters) = service::read(name, surroundings)?;
            let service = Source { name: format!("service {name:?} in {}", file.display()), parameters };
            said.sources.insert(1, service);
        }
        Ok(said)
    }

    /// What holds, and who says so.
    fn get(&self, parameter: Parameter) -> Option<(&str, String)> {
        let source = self.sources.iter().find(|source| source.parameters.contains_key(&parameter))?;
        let value = source.parameters.get(&parameter)?;
        Some((value, place(source, parameter)))
    }

    fn server(&self) -> Result<Server, ConfigError> {
        let user = match self.get(Parameter::User) {
            Some((user, _)) => user.to_owned(),
            None => self.system_user()?,
        };
        let database = self.get(Parameter::Database).map_or_else(|| user.clone(), |(name, _)| name.to_owned());
        let hosts = self.hosts(&database, &user)?;
        let (authorities, certificate) = if hosts.iter().all(ServerHost::is_socket) {
            (CertificateAuthorities::Unnamed, None)
        } else {
            (self.authorities()?, self.certificate()?)
        };
        Ok(Server {
            hosts,
            tls: self.named(Parameter::SslMode)?,
            authorities,
            channel_binding: self.named(Parameter::ChannelBinding)?.unwrap_or(ChannelBinding::Prefer),
            certificate,
            session: self.named::<SessionWanted>(Parameter::TargetSessionAttrs)?,
            connect_timeout: self.connect_timeout()?,
            application_name: self
                .get(Parameter::ApplicationName)
                .map_or_else(|| "nexmo-conversion".to_owned(), |(name, _)| name.to_owned()),
            database,
            user,
        })
    }

    fn named<T: FromStr<Err = String>>(&self, parameter: Parameter) -> Result<Option<T>, ConfigError> {
        let Some((value, place)) = self.get(parameter) else { return Ok(None) };
        let wrong = |names| ConfigError::Value { place, source: ValueError::Name(names) };
        value.parse().map(Some).map_err(wrong)
    }

    fn hosts(&self, database: &str, user: &str) -> Result<Vec<ServerHost>, ConfigError> {
        let split = |parameter| {
            let said = self.get(parameter);
            said.map(|(list, place)| (list.split(',').map(str::trim).collect::<Vec<_>>(), place))
        };
        let hosts = split(Parameter::Host).map_or_else(|| vec![""], |(hosts, _)| hosts);
        let (ports, ports_place) = split(Parameter::Port).unwrap_or_else(|| (vec![""], String::new()));
        let wrong = |why: &str| ConfigError::Value {
            place: ports_place.clone(),
            source: ValueError::Name(why.to_owned()),
        };
        if ports.len() != 1 && ports.len() != hosts.len() {
            return Err(wrong("has neither one port nor one for each host"));
        }
        let mut found = Vec::new();
        for (index, host) in hosts.into_iter().enumerate() {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or_default();
            let port = if port.is_empty() { Ok(PORT) } else { port.parse::<u16>() };
            let port = port.ok().filter(|port| *port > 0).ok_or_else(|| wrong("must be from 1 to 65535"))?;
            let address = match host {
                "" => HostAddress::Socket(usual_socket()),
                path if path.starts_with('/') => HostAddress::Socket(path.into()),
                name => HostAddress::Name(name.to_owned()),
            };
            found.push(ServerHost { address, port, password: None });
        }
        self.passwords(&mut found, database, user)?;
        Ok(found)
    }

    /// One that was given holds for all hosts; else the file is asked for each.
    fn passwords(&self, hosts: &mut [ServerHost], database: &str, user: &str) -> Result<(), ConfigError> {
        if let Some((password, _)) = self.get(Parameter::Password) {
            for host in hosts {
                host.password = Some(Secret::new(password.to_owned()));
            }
            return Ok(());
        }
        let file = match self.file(Parameter::PassFile)? {
            Some(path) => Some((path, Missing::IsAnError)),
            None => self.surroundings.home.as_ref().map(|home| (home.join(".pgpass"), Missing::IsFine)),
        };
        let Some((path, missing)) = file else { return Ok(()) };
        let Some(entries) = passfile::read(&path, missing)? else { return Ok(()) };
        for host in hosts {
            host.password = entries.password(host, database, user);
        }
        Ok(())
    }

    fn authorities(&self) -> Result<CertificateAuthorities, ConfigError> {
        let named = match self.get(Parameter::SslRootCert) {
            Some(("system", _)) => return Ok(CertificateAuthorities::System),
            Some((_, place)) => self.file(Parameter::SslRootCert)?.map(|path| (path, place)),
            None => self.usual_file("root.crt").map(|path| (path, "~/.postgresql".to_owned())),
        };
        let Some((path, place)) = named else { return Ok(CertificateAuthorities::Unnamed) };
        let origin = Origin::Variable(place);
        let pem = authorities::read_file(&path).map_err(|source| ConfigError::Authorities { origin, source })?;
        Ok(CertificateAuthorities::Pem { place: path.display().to_string(), pem })
    }

    fn certificate(&self) -> Result<Option<ClientCertificate>, ConfigError> {
        let chain = self.file(Parameter::SslCert)?.or_else(|| self.usual_file("postgresql.crt"));
        let Some(path) = chain else { return Ok(None) };
        let key = self.file(Parameter::SslKey)?.or_else(|| self.usual_file("postgresql.key"));
        let key = key.ok_or_else(|| ConfigError::Incomplete {
            missing: "sslkey (PGSSLKEY)".to_owned(),
            place: format!("beside the certificate {}", path.display()),
        })?;
        let file = OpenFile::open(&path, OpenMode::NonBlocking)?;
        file.insist_ours()?;
        file.insist_unwritable()?;
        let chain = file.read_public(MOST)?;
        let file = OpenFile::open(&key, OpenMode::NonBlocking)?;
        file.insist_ours()?;
        file.insist_private()?;
        let bytes = file.read(MOST)?;
        let key = std::str::from_utf8(&bytes).map_err(|_| ConfigError::Secret {
            place: key.display().to_string(),
            source: super::SecretError::NotUtf8,
        })?;
        Ok(Some(ClientCertificate { place: path.display().to_string(), chain, key: Secret::new(key.to_owned()) }))
    }

    fn connect_timeout(&self) -> Result<Duration, ConfigError> {
        let Some((value, place)) = self.get(Parameter::ConnectTimeout) else { return Ok(CONNECT_TIMEOUT) };
        match value.trim().parse::<i64>().map(u64::try_from) {
            // libpq's "for ever".
            Ok(Err(_) | Ok(0)) => Ok(CONNECT_TIMEOUT),
            Ok(Ok(seconds)) => Ok(Duration::from_secs(seconds.min(LONGEST_CONNECT_TIMEOUT))),
            Err(_) => Err(ConfigError::Value {
                place,
                source: ValueError::Name("must be a whole number of seconds".to_owned()),
            }),
        }
    }

    /// A file that somebody names; relative to the current folder, as libpq has it.
    fn file(&self, parameter: Parameter) -> Result<Option<PathBuf>, ConfigError> {
        let Some((path, place)) = self.get(parameter) else { return Ok(None) };
        let home = self.surroundings.home.as_deref();
        let folders = Folders { base: &self.surroundings.working_dir, home };
        let path = Raw::Untyped(path.to_owned()).path(folders);
        path.map(Some).map_err(|source| ConfigError::Value { place, source })
    }

    /// A file where libpq looks by itself, if it is there.
    fn usual_file(&self, name: &str) -> Option<PathBuf> {
        Some(self.surroundings.home.as_ref()?.join(".postgresql").join(name)).filter(|path| path.exists())
    }

    /// The user who runs this: by the system's list, or by what the shell says.
    fn system_user(&self) -> Result<String, ConfigError> {
        let me = rustix::process::geteuid().as_raw().to_string();
        let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let listed = list.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1) == Some(&me)).then(|| name.to_owned())
        });
        let told = || ["USER", "LOGNAME"].iter().find_map(|name| self.surroundings.variable(name));
        listed.or_else(|| told().map(str::to_owned)).ok_or_else(|| ConfigError::Value {
            place: "the server's URL".to_owned(),
            source: ValueError::Name("names no user, and the system has no name for this one".to_owned()),
        })
    }
}

/// How a value's source is called: a variable by its name, any other with the parameter.
fn place(source: &Source, parameter: Parameter) -> String {
    let variable = VARIABLES.iter().find(|(of, _)| *of == parameter).map(|(_, name)| *name);
    match (source.name.as_str(), variable) {
        ("", Some(variable)) => variable.to_owned(),
        (name, _) => format!("{} of {name}", parameter.as_str()),
    }
}

fn usual_socket() -> PathBuf {
    let there = SOCKETS.iter().map(Path::new).find(|folder| folder.join(format!(".s.PGSQL.{PORT}")).exists());
    there.unwrap_or(Path::new(SOCKETS[0])).to_owned()
}
