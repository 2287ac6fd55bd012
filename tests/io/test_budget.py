import os
import sys
import threading
import time

import pytest

from zapsim.io.budget import Budget


def run(budget, amounts, work):
    threads = [threading.Thread(target=held, args=(budget, each, work)) for each in amounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def held(budget, amount, work):
    with budget.held(amount):
        work(amount)


def test_no_more_is_held_than_there_is():
    lock, now, most = threading.Lock(), [0], [0]

    def work(amount):
        with lock:
            now[0] += amount
            most[0] = max(most[0], now[0])
        time.sleep(0.002)
        with lock:
            now[0] -= amount

    run(Budget(100), [10, 90, 40, 60, 30] * 8, work)
    assert most[0] <= 100


def test_what_is_larger_than_all_goes_alone():
    run(Budget(100), [500, 20, 500, 20], lambda amount: time.sleep(0.001))


def test_what_is_small_does_not_wait():
    budget, said = Budget(1000), []
    with budget.held(1000):
        run(budget, [9] * 20, said.append)
    assert len(said) == 20


def test_what_asks_first_goes_first_however_large():
    budget, order = Budget(100), []
    with budget.held(50):
        large = threading.Thread(target=held, args=(budget, 100, order.append))
        large.start()
        while not budget._queue:
            time.sleep(0.001)
        # There is room for it, but not before the large one.
        small = threading.Thread(target=held, args=(budget, 40, order.append))
        small.start()
        time.sleep(0.05)
        assert order == []
    large.join(20)
    small.join(20)
    assert order == [100, 40]


def test_an_error_gives_back_what_was_held():
    budget = Budget(100)
    for _ in range(3):
        with pytest.raises(KeyError), budget.held(80):
            raise KeyError
    run(budget, [100], lambda amount: None)


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_all_of_it():
    budget = Budget(100)
    with budget.held(100):
        child = os.fork()
        if child == 0:
            with budget.held(100):
                os._exit(0)
        deadline = time.monotonic() + 20
        while (done := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        if done[0] == 0:
            os.kill(child, 9)
            os.waitpid(child, 0)
    assert done == (child, 0)
