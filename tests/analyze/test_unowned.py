from lightship.analyze.analysis import analyze
from lightship.image.synthetic import synthetic_image


def test_places_are_few_and_add_up() -> None:
    contents = {
        "opt/model/weights.bin": b"w" * 3_000_000,
        "opt/model/vocabulary": b"v" * 400_000,
        "var/cache/apt/list": b"c" * 2_000_000,
        **{f"etc/{number}": b"e" * 100 for number in range(50)},
        **{f"srv/{number}/x": b"s" * 10 for number in range(50)},
    }
    analysis = analyze(synthetic_image(contents))
    places = {place.path: (place.unpacked_bytes, place.files) for place in analysis.unowned}
    assert places == {"opt/model": (3_400_000, 2), "var/cache/apt": (2_000_000, 1), "": (5_500, 100)}
    assert sum(place.compressed_bytes for place in analysis.unowned) <= analysis.totals.compressed_bytes


def test_nothing_unowned_is_no_place() -> None:
    assert analyze(synthetic_image({"d": None})).unowned == ()
