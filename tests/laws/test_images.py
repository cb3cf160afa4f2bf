"""Laws of images.

OCI image-spec 1.1, descriptor.md: "The digest property of a Descriptor acts as a content identifier, enabling content
addressability. […] If the digest can be communicated in a secure manner, one can verify content from an insecure
source by recalculating the digest independently." So what goes into a store comes out the same, whichever store.
"""

import tempfile
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.validated import assert_valid

from lightship.image.diff import diff_layers
from lightship.image.mutate import append, with_annotations, with_runtime
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.image.value import PlainImage
from lightship.image.views import config_of, digest_of
from lightship.oci.document import canonical, parse_object
from lightship.oci.media_types import Compression
from lightship.oci.reference import ImageName, Reference
from lightship.store.copy import copy
from lightship.store.open import open_image

letters = st.characters(codec="utf-8", exclude_characters="\0/")
names = st.text(letters, min_size=1, max_size=40)
paths = names.filter(lambda name: name not in (".", "..") and not name.startswith(".wh."))
files = st.dictionaries(paths, st.one_of(st.binary(max_size=2000), st.none()), max_size=4)
every_compression: tuple[Compression, ...] = ("gzip", "zstd", "none")
compressions = st.lists(st.sampled_from(every_compression), min_size=1, max_size=3)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def images(draw: st.DrawFn) -> PlainImage:
    return synthetic_image(
        *draw(st.lists(files, max_size=4)),
        compressions=draw(compressions),
        annotations=draw(st.dictionaries(names, names, max_size=2)),
        runtime={"Env": draw(st.lists(names.map("A={}".format), max_size=2))},
    )


@given(images(), st.sampled_from(["oci", "oci-archive", "docker-archive"]))
@settings(max_examples=40, deadline=None)
def test_what_goes_into_a_store_comes_out(image: PlainImage, transport: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        reference = Reference.parse(f"{transport}:{folder}/image")
        assert copy(image, reference) == digest_of(image)
        with open_image(reference) as back:
            assert (back.raw_manifest, back.raw_config) == (image.raw_manifest, image.raw_config)
            assert_valid(back)


@given(st.lists(images(), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_a_layout_after_any_writes_holds_the_last_image_and_nothing_else(written: list[PlainImage]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        for image in written:
            copy(image, Reference.parse(f"oci:{one}/out"))
        copy(written[-1], Reference.parse(f"oci:{two}/out"))
        trees = [
            {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
            for root in (Path(one), Path(two))
        ]
        assert trees[0] == trees[1]


@given(images(), st.lists(files, max_size=3))
@settings(max_examples=30, deadline=None)
def test_appending_at_once_is_appending_one_by_one(image: PlainImage, added: list[dict[str, bytes | None]]) -> None:
    layers = [synthetic_layer(content) for content in added]
    at_once, one_by_one = append(image, layers), image
    for layer in layers:
        one_by_one = append(one_by_one, [layer])
    assert at_once == one_by_one
    assert_valid(at_once)
    assert diff_layers(image, at_once).removed == ()
    assert config_of(at_once).diff_ids[: len(image.layers)] == config_of(image).diff_ids


@given(images(), st.dictionaries(names, names, max_size=3))
@settings(max_examples=30, deadline=None)
def test_changes_of_different_parts_commute(image: PlainImage, annotations: dict[str, str]) -> None:
    runtime = {"User": "1001:1001"}
    assert with_annotations(with_runtime(image, runtime), annotations) == with_runtime(
        with_annotations(image, annotations), runtime
    )


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), json_values, max_size=4))
def test_canonical_json_comes_back_and_is_a_fixed_point(document: dict[str, object]) -> None:
    raw = canonical(document)
    parsed = parse_object(raw, "document").mapping()
    assert parsed == document
    assert canonical(parsed) == raw


registries = st.sampled_from(
    ["", "localhost/", "registry.example/", "registry.example:5000/", "[::1]:5000/", "docker.io/"]
)
components = st.from_regex(r"[a-z0-9]{1,5}((_|\.|__|-{1,2})[a-z0-9]{1,5}){0,2}", fullmatch=True)
tags = st.just("") | st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@given(registries, st.lists(components, min_size=1, max_size=3), tags, st.booleans())
def test_a_name_means_itself_in_every_form(registry: str, path: list[str], tag: str, digest: bool) -> None:
    assume(registry or len(path) == 1 or "." not in path[0])  # else the first component is a registry
    name = ImageName.parse(registry + "/".join(path) + tag + ("@sha256:" + "a" * 64 if digest else ""))
    assert ImageName.parse(str(name)) == name
    assert ImageName.parse(name.familiar) == name
    assert ImageName.parse(str(name.tagged())) == name.tagged()
