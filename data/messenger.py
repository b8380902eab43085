"""Messages to services outside, by Apprise: which are allowed, what may be shown of an address, and sending.

An address holds secrets. Nothing here logs one, and what Apprise says about a failure leaves here without them.
"""

import ipaddress
import logging
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from domain.errors import AegisError, BadInput

if TYPE_CHECKING:
    from apprise import AppriseAsset, NotifyBase

ADDRESS_MAX = 1_000
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
# Services that carry a message over the network to people: name by schema. What runs or shows something on this
# machine, writes files, or speaks anything but HTTP and SMTP is left out.
SERVICES = {
    "mailto": "Mail",
    "mailtos": "Mail",
    "mailgun": "Mailgun",
    "sendgrid": "SendGrid",
    "postmark": "Postmark",
    "smtp2go": "SMTP2Go",
    "brevo": "Brevo",
    "resend": "Resend",
    "slack": "Slack",
    "workflow": "Teams",
    "workflows": "Teams",
    "wxteams": "Webex",
    "webex": "Webex",
    "discord": "Discord",
    "gchat": "Google Chat",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "rocket": "Rocket.Chat",
    "rockets": "Rocket.Chat",
    "matrix": "Matrix",
    "matrixs": "Matrix",
    "zulip": "Zulip",
    "nctalk": "Nextcloud Talk",
    "nctalks": "Nextcloud Talk",
    "tgram": "Telegram",
    "threema": "Threema",
    "opsgenie": "Opsgenie",
    "pagerduty": "PagerDuty",
    "splunk": "Splunk On-Call",
    "victorops": "Splunk On-Call",
    "squadcast": "Squadcast",
    "ilert": "ilert",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "pover": "Pushover",
    "json": "Webhook (JSON)",
    "jsons": "Webhook (JSON)",
    "xml": "Webhook (XML)",
    "xmls": "Webhook (XML)",
    "form": "Webhook (form)",
    "forms": "Webhook (form)",
}
# Where the place of the host holds a host; elsewhere it may hold a token.
_NAMES_HOST = frozenset(
    {name + s for name in ("json", "xml", "form", "mmost", "rocket", "gotify", "nctalk", "mailto") for s in ("", "s")}
)
# Options that make a plugin read a file of this machine, or wait.
_REFUSED_OPTIONS = ("template", "attach", "pgp", "wkd", "keyfile", "pem", "smime", "retry", "wait")
_LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")
_SECRET_MIN = 4
_REASON_MAX = 300


class NotSent(AegisError):
    """A message that did not go; `detail` is why, without secrets."""

    code = "not_sent"
    status = 502


@dataclass(slots=True)
class _State:
    base_url: str = ""
    private_hosts: tuple[str, ...] = ()


_state = _State()


def configure(base_url: str, private_hosts: Sequence[str] = ()) -> None:
    """`base_url`: where links in messages lead. `private_hosts`: names, addresses and networks of one's own that
    messages may go to; all other private ones are refused.
    """
    _state.base_url, _state.private_hosts = base_url.rstrip("/"), tuple(host.lower() for host in private_hosts)


def base_url() -> str:
    return _state.base_url


def describe(address: str) -> str:
    """What may be shown of an address: the service, and the host where there is one. Raises BadInput when it cannot
    be used.
    """
    schema, plugin = _plugin(address)
    host = _host(schema, plugin)
    if host:
        _check_name(host)
    return f"{SERVICES[schema]} ({schema}://{host})" if host else f"{SERVICES[schema]} ({schema}://)"


def send(address: str, title: str, body: str) -> None:
    """Send one message, once. Raises NotSent with the reason, or BadInput when the address cannot be used any more."""
    schema, plugin = _plugin(address)
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_SECONDS, ANSWER_SECONDS
    plugin.redirects = False
    with _only_allowed_hosts() as refused, _listening() as said:
        try:
            sent = plugin.notify(body=body, title=title, body_format="text")
        except (OSError, TypeError, ValueError) as error:
            sent = False
            said.append(type(error).__name__)
    if refused:
        raise NotSent(_private(refused[0]))
    if not sent:
        host = _host(schema, plugin)
        raise NotSent(_scrubbed(said[0], address, but=host) if said else "The service did not take the message.")


def _plugin(address: str) -> "tuple[str, NotifyBase]":
    from apprise import Apprise
    from apprise.plugins import url_to_dict

    if not address or len(address) > ADDRESS_MAX or not address.isprintable():
        raise BadInput(f"An address has 1 to {ADDRESS_MAX:,} characters.", errors={"address": "length"})
    with _listening():
        parsed = url_to_dict(address, secure_logging=True)  # type: ignore[no-untyped-call]
        if parsed is None:
            raise _unusable(address)
        schema = str(parsed["schema"]).lower()
        if schema not in SERVICES:
            raise BadInput(
                f"Aegis sends nothing to {schema[:20]}://; see the list of services.", errors={"address": "service"}
            )
        for option in parsed.get("qsd") or ():
            if str(option).lower().startswith(_REFUSED_OPTIONS):
                raise BadInput(f"The option {str(option)[:30]} is not allowed.", errors={"address": "option"})
        plugin = Apprise.instantiate(parsed, asset=_asset())
    if plugin is None:
        raise _unusable(address)
    return schema, plugin


def _host(schema: str, plugin: "NotifyBase") -> str:
    """The host it sends to; empty where the place of the host may hold a token."""
    if schema not in _NAMES_HOST:
        return ""
    return str(getattr(plugin, "smtp_host", "") or getattr(plugin, "host", "") or "")


def _unusable(address: str) -> BadInput:
    schema = address.partition("://")[0].lower()
    known = schema in SERVICES
    words = f"This is not a complete address of {SERVICES[schema]}." if known else "No service has such an address."
    return BadInput(words, errors={"address": "unusable"})


def _asset() -> "AppriseAsset":
    from apprise import AppriseAsset, PersistentStoreMode

    return AppriseAsset(
        app_id="Aegis",
        app_desc="Aegis",
        app_url=_state.base_url or "https://example.org",
        async_mode=False,
        pgp_autogen=False,
        pem_autogen=False,
        http_redirects=False,
        default_service_retry=0,
        image_url_mask="",
        image_url_logo="",
        storage_mode=PersistentStoreMode.MEMORY,
        secure_logging=True,
    )


# -- where messages may go ---------------------------------------------------------------------------------------------


def _check_name(host: str) -> None:
    """Refuse at once what can be seen to be private; what a name resolves to is looked at when a message goes."""
    name = host.lower().strip("[]").rstrip(".")
    if name in _state.private_hosts:
        return
    if name in _LOCAL_NAMES or name.endswith((".localhost", ".local")):
        raise BadInput(_private(host), errors={"address": "private"})
    try:
        found = ipaddress.ip_address(name)
    except ValueError:
        return
    if not _allowed(found):
        raise BadInput(_private(host), errors={"address": "private"})


def _allowed(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    if inner.is_global and not inner.is_multicast:
        return True
    return any(address in network or inner in network for network in _networks())


def _networks() -> Iterator[Any]:
    for one in _state.private_hosts:
        try:
            yield ipaddress.ip_network(one, strict=False)
        except ValueError:
            continue  # a name


def _private(host: str) -> str:
    return f"{host[:100]} is a private address; it can be allowed on the server, by AEGIS_NOTIFY_PRIVATE_HOSTS."


@contextmanager
def _only_allowed_hosts() -> Iterator[list[str]]:
    """While it lasts, names resolve to nothing private: what is looked at is what is connected to, redirects included.

    Yields the hosts that were refused. The process must not send anything else meanwhile.
    """
    refused: list[str] = []
    resolve = socket.getaddrinfo

    def guarded(host: Any, *arguments: Any, **options: Any) -> Any:
        found = resolve(host, *arguments, **options)
        name = (host.decode() if isinstance(host, bytes) else str(host)).lower().rstrip(".")
        if name not in _state.private_hosts and not all(
            _allowed(ipaddress.ip_address(str(one[4][0]).partition("%")[0])) for one in found
        ):
            refused.append(name)
            raise socket.gaierror(socket.EAI_FAIL, "private address")
        return found

    socket.getaddrinfo = guarded
    try:
        yield refused
    finally:
        socket.getaddrinfo = resolve


# -- what Apprise says -------------------------------------------------------------------------------------------------


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What Apprise warns of meanwhile, for us alone: it may name addresses, as HTTP's log does, so neither is kept."""
    collector = _Collector()
    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    loggers[0].addHandler(collector)
    for logger in loggers:
        logger.setLevel(logging.WARNING)
        logger.propagate = False
    try:
        yield collector.said
    finally:
        loggers[0].removeHandler(collector)
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.propagate = propagate


def _scrubbed(words: str, address: str, *, but: str) -> str:
    """`words` without any part of the address that could be a secret; `but` may be shown."""
    parts = {part for part in re.split(r"[/:@?&=,;]", address.partition("://")[2]) if len(part) >= _SECRET_MIN}
    parts |= {unquote(part) for part in parts}
    for part in sorted(parts - {but}, key=len, reverse=True):
        words = words.replace(part, "…")
    return re.sub(r"\S+://\S+", "…", " ".join(words.split())).replace(".,", ",")[:_REASON_MAX]
