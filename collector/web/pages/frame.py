"""What every page shares: templates, language, addresses, and the frame around the content."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import jinja2
from aiohttp import web

from collector.picture import Picture
from collector.web import clocks, schools, scope, texts, words
from collector.web.actors import SIGN_IN, actor_of, session_of
from collector.web.source import Source
from core import VERSION
from core.clock import Clock, local

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
REFRESH_S: Final = 5
MANY_SCHOOLS: Final = 300
"""A page with more schools than this is asked for less often."""

TOLD: Final = (401, 403, 404, 429, 503)
"""What is said of these in words of their own."""

_STEERING: Final = ("lang", "range", *scope.PARAMETERS, "school", "agent", "all")


@cache
def _templates() -> jinja2.Environment:
    """Return the templates, which are compiled once for all frames of a process."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        # The templates of a newer version, installed meanwhile, do not fit this running one.
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """Renders pages over *source*."""

    source: Source
    language: texts.Language
    zone: tzinfo
    now: Clock
    templates: jinja2.Environment = field(default_factory=_templates)

    def texts(self, request: web.Request) -> texts.Texts:
        """Return the texts in the language that is asked for."""
        return texts.Texts(texts.chosen(request.query.get("lang"), self.language))

    def page(
        self,
        request: web.Request,
        picture: Picture,
        template: str,
        status: int = 200,
        **values: Any,
    ) -> web.Response:
        """Return the page that *template* makes of *values*."""
        t = self.texts(request)
        session = session_of(request)
        many = len(picture.schools) > MANY_SCHOOLS
        frame = {
            "picture": picture,
            "ready": self.source.ready(),
            "version": VERSION,
            "zone_name": zone_name(self.zone, self.now()),
            "refresh_s": REFRESH_S * (3 if many else 1),
            "html_lang": texts.HTML_LANG,
            "languages": texts.LANGUAGES,
            "path": request.path,
            "actor": actor_of(request),
            "csrf": session.csrf if session else "",
            "can_sign_in": bool(request.app[SIGN_IN].people.accounts),
        }
        text = self.templates.get_template(template).render(
            **frame, **_helpers(request, t, self.now(), self.zone), **values
        )
        page = web.Response(text=text, status=status, content_type="text/html")
        page.enable_compression()
        return page

    def error(self, request: web.Request, status: int) -> web.Response:
        """Show that there is no such page, or that it cannot be shown."""
        key = f"error_{status}" if status in TOLD else "error_other"
        picture = self.source.picture()
        return self.page(request, picture, "error.html", status, key=key, next=f"{key}_next")

    def stopped(self, request: web.Request) -> web.Response:
        """Show that nothing was done, for the audit log cannot be written."""
        picture, key = self.source.picture(), "error_audit"
        return self.page(request, picture, "error.html", 503, key=key, next=f"{key}_next")

    def refused(self, request: web.Request, why: str) -> web.Response:
        """Show why what somebody asked for may not be done now."""
        picture, next_ = self.source.picture(), f"refused_{why}"
        return self.page(request, picture, "error.html", 409, key="error_409", next=next_)


def zone_name(zone: tzinfo, now: int) -> str:
    """Return what a browser calls *zone*: its name, or its offset like `+08:00`."""
    offset = local(now, zone).strftime("%z")
    return str(getattr(zone, "key", "") or f"{offset[:3]}:{offset[3:5]}")


def _helpers(
    request: web.Request, t: texts.Texts, now: int, zone: tzinfo
) -> dict[str, Callable[..., Any]]:
    """Return the functions that templates call."""
    return {
        "t": t,
        "said": lambda text: getattr(text, t.language),
        "flags": lambda view: schools.flags(view, t),
        "clock_off": lambda clock: clocks.offset(clock.offset_ms, t),
        "clock_flag": lambda clock: clocks.flag(clock.state, clock.offset_ms, t),
        "clock_flags": lambda view: clocks.flags(view, t),
        "facts": lambda view: schools.facts(view, t),
        "href": partial(_href, _given(request, "lang")),
        "here": partial(_here, request),
        "moment": lambda at: words.moment(at, now, zone),
        "full": lambda at: local(at, zone).strftime("%Y-%m-%d %H:%M:%S"),
        "ago": lambda at: words.ago(at, now, t),
        "lasting": lambda at: words.lasting(now - at, t),
        "between": lambda first, last: words.lasting(last - first, t),
        "started": lambda text: words.started(text, now, zone),
        "percent": words.percent,
        "size": words.size,
        "bits": lambda value: words.bits(value, t("unit_bits")),
        "ms": words.milliseconds,
    }


def _given(request: web.Request, *names: str) -> dict[str, str]:
    return {name: request.query[name] for name in names if name in request.query}


def _href(kept: Mapping[str, str], *levels: str, **query: str) -> str:
    path = "/" + "/".join(quote(level, safe="") for level in levels)
    words = _filled(dict(kept) | query)
    return path + ("?" + urlencode(words) if words else "")


def _here(request: web.Request, **changes: str) -> str:
    """Return the address of this page with some parameters changed, an empty one left out."""
    # A path asked for as //elsewhere/ would be a link to another host.
    path = "/" + request.rel_url.raw_path.lstrip("/")
    words = _filled(_given(request, *_STEERING) | changes)
    return path + ("?" + urlencode(words) if words else "")


def _filled(words: Mapping[str, str]) -> dict[str, str]:
    return {name: word for name, word in words.items() if word}
