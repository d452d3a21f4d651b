"""The quickest of the bench's parts runs; `make bench` runs all of them."""

from tests.bench.bench_fusion import bench_fusion


def test_a_rate_is_compared_with_another_of_the_same_run() -> None:
    calm, worst = bench_fusion()
    assert worst.beside == calm.what
    assert worst.ratio == worst.each / calm.each
