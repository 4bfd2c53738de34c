"""Whatever a file says: what lasts reaches somebody or is counted, and nobody hears twice."""

from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.routing.config import ReceiverConfig, RouteConfig, RoutingConfig
from alerts.routing.plan import Routing
from alerts.rules import Owner
from alerts.shipped import RULES
from core.alerts import AlertKey
from core.kind import Severity
from tests.alerts.routing.play import at
from tests.alerts.stage import SHANGHAI

CHANNELS = ("console", "a", "b", "c")
PLACES = ("", "collector/d1", "1", "1/s", "1/s/host", "1/t", "2/u/host")
NAMES = ("wang", "li", "zhao")
TARGETS = (*(f"owner:{one}" for one in get_args(Owner)), *(f"receiver:{one}" for one in NAMES))

receivers = st.builds(
    lambda channels, owner, place: (
        {"channels": tuple(channels), "owner": owner}
        | ({"school": place} if "/" in place else {"region": place})
    ),
    st.lists(st.sampled_from(("a", "b", "c")), min_size=1, max_size=3, unique=True),
    st.sampled_from(("", *get_args(Owner))),
    st.sampled_from(("", "1", "1/s")),
)
routes = st.builds(
    RouteConfig,
    name=st.just("route"),
    severity=st.lists(st.sampled_from(get_args(Severity)), max_size=2).map(tuple),
    region=st.sampled_from(((), ("1",))),
    place=st.sampled_from(((), ("school",), ("district", "collector"))),
    during=st.sampled_from(("", "school", "off")),
    to=st.lists(st.sampled_from(TARGETS), max_size=3).map(tuple),
    digest=st.sampled_from((None, True, False)),
    continue_=st.booleans(),
)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(receivers, max_size=3),
    st.lists(routes, max_size=4),
    st.sampled_from(PLACES),
    st.sampled_from(get_args(Severity)),
    st.sampled_from([rule.name for rule in RULES]),
    st.booleans(),
)
def test_an_alert_reaches_somebody_or_is_counted_as_unrouted(  # noqa: PLR0917
    people: list[dict[str, object]],
    wanted: list[RouteConfig],
    place: str,
    severity: Severity,
    rule: str,
    night: bool,
) -> None:
    listed = tuple(ReceiverConfig(name=name, **one) for name, one in zip(NAMES, people))  # type: ignore[arg-type]
    config = RoutingConfig(receiver=listed, route=tuple(wanted))
    plan = Routing(config, CHANNELS, SHANGHAI, schools={"c": "1/t"})
    when = at("2026-11-23 22:00" if night else "2026-11-23 10:00")
    found = plan.decide(AlertKey(rule, place), severity, "operator", when)
    reached = [*(one for one in found.now if one != "console"), *found.digest]
    assert bool(reached) != found.unrouted
    assert len(reached) == len(set(reached)), "nobody hears twice"
    assert set(reached) == {one for hop in found.hops for one in hop.channels}
    if place not in ("1/t", "1/t/host"):
        assert "c" not in reached, "a school's channel has that school's alone"
