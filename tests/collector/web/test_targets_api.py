"""`/api/v1/targets`: the counts beside each share, and no share where too little is known."""

from tests.collector.web.conftest import Client
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import FakeSource


async def test_every_target_has_its_counts_in_the_order_of_windows_and_regions(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    body = await (await client.get("/api/v1/targets")).json()
    found = body["targets"]
    assert [found[0][name] for name in ("window", "region", "indicator", "area")] == [
        "live",
        "all",
        "I-01",
        "all",
    ]
    whole = [one for one in found if (one["region"], one["area"]) == ("all", "all")]
    assert [one["indicator"] for one in whole] == ["I-01", "I-03", "I-04", "I-20"] * 3
    for one in found:
        assert one["met"] + one["not_met"] + one["unproven"] == one["total"]
        assert (one["value"] is None) == (one["completeness"] < 90 or not one["denominator"])
        assert (one["contracted"] is not None) == (one["indicator"] == "I-04")
    areas = [one for one in found if one["region"] == "all" and one["area"] != "all"]
    without_area = whole[0]["total"] - sum(one["total"] for one in areas[:3])
    entries = [view.entry for view in source.picture().counted]
    assert without_area == sum(not (entry and entry.area) for entry in entries)


async def test_the_gap_of_town_and_country_is_told_where_both_are_known(
    client: Client, source: FakeSource
) -> None:
    furnish(source, 50)
    body = await (await client.get("/api/v1/targets")).json()
    gaps = {
        (one["indicator"], one["window"]): one["points"]
        for one in body["urban_rural"]
        if one["region"] == "all"
    }
    values = {
        (one["indicator"], one["window"], one["area"]): one["value"]
        for one in body["targets"]
        if one["region"] == "all"
    }
    town, country = values["I-03", "month", "urban"], values["I-03", "month", "rural"]
    assert gaps["I-03", "month"] == round(town - country, 2)
    assert gaps["I-04", "month"] is None, "nearly all are unproven"


async def test_before_the_first_minute_is_over_there_is_nothing(
    client: Client, source: FakeSource
) -> None:
    body = await (await client.get("/api/v1/targets")).json()
    assert (body["targets"], body["urban_rural"]) == ([], [])
