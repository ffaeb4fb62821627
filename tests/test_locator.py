"""Where numba looks for compiled kernels: ours beside their stamp, everything else as before."""

from __future__ import annotations

from pathlib import Path

from numba.core.caching import CacheImpl

from recsys import compiled
from recsys.locator import KernelLocator, install
from recsys.stages.neighbors.kernels import two_hop


def test_a_kernel_of_ours_by_its_folders_stamp_and_line() -> None:
    function = two_hop.own_sums.py_func
    one = KernelLocator.from_function(function, two_hop.__file__)
    assert one is not None
    folder = Path(two_hop.__file__).parent
    assert one.get_source_stamp() == compiled.stamp(folder)
    assert one.get_disambiguator() == str(function.__code__.co_firstlineno)
    assert Path(one.get_cache_path()) == compiled.home(folder)


def test_what_is_no_kernel_is_left_to_numba(tmp_path: Path) -> None:
    assert KernelLocator.from_function(install, str(tmp_path / "x.py")) is None
    assert KernelLocator.from_function(install, __file__) is None


def test_asked_first_and_once() -> None:
    for _ in range(2):
        install()
    assert CacheImpl._locator_classes.index(KernelLocator) == 0
    assert CacheImpl._locator_classes.count(KernelLocator) == 1
