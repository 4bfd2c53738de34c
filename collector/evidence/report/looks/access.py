"""Who may sign in, in which role, how they use it, and whether the roles are kept apart."""

from collections import Counter
from typing import Final

from alerts.people.accounts import Account
from collector.evidence.report.finding import Counted, Found, Gap
from collector.evidence.report.sources import Sources
from core.alerts import Text
from core.clock import SECOND

STALE_DAYS: Final = 90
"""An account that nobody used for so long is looked at: the standard gives no number."""
_DAY: Final = 86_400 * SECOND
_SEPARATE: Final = ("system", "audit", "security")
"""The three administrators, as far as the file of accounts knows such roles."""
_AUDIT: Final = ("auditor", "audit")
LOCKED: Final = "sign_in_locked"
SHARED: Final = frozenset(
    {"admin", "administrator", "root", "guest", "test", "user", "school", "public", "default"}
)

NO_FILE: Final = Gap(
    Text("没有账号文件：无人能登录，处置也无法归到人", "no accounts file: nobody can sign in"),
    Text(
        "用 schoolwatch accounts add 为每人建账号，并设置 [alerts] accounts_file",
        "make an account for each person with schoolwatch accounts add, and set "
        "[alerts] accounts_file",
    ),
    hole=True,
)


def _people(sources: Sources) -> tuple[list[Account], list[Counted]]:
    accounts, path = sources.accounts, sources.config.alerts.accounts_file
    if accounts is None or path is None or not accounts:
        return [], []
    # No digest: the file holds hashes of passwords.
    count = len(accounts.by_name)
    return [*accounts.by_name.values()], [Counted(str(path), "accounts", count, "")]


def sign_in(sources: Sources) -> Found:
    """How people prove who they are."""
    people, counted = _people(sources)
    if not people:
        return Found(Text("账号 0 个", "0 accounts"), counted, [NO_FILE])
    log = sources.log
    failed, locked = log.count("sign_in_failed"), log.count(LOCKED)
    counted += log.counted("signed_in", "sign_in_failed", LOCKED)
    gaps = [
        Gap(
            Text("没有第二种鉴别因素（仅口令）", "there is no second factor (password alone)"),
            Text(
                "三级系统：在页面前的 https 服务器上要求客户端证书，或等待本程序支持动态口令",
                "for level 3: ask for client certificates at the server for https, or wait for "
                "one-time passwords in this program",
            ),
            level3=True,
        ),
        Gap(
            Text("程序不强制定期更换口令", "the program forces nobody to change passwords"),
            Text(
                "由管理制度规定周期，用 schoolwatch accounts passwd 更换",
                "say in the rules how often, and use schoolwatch accounts passwd",
            ),
        ),
    ]
    return Found(
        Text(
            f"账号 {len(people)} 个，口令 scrypt 存储、不少于 10 位三类字符；登录成功 "
            f"{log.count('signed_in')} 次，失败 {failed} 次，锁定 {locked} 次；30 分钟无操作退出",
            f"{len(people)} accounts, scrypt, at least 10 characters of three kinds; signed in "
            f"{log.count('signed_in')} times, failed {failed}, locked {locked}; out after 30 min",
        ),
        counted,
        gaps,
    )


def account_use(sources: Sources) -> Found:
    """Which accounts there are, when each was used, and which look shared."""
    people, counted = _people(sources)
    if not people:
        return Found(Text("账号 0 个", "0 accounts"), counted, [NO_FILE])
    used = sources.log.people
    counted += sources.log.counted("signed_in")
    before = sources.now - STALE_DAYS * _DAY
    # Nobody can have used an account before there was a log.
    old_enough = 0 < sources.log.oldest_at < before
    stale = sorted(one.name for one in people if used.get(one.name, 0) < before)
    gaps = []
    if stale and old_enough:
        gaps.append(
            Gap(
                Text(
                    f"{len(stale)} 个账号 {STALE_DAYS} 天以上未登录：{_some(stale)}",
                    f"{len(stale)} accounts not used for {STALE_DAYS} days: {_some(stale)}",
                ),
                Text("核实后删除多余账号", "take away those that nobody needs"),
            )
        )
    shared = sorted(one.name for one in people if one.name.casefold() in SHARED)
    if shared:
        gaps.append(
            Gap(
                Text(f"疑似公用账号：{_some(shared)}", f"these look shared: {_some(shared)}"),
                Text("改为每人一个账号", "give each person an account of their own"),
                hole=True,
            )
        )
    roles = _roles(people)
    return Found(
        Text(
            f"账号 {len(people)} 个（{roles}）；其中登录过 "
            f"{sum(one.name in used for one in people)} 个；无默认账号",
            f"{len(people)} accounts ({roles}); {sum(one.name in used for one in people)} have "
            "signed in; none by default",
        ),
        counted,
        gaps,
        young=not old_enough,
    )


def admins(sources: Sources) -> Found:
    """Whether who runs the system, who audits and who sets its security are not one."""
    people, counted = _people(sources)
    if not people:
        return Found(Text("账号 0 个", "0 accounts"), counted, [NO_FILE])
    gaps, roles = [], Counter(str(one.role) for one in people)
    if not any(roles[word] for word in _AUDIT):
        gaps.append(
            Gap(
                Text("没有审计员账号", "nobody has the role of an auditor"),
                Text(
                    "为审计员建账号：schoolwatch accounts add … --role auditor",
                    "make one: schoolwatch accounts add … --role auditor",
                ),
                hole=True,
            )
        )
    twice = _in_two(people)
    if twice:
        gaps.append(
            Gap(
                Text(
                    f"同一人既审计又管理：{_some(twice)}",
                    f"who audits also administers: {_some(twice)}",
                ),
                Text("审计员应由另一人担任", "have somebody else audit"),
                hole=True,
            )
        )
    missing = [word for word in _SEPARATE if not any(word in role for role in roles)]
    if missing:
        gaps.append(
            Gap(
                Text(
                    f"未设独立角色：{'、'.join(missing)}（系统、审计、安全三员分立）",
                    f"no account in a separate role: {', '.join(missing)}",
                ),
                Text(
                    "三级系统：三类管理员由不同的人担任，在账号文件中分开",
                    "for level 3: give the three administrations to different people",
                ),
                level3=True,
            )
        )
    return Found(Text(f"角色：{_roles(people)}", f"roles: {_roles(people)}"), counted, gaps)


def _in_two(people: list[Account]) -> list[str]:
    """Return the persons who audit and do something else too, by their names."""
    audit = {one.person.strip() for one in people if one.role in _AUDIT}
    other = {one.person.strip() for one in people if one.role not in (*_AUDIT, "school")}
    return sorted(audit & other)


def _roles(people: list[Account]) -> str:
    roles = Counter(str(one.role) for one in people)
    return ", ".join(f"{role} {count}" for role, count in sorted(roles.items()))


def _some(names: list[str], most: int = 5) -> str:
    more = f" … +{len(names) - most}" if len(names) > most else ""
    return ", ".join(names[:most]) + more


LOOKS: Final = (sign_in, account_use, admins)
