"""Rules of wire.md taken out of the real code, one at a time: the model must find what breaks.

Each takes pytest's MonkeyPatch and leaves the programs without one rule.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.model import mutants_agent as agent
from tests.model import mutants_collector as collector


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule taken out, and the faults that the schedules need to show it; empty for all."""

    take_out: Callable[[pytest.MonkeyPatch], None]
    faults: tuple[str, ...] = ()


TURNS = ("log_is_full", "back_up", "restore_ledger", "restore_in_turns")
"""What puts back backups of the collector's database in turns."""

MUTANTS: tuple[Mutant, ...] = (
    # Those that chance hardly ever shows have a schedule of their own: test_closed_for_another.py.
    Mutant(agent.receipts_count_by_key_alone, ("clone_memory", "repeat_receipt")),
    Mutant(agent.refusals_count_by_key_alone, ("damage",)),
    Mutant(agent.a_puback_counts_as_delivery),
    Mutant(agent.nothing_is_sent_again, ("lose",)),
    Mutant(agent.nothing_is_sent_again_after_a_reconnect, ("cut", "lose")),
    Mutant(agent.what_is_parked_stays_parked, ("swallow", "go_on")),
    Mutant(agent.silence_is_not_probed, ("lose_receipts", "lose_all", "wait")),
    Mutant(agent.the_probe_is_always_the_oldest, ("lose_receipts", "lose_all", "wait")),
    Mutant(agent.the_window_stays_closed_after_silence, ("lose_receipts", "lose_all", "wait")),
    Mutant(agent.the_backlog_is_never_sent, ("agent_crashes",)),
    Mutant(agent.a_restart_keeps_the_epoch, ("copy_disk", "restore_disk")),
    Mutant(agent.a_conflict_keeps_the_epoch, ("clone_memory",)),
    Mutant(agent.a_conflict_is_dropped, ("clone_memory",)),
    Mutant(agent.drops_are_not_recorded),
    Mutant(agent.drops_are_forgotten_with_the_process, ("agent_crashes",)),
    Mutant(agent.receipts_of_any_collector_count),
    Mutant(collector.the_receipt_goes_before_the_ledger, ("collector_crashes", "collector_starts")),
    Mutant(collector.the_ledger_goes_before_the_store, ("collector_crashes", "collector_starts")),
    Mutant(collector.receipts_go_before_the_audit_log),
    Mutant(collector.refused_lines_are_not_kept),
    Mutant(collector.another_crc_is_a_repeat, ("clone_memory",)),
    Mutant(collector.a_forgotten_crc_is_a_repeat, ("clone_memory", "agent_crashes")),
    Mutant(collector.a_batch_that_came_stays_expected),
    Mutant(collector.damage_is_not_answered, ("damage",)),
    Mutant(collector.an_event_key_with_another_crc_is_a_repeat, ("clone_memory",)),
    Mutant(collector.the_log_goes_on_after_a_number_in_the_database, TURNS),
    Mutant(collector.drops_do_not_reach_the_log, ("agent_crashes", "lose_ledger")),
    Mutant(collector.a_torn_record_stays, ("collector_crashes",)),
    Mutant(collector.a_batch_that_was_cut_is_a_repeat, ("collector_crashes", "lose_ledger")),
    Mutant(collector.a_database_that_is_behind_is_not_noticed, TURNS),
    Mutant(collector.the_ends_are_not_compared, TURNS),
    Mutant(collector.numbering_goes_on_after_the_database, TURNS),
    Mutant(collector.points_do_not_wait_for_the_log, TURNS),
    Mutant(collector.the_points_do_not_go_back_with_the_store, ("back_up", "restore_store")),
    Mutant(
        collector.a_birth_takes_back_the_request,
        ("clone_memory", "back_up", "restore_ledger", "go_on"),
    ),
)
