"""A probe is in four places, and what is not configured costs nothing."""

import re
import subprocess
import sys
from pathlib import Path

from agent.probes import interval_of, probes
from core.catalog import CATALOG
from tests.agent.probes.test_cases import CASES

ROOT = Path(__file__).parents[3]
MEASURES = {"cert": "x509_cert", "dns": "dns_query", "http": "http_response"}
"""Words whose measurement has another name."""
SPEAKS = {"path": 3600.0}
"""Words that say something more seldom than they look (s)."""
NOT_PROBES = {"__init__", "base"}


def test_every_word_has_a_module_and_every_module_a_word() -> None:
    modules = {path.stem for path in (ROOT / "agent/probes").glob("*.py")} - NOT_PROBES
    assert modules == set(probes.words())


def test_every_word_has_a_table_in_the_commented_sample() -> None:
    sample = (ROOT / "configs/agent.toml").read_text()
    tables = re.findall(r"^(?:# )?\[probes\.(\w+)\]$", sample, re.MULTILINE)
    assert sorted(tables) == sorted(probes.words())


def test_every_word_has_a_recorded_case_with_its_expected_readings() -> None:
    for word in probes.words():
        assert list((CASES / word).glob("*/expected.json")), f"tests/cases/{word} has no case"


def test_every_word_registers_a_probe_under_its_own_name() -> None:
    for word in probes.words():
        assert all(option.expected for option in probes.options(word))


def test_the_catalogue_knows_how_seldom_a_probe_speaks_so_that_its_values_hold_until_then() -> None:
    for word in probes.words():
        known = CATALOG[MEASURES.get(word, word)]
        assert known.interval_s == SPEAKS.get(word, interval_of(word)), known.name


def loaded_after(code: str) -> set[str]:
    """Return the modules that a new Python holds after *code*."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True).split())


def test_a_probe_that_is_not_configured_is_not_imported() -> None:
    modules = loaded_after("from agent.probes import probes; probes.build('mem', {})")
    assert {"agent.probes.mem", "psutil"} <= modules
    assert not modules & {"agent.probes.ping", "core.icmp", "agent.probes.disk"}


def test_an_agent_that_only_pings_does_not_hold_psutil() -> None:
    code = "from agent.probes import probes; probes.build('ping', {'targets': ['127.0.0.1']})"
    modules = loaded_after(code)
    assert "agent.probes.ping" in modules
    assert not modules & {"psutil", "click", "rich", "aiohttp"}


def test_what_reads_names_pages_and_certificates_is_held_only_where_it_is_asked_for() -> None:
    asking = {"dns", "h11", "cryptography"}
    code = "from agent.probes import probes; import agent.app; probes.build({}, {})"
    modules = loaded_after(code.format("'cert'", "{'targets': ['a.example']}"))
    assert modules & asking == set()
    modules = loaded_after(code.format("'http'", "{'urls': ['http://a.example/']}"))
    assert modules & asking == {"h11"}
    modules = loaded_after(code.format("'dns'", "{'names': ['a.example']}"))
    assert modules & asking == {"dns"}
