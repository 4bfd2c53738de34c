"""TLS, certificates, who listens where, and how secrets are kept: of configuration and files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509

from collector.config import CollectorTable
from collector.evidence.report.finding import Counted, Found, Gap
from collector.evidence.report.sources import Sources
from core.addressclass import is_loopback
from core.alerts import Text
from core.clock import SECOND
from core.secrets import secret_mistake

RENEW_DAYS: Final = 30
_DAY: Final = 86_400 * SECOND


def transport(sources: Sources) -> Found:
    """Whether what travels to the broker is protected, and how long its certificates hold."""
    broker = sources.config.broker
    counted = [sources.file(sources.path)]
    gaps: list[Gap] = []
    if broker.ca_file is None:
        local = is_loopback(broker.host)
        gaps.append(
            Gap(
                Text(
                    f"到消息服务器 {broker.host} 的连接没有加密（未设置 [broker] ca_file）"
                    + ("；仅在本机回环上" if local else ""),
                    f"the connection to the broker {broker.host} has no TLS (no [broker] ca_file)"
                    + ("; on this machine only" if local else ""),
                ),
                Text(
                    "按 docs/deploy.md 建立证书，设置 ca_file、cert_file、key_file；"
                    "学校到中心的连接须加密",
                    "make certificates (docs/deploy.md), and set ca_file, cert_file, key_file",
                ),
                hole=not local,
                level3=local,
            )
        )
    elif broker.cert_file is None:
        gaps.append(
            Gap(
                Text("中心没有客户端证书", "the collector has no certificate of its own"),
                Text("设置 [broker] cert_file 和 key_file", "set [broker] cert_file and key_file"),
                level3=True,
            )
        )
    read, ends = _certificates(sources)
    counted += read
    gaps += [gap for path, end in ends for gap in _ends(path, end, sources)]
    soonest = min((end for _, end in ends), default=0)
    said = "TLS" if broker.ca_file else "无 TLS"
    said_en = "TLS" if broker.ca_file else "no TLS"
    if soonest:
        said += f"；{len(ends)} 份证书，最早到期 {sources.day(soonest)}"
        said_en += f"; {len(ends)} certificates, the first ends on {sources.day(soonest)}"
    return Found(Text(said, said_en), counted, gaps)


def _certificates(sources: Sources) -> tuple[list[Counted], list[tuple[Path, int]]]:
    config = sources.config
    table, broker = config.collector, config.broker
    own = [broker.cert_file, table.readings_cert_file, table.claims_cert_file]
    own += [config.watchdog.cert_file]
    counted, ends = [], []
    for path in dict.fromkeys([broker.ca_file, *own]):
        if path is None:
            continue
        counted.append(sources.file(path))
        there = _ends_of(path)
        if there:
            # Of roots any that holds will do; of our own the first is ours, the rest its issuers.
            ends.append((path, max(there) if path == broker.ca_file else there[0]))
    return counted, ends


def _ends_of(path: Path) -> list[int]:
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return []
    return [int(one.not_valid_after_utc.timestamp()) * SECOND for one in found]


def _ends(path: Path, end: int, sources: Sources) -> Iterator[Gap]:
    days = (end - sources.now) // _DAY
    if days > RENEW_DAYS:
        return
    over = end <= sources.now
    yield Gap(
        Text(
            f"证书 {path.name} " + ("已过期" if over else f"还有 {days} 天到期"),
            f"the certificate {path.name} " + ("has expired" if over else f"ends in {days} days"),
        ),
        Text(
            "用 schoolwatch deploy renew 换发，再重启使用它的程序",
            "renew it with schoolwatch deploy renew, and restart what uses it",
        ),
        hole=over,
    )


def web_transport(sources: Sources) -> Found:
    """Whether passwords typed on the pages travel protected."""
    http, url = sources.config.http, sources.config.alerts.base_url
    https, local = url.startswith("https://"), is_loopback(http.host)
    gaps = []
    if not https:
        gaps.append(
            Gap(
                Text(
                    "页面没有 https 地址（[alerts] base_url）；口令只在本机接受",
                    "the pages have no https address ([alerts] base_url); passwords are taken "
                    "from this machine only",
                ),
                Text(
                    "在中心前放一台 https 服务器并设置 base_url（docs/accounts.md）",
                    "put a server for https before the collector, and set base_url",
                ),
                hole=not local,
            )
        )
    return Found(
        Text(
            f"页面监听 {http.host}:{http.port}，" + ("经 https" if https else "无 https"),
            f"pages listen on {http.host}:{http.port}, " + ("by https" if https else "no https"),
        ),
        [sources.file(sources.path)],
        gaps,
    )


def listening(sources: Sources) -> Found:
    """Where the collector itself listens."""
    http = sources.config.http
    gaps = []
    if not is_loopback(http.host):
        gaps.append(
            Gap(
                Text(
                    f"页面在 {http.host} 上对外监听",
                    f"the pages listen on {http.host}, beyond this machine",
                ),
                Text(
                    "改为 127.0.0.1，由 https 服务器转发，并限制管理终端地址",
                    "listen on 127.0.0.1, put a server for https before it, limit who may reach it",
                ),
            )
        )
    return Found(
        Text(
            f"中心只监听一个端口：{http.host}:{http.port}；采集端不监听",
            f"the collector listens on one port: {http.host}:{http.port}; agents on none",
        ),
        [sources.file(sources.path)],
        gaps,
    )


def secrets(sources: Sources) -> Found:
    """Whether files with passwords and keys are for their owner alone."""
    config = sources.config
    files = [config.broker.password_file, config.broker.key_file, config.alerts.accounts_file]
    files += [config.collector.readings_key_file, config.store.token_file]
    files.append(_signing_key(config.collector))
    there = [path for path in dict.fromkeys(files) if path is not None]
    gaps = []
    for path in there:
        mistake = secret_mistake(path)
        if mistake:
            gaps.append(
                Gap(
                    Text(f"{path.name} 可被他人读取或无法检查", f"{path.name} {mistake}"),
                    Text(f"chmod 600 {path}", f"chmod 600 {path}"),
                    hole=True,
                )
            )
    return Found(
        Text(
            f"{len(there)} 个存有口令或密钥的文件，{len(there) - len(gaps)} 个仅限属主读取；"
            "口令只存 scrypt 摘要",
            f"{len(there)} files with secrets, {len(there) - len(gaps)} for their owner alone; "
            "of passwords only scrypt hashes are kept",
        ),
        # No digest: one of a short password would help whoever guesses.
        [Counted(path.name, "rights of the file", 1, "") for path in there],
        gaps,
        unknown=not there,
    )


def _signing_key(table: CollectorTable) -> Path | None:
    """Return the key of the audit log, None where the collector has not made it yet."""
    path = table.signing_key
    return path if table.audit_key or path.exists() else None


LOOKS: Final = (transport, web_transport, listening, secrets)
