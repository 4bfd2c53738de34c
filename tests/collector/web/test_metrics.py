"""What Prometheus reads, and what a service manager asks."""

from http import HTTPStatus

from prometheus_client.parser import text_string_to_metric_families

from alerts.channels.health import Health
from collector.evidence.health import LogHealth
from collector.rollups.marks import Waiting
from core.clock import SECOND
from core.types import Identity
from tests.collector.web.conftest import Client
from tests.collector.web.fakes import FakeSource, agent, school


async def scrape(client: Client) -> dict[tuple[str, str], float]:
    answer = await client.get("/metrics")
    assert answer.content_type == "text/plain"
    families = text_string_to_metric_families(await answer.text())
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


async def test_counts_are_counters_by_reason(client: Client, source: FakeSource) -> None:
    source.counted = {
        ("messages", ""): 7,
        ("dead_letters", "header"): 2,
        ("dead_letters", 'odd "reason"\n'): 1,
    }
    found = await scrape(client)
    assert found["schoolwatch_messages_total", ""] == 7
    assert found["schoolwatch_dead_letters_total", "header"] == 2
    assert found["schoolwatch_dead_letters_total", 'odd "reason"\n'] == 1


async def test_a_channel_is_up_until_it_fails(client: Client, source: FakeSource) -> None:
    source.healths = {"duty": Health(taken_at=5), "wecom": Health(failing_since=7, error="x")}
    found = await scrape(client)
    assert found["schoolwatch_channel_up", "duty"] == 1
    assert found["schoolwatch_channel_up", "wecom"] == 0


async def test_the_audit_log_says_how_it_is(client: Client, source: FakeSource) -> None:
    assert ("schoolwatch_audit_rows", "") not in await scrape(client)
    source.healthy = LogHealth(5 * SECOND, 1, 12, 12, 7 * SECOND, 11, 3, 1, 2, "altered")
    found = await scrape(client)
    assert found["schoolwatch_audit_rows", ""] == 12
    assert found["schoolwatch_audit_checkpoint_timestamp_seconds", ""] == 7
    assert found["schoolwatch_audit_append_errors_total", ""] == 2
    assert found["schoolwatch_audit_stopped", ""] == 1


async def test_what_is_counted_down_again_is_no_counter(client: Client, source: FakeSource) -> None:
    source.counted = {("quarantined", ""): 2, ("lines_refused", "too_many_series"): 9}
    found = await scrape(client)
    assert found["schoolwatch_quarantined", ""] == 2
    assert found["schoolwatch_lines_refused_total", "too_many_series"] == 9
    assert ("schoolwatch_quarantined_total", "") not in found


async def test_schools_and_agents_are_counted_by_state(client: Client, source: FakeSource) -> None:
    source.schools += (school(agent(Identity("1", "s", "a"), "unknown", "silent")),)
    found = await scrape(client)
    assert found["schoolwatch_agents", "up"] == 1
    assert found["schoolwatch_agents", "unknown"] == 1
    assert found["schoolwatch_agents", "down"] == 0
    assert found["schoolwatch_schools", "unknown"] == 1


async def test_the_collector_tells_of_itself_and_its_process(
    client: Client, source: FakeSource
) -> None:
    source.broker_connected, source.able = False, (False, "disk full")
    found = await scrape(client)
    assert found["schoolwatch_broker_connected", ""] == 0
    assert found["schoolwatch_ready", ""] == 0
    assert found["process_resident_memory_bytes", ""] > 1e6


async def test_what_waits_to_be_rolled_up_is_told(client: Client, source: FakeSource) -> None:
    source.rollups_waiting = Waiting(40, 2, 3_600.5)
    found = await scrape(client)
    assert found["schoolwatch_rollups_waiting", "hour"] == 40
    assert found["schoolwatch_rollups_waiting", "day"] == 2
    assert found["schoolwatch_rollups_oldest_waiting_seconds", ""] == 3_600.5


async def test_alive_is_not_ready_and_the_reason_is_told_until_it_is_gone(
    client: Client, source: FakeSource
) -> None:
    source.able = (False, "the database is locked")
    assert (await client.get("/healthz")).status == HTTPStatus.OK
    answer = await client.get("/readyz")
    assert (answer.status, await answer.text()) == (503, "the database is locked\n")

    source.able = (True, "")
    answer = await client.get("/readyz")
    assert (answer.status, await answer.text()) == (HTTPStatus.OK, "ok\n")
