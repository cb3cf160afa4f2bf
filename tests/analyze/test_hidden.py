from tests.analyze.making import Made, files, image_of

from lightship.analyze.analysis import analyze
from lightship.analyze.hidden import common_directory, hidden_by, told, weight, where_from
from lightship.analyze.merge import Shadow
from lightship.analyze.model import Analysis


def analysed() -> Analysis:
    low = {"app/lib/a": b"a" * 30, "app/lib/b": b"b" * 20, "app/c": b"c" * 10, "gone": b"g"}
    kept = {"app/lib/a": b"a" * 30, "app/lib/b": b"b" * 20}
    return analyze(
        image_of(
            files(low), [*files(kept, uid=5), Made("app/c", b"other"), Made(".wh.gone")], steps=("RUN " + "x " * 99,)
        )
    )


def test_each_hidden_file_is_in_one_group() -> None:
    analysis = analysed()
    copied, others = hidden_by(analysis)
    assert [(group.layer, group.by, group.how, group.unpacked_bytes) for group in copied] == [(0, 1, "changed", 50)]
    assert [(group.how, group.unpacked_bytes) for group in others] == [("changed", 10), ("removed", 1)]
    assert analysis.totals.wasted_bytes == 61


def test_the_deepest_directory_with_all_of_them() -> None:
    analysis = analysed()
    shadows: list[Shadow] = list(analysis.tree.shadows())
    by_path = {analysis.entries.paths[shadow.row]: shadow for shadow in shadows}
    assert common_directory(analysis, [by_path["app/lib/a"], by_path["app/lib/b"]]) == "/app/lib"
    assert common_directory(analysis, [by_path["app/lib/a"], by_path["app/c"]]) == "/app"
    assert common_directory(analysis, shadows) == "/"
    assert common_directory(analysis, [by_path["app/c"]]) == "/app/c"


def test_words() -> None:
    analysis = analysed()
    assert (told(1, 5), told(1234, 5000)) == ("1 file, 5 B", "1,234 files, 5.00 kB")
    assert (weight(999_999), weight(1_000_000)) == ("note", "warning")
    assert where_from(analysis, 0).startswith("layer 1 (RUN x x")
    assert len(where_from(analysis, 0)) < 90
