"""
The threads of the ledger on disk.
"""

from __future__ import annotations

import os
import threading

from groupchat.ledgers.threads import LowPriorityPool


def niceness():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_pool_of_low_priority_begins_a_thread_with_its_first_work_and_yields_to_others():
    before, own = threading.active_count(), niceness()
    pool = LowPriorityPool("test")
    pool.start()
    assert threading.active_count() == before, "a start that fails ends at once"
    found, done = [], threading.Event()
    pool.callInThread(lambda: (found.append(niceness()), done.set()))
    assert done.wait(10)
    pool.stop()
    assert found == [10] and niceness() == own
