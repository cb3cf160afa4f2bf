from tests.analyze.making import Made, files, image_of
from tests.flows.test_analyze import reported, wasteful
from tests.flows.test_layer_contents import package

from lightship.image.synthetic import synthetic_image
from lightship.report.analyze import render_analysis


def test_it_fits_80_columns_whatever_the_names() -> None:
    long = "averylongname" * 8
    packages = {
        path: content
        for number in range(30)
        for path, content in package(
            f"{long}{number}", "1.0.0.dev20260101+local", {f"m{number}.py": b"x" * 999_999}
        ).items()
    }
    contents = {**packages, **{f"opt/{long}/{number}": b"x" * 200_000 for number in range(20)}}
    image = image_of(files(contents), files(contents, uid=9), steps=[f"RUN {'word ' * 90}"] * 2)
    for verbose in (False, True):
        text = render_analysis(reported(image), verbose=verbose)
        assert [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()] == []


def test_three_figures_are_named_and_the_cause_stands_by_the_waste() -> None:
    text = render_analysis(reported(wasteful()))
    for word in ("compressed ", "unpacked ", "unique ", "visible "):
        assert any(line.startswith(word) for line in text.splitlines())
    assert "[metadata-copy]" in text
    assert "by layer 2: RUN step 1" in text
    assert "COPY --chown=7:0" in text
    assert "python:numpy 1.0" in text


def test_what_is_left_out_is_counted_and_verbose_leaves_nothing_out() -> None:
    contents = {
        path: content
        for number in range(20)
        for path, content in package(f"p{number}", "1", {f"m{number}.py": b"1"}).items()
    }
    image = synthetic_image(contents, *({f"l{number}": b"1"} for number in range(30)))
    short, long = render_analysis(reported(image)), render_analysis(reported(image), verbose=True)
    assert "and 5 smaller packages" in short
    assert "and 11 smaller layers: -v shows them" in short
    assert "smaller" not in long
    assert all(f"python:p{number} 1" in long for number in range(20))


def test_verbose_says_why_a_package_is_there() -> None:
    metadata = {
        "s/a-1.dist-info/METADATA": b"Name: a\nVersion: 1\nRequires-Dist: b\n",
        "s/a-1.dist-info/REQUESTED": b"",
        "s/b-2.dist-info/METADATA": b"Name: b\nVersion: 2\n",
    }
    text = render_analysis(reported(synthetic_image(metadata)), verbose=True)
    assert "    needed by a" in text
    assert "    asked for by name" in text


def test_an_image_without_anything() -> None:
    text = render_analysis(reported(synthetic_image()))
    assert "nothing found that is waste" in text
    assert "unpacked         0 B" in text


def test_small_findings_come_after_large_ones() -> None:
    image = image_of([Made("small", b"1")], files({"large": b"l" * 2_000_000}), [Made(".wh.small"), Made(".wh.large")])
    lines = [
        line
        for line in render_analysis(reported(image)).splitlines()
        if "[shadowed-bytes]" in line or ": 1 file" in line
    ]
    assert [line.partition(":")[0] for line in lines if ":" in line and line[0] != " "] == ["warning", "note"]
