//! Mails, by way of a relay.

use std::{
    fmt, fs,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{Certificate, SmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use url::Url;

use super::{Failure, Mail, NoticeError};

/// How long the relay may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most characters of what a relay says that are kept.
const SENTENCE_LIMIT: usize = 300;

/// A mail relay.
#[derive(Clone)]
pub struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    login: Option<Credentials>,
    password: Option<String>,
    from: Mailbox,
    patience: Duration,
}

/// When the connection is encrypted.
#[derive(Clone)]
enum Tls {
    Never,
    /// If the relay offers it.
    IfOffered(TlsParameters),
    /// From STARTTLS on, or not at all.
    Started(TlsParameters),
    /// From the beginning.
    Always(TlsParameters),
}

/// Not the password.
impl fmt::Debug for Smtp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, port, from) = (&self.host, self.port, &self.from);
        out.debug_struct("Smtp").field("host", host).field("port", &port).field("from", from).finish_non_exhaustive()
    }
}

impl Smtp {
    /// The relay at `smtp://[user:password@]host[:port][?tls=required|opportunistic|none]` or `smtps://…`.
    ///
    /// `tls` is `required` unless given. `ca=FILE` names certificates (PEM) that the relay's may be signed by, besides
    /// those of the system. `from` is the sender, such as `Weir <weir@example.com>`.
    ///
    /// # Errors
    /// When URL or sender make no sense, or would send a password over the network unencrypted.
    pub fn new(url: &str, from: &str) -> Result<Self, NoticeError> {
        let from =
            from.parse().map_err(|error| NoticeError::Relay(format!("the sender `{from}` is no address: {error}")))?;
        let url = Url::parse(url).map_err(|error| NoticeError::Relay(format!("its URL cannot be read: {error}")))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(NoticeError::Relay("its URL names no host".into()));
        }
        let tls = tls(&url, &host)?;
        let password = url.password().map(decoded);
        let login = (!url.username().is_empty())
            .then(|| Credentials::new(decoded(url.username()), password.clone().unwrap_or_default()));
        if login.is_some() && matches!(tls, Tls::Never | Tls::IfOffered(_)) && !is_loopback(&host) {
            return Err(NoticeError::Relay(
                "it would get the password unencrypted: use tls=required or smtps://".into(),
            ));
        }
        let usual_port = match tls {
            Tls::Always(_) => 465,
            Tls::Started(_) => 587,
            Tls::Never | Tls::IfOffered(_) => 25,
        };
        let port = url.port().unwrap_or(usual_port);
        Ok(Self { host, port, tls, login, password, from, patience: PATIENCE })
    }

    /// Waits no longer than this for each answer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sends once.
    pub(super) fn send(&self, mail: &Mail) -> Result<(), Failure> {
        let message = self.message(mail).map_err(Failure::Permanent)?;
        // Whatever is wrong before the mail is handed over is not the mail's fault, and may be put right.
        let mut connection = self.connect().map_err(|error| Failure::Transient(self.sentence(&error)))?;
        let sent = connection.send(message.envelope(), &message.formatted());
        match sent {
            Ok(_) => {
                connection.abort();
                Ok(())
            }
            Err(error) if error.is_permanent() => Err(Failure::Permanent(self.sentence(&error))),
            Err(error) => Err(Failure::Transient(self.sentence(&error))),
        }
    }

    fn connect(&self) -> Result<SmtpConnection, Error> {
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let wrapped = match &self.tls {
            Tls::Always(parameters) => Some(parameters),
            _ => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection = SmtpConnection::connect(address, Some(self.patience), &hello, wrapped, None)?;
        match &self.tls {
            Tls::IfOffered(parameters) if connection.can_starttls() => connection.starttls(parameters, &hello)?,
            Tls::Started(parameters) => connection.starttls(parameters, &hello)?,
            _ => {}
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login)?;
        }
        Ok(connection)
    }

    /// What the relay said, in one line, without the password.
    fn sentence(&self, error: &Error) -> String {
        let text = format!("the mail relay: {error}").replace(char::is_control, " ");
        let text = match self.password.as_deref() {
            Some(password) if !password.is_empty() => text.replace(password, "****"),
            _ => text,
        };
        text.chars().take(SENTENCE_LIMIT).collect()
    }

    /// The mail as it goes over the wire.
    pub(super) fn message(&self, mail: &Mail) -> Result<Message, String> {
        let to: Address = mail.to.parse().map_err(|error| format!("`{}` is no address: {error}", mail.to))?;
        let sender = mail.sender.clone().or_else(|| self.from.name.clone());
        let date = SystemTime::UNIX_EPOCH + Duration::from_millis(mail.date.try_into().unwrap_or_default());
        let mut builder = Message::builder()
            .from(Mailbox::new(sender, self.from.email.clone()))
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .date(date)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .raw_header(header("Auto-Submitted", "auto-generated".into()));
        if let Some(url) = &mail.unsubscribe_url {
            builder = builder.raw_header(header("List-Unsubscribe", format!("<{url}>")));
        }
        builder.body(mail.text.clone()).map_err(|error| error.to_string())
    }
}

fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// How to encrypt, as the URL says.
fn tls(url: &Url, host: &str) -> Result<Tls, NoticeError> {
    let (mut mode, mut ca) = (None, None);
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "tls" => mode = Some(value.into_owned()),
            "ca" => ca = Some(value.into_owned()),
            other => return Err(NoticeError::Relay(format!("its URL has an unknown parameter `{other}`"))),
        }
    }
    let parameters = || parameters(host, ca.as_deref());
    match (url.scheme(), mode.as_deref()) {
        ("smtps", None | Some("required")) => Ok(Tls::Always(parameters()?)),
        ("smtp", None | Some("required")) => Ok(Tls::Started(parameters()?)),
        ("smtp", Some("opportunistic")) => Ok(Tls::IfOffered(parameters()?)),
        ("smtp", Some("none")) => Ok(Tls::Never),
        ("smtp" | "smtps", Some(other)) => {
            Err(NoticeError::Relay(format!("tls={other} is none of required, opportunistic and none")))
        }
        (other, _) => Err(NoticeError::Relay(format!("its URL begins with {other}://: use smtp:// or smtps://"))),
    }
}

fn parameters(host: &str, ca: Option<&str>) -> Result<TlsParameters, NoticeError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca {
        let refused = |problem: String| NoticeError::Relay(format!("ca={path}: {problem}"));
        let pem = fs::read(path).map_err(|error| refused(error.to_string()))?;
        builder =
            builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| refused(error.to_string()))?);
    }
    builder.build().map_err(|error| NoticeError::Relay(format!("TLS: {error}")))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A part of a URL as it was meant: `%40` is `@`.
pub(super) fn decoded(part: &str) -> String {
    // A plus is a plus here, unlike in a form.
    let form = format!("x={}", part.replace('+', "%2B").replace('&', "%26"));
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs.next().map_or_else(String::new, |(_, value)| value.into_owned())
}
